"""Ways to behave: the honest one, and those that a demonstration shows to be worth nothing."""

from enum import StrEnum


class TrainerStrategy(StrEnum):
    HONEST = "honest"
    UNTRAINED = "untrained"
    """Submits random weights."""
    MALFORMED = "malformed"
    """Publishes bytes that are no model."""


class ValidatorStrategy(StrEnum):
    HONEST = "honest"
    LAZY = "lazy"
    """Reports each handle's consensus of the last round, without scoring."""
    SILENT = "silent"
    """Commits, and never reveals."""
