"""Ways to behave, honest and otherwise, of everybody who takes part in a task."""
