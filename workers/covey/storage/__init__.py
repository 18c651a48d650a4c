"""Content-addressed storage: one `Store`, three backends, every byte checked against its CID."""

from covey.storage.cid import Cid
from covey.storage.errors import (
    Altered,
    BadCid,
    BadStoreUri,
    Missing,
    StoreError,
    StoreFull,
    StoreReadOnly,
    StoreUnavailable,
    TooLarge,
    Truncated,
)
from covey.storage.store import Content, Store
from covey.storage.unixfs import cid_of
from covey.storage.uri import open_store

__all__ = [
    "Altered",
    "BadCid",
    "BadStoreUri",
    "Cid",
    "Content",
    "Missing",
    "Store",
    "StoreError",
    "StoreFull",
    "StoreReadOnly",
    "StoreUnavailable",
    "TooLarge",
    "Truncated",
    "cid_of",
    "open_store",
]
