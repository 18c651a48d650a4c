"""A real Arena on a private anvil, and the life of a task on it, step by step as a test wants it."""

import itertools
import json
import os
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from eth_account import Account
from eth_account.messages import encode_typed_data
from eth_account.signers.local import LocalAccount
from eth_hash.auto import keccak
from web3 import HTTPProvider, Web3
from web3.contract import Contract
from web3.logs import DISCARD
from web3.types import TxReceipt

from covey.protocol import lanes, ring, rings
from covey.protocol.commitments import (
    PASS,
    Domain,
    Publication,
    Shard,
    Submission,
    extend_lanes,
    key_hash,
    open_commitment,
    shards_hash,
)
from covey.protocol.params import DEMO, GWEI, TaskParams
from covey.protocol.ranking import Lane
from covey.protocol.schedule import Schedule
from covey.protocol.settlement import RevealedVector, RoundInput, settle_round, witness
from covey.protocol.weights import weights

ROOT = Path(__file__).parents[3]
ARTIFACTS = Path(os.environ.get("FOUNDRY_OUT", ROOT / "build/forge/out"))
MODULES = ("Tasks", "Enrolment", "Handles", "Scoring", "Settlement", "Conclusion")
TOKEN = 10**18
UNLIMITED = 2**96 - 1
UNBONDING = 30 * 86_400
NO_EARLIER = (bytes(32), bytes(32))

PARAMS = TaskParams(
    min_trainers=2,
    tau=500_000,
    min_trainer_stake=10**9,
    min_validator_stake=10**9,
    k1=3,
    k2=3,
    gamma=100_003,
    mu=100,
    baseline=3_000,
    bounty=1_000 * TOKEN + 7,
    bond=100 * TOKEN + 3,
    keeper_fee=TOKEN // 7,
    relay_fee=TOKEN // 1_000 + 1,
    quota=24,
    lengths=DEMO,
)

Vote = Mapping[str, int] | None
"""A validator's scores by trainer; None: the data set is invalid."""


def build() -> None:
    """Compiles the contracts, if that was not done yet."""
    subprocess.run([ROOT / "tools/run", "forge", "build", "--skip", "test"], cwd=ROOT, check=True, capture_output=True)


def secret(*words: object) -> bytes:
    return keccak(repr(words).encode())


@dataclass(frozen=True)
class Person:
    """An operator with a hot key of its own."""

    cold: LocalAccount
    hot: LocalAccount


