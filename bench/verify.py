"""Time and memory of verifying a large task off-line, from its bundle.

    python bench/verify.py [--models 4096] [--rounds 8] [--validators 13] [--json]

The bundle is of a history made up here, in which everybody does everything: no node could play so large a task in
reasonable time. It is verified as its users do, by the folder `workers/covey/verify` run alone in a Python of its own,
which has to pass. Smaller tasks stand before it, to show how the figures grow. The last lines split the largest task's
time along the verifier's steps.
"""

import argparse
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory
from typing import Final, TypeVar

from eth_hash.auto import keccak
from support.made_up import GENESIS, TASK, Chain
from support.verified import Figures, show, verified

from covey.protocol import lanes
from covey.protocol.commitments import Domain, key_hash, lanes_hash, open_commitment, vector_hash
from covey.protocol.hashing import keccak_words
from covey.protocol.params import (
    GWEI,
    MASK_UNITS,
    MAX_ROUNDS,
    MAX_SCORES,
    MAX_TRAINERS,
    MAX_WINNERS,
    Lengths,
    TaskParams,
    default_quota,
)
from covey.protocol.payouts import pools, rank_weights, trainer_pays
from covey.protocol.phases import Cause
from covey.protocol.ranking import Lane
from covey.protocol.rings import MAX_SIZE
from covey.protocol.schedule import Schedule
from covey.protocol.settlement import RevealedVector, RoundInput, RoundResult, settle_round
from covey.protocol.weights import weights
from covey.verify import custody
from covey.verify import events as ev
from covey.verify.bundle import (
    ArenaBundle,
    ArenaContracts,
    Clock,
    digest_of,
    read_bundle,
    seal,
)
from covey.verify.kinds import Event
from covey.verify.money import check_money
from covey.verify.records import read_records
from covey.verify.replay import replay
from covey.verify.report import Report
from covey.verify.settlement import settle

CONTRACTS: Final = ArenaContracts(*(f"0x{0xC0DE00 + i:040x}" for i in range(4)))
CREATOR, KEEPER, RELAY = (f"0x{0xACC000 + i:040x}" for i in range(3))
LONG: Final = 2**20

T = TypeVar("T")


@dataclass(frozen=True)
class Member:
    """A trainer, with its handle, or a validator."""

    operator: str
    hot_key: str
    public_key: tuple[int, int]
    handle: str
    nonce: bytes
    stake: int


