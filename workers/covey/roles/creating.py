"""A creator's deeds: post a task and its keys, fetch models and collect those that were paid for.

`creator.py` decides which, once the task is posted.
"""

from __future__ import annotations

import os
from dataclasses import asdict
from functools import partial
from pathlib import Path

from covey.chain.errors import RpcGarbage
from covey.journal import derive
from covey.learning.data import SMALL_SHARD, Split, encode_shard, split_for_task
from covey.learning.families import family_of
from covey.learning.task import TaskSpec
from covey.roles import creator, errands
from covey.roles.arena import ARENA
from covey.roles.config import CreatorConfig, TaskPlan
from covey.roles.context import Context
from covey.roles.creator import CreatorFacts
from covey.roles.decision import Act, Decision, Step
from covey.roles.description import Content, Description, put_description
from covey.roles.errors import NotReady
from covey.roles.mirror import Mirror
from covey.roles.outcome import Local, Outcome
from covey.roles.published import open_delivered, rules_of
from covey.roles.readiness import require_credit
from covey.roles.sealed import CreatorSecrets, audience_of
from covey.roles.task import Publication, TaskState
from covey.roles.view import View
from covey.sealing import Audience, ManifestRules, SealedShard, seal_shard


def post_task(context: Context, plan: TaskPlan) -> int:
    """Splits and encrypts the data, stores what others need, and posts the task; returns its number.

    Doing it again under the same reference posts nothing and returns the same number. Raises NotReady, StoreError,
    DataError, ParamOutOfRange, ChainError.
    """
    nonce = derive(context.secret, context.domain.chain_id, context.domain.arena.lower(), "task", plan.reference)
    secrets = CreatorSecrets(context.domain, context.secret, nonce)
    split = split_for_task(plan.data, plan.rounds, secrets.split_seed)
    if split.small:
        rounds = ", ".join(str(round_ + 1) for round_ in split.small)
        context.inform(
            None, f"under {SMALL_SHARD} hidden examples in round {rounds}: guesses may pay", rounds=list(split.small)
        )
    shards = [seal_shard(encode_shard(shard), secrets.shard_key(i)) for i, shard in enumerate(split.shards)]
    params = plan.params(split.shards)
    uri = put_description(_describe(context, plan, split, shards, secrets.box_keys.public, nonce), context.store)
    key = f"create/{plan.reference}"
    if context.journal.intents.find(key) is None:
        require_credit(context, ARENA, context.address, params.bounty + params.bond)
    abi_shards = [tuple(asdict(shard.commitment).values()) for shard in shards]
    call = context.contracts.arena.call("createTask", params.to_abi(), abi_shards, uri)
    receipt = context.sender.send(key, call)
    created = next((r for r in context.gateway.records(receipt) if r.name == "TaskCreated"), None)
    if created is None:
        raise RpcGarbage("the receipt of createTask shows no task: check the RPC endpoint")
    task: int = created.arguments["task"]
    context.journal.facts.put(_nonce_key(uri), nonce)
    context.inform(task, f"posted {plan.title!r}", uri=uri)
    return task


def _describe(
    context: Context, plan: TaskPlan, split: Split, shards: list[SealedShard], creator_key: bytes, nonce: bytes
) -> Description:
    training = encode_shard(split.train)
    return Description(
        title=plan.title,
        task=family_of(plan.family).task(plan.data, plan.limits),
        training=Content(cid=context.store.put(training), size=len(training)),
        shards=tuple(Content(cid=context.store.put(s.ciphertext), size=len(s.ciphertext)) for s in shards),
        creator_key=creator_key,
        nonce=nonce,
    )


class CreatorRole:
    """A task's creator, once it is posted."""

    def __init__(self, context: Context, config: CreatorConfig) -> None:
        self._context = context
        self._config = config
        self._mirror = Mirror(context.store.keep, lambda text: context.inform(config.task, text), context.wake.set)

    def decide(self, view: View) -> Decision:
        state = view.state
        if state.creator != self._context.address:
            raise NotReady(f"task {state.task} belongs to {state.creator}: run its creator with that account's key")
        return creator.decide(view, self._facts(view))

    def perform(self, view: View, act: Act) -> Outcome:
        match act.step:
            case Step.POST_KEY:
                return self._post_key(view.state, act)
            case Step.FETCH:
                self._fetch(view)
                return Local.PENDING
            case Step.COLLECT:
                self._collect(view.state, *act.place)
                return Local.DONE
            case _:
                return errands.run(self._context, view, act)

    def _facts(self, view: View) -> CreatorFacts:
        state, wanted = view.state, creator.wanted(view)
        return CreatorFacts(
            fetched=frozenset((round_, p.handle) for round_, p in wanted if self._mirror.has(p)),
            fetch_now=bool(self._to_fetch(view)),
            collected=frozenset(
                (round_, p.handle) for round_, p in wanted if self._path(state.task, round_, p.handle).exists()
            ),
            claims=state.finished is not None and state.finished["refunded"] > 0,
            claimed=errands.has_claimed(self._context, state.task),
            patience=self._config.patience,
        )

    def _post_key(self, state: TaskState, act: Act) -> Outcome:
        key = self._secrets(state).shard_key(act.place[0])
        shards = [tuple(asdict(shard).values()) for shard in state.shards]
        call = self._context.contracts.arena.call("postKey", state.task, act.place[0], key, shards)
        return self._context.send(act, state.task, call)

    def _to_fetch(self, view: View) -> list[tuple[int, Publication]]:
        missing = [(r, p) for r, p in creator.wanted(view) if not self._path(view.state.task, r, p.handle).exists()]
        return self._mirror.due(missing, view.now)

    def _fetch(self, view: View) -> None:
        for round_, publication in self._to_fetch(view):
            self._mirror.begin(publication, partial(self._rules, view.state, round_), view.now)

    def _collect(self, state: TaskState, round_: int, index: int) -> None:
        """Opens a delivered box and writes the model; whole or not at all."""
        handle, keys = state.handles[index], self._secrets(state).box_keys
        audience, spec = self._terms(state, round_)
        artefact = open_delivered(
            handle.published[round_], handle.delivered[round_], keys, audience, spec, self._context.store.get
        )
        path = self._path(state.task, round_, index)
        path.parent.mkdir(parents=True, exist_ok=True)
        unfinished = path.with_suffix(".partial")
        unfinished.write_bytes(artefact)
        os.replace(unfinished, path)
        self._context.inform(
            state.task, f"round {round_ + 1}: the model of handle {index} is in {path}", path=str(path)
        )

    def _rules(self, state: TaskState, round_: int) -> ManifestRules:
        return rules_of(*self._terms(state, round_))

    def _terms(self, state: TaskState, round_: int) -> tuple[Audience, TaskSpec]:
        """What the models of a round are held to."""
        description = self._context.describe(state)
        return audience_of(self._context.domain, state, round_, description.creator_key), description.task

    def _path(self, task: int, round_: int, index: int) -> Path:
        return self._config.models / f"task-{task}-round-{round_ + 1}-handle-{index}.covey"

    def _secrets(self, state: TaskState) -> CreatorSecrets:
        """Known even while the store is down: a key that comes late costs the bond."""
        known = self._context.journal.facts.get(_nonce_key(state.uri))
        nonce = known or self._context.describe(state).nonce
        return CreatorSecrets(self._context.domain, self._context.secret, nonce)


def _nonce_key(uri: str) -> str:
    return f"nonce/{uri}"
