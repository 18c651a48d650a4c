"""Scoring the published models again, on the hidden data that the task revealed, and comparing with the consensus.

The one part of the verifier that needs the rest of Covey, and torch; both are imported when it is used. Models are
encrypted, so it takes the secret key of somebody they were encrypted to: a validator's opens all models of a round, the
creator's those whose boxes were delivered.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from .bundle import Bundle
from .events import Delivered
from .history import History, Round
from .replay import replay
from .report import Inconsistent, Report
from .settlement import Outcome, settle

if TYPE_CHECKING:
    from covey.roles.description import Description
    from covey.roles.panel import Rejected, Seat
    from covey.roles.task import Publication
    from covey.sealing import KeyPair
    from covey.storage import Store

_UNAVAILABLE = 1
_KEY_BYTES = 32


class RescoreError(Exception):
    """Nothing can be scored: what is missing, and what to do."""


def read_key(path: Path) -> bytes:
    """The secret X25519 key in a file of 64 hexadecimal digits. Raises RescoreError."""
    try:
        key = bytes.fromhex(path.read_text("ascii").strip().removeprefix("0x"))
    except (OSError, ValueError) as error:
        raise RescoreError(f"--box-key {path}: no file of {2 * _KEY_BYTES} hexadecimal digits") from error
    if len(key) != _KEY_BYTES:
        raise RescoreError(f"--box-key {path}: {len(key)} bytes, where an X25519 secret has {_KEY_BYTES}")
    return key


def rescore(bundle: Bundle, store_uri: str, secret: bytes, device: str, report: Report) -> None:
    """Adds a check for each model of each settled round to the report. Raises RescoreError."""
    try:
        from covey.learning.errors import LearningError
        from covey.roles.description import fetch_description
        from covey.sealing import KeyPair, SealError
        from covey.storage import StoreError, open_store
    except ImportError as error:
        raise RescoreError(f"scoring again needs Covey and torch: {error}") from error
    try:
        history = replay(bundle, Report())
        outcomes = settle(history).outcomes
        store, keys = open_store(store_uri), KeyPair.from_seed(secret)
        description = fetch_description(history.uri, history.params.rounds, store)
        reader = _Reader(history, description, store, keys)
        for outcome in outcomes.values():
            _rescore_round(history, outcome, reader, device, report)
    except Inconsistent as error:
        raise RescoreError(f"the history makes no sense: {error}") from error
    except (StoreError, SealError, LearningError) as error:
        raise RescoreError(f"scoring again: {error}") from error


class _Reader:
    """Opens models as a validator, or as the creator."""

    def __init__(self, history: History, description: Description, store: Store, keys: KeyPair) -> None:
        self.description = description
        self.store = store
        self._context = history.context
        self._keys = keys
        self._boxes = tuple(history.validators[index].box_key for index in range(len(history.validators)))
        if keys.public not in (*self._boxes, description.creator_key):
            raise RescoreError("--box-key is neither a validator's nor the creator's: nothing was encrypted to it")

    def read(self, one: Round, place: int) -> bytes | Rejected | None:
        """The model of a lane, or the score that it gets unseen; None if this key does not open it."""
        from covey.roles.panel import Seat, read_model
        from covey.roles.task import Publication
        from covey.sealing import Audience, BoxContext

        lane = one.lanes[place]
        published = Publication(
            handle=lane.handle,
            lane=place,
            manifest_hash=lane.manifest_hash,
            plaintext_hash=lane.plaintext_hash,
            creator_box_hash=lane.creator_box_hash,
            cid=lane.cid,
            first_round=lane.first_round,
        )
        context = BoxContext(self._context.chain_id, self._context.arena, self._context.task, one.number)
        audience = Audience(context, self._boxes, self.description.creator_key)
        index = self._boxes.index(self._keys.public) if self._keys.public in self._boxes else None
        seat = Seat(index or 0, self._keys, audience, self.description.task)
        if index is not None:
            return read_model(published, seat, self.store)
        delivered = one.delivered.get(lane.handle)
        if delivered is None or not isinstance(delivered.event, Delivered):
            return None
        return _open_as_creator(published, delivered.event.box, seat, self.store)


def _open_as_creator(published: Publication, box: bytes, seat: Seat, store: Store) -> bytes:
    from covey.roles.panel import fetch_model
    from covey.sealing import open_creator_box, open_model

    manifest, ciphertext = fetch_model(published, seat, store)
    return open_model(ciphertext, open_creator_box(box, seat.keys, seat.audience.context), manifest)


def _rescore_round(history: History, outcome: Outcome, reader: _Reader, device: str, report: Report) -> None:
    from covey.roles.panel import judge, read_shard
    from covey.sealing import ShardCommitment

    one, shard = history.rounds[outcome.round], history.shards[outcome.round]
    group, spec = f"round {one.number}: scored again", reader.description.task
    content = reader.description.shards[one.number]
    commitment = ShardCommitment(shard.ciphertext_hash, shard.plaintext_hash, shard.key_hash)
    data = read_shard(reader.store.get(content.cid, content.size), one.key or b"", commitment, spec)
    if data is None:
        report.holds(group, "hidden data", False, "not what the task committed to")
        return
    read = {place: reader.read(one, place) for place in range(len(one.lanes))}
    models = {place: model for place, model in read.items() if model is not None}
    verdicts = judge(list(models.values()), data, spec, device)
    for place, verdict in zip(models, verdicts, strict=True):
        median, subject = outcome.medians[place], f"handle {one.lanes[place].handle} ({verdict.reason})"
        if _UNAVAILABLE in (verdict.score, median) and verdict.score != median:
            report.notes.append(
                f"{group}: {subject}: {verdict.score} here, {median} by consensus: availability differs"
            )
        else:
            close = abs(verdict.score - median) <= history.params.epsilon
            report.equal(group, subject, median if close else verdict.score, median)
    if len(models) < len(read):
        report.notes.append(
            f"{group}: {len(read) - len(models)} models were not delivered, and stay closed to this key"
        )
