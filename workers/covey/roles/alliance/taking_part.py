"""A client's deeds: join, train and propose, judge and vote, collect. `client.py` decides which.

What was trained or found is in the worker's folder before a commitment to it is sent, so that it can be opened
whatever happens; salts follow from the worker's secret.
"""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import asdict, replace
from functools import partial

import numpy as np

from covey.apps.app import App, AppError
from covey.federated.errors import FederatedError
from covey.federated.fixed import VALUE_LIMIT
from covey.federated.updates import encode
from covey.journal import Purpose, Scope
from covey.learning.errors import LearningError
from covey.protocol import lanes
from covey.protocol.alliance.commitments import Domain, Update, ballot_hash, content_hash
from covey.protocol.alliance.votes import Result, Vote
from covey.roles.alliance import client, errands
from covey.roles.alliance.client import ClientFacts
from covey.roles.alliance.config import ClientConfig, ClientStrategy
from covey.roles.alliance.description import AllianceDescription
from covey.roles.alliance.engine import ALLIANCE
from covey.roles.alliance.judging import Usable, judge, size_of_update, usable_from
from covey.roles.alliance.models import GlobalModel, cid_for
from covey.roles.alliance.rules import plan_of
from covey.roles.alliance.state import AllianceState, Round
from covey.roles.alliance.view import AllianceView
from covey.roles.background import Background
from covey.roles.config import Notice
from covey.roles.context import Context
from covey.roles.decision import Act, Decision, Step
from covey.roles.description import fetch_document
from covey.roles.errors import NotReady, WorkLost
from covey.roles.outcome import Local, Outcome
from covey.roles.readiness import operator_of, require_credit
from covey.storage import BadCid, StoreError, TooLarge

_POISON = -5


