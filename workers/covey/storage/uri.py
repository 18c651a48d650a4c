"""Store addresses, as they stand in settings and on the command line."""

from __future__ import annotations

from pathlib import Path

from covey.storage.errors import BadStoreUri
from covey.storage.gateway import GatewayStore
from covey.storage.local import LocalStore
from covey.storage.store import Store


def open_store(uri: str) -> Store:
    """The store at `dir:PATH`, `kubo:URL` (a daemon's RPC) or `gateway:URL`. Contacts nobody. Raises BadStoreUri."""
    kind, _, place = uri.partition(":")
    match kind:
        case "dir" if place:
            try:
                return LocalStore(Path(place).expanduser())
            except (RuntimeError, ValueError):
                raise BadStoreUri(f"{uri!r} names no user's folder; use dir:PATH") from None
        case "kubo":
            from covey.storage.kubo import KuboStore  # with all of ipfshttpclient, which few need

            return KuboStore(place)
        case "gateway":
            return GatewayStore(place)
        case _:
            raise BadStoreUri(
                f"{uri!r} is not a store; use dir:PATH, kubo:http://127.0.0.1:5001 or gateway:https://HOST"
            )
