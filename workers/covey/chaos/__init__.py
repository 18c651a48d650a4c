"""A whole network under faults that a seed chooses, and the check that nobody honest lost anything by them.

`plan.py` says which faults, `stages.py` when in a task's life; `rpc.py`, `crew.py`, `chain.py` and `contents.py` do
them; `run.py` plays the tasks; `check.py` looks at what is left.
"""
