"""Sealed models in a store, for tests."""

from __future__ import annotations

from pathlib import Path

from covey.sealing import SealedModel
from covey.storage import open_store


def put(sealed: SealedModel, store: Path) -> dict[str, object]:
    """Stores a model; what its publication says."""
    open_store(f"dir:{store}").put(sealed.ciphertext)
    return {
        "manifestHash": sealed.published.manifest_hash,
        "plaintextHash": sealed.published.plaintext_hash,
        "creatorBoxHash": sealed.published.creator_box_hash,
        "cid": open_store(f"dir:{store}").put(sealed.manifest.encode()),
    }