class ClientRole:
    """One client in one task."""

    def __init__(self, context: Context, config: ClientConfig) -> None:
        address = context.contracts.alliance.address
        self._context = context
        self._config = config
        self._domain = Domain(context.domain.chain_id, address)
        self._scope = Scope(context.domain.chain_id, address, config.task, "client")
        self._work: Background[Act] = Background(context.wake.set)
        self._described: AllianceDescription | None = None
        self._app: App | None = None
        self._model: tuple[bytes, GlobalModel] | None = None

    def decide(self, view: AllianceView) -> Decision:
        return client.decide(view, self._facts(view.state))

    def perform(self, view: AllianceView, act: Act) -> Outcome:
        match act.step:
            case Step.JOIN:
                return self._join(view.state, act)
            case Step.RESUME:
                return self._call(act, view.state, "resume", self._place(view.state))
            case Step.FETCH if view.ended:  # nothing else will ever be due
                self._global_model(view.state, view.state.model)
                return Local.DONE
            case Step.FETCH | Step.TRAIN | Step.JUDGE:
                self._work.start(act, self._work_for(view, act))
                return Local.PENDING
            case Step.COMMIT:
                return self._commit(view.state, act)
            case Step.PUBLISH:
                return self._publish(view.state, act)
            case Step.REVEAL:
                return self._reveal(view.state, act)
            case _:
                return errands.run(self._context, view, act)

    def _work_for(self, view: AllianceView, act: Act) -> Callable[[], object]:
        """What is done beside the loop, with what it is about as it is now: the state goes on changing meanwhile."""
        state, round_, hash_ = view.state, view.settled, view.state.model
        match act.step:
            case Step.TRAIN:
                return partial(self._train, state, round_, hash_)
            case Step.JUDGE:
                assert state.current is not None  # decided on nothing else
                return partial(self._judge, state, round_, hash_, state.current, _patient(view))
            case _:
                return partial(self._global_model, state, hash_)

    def _facts(self, state: AllianceState) -> ClientFacts:
        context, config, running = self._context, self._config, state.current
        return ClientFacts(
            hot_key=context.address,
            trained=running is not None and self._update(state) is not None,
            judged=running is not None and self._finding(state, running) is not None,
            holds=self._model is not None and self._model[0] == state.model,
            busy=self._work.busy_with is not None,
            silent=config.strategy is ClientStrategy.SILENT,
            claims=state.gone.get(context.address) == context.address,
            claimed=context.did(Act(Step.CLAIM), state.task, context.contracts.ledger.call("claim")),
            patience=config.patience,
        )

    # Joining ----------------------------------------------------------------------------------------------------------

    def _join(self, state: AllianceState, act: Act) -> Outcome:
        """Joins once it is sure to be able to train: its app runs on the task's model. Raises NotReady."""
        stake = self._config.stake or state.params.min_stake
        plan_of(state)
        self._rehearse(state)
        require_credit(self._context, ALLIANCE, operator_of(self._context), stake)
        return self._call(act, state, "join", stake)

    def _rehearse(self, state: AllianceState) -> None:
        """Does once what rounds will ask for: what fails now would cost a slash then. Raises NotReady."""
        model, lengths = self._global_model(state, state.model), state.params.lengths
        try:
            app = self._own_app(state, model)
            app.evaluate(model.parameters, 0)
            began = time.monotonic()
            model.update_to(app.train(model.parameters, 0).parameters, state.params.fraction_bits)
            seconds = time.monotonic() - began
        except (AppError, LearningError, FederatedError) as error:
            raise NotReady(f"this client can't take part in task {state.task}: {error}") from error
        if seconds > lengths.propose:
            raise NotReady(
                f"training took {seconds:.0f} s, and task {state.task} gives proposers {lengths.propose} s: train less"
            )

    # Training ---------------------------------------------------------------------------------------------------------

    def _train(self, state: AllianceState, round_: int, hash_: bytes) -> None:
        """Trains the model with this hash for a round, and keeps the update."""
        plan, model, began = plan_of(state), self._global_model(state, hash_), time.monotonic()
        if self._config.strategy is ClientStrategy.FREE_RIDER:
            vector, samples = np.zeros(model.coordinates.size, np.int32), state.params.max_samples
        else:
            trained = self._own_app(state, model).train(model.parameters, round_)
            vector, samples = model.update_to(trained.parameters, plan.fraction_bits), trained.samples
        if self._config.strategy is ClientStrategy.POISONER:
            vector = (vector.astype(np.int64) * _POISON).clip(-VALUE_LIMIT, VALUE_LIMIT).astype(np.int32)
        key = _update_key(state.task, round_, hash_)
        self._keep_update(key, encode(vector, model.coordinates), min(samples, state.params.max_samples))
        seconds = time.monotonic() - began
        text = f"round {round_ + 1}: trained in {seconds:.1f} s"
        self._context.report(Notice("trained", text, state.task, {"round": round_, "seconds": seconds}))

    def _keep_update(self, key: str, data: bytes, samples: int) -> None:
        """In the store for others, in the own folder for whatever happens to the store, then in the journal."""
        cid = self._context.store.hold(data)
        fact = {"hash": hashlib.sha256(data).hexdigest(), "samples": samples, "cid": cid}
        self._context.journal.facts.once(key, json.dumps(fact).encode())

    def _update(self, state: AllianceState) -> Update | None:
        """What was trained for the current round."""
        fact = self._context.journal.facts.get(_update_key(state.task, state.settled, state.model))
        if fact is None:
            return None
        kept = json.loads(fact)
        return Update(bytes.fromhex(kept["hash"]), kept["samples"], kept["cid"])

    # Judging ----------------------------------------------------------------------------------------------------------

    def _judge(self, state: AllianceState, round_: int, hash_: bytes, running: Round, patient: bool) -> None:
        """Finds a vote on what a round published for the model with this hash, and keeps it.

        Raises StoreError while (`patient`) an update that can't be had may still come in time.
        """
        model, began = self._global_model(state, hash_), time.monotonic()
        app = self._own_app(state, model)
        published = {client_: self._usable(update, model, patient) for client_, update in running.updates.items()}
        finding = judge(
            model,
            hash_,
            plan_of(state),
            published,
            lambda parameters: app.evaluate(parameters, round_).loss,
            state.params.epsilon,
        )
        if finding.model is not None:
            self._serve(finding.model)
        vote = finding.vote
        if self._config.strategy is ClientStrategy.POISONER:
            vote = replace(vote, in_favour=not vote.in_favour)
        self._context.journal.facts.once(_finding_key(state.task, round_, running), _packed(vote))
        seconds = time.monotonic() - began
        text = (
            f"round {round_ + 1}: loss {finding.before:.4f} before, {finding.after:.4f} after, "
            f"{'in favour' if vote.in_favour else 'against'} ({seconds:.1f} s)"
        )
        facts = {"round": round_, "before": finding.before, "after": finding.after, "favour": vote.in_favour}
        self._context.report(Notice("judged", text, state.task, facts))

    def _usable(self, update: Update, model: GlobalModel, patient: bool) -> Usable | None:
        try:
            data = self._context.store.get(update.cid, size_of_update(model))
        except (BadCid, TooLarge):
            return None
        except StoreError:
            if patient:
                raise
            return None
        self._serve(data)
        return usable_from(data, update, model)

    def _serve(self, data: bytes) -> None:
        """So that others find it, too; a vote does not hang on that."""
        with suppress(StoreError):
            self._context.store.hold(data)

    def _finding(self, state: AllianceState, running: Round) -> Vote | None:
        """The vote found on what is published now."""
        fact = self._context.journal.facts.get(_finding_key(state.task, state.settled, running))
        return None if fact is None else _unpacked(fact)

    # Commitments ------------------------------------------------------------------------------------------------------

    def _commit(self, state: AllianceState, act: Act) -> Outcome:
        running, round_, key = state.current, act.place[0], self._context.address
        assert running is not None  # decided on nothing else
        if running.proposers >> self._place(state) & 1:
            update = self._known_update(state, round_)
            commitment = self._domain.update_commitment(
                state.task, round_, key, update, self._salt(round_, content_hash(update))
            )
        else:
            vote = self._known_finding(state, running, round_)
            commitment = self._domain.vote_commitment(
                state.task, round_, key, running.transcript, vote, self._salt(round_, ballot_hash(vote))
            )
        return self._call(act, state, "commit", round_, self._place(state), commitment)

    def _publish(self, state: AllianceState, act: Act) -> Outcome:
        update = self._known_update(state, act.place[0])
        salt = self._salt(act.place[0], content_hash(update))
        opening = (update.update_hash, update.samples, update.cid, salt)
        return self._call(act, state, "publish", act.place[0], self._place(state), opening)

    def _reveal(self, state: AllianceState, act: Act) -> Outcome:
        assert state.current is not None  # decided on nothing else
        vote = self._known_finding(state, state.current, act.place[0])
        result = (vote.result.aggregate_hash, vote.result.accepted)
        salt = self._salt(act.place[0], ballot_hash(vote))
        opening = (result, vote.in_favour, lanes.pack(vote.contributions), salt)
        return self._call(act, state, "reveal", act.place[0], self._place(state), opening)

    def _known_update(self, state: AllianceState, round_: int) -> Update:
        update = self._update(state)
        if update is None:
            raise WorkLost(self._context.journal.path, round_)
        return update

    def _known_finding(self, state: AllianceState, running: Round, round_: int) -> Vote:
        vote = self._finding(state, running)
        if vote is None:
            raise WorkLost(self._context.journal.path, round_)
        return vote

    def _salt(self, round_: int, committed: bytes) -> bytes:
        return self._scope.derive(self._context.secret, Purpose.SALT, round_, committed)

    # Small parts ------------------------------------------------------------------------------------------------------

    def _call(self, act: Act, state: AllianceState, function: str, *arguments: object) -> Outcome:
        call = self._context.contracts.alliance.call(function, state.task, *arguments)
        return self._context.send(act, state.task, call)

    def _place(self, state: AllianceState) -> int:
        place = state.place(self._context.address)
        assert place is not None  # decided on nothing else
        return place

    def _describe(self, state: AllianceState) -> AllianceDescription:
        """Raises BadDescription, StoreError."""
        if self._described is None:
            self._described = fetch_document(AllianceDescription, state.terms.uri, self._context.store)
            self._serve(self._described.encode())
        return self._described

    def _global_model(self, state: AllianceState, hash_: bytes) -> GlobalModel:
        """The task's model with this hash, which from then on is in the own folder, and served. Raises StoreError,
        LearningError."""
        known = self._model
        if known is None or known[0] != hash_:
            description = self._describe(state)
            data = self._context.store.get(cid_for(hash_, description.model_size), description.model_size)
            self._serve(data)
            self._model = known = hash_, GlobalModel.decode(data, description.names)
        return known[1]

    def _own_app(self, state: AllianceState, model: GlobalModel) -> App:
        if self._app is None:
            self._app = self._config.app(model, self._describe(state))
        return self._app


def _patient(view: AllianceView) -> bool:
    """Whether a voter still waits for updates that can't be had: for half of Vote."""
    lengths = view.state.params.lengths
    return view.now < view.clock.drawn_at + lengths.round - lengths.reveal - lengths.vote // 2


def _update_key(task: int, round_: int, model: bytes) -> str:
    """Where the update for a round is kept: after a reorganisation it may start from another model."""
    return f"update/{task}/{round_}/{model.hex()}"


def _finding_key(task: int, round_: int, running: Round) -> str:
    """Where the vote on a round's updates is kept: after a reorganisation there may be others."""
    return f"finding/{task}/{round_}/{running.transcript.hex()}"


def _packed(vote: Vote) -> bytes:
    return json.dumps(asdict(vote) | {"result": [vote.result.aggregate_hash.hex(), vote.result.accepted]}).encode()


def _unpacked(fact: bytes) -> Vote:
    kept = json.loads(fact)
    hash_, accepted = kept["result"]
    return Vote(Result(bytes.fromhex(hash_), accepted), kept["in_favour"], tuple(kept["contributions"]))
