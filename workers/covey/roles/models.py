"""A trainer's models: what it trained, kept in its journal, and which of it it submits."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass

from covey.journal import Journal


@dataclass(frozen=True)
class Candidate:
    """A trained model: the SHA-256 of its artefact, and its lowest validation loss (None: the trainer reports none)."""

    digest: str
    loss: float | None


class Models:
    """One task's models in a journal. Threads may share it."""

    def __init__(self, journal: Journal, task: int) -> None:
        self._facts = journal.facts
        self._task = task

    def add(self, round_: int, artefact: bytes, loss: float | None) -> None:
        """Keeps what was trained for a round; a second result for it is dropped."""
        candidate = Candidate(hashlib.sha256(artefact).hexdigest(), loss)
        self._facts.put(f"artefact/{candidate.digest}", artefact)
        self._facts.once(self._key("trained", round_), json.dumps(asdict(candidate)).encode())

    def trained(self, rounds: int) -> dict[int, Candidate]:
        """What was trained, by round."""
        found = ((round_, self._facts.get(self._key("trained", round_))) for round_ in range(rounds))
        return {round_: Candidate(**json.loads(value)) for round_, value in found if value is not None}

    def choose(self, round_: int) -> bytes | None:
        """The artefact to submit in a round, None to pass; the first choice stands for ever."""
        best = best_of(self.trained(round_ + 1))
        chosen = self._facts.once(self._key("chosen", round_), (best.digest if best else "").encode()).decode()
        return self._artefact(chosen) if chosen else None

    def chosen(self, round_: int) -> bytes | None:
        """What was chosen for a round."""
        chosen = self._facts.get(self._key("chosen", round_))
        return self._artefact(chosen.decode()) if chosen else None

    def _artefact(self, digest: str) -> bytes | None:
        return self._facts.get(f"artefact/{digest}")

    def _key(self, kind: str, round_: int) -> str:
        return f"{kind}/{self._task}/{round_}"


def best_of(candidates: dict[int, Candidate]) -> Candidate | None:
    """The model with the lowest loss (of equals the oldest, which ranks first); without losses, the newest."""
    if not candidates:
        return None
    newest = candidates[max(candidates)]
    rated = [(c.loss, round_) for round_, c in candidates.items() if c.loss is not None]
    return candidates[min(rated)[1]] if rated and newest.loss is not None else newest
