"""A trainer's deeds: enrol, train, and speak through its handle. `trainer.py` decides which."""

from __future__ import annotations

import time
from dataclasses import asdict, replace

from eth_hash.auto import keccak

from covey.chain.contract import Call
from covey.learning.artefact import encode
from covey.learning.data import Dataset, decode_shard
from covey.learning.errors import LearningError, TrainerError
from covey.learning.task import Progress, TaskSpec
from covey.learning.task import Report as Epoch
from covey.learning.trainers import Trainer, built_in, train_artefact
from covey.roles import errands, trainer
from covey.roles.arena import ARENA
from covey.roles.background import Background
from covey.roles.config import Notice, TrainerConfig
from covey.roles.context import Context
from covey.roles.couriers import Couriers
from covey.roles.decision import Act, Decision, Step
from covey.roles.errors import ModelLost
from covey.roles.libraries import TRAINING, load
from covey.roles.messages import HandleKeys, HandleMessages
from covey.roles.models import Models
from covey.roles.outcome import Local, Outcome
from covey.roles.readiness import require_credit, require_stake
from covey.roles.sealed import audience_of
from covey.roles.strategies import TrainerStrategy
from covey.roles.task import TaskState
from covey.roles.trainer import TrainerFacts
from covey.roles.view import View
from covey.sealing import SealedModel, seal_model
from covey.storage import cid_of

_BROKEN = b"PK\x03\x04 not a model"