class Story:
    """A task from its creation to the last payment."""

    def __init__(self, models: int, rounds: int, validators: int) -> None:
        self._random = Random(models)
        self._chain = Chain(CONTRACTS)
        self._domain = Domain(1, CONTRACTS.arena)
        self._params = TaskParams(
            rounds=rounds,
            max_trainers=models,
            max_validators=validators,
            min_trainer_stake=1,
            min_validator_stake=1,
            k1=min(models, MAX_WINNERS),
            k2=validators,
            mu=500,
            baseline=3_000,
            bounty=10**24,
            bond=10**20,
            keeper_fee=10**16,
            relay_fee=10**15,
            quota=default_quota(rounds),
            lengths=Lengths(*[LONG] * 8),
        )
        self._trainers = [self._member(i) for i in range(models)]
        self._validators = [self._member(models + i) for i in range(validators)]
        self._weights = weights([member.stake for member in self._validators])
        self._pools = pools(self._params, [m.stake for m in self._trainers], [m.stake for m in self._validators])
        self._winners: list[tuple[int, ...]] = []
        self._earned: Counter[str] = Counter()

    def bundle(self) -> ArenaBundle:
        guess = 0
        self._enrol()
        for round in range(self._params.rounds):
            order = self._publish(round)
            result = self._score(round, order, guess)
            guess = result.next_guess(guess)
        self._pay()
        self._conclude()
        chain = self._chain
        clock = Clock(GENESIS, 86_400, 2**32)
        return seal(ArenaBundle(contracts=CONTRACTS, clock=clock, **chain.common()))

    def _enrol(self) -> None:
        chain, params = self._chain, self._params
        for m in (*self._trainers, *self._validators):
            chain.send(custody.Staked(m.operator, m.operator, m.stake * GWEI, m.stake * GWEI, 0))
        chain.mine()
        schedule = Schedule.of(params, chain.now)
        shards = tuple((bytes(32), bytes(32), key_hash(self._key(round))) for round in range(params.rounds))
        created = ev.TaskCreated(TASK, CREATOR, params.to_abi(), shards, "ipfs://task")
        chain.send(created, _charged(CREATOR, params.bounty + params.bond))

        until = schedule.reveal_end(params.rounds - 1) + 3 * LONG
        locks = {m: custody.Locked(CONTRACTS.arena, m.operator, TASK, m.stake * GWEI, until) for m in self._everybody}
        for i, m in enumerate(self._trainers):
            enrolled = ev.TrainerEnrolled(TASK, i, m.operator, m.hot_key, m.stake, *m.public_key)
            chain.send(locks[m], _charged(m.operator, params.quota * params.relay_fee), enrolled)
        for i, m in enumerate(self._validators):
            chain.send(locks[m], ev.ValidatorEnrolled(TASK, i, m.operator, m.hot_key, m.stake, _secret("key", i)))
        chain.mine(schedule.enrol_end)
        chain.send(
            ev.EnrolClosed(TASK, len(self._trainers), len(self._validators), sum(self._weights)), *self._keeper_fee()
        )
        seed = keccak_words(chain.mine(), CONTRACTS.arena, TASK)
        chain.send(ev.RingsDrawn(TASK, seed), *self._keeper_fee())
        for i, m in enumerate(self._trainers):
            commitment = open_commitment(m.operator, m.nonce)
            chain.send(ev.HandleRegistered(TASK, i, m.handle, _secret("tag", i), commitment, i // MAX_SIZE, RELAY))

    def _publish(self, round: int) -> list[int]:
        """Everybody commits and publishes; returns the handles in the order of lanes."""
        order = self._random.sample(range(len(self._trainers)), len(self._trainers))
        for i, m in enumerate(self._trainers):
            manifest, salt = _secret("manifest", round, i), _secret("salt", round, i)
            commitment = self._domain.commitment(TASK, round, m.handle, manifest, salt)
            self._chain.send(ev.Submitted(TASK, round, i, commitment, True, RELAY))
        for lane, i in enumerate(order):
            manifest, plain, box, salt = (_secret(what, round, i) for what in ("manifest", "plain", "box", "salt"))
            cid = "bafkrei" + manifest.hex()[:52]
            self._chain.send(
                ev.Published(TASK, round, i, lane, manifest, plain, keccak(box), salt, cid, round, RELAY),
            )
        self._chain.send(ev.KeyPosted(TASK, round, self._key(round)))
        return order

    def _score(self, round: int, order: Sequence[int], guess: int) -> RoundResult:
        """Validators, no two of whom agree in all, commit and reveal; then the round is settled."""
        chain, last = self._chain, round == self._params.rounds - 1
        published = [
            (self._trainers[i].handle, _secret("plain", round, i), _secret("manifest", round, i)) for i in order
        ]
        of_lanes = lanes_hash(published)
        truth = [self._random.randint(2, 32_000) for _ in order]
        votes = [tuple(s + (lane % 97 == v) for lane, s in enumerate(truth)) for v in range(len(self._validators))]
        vectors = [lanes.pack(vote) for vote in votes]
        for v, (m, vector) in enumerate(zip(self._validators, vectors, strict=True)):
            sealed = (m.hot_key, of_lanes, vector_hash(vector), _secret("score", round, v))
            chain.send(ev.ScoresCommitted(TASK, round, v, self._domain.score_commitment(TASK, round, *sealed)))
        for v, vector in enumerate(vectors):
            opened = (vector_hash(vector), _secret("score", round, v), self._weights[v])
            revealed = ev.VectorRevealed(TASK, round, v, vector_hash(vector), vector)
            chain.send(revealed, ev.ScoresRevealed(TASK, round, v, *opened))

        given = RoundInput(
            vectors=tuple(RevealedVector(vote, self._weights[v], v) for v, vote in enumerate(votes)),
            lanes=tuple(Lane(i, round) for i in order),
            shard_key=self._key(round),
            guess=guess,
        )
        trainer_pool, validator_pool = self._pools.trainers[round], self._pools.validators[round]
        result = settle_round(self._params, given, validator_pool)
        self._winners.append(tuple(order[lane] for lane in result.winners))
        settled = (result.counted, result.pass_mark, trainer_pool, validator_pool, self._winners[-1])
        paid = [ev.VectorPaid(TASK, round, v, pay) for v, pay in enumerate(result.vector_pays) if pay]
        ended = [ev.TaskEnded(TASK, round + 1, Cause.COMPLETED)] if last else []
        chain.send(*paid, ev.RoundSettled(TASK, round, *settled), *ended, *self._keeper_fee())
        for m, pay in zip(self._validators, result.vector_pays, strict=True):
            self._earned[m.operator] += pay
        return result

    def _pay(self) -> None:
        """Everybody opens, winners deliver, and rounds are tallied."""
        for i, m in enumerate(self._trainers):
            self._chain.send(ev.HandleOpened(TASK, i, i, m.operator, m.nonce))
        for round, winners in enumerate(self._winners):
            for i in winners:
                self._chain.send(ev.Delivered(TASK, round, i, _secret("box", round, i)))
            pool, q = self._pools.trainers[round], self._params.q
            stakes = [self._trainers[i].stake for i in winners]
            points = [g * stake for g, stake in zip(rank_weights(len(winners), q), stakes, strict=True)]
            dust = pool - sum(pool * point // sum(points) for point in points)
            tallied = ev.RoundTallied(TASK, round, sum(points), winners[0] + 1, dust)
            self._chain.send(tallied, *self._keeper_fee())
            for i, pay in zip(winners, trainer_pays(pool, q, stakes), strict=True):
                self._earned[self._trainers[i].operator] += pay

    def _conclude(self) -> None:
        """All accounts are paid and released, then the relay, then the creator."""
        params, chain = self._params, self._chain
        messages = 2 * params.rounds
        returned = (params.quota - MASK_UNITS - messages) * params.relay_fee
        for i, m in enumerate(self._trainers):
            earned = self._earned[m.operator]
            concluded = ev.TrainerConcluded(TASK, i, m.operator, earned, 0, 0, returned)
            chain.send(self._released(m), _paid(m.operator, earned + returned), concluded)
        for i, m in enumerate(self._validators):
            earned = self._earned[m.operator]
            concluded = ev.ValidatorConcluded(TASK, i, m.operator, earned, 0, 0)
            chain.send(self._released(m), _paid(m.operator, earned), concluded)
        units = len(self._trainers) * (MASK_UNITS + messages)
        chain.send(ev.RelayPaid(TASK, RELAY, units, units * params.relay_fee), _paid(RELAY, units * params.relay_fee))
        chain.send(ev.TaskFinished(TASK, chain.bucket, 0), _paid(CREATOR, chain.bucket))

    @property
    def _everybody(self) -> list[Member]:
        return [*self._trainers, *self._validators]

    def _member(self, number: int) -> Member:
        x, y = (int.from_bytes(_secret(axis, number)) for axis in ("x", "y"))
        return Member(
            operator=_address(_secret("operator", number)),
            hot_key=_address(keccak_words(x, y)),
            public_key=(x, y),
            handle=_address(_secret("handle", number)),
            nonce=_secret("nonce", number),
            stake=self._random.randint(10**9, 2 * 10**9),
        )

    def _key(self, round: int) -> bytes:
        return _secret("shard key", round)

    def _keeper_fee(self) -> tuple[Event, Event]:
        fee = self._params.keeper_fee
        return ev.KeeperPaid(TASK, KEEPER, fee), _paid(KEEPER, fee)

    def _released(self, member: Member) -> Event:
        return custody.Released(CONTRACTS.arena, member.operator, TASK, member.stake * GWEI)


def _secret(*words: object) -> bytes:
    return keccak(repr(words).encode())


def _address(content: bytes) -> str:
    return "0x" + content[12:].hex()


def _charged(payer: str, amount: int) -> Event:
    return custody.Charged(CONTRACTS.arena, TASK, payer, amount)


def _paid(account: str, amount: int) -> Event:
    return custody.Paid(CONTRACTS.arena, TASK, account, amount)


def measured(models: int, rounds: int, validators: int, file: Path) -> Figures:
    size = {"models": models, "rounds": rounds, "validators": validators}
    return verified(size, Story(models, rounds, validators).bundle(), file)


def steps(file: Path) -> dict[str, float]:
    """Seconds of each of the verifier's steps, in this process."""
    seconds: dict[str, float] = {}

    def timed(name: str, work: Callable[[], T]) -> T:
        start = time.process_time()
        result = work()
        seconds[name] = time.process_time() - start
        return result

    bundle = timed("read the bundle", lambda: read_bundle(file.read_bytes()))
    timed("digest", lambda: digest_of(bundle))
    timed("decode events", lambda: read_records(bundle, Report()))
    history = timed("replay, both included", lambda: replay(bundle, Report()))
    settlement = timed("settle", lambda: settle(history))
    timed("compare money", lambda: check_money(history, settlement, Report()))
    return seconds


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--models", type=int, default=MAX_TRAINERS)
    parser.add_argument("--rounds", type=int, default=MAX_ROUNDS)
    parser.add_argument("--validators", type=int, default=MAX_SCORES // MAX_TRAINERS)
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()

    sizes = [arguments.models // 64, arguments.models // 8, arguments.models]
    with TemporaryDirectory(prefix="covey-") as folder:
        file = Path(folder) / "bundle.json"
        figures = [measured(max(arguments.validators, n), arguments.rounds, arguments.validators, file) for n in sizes]
        split = steps(file)
    show(figures, split, arguments.json)


if __name__ == "__main__":
    main()
