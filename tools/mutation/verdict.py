"""What the tests said to a mutant."""

from enum import StrEnum


class Verdict(StrEnum):
    KILLED = "killed"
    TIMEOUT = "timeout"
    """It ran until its time was up: noticed as well."""
    SURVIVED = "survived"
    EQUIVALENT = "equivalent"
    """The compiler makes the same code of it: there is nothing to notice."""
    INVALID = "invalid"
    """It does not compile."""

    @property
    def counts(self) -> bool:
        """Whether there was something to notice."""
        return self not in (Verdict.EQUIVALENT, Verdict.INVALID)


class BaselineFails(RuntimeError):
    """The tests fail without any mutant, so they can't tell one: make them pass first."""
