"""What can go wrong with a store. Each message says what to do next."""


class StoreError(Exception):
    """Any failure of a content store."""


class BadCid(StoreError, ValueError):
    """Not a CID that Covey uses."""


class BadStoreUri(StoreError, ValueError):
    """Not the address of a store."""


class Missing(StoreError):
    """The store answered, and has no such content."""


class Truncated(StoreError):
    """Fewer bytes than the content has."""


class Altered(StoreError):
    """The bytes are not those that the CID names, or not in the layout that all stores share."""


class TooLarge(StoreError):
    """More bytes than the caller allows."""


class StoreFull(StoreError):
    """No room to write."""


class StoreReadOnly(StoreError):
    """Writing is not possible or not permitted."""


class StoreUnavailable(StoreError):
    """The store can't be reached, or failed for a reason of its own."""
