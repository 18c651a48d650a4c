"""A validator's deeds: enrol, fetch, score, commit and reveal. `validator.py` decides which."""

from __future__ import annotations

from contextlib import suppress
from functools import partial
from threading import Thread

from covey.journal import Purpose
from covey.protocol import commitments, lanes
from covey.protocol.lanes import UNAVAILABLE
from covey.roles import errands, validator
from covey.roles.config import ValidatorConfig
from covey.roles.context import Context
from covey.roles.decision import Act, Decision, Step
from covey.roles.errors import BadDescription, LibraryUnusable
from covey.roles.libraries import SCORING, load
from covey.roles.mirror import Mirror
from covey.roles.outcome import Local, Outcome
from covey.roles.panel import Rejected, Seat, judge, read_model, read_shard, vector_of
from covey.roles.readiness import require_stake
from covey.roles.sealed import audience_of, validator_keys
from covey.roles.settling import results
from covey.roles.strategies import ValidatorStrategy
from covey.roles.task import Publication, TaskState
from covey.roles.validator import ValidatorFacts
from covey.roles.view import View
from covey.sealing import CiphertextMismatch, ManifestRules, ShardCommitment, check_ciphertext


class ValidatorRole:
    """One validator in one task."""

    def __init__(self, context: Context, config: ValidatorConfig) -> None:
        self._context = context
        self._config = config
        self._scope = context.scope(config.task, "validator")
        self._keys = validator_keys(context.domain, config.task, context.secret)
        self._mirror = Mirror(context.store.get, lambda text: context.inform(config.task, text), context.wake.set)
        if self._scores:  # while others enrol: nobody should wait for it once the key is posted
            Thread(target=_load_early, daemon=True, name="load scoring").start()

    def decide(self, view: View) -> Decision:
        return validator.decide(view, self._facts(view))

    def perform(self, view: View, act: Act) -> Outcome:
        match act.step:
            case Step.ENROL:
                return self._enrol(view, act)
            case Step.FETCH:
                self._fetch(view)
                return Local.PENDING
            case Step.SCORE:
                return self._score(view, act.place[0])
            case Step.COMMIT:
                return self._commit(view.state, act)
            case Step.REVEAL:
                return self._reveal(view.state, act)
            case _:
                return errands.run(self._context, view, act)

    def _facts(self, view: View) -> ValidatorFacts:
        context, state = self._context, view.state
        place = state.validator(context.address)
        return ValidatorFacts(
            hot_key=context.address,
            scored=frozenset(r for r in view.open_rounds if self._vector(state, r) is not None),
            reveals=self._config.strategy is not ValidatorStrategy.SILENT,
            fetch_now=self._scores and bool(self._mirror.due(view.published, view.now)),
            claims=errands.has_pay(context, None if place is None else state.validators[place]),
            claimed=errands.has_claimed(context, state.task),
            patience=self._config.patience,
        )

    @property
    def _scores(self) -> bool:
        return self._config.strategy is ValidatorStrategy.HONEST

    # Enrolling --------------------------------------------------------------------------------------------------------

    def _enrol(self, view: View, act: Act) -> Outcome:
        """Fetches all shards' ciphertexts and checks them, which enrolling attests to."""
        state, context = view.state, self._context
        stake = self._config.stake or state.params.min_validator_stake
        require_stake(context, stake)
        contents = self._context.describe(state).shards
        for round_, (content, shard) in enumerate(zip(contents, state.shards, strict=True)):
            try:
                check_ciphertext(context.store.get(content.cid, content.size), _commitment(shard))
            except CiphertextMismatch as error:  # its CID is right: fetching it again would bring the same
                raise BadDescription(f"the hidden data of round {round_ + 1} is not what was committed to") from error
        call = context.contracts.arena.call(
            "enrolValidator", state.task, stake, self._keys.public, commitments.shards_hash(state.shards)
        )
        return context.send(act, state.task, call)

    # Fetching ---------------------------------------------------------------------------------------------------------

    def _fetch(self, view: View) -> None:
        for round_, publication in self._mirror.due(view.published, view.now):
            self._mirror.begin(publication, partial(self._rules, view.state, round_), view.now)

    # Scoring ----------------------------------------------------------------------------------------------------------

    def _score(self, view: View, round_: int) -> Outcome:
        """Scores a round's models into the journal; waits for late ones as long as others would."""
        state = view.state
        if not self._scores:
            self._remember(state, round_, self._guess(state, round_))
            return Local.DONE
        missing = [p for p in state.rounds[round_].publications if not self._mirror.has(p)]
        if missing and view.now < self._patient_until(view, round_):
            self._fetch(view)
            return Local.PENDING
        self._remember(state, round_, self._judge(state, round_))
        return Local.DONE

    def _patient_until(self, view: View, round_: int) -> int:
        """Until when a model that can't be fetched is waited for: half of what is left for scoring since the key
        came."""
        posted = view.state.rounds[round_].key_posted_at
        return posted + (view.schedule.score_end(round_) - posted) // 2

    def _judge(self, state: TaskState, round_: int) -> bytes:
        load(SCORING)
        description, data = self._context.describe(state), state.rounds[round_]
        assert data.key is not None  # Score opens with it
        content = description.shards[round_]
        ciphertext = self._context.store.get(content.cid, content.size)
        shard = read_shard(ciphertext, data.key, _commitment(state.shards[round_]), description.task)
        if shard is None:
            self._context.inform(state.task, f"round {round_ + 1}: the hidden data is not what the task committed to")
            return commitments.DATASET_INVALID
        models = [self._model(state, round_, publication) for publication in data.publications]
        verdicts = judge(models, shard, description.task, self._config.device)
        for publication, verdict in zip(data.publications, verdicts, strict=True):
            text = f"round {round_ + 1}, handle {publication.handle}: {verdict.score} ({verdict.reason})"
            self._context.inform(state.task, text, round=round_, handle=publication.handle, score=verdict.score)
        return vector_of(verdicts)

    def _model(self, state: TaskState, round_: int, publication: Publication) -> bytes | Rejected:
        """A model that is here: whoever makes others wait for one must not make them late."""
        if not self._mirror.has(publication):
            return Rejected(UNAVAILABLE, "not to be had in time")
        return read_model(publication, self._seat(state, round_), self._context.store)

    def _guess(self, state: TaskState, round_: int) -> bytes:
        """What anybody could report: each handle's last consensus, the best score where there is none."""
        before = results(state)
        last: dict[int, int] = {}
        for earlier, result in before.items():
            for publication, median in zip(state.rounds[earlier].publications, result.medians, strict=True):
                last[publication.handle] = median
        return lanes.pack([last.get(p.handle, lanes.TOP) for p in state.rounds[round_].publications])

    # Committing and revealing -----------------------------------------------------------------------------------------

    def _commit(self, state: TaskState, act: Act) -> Outcome:
        round_ = act.place[0]
        lanes_hash = _lanes_hash(state, round_)
        commitment = self._context.domain.score_commitment(
            state.task,
            round_,
            self._context.address,
            lanes_hash,
            commitments.vector_hash(self._known_vector(state, round_)),
            self._salt(round_, lanes_hash),
        )
        call = self._context.contracts.arena.call("commitScores", state.task, round_, self._member(state), commitment)
        return self._context.send(act, state.task, call)

    def _reveal(self, state: TaskState, act: Act) -> Outcome:
        round_ = act.place[0]
        vector, salt = self._known_vector(state, round_), self._salt(round_, _lanes_hash(state, round_))
        hash_ = commitments.vector_hash(vector)
        known = hash_ in state.rounds[round_].vectors
        function, last = ("revealKnownScores", hash_) if known else ("revealScores", vector)
        call = self._context.contracts.arena.call(function, state.task, round_, self._member(state), salt, last)
        return self._context.send(act, state.task, call)

    def _salt(self, round_: int, lanes_hash: bytes) -> bytes:
        return self._scope.derive(self._context.secret, Purpose.SALT, round_, lanes_hash)

    def _vector(self, state: TaskState, round_: int) -> bytes | None:
        return self._context.journal.facts.get(_vector_key(state, round_))

    def _known_vector(self, state: TaskState, round_: int) -> bytes:
        vector = self._vector(state, round_)
        assert vector is not None  # scored before it is committed or revealed
        return vector

    def _remember(self, state: TaskState, round_: int, vector: bytes) -> None:
        self._context.journal.facts.once(_vector_key(state, round_), vector)

    # Small parts ------------------------------------------------------------------------------------------------------

    def _rules(self, state: TaskState, round_: int) -> ManifestRules:
        return self._seat(state, round_).rules

    def _seat(self, state: TaskState, round_: int) -> Seat:
        description = self._context.describe(state)
        audience = audience_of(self._context.domain, state, round_, description.creator_key)
        return Seat(self._member(state), self._keys, audience, description.task)

    def _member(self, state: TaskState) -> int:
        member = state.validator(self._context.address)
        assert member is not None  # decided on nothing else
        return member


def _load_early() -> None:
    with suppress(LibraryUnusable):  # told when it is needed
        load(SCORING)


def _lanes_hash(state: TaskState, round_: int) -> bytes:
    published = state.rounds[round_].publications
    return commitments.lanes_hash(
        (state.handles[p.handle].address, p.plaintext_hash, p.manifest_hash) for p in published
    )


def _vector_key(state: TaskState, round_: int) -> str:
    """Where the vector for the models published now is kept: after a reorganisation they may be others."""
    return f"vector/{state.task}/{round_}/{_lanes_hash(state, round_).hex()}"


def _commitment(shard: commitments.Shard) -> ShardCommitment:
    return ShardCommitment(shard.ciphertext_hash, shard.plaintext_hash, shard.key_hash)
