"""A task of one round, as the calls of everybody in it: who sends what, phase by phase.

The task is the one of `scripts/task.json`. No node is in here: `tests/contracts` sends the steps by Brownie, others as
they like.
"""

import json
from collections.abc import Iterator, Sequence
from dataclasses import astuple, dataclass
from pathlib import Path
from typing import Any

from covey.protocol import lanes, ring, rings
from covey.protocol.commitments import (
    Domain,
    Publication,
    Shard,
    Submission,
    lanes_hash,
    open_commitment,
    shards_hash,
    vector_hash,
)
from covey.protocol.hashing import keccak
from covey.protocol.params import GWEI, Lengths, TaskParams
from covey.protocol.payouts import pools
from covey.protocol.ranking import Lane
from covey.protocol.settlement import RevealedVector, RoundInput, RoundResult, SettlementWitness, settle_round, witness
from covey.protocol.weights import weights
from covey.wallet import Signer

FILE = Path(__file__).parents[2] / "scripts/task.json"
_DOCUMENT = json.loads(FILE.read_text())
PARAMS = TaskParams(**_DOCUMENT["params"], lengths=Lengths(**_DOCUMENT["lengths"]))
SHARDS = tuple(Shard(*(bytes.fromhex(hash_[2:]) for hash_ in shard.values())) for shard in _DOCUMENT["shards"])
URI: str = _DOCUMENT["uri"]
KEY = bytes([1]) * 32

CREATOR = 0  # also the keeper, the relay, and who has all tokens at first
TRAINERS = {1: 100 * GWEI, 2: 150 * GWEI}
VALIDATORS = {3: 100 * GWEI, 4: 120 * GWEI, 5: 110 * GWEI}
"""Stakes in gwei, by account."""

PUBLISHED = (1, 0)
"""Handles in the order of lanes."""

VECTORS = {3: (20_000, 9_000), 4: (20_000, 9_000), 5: (20_000, 9_001)}
"""Scores by lane, by validator's account."""

_UNLIMITED = 2**96 - 1
_EXPIRY = 2**40
_NO_EARLIER = (bytes(32), bytes(32))


@dataclass(frozen=True)
class Step:
    """One call. `sender` is an account's index, `contract` one of token, vault, ledger and arena."""

    sender: int
    contract: str
    function: str
    arguments: tuple[Any, ...]


@dataclass(frozen=True)
class Model:
    """What a handle publishes."""

    manifest_hash: bytes
    plaintext_hash: bytes
    box: bytes
    salt: bytes


