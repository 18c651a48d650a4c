"""A task's events, written by hand: what the chain would show after this or that happened."""

from __future__ import annotations

from typing import Any

from covey.protocol.commitments import vector_hash
from covey.protocol.lanes import pack
from covey.protocol.params import Lengths, TaskParams
from covey.protocol.weights import weights
from covey.roles.arena import ARENA
from covey.roles.engine import Event
from covey.roles.task import TaskState
from covey.roles.view import View

TASK = 7
CREATED = 1_000
LENGTHS = Lengths(enrol=100, mask=100, submit=100, publish=100, key=100, score=100, reveal=100, open=100)
PARAMS = TaskParams.for_counts(
    100,
    20,
    rounds=2,
    min_trainer_stake=1,
    min_validator_stake=1,
    bounty=10**18,
    bond=10**17,
    keeper_fee=0,
    relay_fee=0,
    lengths=LENGTHS,
)
MASK_END = CREATED + 200


def trainer_key(i: int) -> str:
    return f"trainer {i}"


def validator_key(i: int) -> str:
    return f"validator {i}"


def handle_key(i: int) -> str:
    return f"handle {i}"


def word(text: str) -> bytes:
    return text.encode().ljust(32, b"\0")


class Script:
    """Adds events one after another; `now` is the time of the next."""

    def __init__(self, creator: str = "creator", uri: str = "ipfs://x") -> None:
        self.now = CREATED
        self.block = 1
        shards = [{"ciphertextHash": word("c"), "plaintextHash": word("p"), "keyHash": word("k")}] * PARAMS.rounds
        params = dict(enumerate(PARAMS.to_abi()))
        self.tasks: dict[int, TaskState] = {}
        self.add("TaskCreated", creator=creator, params=params, shards=shards, uri=uri)

    @property
    def state(self) -> TaskState:
        return self.tasks[TASK]

    def view(self, now: int | None = None) -> View:
        """The task as a worker sees it, now or later."""
        return View(self.state, self.now if now is None else now, self.block)

    def add(self, name: str, **arguments: Any) -> Script:
        self.tasks = ARENA.fold(self.tasks, [Event(name, {"task": TASK} | arguments, self.block, self.now)])
        self.block += 1
        return self

    def at(self, now: int) -> Script:
        self.now = now
        return self

    def enrolled(self, trainers: int = 2, validators: int = 3) -> Script:
        for i in range(trainers):
            key = trainer_key(i)
            self.add(
                "TrainerEnrolled", index=i, operator=key, hotKey=key, stake=100, publicKeyX=i + 1, publicKeyY=i + 2
            )
        for i in range(validators):
            key = validator_key(i)
            self.add("ValidatorEnrolled", index=i, operator=key, hotKey=key, stake=100, boxKey=word(key))
        return self

    def drawn(self) -> Script:
        """Enrol closed, rings drawn."""
        trainers, validators = len(self.state.trainers), len(self.state.validators)
        self.at(CREATED + LENGTHS.enrol)
        total = sum(weights([m.stake for m in self.state.validators]))
        self.add("EnrolClosed", trainers=trainers, validators=validators, totalWeight=total)
        return self.add("RingsDrawn", seed=word("seed"))

    def masked(self) -> Script:
        for i in range(len(self.state.trainers)):
            self.mask(i)
        return self

    def mask(self, i: int) -> Script:
        return self.add(
            "HandleRegistered",
            index=i,
            handle=handle_key(i),
            tag=word(f"tag {i}"),
            openCommitment=word("o"),
            ring=0,
            relay="relay",
        )

    def submit(self, i: int, round_: int, commitment: bytes = word("commitment")) -> Script:
        return self.add("Submitted", round=round_, index=i, commitment=commitment, last=True, relay="relay")

    def publish(self, i: int, round_: int, **model: Any) -> Script:
        """`model` is what the event says of it: hashes and CID."""
        said = {
            "manifestHash": word(f"m{round_}{i}"),
            "plaintextHash": word(f"p{round_}{i}"),
            "creatorBoxHash": word("b"),
            "cid": "cid",
        }
        return self.add(
            "Published",
            round=round_,
            index=i,
            lane=len(self.state.rounds[round_].publications),
            salt=word("s"),
            firstRound=round_,
            relay="relay",
            **(said | model),
        )

    def published(self, round_: int) -> Script:
        """Everybody submitted and published."""
        for i in range(len(self.state.handles)):
            self.submit(i, round_)
        for i in range(len(self.state.handles)):
            self.publish(i, round_)
        return self

    def key(self, round_: int) -> Script:
        return self.add("KeyPosted", round=round_, key=word("key"))

    def commit(self, v: int, round_: int) -> Script:
        return self.add("ScoresCommitted", round=round_, index=v, commitment=word("c"))

    def reveal(self, v: int, round_: int, scores: list[int]) -> Script:
        vector = pack(scores)
        hash_ = vector_hash(vector)
        vectors = self.state.rounds[round_].vectors
        if hash_ not in vectors:
            self.add("VectorRevealed", round=round_, ordinal=len(vectors), vectorHash=hash_, vector=vector)
        weight = weights([m.stake for m in self.state.validators])[v]
        return self.add("ScoresRevealed", round=round_, index=v, vectorHash=hash_, salt=word("s"), weight=weight)

    def revealed(self, round_: int, scores: list[int]) -> Script:
        """Every active validator committed to the same scores and revealed them."""
        active = sorted(self.state.active_validators())
        for v in active:
            self.commit(v, round_)
        for v in active:
            self.reveal(v, round_, scores)
        return self

    def settled(self, round_: int, winners: tuple[int, ...] = (0,)) -> Script:
        self.add("RoundSettled", round=round_, counted=len(winners), winners=winners)
        return self

    def ended(self, cause: int = 1) -> Script:
        return self.add("TaskEnded", round=self.state.settled, cause=cause)

    def over(self, winners: tuple[int, ...] = (0,)) -> Script:
        """A whole task up to its end."""
        self.enrolled().drawn().masked()
        for round_ in range(PARAMS.rounds):
            self.published(round_).key(round_).revealed(round_, [30_000, 20_000]).settled(round_, winners)
        return self.ended()

    def open(self, i: int) -> Script:
        return self.add("HandleOpened", index=i, member=i, operator=trainer_key(i), nonce=word("n"))
