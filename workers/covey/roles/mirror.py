"""Keeping what handles publish, as soon as it is there: nobody but its trainer has to keep it for longer."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Final

from covey.roles.errors import BadDescription
from covey.roles.published import Read, fetch_model
from covey.roles.task import Publication
from covey.sealing import ManifestRules, SealError
from covey.storage import BadCid, StoreError, TooLarge

_FIRST_RETRY: Final = 2
_LAST_RETRY: Final = 64
"""Seconds between tries."""

_WIDTH: Final = 16
"""Models fetched at the same time: a store may take minutes for what its trainer lets trickle."""


@dataclass(frozen=True)
class _Fetch:
    """How fetching a publication went: `over`, else when to try again, `delay` after the last time."""

    over: bool = False
    next_try: int = 0
    delay: int = 0


class Mirror:
    """Fetches one task's models, several at a time and beside the loop that must not miss a deadline.

    `read` keeps what it reads; `inform` hears of what is not to be had, `wake` is called after each try. Times are the
    chain's, in Unix seconds.
    """

    def __init__(self, read: Read, inform: Callable[[str], None], wake: Callable[[], None]) -> None:
        self._read = read
        self._inform = inform
        self._wake = wake
        self._fetches: dict[Publication, _Fetch] = {}
        self._running: set[Publication] = set()

    def has(self, publication: Publication) -> bool:
        """Whether it is here, or so malformed that fetching it again changes nothing."""
        return self._last(publication).over

    def due(self, published: Iterable[tuple[int, Publication]], now: int) -> list[tuple[int, Publication]]:
        """Which of these (round, publication) to begin with now. Those that failed least come first, so that what one
        trainer withholds delays no other's."""
        tries = ((round_, publication, self._last(publication)) for round_, publication in published)
        open_ = [
            (fetch.delay, round_, publication)
            for round_, publication, fetch in tries
            if not fetch.over and now >= fetch.next_try and publication not in self._running
        ]
        first = sorted(open_, key=lambda item: item[0])[: _WIDTH - len(self._running)]
        return [(round_, publication) for _, round_, publication in first]

    def begin(self, publication: Publication, rules: Callable[[], ManifestRules], now: int) -> None:
        """Tries once, in a thread that ends with the process."""
        self._running.add(publication)
        work = threading.Thread(target=self._run, args=(publication, rules, now), daemon=True, name="fetch a model")
        work.start()

    def _run(self, publication: Publication, rules: Callable[[], ManifestRules], now: int) -> None:
        try:
            self._fetch(publication, rules, now)
        finally:
            self._running.discard(publication)
            self._wake()

    def _fetch(self, publication: Publication, rules: Callable[[], ManifestRules], now: int) -> None:
        try:
            fetch_model(publication, rules(), self._read)
        except (SealError, BadCid, TooLarge):
            self._fetches[publication] = _Fetch(over=True)
        except (StoreError, BadDescription) as error:
            delay = min(max(_FIRST_RETRY, self._last(publication).delay * 2), _LAST_RETRY)
            self._fetches[publication] = _Fetch(next_try=now + delay, delay=delay)
            self._inform(f"model of handle {publication.handle}: {error}")
        else:
            self._fetches[publication] = _Fetch(over=True)

    def _last(self, publication: Publication) -> _Fetch:
        return self._fetches.get(publication, _Fetch())
