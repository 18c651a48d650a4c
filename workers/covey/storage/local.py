"""A directory as a content store: the default, and enough for a network on one machine.

`ROOT/<last two characters>/<CID>/<size>` holds one content, whole. The size in the name tells a truncated file from an
altered one. Files are written aside, synced, then renamed: whatever is in place is complete, whoever else is writing.
"""

from __future__ import annotations

import errno
import io
import os
import secrets
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO, Final

from covey.storage.cid import RAW, Cid
from covey.storage.errors import Altered, Missing, StoreFull, StoreReadOnly, StoreUnavailable, TooLarge, Truncated
from covey.storage.store import Content
from covey.storage.unixfs import build, cid_of

_ABANDONED_AFTER_S: Final = 3_600
_FULL: Final = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})
_READ_ONLY: Final = frozenset({errno.EROFS, errno.EACCES, errno.EPERM})


class LocalStore:
    """A `Store` in a directory, which is created by the first `put`. Safe for many processes at once."""

    def __init__(self, root: Path) -> None:
        self._root = root

    def put(self, content: Content) -> str:
        """See `Store.put`. A damaged copy of the same content is replaced."""
        source = io.BytesIO(content) if isinstance(content, bytes) else content.open("rb")
        with source, _write_errors(self._root):
            scratch = self._root / "tmp"
            scratch.mkdir(parents=True, exist_ok=True)
            _sweep(scratch)
            return self._write(source, scratch / secrets.token_hex(16))

    def get(self, cid: str, max_bytes: int) -> bytes:
        """See `Store.get`."""
        with _read_errors(self._root):
            path = self._find(cid)
            if path is None:
                raise Missing(f"{self._root} has no {cid}")
            size = int(path.name)
            if size > max_bytes:
                raise TooLarge(f"{cid} has {size} bytes; {max_bytes} are allowed here")
            with path.open("rb") as stream:
                content = stream.read(size + 1)
        if len(content) < size:
            raise Truncated(f"{path} has {len(content)} of its {size} bytes; put the content again")
        if len(content) > size or cid_of(content) != cid:
            raise Altered(f"{path} holds other bytes than its CID names; put the content again")
        return content

    def has(self, cid: str) -> bool:
        """See `Store.has`."""
        with _read_errors(self._root):
            return self._find(cid) is not None

    def _directory(self, cid: str) -> Path:
        return self._root / cid[-2:] / cid

    def _find(self, cid: str) -> Path | None:
        directory = self._directory(str(Cid.parse(cid)))
        try:
            return next((path for path in directory.iterdir() if path.name.isdecimal()), None)
        except FileNotFoundError:
            return None

    def _write(self, source: BinaryIO, temporary: Path) -> str:
        try:
            with temporary.open("xb") as out:

                def append_leaf(cid: Cid, block: bytes) -> None:
                    if cid.codec == RAW:
                        out.write(block)

                tree = build(source, append_leaf)
                out.flush()
                os.fsync(out.fileno())
            cid = str(tree.root)
            directory = self._directory(cid)
            directory.mkdir(parents=True, exist_ok=True)
            temporary.replace(directory / str(tree.size))
            _sync(directory)
            return cid
        finally:
            temporary.unlink(missing_ok=True)


def _sync(directory: Path) -> None:
    """Make a rename into `directory` survive a power cut."""
    descriptor = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _sweep(scratch: Path) -> None:
    """Remove what killed processes left behind."""
    oldest = time.time() - _ABANDONED_AFTER_S
    for path in scratch.iterdir():
        with suppress(FileNotFoundError):
            if path.stat().st_mtime < oldest:
                path.unlink()


@contextmanager
def _write_errors(root: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        if error.errno in _FULL:
            raise StoreFull(f"no room in {root} ({error.strerror}): free space, or use another store") from error
        if error.errno in _READ_ONLY:
            raise StoreReadOnly(f"can't write to {root} ({error.strerror}): check its owner and mount") from error
        raise StoreUnavailable(f"can't write to {root}: {error}") from error


@contextmanager
def _read_errors(root: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise StoreUnavailable(f"can't read {root}: {error}") from error