class World:
    """Contracts, people and time."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.web3 = Web3(HTTPProvider(url))
        self.people = itertools.count()
        self.rpc("anvil_autoImpersonateAccount", True)
        self.bank = self.web3.eth.accounts[0]
        self.token = self._deploy("CoveyToken", self.bank, 10**9 * TOKEN)
        self.vault = self._deploy("StakeVault", self.token.address, UNBONDING)
        self.ledger = self._deploy("Ledger", self.token.address)
        shared = (self.vault.address, self.ledger.address, 10)
        modules = tuple(self._deploy(name, *shared).address for name in MODULES)
        arena = self._deploy("Arena", modules, *shared).address
        self.arena = self.web3.eth.contract(arena, abi=_artifact("IArena")["abi"])
        self.domain = Domain(self.web3.eth.chain_id, self.arena.address)

    def rpc(self, method: str, *params: object) -> Any:
        answer = self.web3.provider.make_request(method, params)  # type: ignore[arg-type]
        assert "error" not in answer, answer
        return answer["result"]

    def now(self) -> int:
        return int(self.web3.eth.get_block("latest")["timestamp"])

    def warp(self, second: int) -> None:
        """The next block is of that second, unless it is over."""
        if second > self.now():
            self.rpc("evm_setNextBlockTimestamp", second)
            self.rpc("evm_mine")

    def send(self, sender: str, call: Any) -> TxReceipt:
        transaction = call.transact({"from": sender, "gas": 25_000_000, "gasPrice": 10**10})
        receipt = self.web3.eth.wait_for_transaction_receipt(transaction, poll_latency=0.002)
        assert receipt["status"] == 1, call.call({"from": sender})
        return receipt

    def fund(self, address: str, tokens: int = 10_000) -> None:
        """Gives coins and tokens, half of them as credit."""
        self.rpc("anvil_setBalance", address, hex(1_000 * TOKEN))
        self.send(self.bank, self.token.functions.transfer(address, tokens * TOKEN))
        for custody in (self.vault, self.ledger):
            self.send(address, self.token.functions.approve(custody.address, UNLIMITED))
        self.send(address, self.ledger.functions.deposit(tokens * TOKEN // 2))
        self.send(address, self.ledger.functions.approve(self.arena.address, UNLIMITED))

    def operator(self, stake: int) -> Person:
        """An operator with `stake` gwei at stake."""
        number = next(self.people)
        person = Person(Account.from_key(secret("cold", number)), Account.from_key(secret("hot", number)))
        self.fund(person.cold.address)
        self.rpc("anvil_setBalance", person.hot.address, hex(1_000 * TOKEN))
        domain = {
            "name": "Covey StakeVault",
            "version": "1",
            "chainId": self.domain.chain_id,
            "verifyingContract": self.vault.address,
        }
        types = {"HotKey": [{"name": "operator", "type": "address"}]}
        consent = encode_typed_data(domain, types, {"operator": person.cold.address})
        signature = person.hot.sign_message(consent).signature
        self.send(person.cold.address, self.vault.functions.authorize(person.hot.address, signature))
        self.send(person.cold.address, self.vault.functions.approveEngine(self.arena.address, UNLIMITED))
        self.send(person.cold.address, self.vault.functions.stake(stake * GWEI))
        return person

    def delegator(self, to: Person, amount: int) -> str:
        """Somebody new who puts `amount` wei behind an operator."""
        address = str(Account.from_key(secret("delegator", next(self.people))).address)
        self.fund(address)
        version = self.vault.functions.approvalsVersion(to.cold.address).call()
        self.send(address, self.vault.functions.delegate(to.cold.address, amount, version))
        return address

    def _deploy(self, name: str, *arguments: object) -> Contract:
        artifact = _artifact(name)
        factory = self.web3.eth.contract(abi=artifact["abi"], bytecode=artifact["bytecode"]["object"])
        receipt = self.send(self.bank, factory.constructor(*arguments))
        return self.web3.eth.contract(receipt["contractAddress"], abi=artifact["abi"])


def _artifact(name: str) -> Any:
    return json.loads((ARTIFACTS / f"{name}.sol" / f"{name}.json").read_text())


@dataclass(frozen=True)
class Model:
    """A model as it was published."""

    manifest_hash: bytes
    plaintext_hash: bytes
    box: bytes
    salt: bytes
    cid: str


@dataclass
class Run:
    """A task on its way. Trainers and validators are by name, in their order of enrolment."""

    world: World
    params: TaskParams = PARAMS
    task: int = 0
    schedule: Schedule = field(init=False)
    creator: str = field(init=False)
    keeper: str = field(init=False)
    relays: Sequence[str] = field(init=False)
    trainers: dict[str, Person] = field(default_factory=dict)
    validators: dict[str, Person] = field(default_factory=dict)
    stakes: dict[str, int] = field(default_factory=dict)
    handles: dict[str, int] = field(default_factory=dict)
    messages: dict[str, int] = field(default_factory=dict)
    models: dict[tuple[int, str], Model] = field(default_factory=dict)
    votes: Mapping[str, Vote] = field(default_factory=dict)
    guess: int = 0
    sent: int = 0

    def __post_init__(self) -> None:
        self.keeper, *self.relays = self.world.web3.eth.accounts[1:4]
        self.creator = self.world.web3.eth.accounts[9]

    @property
    def arena(self) -> Any:
        return self.world.arena.functions

    @property
    def shards(self) -> list[Shard]:
        return [
            Shard(secret("cipher", r), secret("plain", r), key_hash(self.shard_key(r)))
            for r in range(self.params.rounds)
        ]

    @property
    def uri(self) -> str:
        return "ipfs://task"

    def box_key(self, validator: str) -> bytes:
        return secret("box", validator)

    @property
    def abi_shards(self) -> list[tuple[bytes, bytes, bytes]]:
        return [(shard.ciphertext_hash, shard.plaintext_hash, shard.key_hash) for shard in self.shards]

    def shard_key(self, round: int) -> bytes:
        return secret("key", self.task or self.world.arena.functions.taskCount().call() + 1, round)

    # ── Enrol and Mask ───────────────────────────────────────────────────────────────────────────────────────────────

    def create(self) -> "Run":
        self.world.fund(self.creator)
        self.world.send(self.creator, self.arena.createTask(self.params.to_abi(), self.abi_shards, self.uri))
        self.task = self.arena.taskCount().call()
        self.schedule = Schedule.of(self.params, self.world.now())
        return self

    def enrol_trainer(self, name: str, person: Person, stake: int) -> None:
        key = _public_key(person.hot)
        x, y = int.from_bytes(key[:32]), int.from_bytes(key[32:])
        receipt = self.world.send(person.hot.address, self.arena.enrolTrainer(self.task, stake, x, y))
        self._place(self.trainers, name, person, receipt)
        self.stakes[name] = stake

    def enrol_validator(self, name: str, person: Person, stake: int) -> None:
        call = self.arena.enrolValidator(self.task, stake, self.box_key(name), shards_hash(self.shards))
        self._place(self.validators, name, person, self.world.send(person.hot.address, call))
        self.stakes[name] = stake

    def _place(self, members: dict[str, Person], name: str, person: Person, receipt: TxReceipt) -> None:
        evicted = self.world.arena.events.Evicted().process_receipt(receipt, errors=DISCARD)
        places = list(members.items())
        place = evicted[0]["args"]["index"] if evicted else len(places)
        places[place : place + 1] = [(name, person)]
        members.clear()
        members.update(places)

    def advance(self) -> None:
        self.world.send(self.keeper, self.arena.advance(self.task))

    def close_enrol(self) -> None:
        self.world.warp(self.schedule.enrol_end)
        self.advance()

    def draw_rings(self) -> None:
        self.close_enrol()
        self.advance()

    def mask(self, *names: str) -> None:
        """Registers a handle for each of the trainers named (all of them if none is)."""
        for name in names or tuple(self.trainers):
            person, handle = self.trainers[name], self.handle_of(name)
            commitment = open_commitment(person.cold.address, self.open_nonce(name))
            consent = _sign(handle, self.world.domain.mask(self.task, commitment))
            seed, people = self.arena.seedOf(self.task).call(), list(self.trainers.values())
            number = rings.ring_of(seed, len(people), list(self.trainers).index(name))
            keys = [_public_key(people[member].hot) for member in rings.members(seed, len(people), number)]
            message = self.world.domain.ring_message(self.task, handle.address, commitment)
            signature = ring.sign(bytes(person.hot.key), keys, message, self.world.domain.ring_scope(self.task))
            relay = self._relay()
            self.handles[name] = len(self.handles)
            self.messages[name] = 0
            call = self.arena.registerHandle(self.task, number, handle.address, commitment, consent, signature.to_abi())
            self.world.send(relay, call)

    def handle_of(self, name: str) -> LocalAccount:
        return Account.from_key(secret("handle", self.task, name))

    def open_nonce(self, name: str) -> bytes:
        return secret("open", self.task, name)

    # ── Rounds ───────────────────────────────────────────────────────────────────────────────────────────────────────

    def submit(self, round: int, models: Mapping[str, bytes], last: bool = True) -> None:
        """Every handle commits to its model, or passes if it has none."""
        for name in self.handles:
            if name in models:
                model = self.sealed(round, name, models[name])
                self.models[round, name] = model
                commitment = self.world.domain.commitment(
                    self.task, round, self.handle_of(name).address, model.manifest_hash, model.salt
                )
            else:
                commitment = PASS
            self._submit(round, name, commitment, last or commitment == PASS)

    def publish(self, round: int, *names: str, first_rounds: Mapping[str, int] | None = None) -> None:
        """The trainers named (all that committed if none is) publish, in that order."""
        for name in names or [name for number, name in self.models if number == round]:
            model, first = self.models[round, name], (first_rounds or {}).get(name, round)
            earlier = self.models[first, name]
            message = Publication(
                task=self.task,
                index=self.handles[name],
                round=round,
                manifest_hash=model.manifest_hash,
                plaintext_hash=model.plaintext_hash,
                creator_box_hash=keccak(model.box),
                salt=model.salt,
                cid=model.cid,
                first_round=first,
                nonce=self.messages[name],
                expiry=2**40,
            )
            proof = (keccak(earlier.box), earlier.manifest_hash) if first != round else NO_EARLIER
            signature = _sign(self.handle_of(name), self.world.domain.publish(message))
            fields = tuple(getattr(message, slot) for slot in message.__dataclass_fields__)
            self.world.send(self._relay(), self.arena.publish(fields, proof, signature))
            self.messages[name] += 1

    def post_key(self, round: int) -> None:
        self.world.send(self.keeper, self.arena.postKey(self.task, round, self.shard_key(round), self.abi_shards))

    def score(self, round: int, votes: Mapping[str, Vote], mute: Sequence[str] = (), order: Sequence[str] = ()) -> None:
        """Validators commit to their votes, and all but the `mute` reveal, in the order given."""
        published = self.published(round)
        lanes_hash = bytes(32)
        for name in published:
            model = self.models[round, name]
            lanes_hash = extend_lanes(
                lanes_hash, self.handle_of(name).address, model.plaintext_hash, model.manifest_hash
            )
        packed = {
            name: b"" if vote is None else lanes.pack([vote[trainer] for trainer in published])
            for name, vote in votes.items()
        }
        indices = {name: index for index, name in enumerate(self.validators)}
        for name, vector in packed.items():
            key = self.validators[name].hot.address
            commitment = self.world.domain.score_commitment(
                self.task, round, key, lanes_hash, keccak(vector), self._salt(round, name)
            )
            self.world.send(key, self.arena.commitScores(self.task, round, indices[name], commitment))
        if len(packed) < len(self._active(round)):
            self.world.warp(self.schedule.score_end(round))
        revealed: set[bytes] = set()
        for name in order or [name for name in packed if name not in mute]:
            salt, vector = self._salt(round, name), packed[name]
            if vector in revealed:
                call = self.arena.revealKnownScores(self.task, round, indices[name], salt, keccak(vector))
            else:
                call = self.arena.revealScores(self.task, round, indices[name], salt, vector)
            self.world.send(self.keeper, call)
            revealed.add(vector)
        if mute:
            self.world.warp(self.schedule.reveal_end(round))
        self.votes = {name: vote for name, vote in votes.items() if name not in mute}

    def settle(self, round: int) -> None:
        """Settles with the witness that the Python protocol finds."""
        published = self.published(round)
        all_weights = dict(zip(self.validators, weights([self.stakes[name] for name in self.validators]), strict=True))
        reveals = self.world.arena.events.ScoresRevealed().get_logs(
            from_block=0, argument_filters={"task": self.task, "round": round}
        )
        names = list(self.validators)
        vectors: dict[tuple[int, ...], int] = {}
        for log in reveals:
            name = names[log["args"]["index"]]
            vote = self.votes[name]
            if vote is not None:
                scores = tuple(vote[trainer] for trainer in published)
                vectors[scores] = vectors.get(scores, 0) + all_weights[name]
        given = RoundInput(
            vectors=tuple(RevealedVector(scores, weight, i) for i, (scores, weight) in enumerate(vectors.items())),
            lanes=tuple(Lane(self.handles[name], self._first_round(round, name)) for name in published),
            shard_key=self.shard_key(round),
            guess=self.guess,
        )
        result = settle_round(self.params, given, 0)
        found = witness(given, result)
        self.world.send(self.keeper, self.arena.settle(self.task, (found.vectors, found.medians, found.winners)))
        self.guess = result.next_guess(self.guess)

    def play_round(
        self, round: int, models: Mapping[str, bytes], votes: Mapping[str, Vote], mute: Sequence[str] = ()
    ) -> None:
        """A whole round in which everybody who commits publishes."""
        self.submit(round, models)
        self.publish(round)
        self.post_key(round)
        self.score(round, votes, mute)
        self.settle(round)

    def winners(self, round: int) -> list[str]:
        """Trainers that won a settled round, best first."""
        logs = self.world.arena.events.RoundSettled().get_logs(
            from_block=0, argument_filters={"task": self.task, "round": round}
        )
        by_handle = {handle: name for name, handle in self.handles.items()}
        return [by_handle[handle] for handle in logs[0]["args"]["winners"]]

    def published(self, round: int) -> list[str]:
        """Trainers that published, in the order of lanes."""
        logs = self.world.arena.events.Published().get_logs(
            from_block=0, argument_filters={"task": self.task, "round": round}
        )
        by_handle = {handle: name for name, handle in self.handles.items()}
        return [by_handle[log["args"]["index"]] for log in logs]

    # ── Ending ───────────────────────────────────────────────────────────────────────────────────────────────────────

    def open(self, *names: str) -> None:
        """The trainers named (all that have handles if none is) open theirs; then Open closes."""
        for name in names or self.handles:
            person, member = self.trainers[name], list(self.trainers).index(name)
            tag = ring.tag(bytes(person.hot.key), self.world.domain.ring_scope(self.task))
            call = self.arena.open(self.task, self.handles[name], member, tag, self.open_nonce(name))
            self.world.send(person.hot.address, call)
        if names and len(names) < len(self.handles):
            self.close_open()

    def close_open(self) -> None:
        self.world.warp(self.arena.progressOf(self.task).call()[-1] + self.params.lengths.open)

    def deliver(self, round: int, *names: str) -> None:
        for name in names:
            model = self.models[round, name]
            call = self.arena.deliver(
                self.task, round, self.handles[name], model.plaintext_hash, model.manifest_hash, model.box
            )
            self.world.send(self.keeper, call)

    def close_delivery(self) -> None:
        self.world.warp(self.schedule.delivery_end(self.arena.progressOf(self.task).call()[-1]))

    def tally(self, *rounds: int) -> None:
        for round in rounds:
            self.world.send(self.keeper, self.arena.tally(self.task, round))

    def conclude(self) -> None:
        """Everybody, by the keeper."""
        for index in range(len(self.trainers)):
            self.world.send(self.keeper, self.arena.concludeTrainer(self.task, index))
        for index in range(len(self.validators)):
            self.world.send(self.keeper, self.arena.concludeValidator(self.task, index))

    def finish(self) -> None:
        self.world.send(self.keeper, self.arena.finish(self.task))

    def claim_relays(self) -> None:
        for relay in self.relays:
            if self.arena.relayUnitsOf(self.task, relay).call():
                self.world.send(self.keeper, self.arena.claimRelay(self.task, relay))

    def claim_delegation(self, person: Person, delegator: str) -> None:
        self.world.send(self.keeper, self.arena.claimDelegation(self.task, person.cold.address, delegator))

    # ── Small parts ──────────────────────────────────────────────────────────────────────────────────────────────────

    def sealed(self, round: int, name: str, plaintext: bytes) -> Model:
        return Model(
            manifest_hash=secret("manifest", self.task, round, name),
            plaintext_hash=keccak(plaintext),
            box=secret("creator box", self.task, round, name) * 2,
            salt=secret("salt", self.task, round, name),
            cid=f"bafy{name}",
        )

    def _submit(self, round: int, name: str, commitment: bytes, last: bool) -> None:
        message = Submission(self.task, self.handles[name], round, commitment, last, self.messages[name], 2**40)
        signature = _sign(self.handle_of(name), self.world.domain.submit(message))
        fields = tuple(getattr(message, slot) for slot in message.__dataclass_fields__)
        self.world.send(self._relay(), self.arena.submit(fields, signature))
        self.messages[name] += 1

    def _first_round(self, round: int, name: str) -> int:
        logs = self.world.arena.events.Published().get_logs(
            from_block=0, argument_filters={"task": self.task, "round": round, "index": self.handles[name]}
        )
        return int(logs[0]["args"]["firstRound"])

    def _active(self, round: int) -> set[str]:
        names = list(self.validators)
        for earlier in reversed(range(round)):
            logs = self.world.arena.events.ScoresRevealed().get_logs(
                from_block=0, argument_filters={"task": self.task, "round": earlier}
            )
            if logs:
                return {names[log["args"]["index"]] for log in logs}
        return set(names)

    def _relay(self) -> str:
        self.sent += 1
        return self.relays[self.sent % len(self.relays)]

    def _salt(self, round: int, name: str) -> bytes:
        return secret("score salt", self.task, round, name)


def _public_key(account: LocalAccount) -> bytes:
    return bytes(account._key_obj.public_key.to_bytes())


def _sign(account: LocalAccount, message: Any) -> bytes:
    return bytes(account.sign_message(encode_typed_data(full_message=message)).signature)


def with_params(**changes: Any) -> TaskParams:
    """The usual parameters, changed."""
    return replace(PARAMS, **changes)