@dataclass(frozen=True)
class OneRound:
    """The people of one task; `signers` by account. Handles are registered in the trainers' order."""

    signers: Sequence[Signer]
    vault: str
    ledger: str
    domain: Domain
    task: int

    def funding(self) -> Iterator[Step]:
        """Gives members tokens; they stake them, and trainers deposit their quota."""
        for account, stake in (TRAINERS | VALIDATORS).items():
            wei, address = stake * GWEI, self.signers[account].address
            yield Step(CREATOR, "token", "transfer", (address, 2 * wei))
            yield Step(account, "token", "approve", (self.vault, wei))
            yield Step(account, "vault", "stake", (wei,))
            yield Step(account, "vault", "authorize", (address, b""))
            yield Step(account, "vault", "approveEngine", (self.domain.arena, wei))
        for account in TRAINERS:
            yield from self.depositing(account, PARAMS.quota * PARAMS.relay_fee)

    def depositing(self, account: int, amount: int) -> Iterator[Step]:
        """Credit in the Ledger that the Arena may charge."""
        yield Step(account, "token", "approve", (self.ledger, amount))
        yield Step(account, "ledger", "deposit", (amount,))
        yield Step(account, "ledger", "approve", (self.domain.arena, amount))

    def creation(self) -> Step:
        return Step(CREATOR, "arena", "createTask", (PARAMS.to_abi(), self._shards, URI))

    def enrolment(self) -> Iterator[Step]:
        for account, stake in TRAINERS.items():
            key = self.signers[account].public_key
            point = (int.from_bytes(key[:32]), int.from_bytes(key[32:]))
            yield Step(account, "arena", "enrolTrainer", (self.task, stake, *point))
        for account, stake in VALIDATORS.items():
            box_key = _secret("box key", account)
            yield Step(account, "arena", "enrolValidator", (self.task, stake, box_key, shards_hash(SHARDS)))

    def masks(self, seed: bytes) -> Iterator[Step]:
        keys = [self.signers[account].public_key for account in TRAINERS]
        for member, account in enumerate(TRAINERS):
            signer, handle = self.signers[account], self.handle(member)
            number = rings.ring_of(seed, len(keys), member)
            commitment = open_commitment(signer.address, _secret("open", member))
            consent = handle.sign_typed_data(self.domain.mask(self.task, commitment))
            signature = ring.sign(
                signer.export().reveal(),
                [keys[i] for i in rings.members(seed, len(keys), number)],
                self.domain.ring_message(self.task, handle.address, commitment),
                self.domain.ring_scope(self.task),
            )
            arguments = (self.task, number, handle.address, commitment, consent, signature.to_abi())
            yield Step(CREATOR, "arena", "registerHandle", arguments)

    def submissions(self) -> Iterator[Step]:
        for index in PUBLISHED:
            model, handle = self.model(index), self.handle(index)
            commitment = self.domain.commitment(self.task, 0, handle.address, model.manifest_hash, model.salt)
            message = Submission(self.task, index, 0, commitment, last=True, nonce=0, expiry=_EXPIRY)
            signature = handle.sign_typed_data(self.domain.submit(message))
            yield Step(CREATOR, "arena", "submit", (astuple(message), signature))

    def publications(self) -> Iterator[Step]:
        for index in PUBLISHED:
            model = self.model(index)
            message = Publication(
                task=self.task,
                index=index,
                round=0,
                manifest_hash=model.manifest_hash,
                plaintext_hash=model.plaintext_hash,
                creator_box_hash=keccak(model.box),
                salt=model.salt,
                cid=f"bafy{index}",
                first_round=0,
                nonce=1,
                expiry=_EXPIRY,
            )
            signature = self.handle(index).sign_typed_data(self.domain.publish(message))
            yield Step(CREATOR, "arena", "publish", (astuple(message), _NO_EARLIER, signature))

    def key(self) -> Step:
        return Step(CREATOR, "arena", "postKey", (self.task, 0, KEY, self._shards))

    def commitments(self) -> Iterator[Step]:
        models = [(self.handle(i).address, self.model(i)) for i in PUBLISHED]
        lanes_ = lanes_hash((handle, model.plaintext_hash, model.manifest_hash) for handle, model in models)
        for index, (account, scores) in enumerate(VECTORS.items()):
            commitment = self.domain.score_commitment(
                self.task,
                0,
                self.signers[account].address,
                lanes_,
                vector_hash(lanes.pack(scores)),
                _secret("score salt", account),
            )
            yield Step(account, "arena", "commitScores", (self.task, 0, index, commitment))

    def reveals(self) -> Iterator[Step]:
        """The first of each vector in full, the others by its hash."""
        seen = set()
        for index, (account, scores) in enumerate(VECTORS.items()):
            vector, place = lanes.pack(scores), (self.task, 0, index, _secret("score salt", account))
            if vector in seen:
                yield Step(account, "arena", "revealKnownScores", (*place, vector_hash(vector)))
            else:
                yield Step(account, "arena", "revealScores", (*place, vector))
            seen.add(vector)

    def result(self) -> RoundResult:
        """What the round comes to."""
        return settle_round(PARAMS, given(), pools(PARAMS, [*TRAINERS.values()], [*VALIDATORS.values()]).validators[0])

    def witness(self) -> SettlementWitness:
        return witness(given(), self.result())

    def openings(self) -> Iterator[Step]:
        for member, account in enumerate(TRAINERS):
            tag = ring.tag(self.signers[account].export().reveal(), self.domain.ring_scope(self.task))
            yield Step(account, "arena", "open", (self.task, member, member, tag, _secret("open", member)))

    def deliveries(self) -> Iterator[Step]:
        for index in PUBLISHED:
            model = self.model(index)
            arguments = (self.task, 0, index, model.plaintext_hash, model.manifest_hash, model.box)
            yield Step(CREATOR, "arena", "deliver", arguments)

    def handle(self, index: int) -> Signer:
        return Signer(_secret("handle", self.task, index))

    def model(self, index: int) -> Model:
        names = ("manifest", "plaintext", "box", "salt")
        return Model(*(_secret(name, self.task, index) for name in names))

    @property
    def _shards(self) -> list[tuple[bytes, ...]]:
        return [astuple(shard) for shard in SHARDS]


def given() -> RoundInput:
    """What the round is settled from."""
    by_account = dict(zip(VALIDATORS, weights([*VALIDATORS.values()]), strict=True))
    total: dict[tuple[int, ...], int] = {}
    for account, scores in VECTORS.items():
        total[scores] = total.get(scores, 0) + by_account[account]
    vectors = (RevealedVector(scores, weight, i) for i, (scores, weight) in enumerate(total.items()))
    return RoundInput(tuple(vectors), tuple(Lane(index, 0) for index in PUBLISHED), KEY, guess=0)


def _secret(*words: object) -> bytes:
    return keccak(repr(words).encode())
