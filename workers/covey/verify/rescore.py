"""Scoring the published models again, on the hidden data that the task revealed, and comparing with the consensus.

The one part of the verifier that needs the rest of Covey, and torch. Models are encrypted, so it takes the secret of a
worker that they were encrypted to: a validator's opens all models of a round, the creator's those that were delivered.
"""

from __future__ import annotations

from covey.journal import Secret
from covey.protocol.commitments import Domain
from covey.roles.description import Description, fetch_description
from covey.roles.panel import Rejected, Seat, judge, read_model, read_shard
from covey.roles.published import open_delivered
from covey.roles.sealed import CreatorSecrets, validator_keys
from covey.roles.task import Publication
from covey.sealing import Audience, BoxContext, KeyPair, ShardCommitment
from covey.storage import Store

from .bundle import ArenaBundle
from .events import Delivered
from .history import History, Round
from .replay import replay
from .report import Inconsistent, Report
from .settlement import Outcome, settle

_UNAVAILABLE = 1


class RescoreError(Exception):
    """Nothing can be scored: what is missing, and what to do."""


def rescore(bundle: ArenaBundle, store: Store, secret: Secret, device: str, report: Report) -> None:
    """Adds a check for each model that the worker's secret opens, of each settled round, to the report.

    Raises RescoreError, StoreError, SealError, LearningError, RoleError.
    """
    try:
        history = replay(bundle, Report())
        outcomes = settle(history).outcomes
    except Inconsistent as error:
        raise RescoreError(f"the history makes no sense: {error}") from error
    description = fetch_description(history.uri, history.params.rounds, store)
    reader = _Reader(history, description, store, secret)
    for outcome in outcomes.values():
        _rescore_round(history, outcome, reader, device, report)


class _Reader:
    """Opens models as a validator, or as the creator."""

    def __init__(self, history: History, description: Description, store: Store, secret: Secret) -> None:
        self.description = description
        self.store = store
        self._context = history.context
        self._boxes = tuple(history.validators[index].box_key for index in range(len(history.validators)))
        self._keys = self._own_keys(secret)

    def _own_keys(self, secret: Secret) -> KeyPair:
        task, domain = self._context.task, Domain(self._context.chain_id, self._context.arena)
        of_validator = validator_keys(domain, task, secret)
        of_creator = CreatorSecrets(domain, secret, self.description.nonce).box_keys
        if of_validator.public in self._boxes:
            return of_validator
        if of_creator.public == self.description.creator_key:
            return of_creator
        raise RescoreError(
            f"this account was neither a validator of task {task} nor its creator, so no model was encrypted to it: "
            "name the wallet whose worker was, with --keystore"
        )

    def read(self, one: Round, place: int) -> bytes | Rejected | None:
        """The model of a lane, or the score that it gets unseen; None if this key does not open it."""
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
        if self._keys.public in self._boxes:
            seat = Seat(self._boxes.index(self._keys.public), self._keys, audience, self.description.task)
            return read_model(published, seat, self.store)
        delivered = one.delivered.get(lane.handle)
        if delivered is None or not isinstance(delivered.event, Delivered):
            return None
        box = delivered.event.box
        return open_delivered(published, box, self._keys, audience, self.description.task, self.store.get)


def _rescore_round(history: History, outcome: Outcome, reader: _Reader, device: str, report: Report) -> None:
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
