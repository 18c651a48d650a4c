"""What the exit status of `covey` means."""

from enum import IntEnum


class Exit(IntEnum):
    """One number per kind of outcome; the same for every verb."""

    OK = 0
    FAILED = 1
    """The verifier found a difference, a demonstration did not end as it should, or Covey itself is at fault."""
    USAGE = 2
    """The command line makes no sense."""
    SETUP = 3
    """A key, password, file, folder or deployment is missing or unusable."""
    CHAIN = 4
    """No RPC endpoint answers sensibly, or a transaction did not get through."""
    STORE = 5
    """Content is missing, altered or too large, or the store can't be reached or written."""
    REFUSED = 6
    """A contract refused the call; the message names its reason."""
    LEARNING = 7
    """A data set, model, trainer or device can't be used."""
    INTERRUPTED = 130
    """Ctrl-C, or asked to stop. Nothing is lost: start the same command again."""


MEANINGS = (
    "Exit status: 0 done · 1 the verifier found a difference, or a check failed · 2 usage · 3 key, file or deployment "
    "· 4 chain or RPC · 5 storage · 6 refused by a contract · 7 data, model or device · 130 interrupted"
)
