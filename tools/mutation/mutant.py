"""One small fault in one source file."""

import hashlib
from dataclasses import dataclass
from typing import Self


@dataclass(frozen=True)
class Mutant:
    """`was`, from byte `start` of `path` on, replaced by `becomes`.

    `line` (from 1) and `context`, its text, tell people where; `source_hash` is the unchanged file's.
    """

    path: str
    start: int
    was: str
    becomes: str
    line: int
    context: str
    source_hash: str

    @classmethod
    def of(cls, path: str, source: bytes, start: int, end: int, becomes: str) -> Self:
        line = source.count(b"\n", 0, start)
        return cls(
            path=path,
            start=start,
            was=source[start:end].decode(),
            becomes=becomes,
            line=line + 1,
            context=source.split(b"\n")[line].decode().strip(),
            source_hash=hashlib.sha256(source).hexdigest()[:16],
        )

    @property
    def id(self) -> str:
        """The same for the same fault of the same file text."""
        parts = (self.path, self.source_hash, str(self.start), self.was, self.becomes)
        return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:16]

    def applied(self, source: bytes) -> bytes:
        """The file with the fault in it."""
        end = self.start + len(self.was.encode())
        return source[: self.start] + self.becomes.encode() + source[end:]

    def __str__(self) -> str:
        return f"{self.path}:{self.line}: {self.was!r} -> {self.becomes!r} in: {self.context}"