class TrainerRole:
    """One trainer in one task."""

    def __init__(self, context: Context, config: TrainerConfig) -> None:
        self._context = context
        self._config = config
        self._models = Models(context.journal, config.task)
        self._keys = HandleKeys(context.scope(config.task, "trainer"), context.secret)
        self._messages = HandleMessages(context.contracts.arena, context.domain, self._keys)
        self._couriers = Couriers(context, config.relays, config.relay_patience, config.send_itself)
        self._training: Background[int] = Background(context.wake.set)
        self._data: Dataset | None = None

    def decide(self, view: View) -> Decision:
        return trainer.decide(view, self._facts(view.state))

    def perform(self, view: View, act: Act) -> Outcome:
        match act.step:
            case Step.ENROL:
                return self._enrol(view, act)
            case Step.TRAIN:
                return self._train(view.state, act.place[0])
            case Step.MASK:
                return self._couriers.send(view, act, self._mask(view.state))
            case Step.SUBMIT:
                return self._couriers.send(view, act, self._submit(view, act.place[0]))
            case Step.PUBLISH:
                return self._couriers.send(view, act, self._publish(view, act.place[0]))
            case Step.OPEN:
                return self._context.send(act, view.state.task, self._open(view.state))
            case Step.DELIVER:
                return self._context.send(act, view.state.task, self._deliver(view.state, act.place[0]))
            case _:
                return errands.run(self._context, view, act)

    def _facts(self, state: TaskState) -> TrainerFacts:
        context, config = self._context, self._config
        place = state.trainer(context.address)
        return TrainerFacts(
            hot_key=context.address,
            handle=self._messages.address,
            trained=frozenset(self._models.trained(state.params.rounds)),
            training=self._training.busy_with,
            claims=errands.has_pay(context, None if place is None else state.trainers[place]),
            claimed=errands.has_claimed(context, state.task),
            reserve=config.reserve,
            patience=config.patience,
        )

    # Enrolling and masking --------------------------------------------------------------------------------------------

    def _enrol(self, view: View, act: Act) -> Outcome:
        context, params, task = self._context, view.state.params, view.state.task
        stake = self._config.stake or params.min_trainer_stake
        self._context.describe(view.state)
        operator = require_stake(context, stake)
        require_credit(context, ARENA, operator, params.quota * params.relay_fee)
        key = context.config.signer.public_key
        x, y = int.from_bytes(key[:32]), int.from_bytes(key[32:])
        return context.send(act, task, context.contracts.arena.call("enrolTrainer", task, stake, x, y))

    def _mask(self, state: TaskState) -> Call:
        member = self._member(state)
        key = self._context.config.signer.export()
        return self._messages.mask(state, member, key, state.trainers[member].operator)

    # Training ---------------------------------------------------------------------------------------------------------

    def _train(self, state: TaskState, round_: int) -> Outcome:
        description = self._context.describe(state)
        if self._config.strategy is TrainerStrategy.HONEST and self._data is None:
            content = description.training
            self._data = decode_shard(self._context.store.get(content.cid, content.size), description.task)
        self._training.start(round_, lambda: self._make_model(round_, description.task))
        return Local.PENDING

    def _make_model(self, round_: int, spec: TaskSpec) -> None:
        """Trains for one round, in the background, and keeps the result."""
        options = replace(self._config.options, seed=self._config.options.seed + round_)
        losses: list[float] = []
        began = time.monotonic()

        def hear(epoch: Epoch) -> None:
            losses.append(epoch.validation_loss)
            text = f"round {round_ + 1}: epoch {epoch.epoch} of {epoch.epochs}"
            self._context.report(Notice("training", text, self._config.task, asdict(epoch)))

        match self._config.strategy:
            case TrainerStrategy.HONEST:
                load(TRAINING)
                assert self._data is not None  # read before the training began
                artefact = _trained(self._config.trainer or built_in(options), self._data, spec, hear)
            case TrainerStrategy.UNTRAINED:
                from covey.learning.training import untrained  # torch takes seconds to import

                artefact = encode(untrained(spec, options.architecture, options.seed), spec.limits)
            case TrainerStrategy.MALFORMED:
                artefact = _BROKEN
        loss = min(losses, default=None)
        self._models.add(round_, artefact, loss)
        seconds = time.monotonic() - began
        facts = {"round": round_, "seconds": seconds, "loss": loss, "bytes": len(artefact)}
        self._context.report(
            Notice("trained", f"round {round_ + 1}: trained in {seconds:.1f} s", self._config.task, facts)
        )

    # Speaking through the handle --------------------------------------------------------------------------------------

    def _submit(self, view: View, round_: int) -> Call:
        """Stores the model, then commits to it; passes without one."""
        artefact = self._models.choose(round_)
        manifest_hash = None
        if artefact is not None:
            sealed = self._seal(view.state, round_, artefact)
            self._context.store.put(sealed.ciphertext)
            self._context.store.put(sealed.manifest.encode())
            manifest_hash = sealed.published.manifest_hash
        expiry = view.schedule.submit_end(round_)
        return self._messages.submit(view.state, self._handle(view.state), round_, manifest_hash, expiry)

    def _publish(self, view: View, round_: int) -> Call:
        sealed = self._sealed(view.state, round_)
        cid = cid_of(sealed.manifest.encode())
        expiry = view.schedule.publish_end(round_)
        return self._messages.publish(view.state, self._handle(view.state), round_, sealed.published, cid, expiry)

    def _sealed(self, state: TaskState, round_: int) -> SealedModel:
        """What was committed to in a round. Raises ModelLost."""
        artefact = self._models.chosen(round_)
        if artefact is None:
            raise ModelLost(self._context.journal.path, round_)
        return self._seal(state, round_, artefact)

    def _seal(self, state: TaskState, round_: int, artefact: bytes) -> SealedModel:
        description = self._context.describe(state)
        key = self._keys.model_key(round_, keccak(artefact))
        audience = audience_of(self._context.domain, state, round_, description.creator_key)
        return seal_model(artefact, key, description.task.family, audience)

    # The end ----------------------------------------------------------------------------------------------------------

    def _open(self, state: TaskState) -> Call:
        index = self._handle(state)
        tag, nonce = state.handles[index].tag, self._keys.open_nonce
        return self._context.contracts.arena.call("open", state.task, index, self._member(state), tag, nonce)

    def _deliver(self, state: TaskState, round_: int) -> Call:
        sealed, index = self._sealed(state, round_), self._handle(state)
        published = sealed.published
        return self._context.contracts.arena.call(
            "deliver",
            state.task,
            round_,
            index,
            published.plaintext_hash,
            published.manifest_hash,
            sealed.creator_box,
        )

    def _member(self, state: TaskState) -> int:
        member = state.trainer(self._context.address)
        assert member is not None  # decided on nothing else
        return member

    def _handle(self, state: TaskState) -> int:
        index = state.handle(self._messages.address)
        assert index is not None  # as above
        return index


def _trained(trainer_: Trainer, data: Dataset, spec: TaskSpec, progress: Progress) -> bytes:
    """As `train_artefact`, whatever a user's own trainer raises."""
    try:
        return train_artefact(trainer_, data, spec, progress)
    except LearningError:
        raise
    except Exception as error:
        raise TrainerError(f"the trainer failed: {type(error).__name__}: {error}") from error
