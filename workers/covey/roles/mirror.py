"""Keeping what handles publish, as soon as it is there: nobody but its trainer has to keep it for longer."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Final

from covey.roles.published import Read, fetch_model
from covey.roles.task import Publication
from covey.sealing import ManifestRules, SealError
from covey.storage import BadCid, StoreError, TooLarge

_FIRST_RETRY: Final = 2
_LAST_RETRY: Final = 64
"""Seconds between tries."""


@dataclass(frozen=True)
class _Fetch:
    """How fetching a publication went: `over`, else when to try again, `delay` after the last time."""

    over: bool = False
    next_try: int = 0
    delay: int = 0


class Mirror:
    """What became of fetching one task's models. Times are the chain's, in Unix seconds.

    `read` keeps what it reads; `inform` hears of what is not to be had. Threads may share it.
    """

    def __init__(self, read: Read, inform: Callable[[str], None]) -> None:
        self._read = read
        self._inform = inform
        self._fetches: dict[Publication, _Fetch] = {}

    def has(self, publication: Publication) -> bool:
        """Whether it is here, or so malformed that fetching it again changes nothing."""
        return self._last(publication).over

    def due(self, published: Iterable[tuple[int, Publication]], now: int) -> list[tuple[int, Publication]]:
        """Which of these (round, publication) to fetch now. Those that failed least come first, so that what one
        trainer withholds delays no other's."""
        tries = ((round_, publication, self._last(publication)) for round_, publication in published)
        open_ = [(fetch.delay, round_, p) for round_, p, fetch in tries if not fetch.over and now >= fetch.next_try]
        return [(round_, publication) for _, round_, publication in sorted(open_, key=lambda item: item[0])]

    def fetch(self, publication: Publication, rules: ManifestRules, now: int) -> None:
        """Tries once."""
        try:
            fetch_model(publication, rules, self._read)
        except (SealError, BadCid, TooLarge):
            self._fetches[publication] = _Fetch(over=True)
        except StoreError as error:
            delay = min(max(_FIRST_RETRY, self._last(publication).delay * 2), _LAST_RETRY)
            self._fetches[publication] = _Fetch(next_try=now + delay, delay=delay)
            self._inform(f"model of handle {publication.handle}: {error}")
        else:
            self._fetches[publication] = _Fetch(over=True)

    def _last(self, publication: Publication) -> _Fetch:
        return self._fetches.get(publication, _Fetch())
