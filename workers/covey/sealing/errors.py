"""What can be wrong with something sealed. Every one of these is final: the bytes at hand will never open."""


class SealError(Exception):
    """Something sealed is not what its author committed to."""


class BadKey(SealError, ValueError):
    """Not a key of 32 bytes, or not the one committed to."""


class Undecryptable(SealError):
    """The key does not open the ciphertext: one of them is altered, or it was never sealed with this key."""


class CiphertextMismatch(SealError):
    """The ciphertext is not the one committed to."""


class PlaintextMismatch(SealError):
    """The ciphertext opens, to something other than what was committed to."""


class BadBox(SealError):
    """A box is not the one that its key and recipient give."""


class BadManifest(SealError, ValueError):
    """A manifest breaks its format or limits, or is not the published one."""
