"""Gas of settling a round on a real Arena: models by validators, once all agreeing and once all different.

    python bench/settlement.py [--json]

Each round is revealed and settled by transactions to the Arena; only what comes before is written to its storage. Per
score (validator × model) stand what `settle` used and how much of that was execution, which the calldata floor of
EIP-7623 hides. The ratio is to the floor of the transaction; the budget is 1.1 × the floor of the distinct vectors and
medians + 30,000 per winner and paid vector + 150,000. Reveals stand beside, each in a transaction of its own. The last
table has the most models, of the 4,096 that a task may have, that fit one transaction of 2^24 gas (EIP-7825) when all
vectors differ, and how many fit the 131,072 bytes that nodes relay.
"""

import argparse
import json
import os
import subprocess
from dataclasses import asdict, dataclass, field
from pathlib import Path
from random import Random
from typing import Any, cast

from rich.console import Console
from rich.table import Table
from web3 import HTTPProvider, Web3
from web3.contract import Contract
from web3.types import TxParams

from covey.localnet import Localnet, Settings
from covey.protocol import lanes
from covey.protocol.commitments import Domain, vector_hash
from covey.protocol.params import DEMO, MAX_TRAINERS, TaskParams
from covey.protocol.ranking import Lane
from covey.protocol.settlement import RevealedVector, RoundInput, settle_round, witness
from covey.protocol.weights import weights

ROOT = Path(__file__).parents[1]
ARTIFACTS = Path(os.environ.get("FOUNDRY_OUT", ROOT / "build/forge/out"))
SOURCES = [
    "tests/forge/ArenaStage.sol",
    *(f"contracts/arena/{name}.sol" for name in ("Arena", "Scoring", "Settlement")),
]
MODELS = (10, 100, 1000)
VALIDATORS = (5, 20, 50)
GAS_LIMIT = 2**24
TRANSACTION_BYTES = 131_072
METER = "0x00000000000000000000000000000000000c0de5"
ZERO = "0x0000000000000000000000000000000000000000"
LANES_HASH, KEY, SALT = (bytes([i]) * 32 for i in range(1, 4))


@dataclass(frozen=True)
class Measured:
    """One round. Gas is of whole transactions, `execution` without base and calldata; `floor` is EIP-7623's."""

    models: int
    validators: int
    vectors: int
    calldata: int
    settle: int
    floor: int
    budget: int
    execution: int
    first_reveal: int
    later_reveal: int | None

    @property
    def scores(self) -> int:
        return self.models * self.validators


@dataclass
class Stage:
    """An Arena on a network of its own, and the parts that set its scenes."""

    net: Localnet
    web3: Web3 = field(init=False)
    arena: Contract = field(init=False)
    _tasks: int = 0

    def __post_init__(self) -> None:
        self.web3 = Web3(HTTPProvider(self.net.url))
        self.web3.eth.default_account = self.web3.eth.accounts[0]
        scoring, settlement = (self._deployed(name, ZERO, ZERO, 1).address for name in ("Scoring", "Settlement"))
        modules = (ZERO, ZERO, ZERO, scoring, settlement, ZERO)
        self.arena = self._deployed("Arena", modules, ZERO, ZERO, 1)
        self._code = Web3.to_hex(self.web3.eth.get_code(self.arena.address))
        stage = artifact("ArenaStage")
        self._stage = self.web3.eth.contract(self.arena.address, abi=stage["abi"])
        self._stage_code = stage["deployedBytecode"]["object"]
        meter = artifact("GasMeter")
        self.net.rpc("anvil_setCode", METER, meter["deployedBytecode"]["object"])
        self._meter = self.web3.eth.contract(Web3.to_checksum_address(METER), abi=meter["abi"])

    def measure(self, models: int, validators: int, agreeing: bool) -> Measured:
        """Reveals and settles a round of its own task."""
        self._tasks += 1
        given, vectors = scores(models, validators, agreeing)
        params = task_params(models)
        self._set(params, vectors)
        reveals = [self._reveal(i, vector, vector in vectors[:i]) for i, vector in enumerate(vectors)]

        result = settle_round(params, given, 10**21)
        sent = witness(given, result)
        call = self.arena.encode_abi("settle", [self._tasks, (sent.vectors, sent.medians, sent.winners)])
        data = Web3.to_bytes(hexstr=call)
        execution = self._meter.functions.gasOf(self.arena.address, data).call({"gas": 10**9})
        paid = sum(map(bool, result.vector_pays))
        return Measured(
            models=models,
            validators=validators,
            vectors=len(given.vectors),
            calldata=len(data),
            settle=self._used({"to": self.arena.address, "data": call}),
            floor=21_000 + 10 * tokens(data),
            budget=(11 * (21_000 + 10 * tokens(sent.vectors + sent.medians))) // 10
            + 30_000 * (len(result.winners) + paid)
            + 150_000,
            execution=execution,
            first_reveal=reveals[0],
            later_reveal=reveals[1] if agreeing else None,
        )

    def _set(self, params: TaskParams, vectors: list[bytes]) -> None:
        domain = Domain(self.web3.eth.chain_id, self.arena.address)
        keys = [Web3.to_checksum_address(f"0x{i + 1:040x}") for i in range(len(vectors))]
        commitments = [
            domain.score_commitment(self._tasks, 0, key, LANES_HASH, vector_hash(vector), SALT)
            for key, vector in zip(keys, vectors, strict=True)
        ]
        rules = (params.k1, params.k2, params.epsilon, params.mu, params.baseline)
        scene = (self._tasks, params.max_trainers, *rules, keys, commitments, LANES_HASH, KEY)
        self.net.rpc("anvil_setCode", self.arena.address, self._stage_code)
        call = self._stage.encode_abi("stage", [scene])
        self._used({"to": self.arena.address, "data": call})
        self.net.rpc("anvil_setCode", self.arena.address, self._code)

    def _reveal(self, index: int, vector: bytes, known: bool) -> int:
        if known:
            call = self.arena.encode_abi("revealKnownScores", [self._tasks, 0, index, SALT, vector_hash(vector)])
        else:
            call = self.arena.encode_abi("revealScores", [self._tasks, 0, index, SALT, vector])
        return self._used({"to": self.arena.address, "data": call})

    def _used(self, transaction: Any) -> int:
        sent = self.web3.eth.send_transaction(cast(TxParams, {**transaction, "gas": GAS_LIMIT}))
        receipt = self.web3.eth.wait_for_transaction_receipt(sent, poll_latency=0.005)
        if receipt["status"] != 1:
            raise SystemExit(f"a transaction of {receipt['gasUsed']:,} gas failed")
        return int(receipt["gasUsed"])

    def _deployed(self, name: str, *arguments: object) -> Contract:
        built = artifact(name)
        factory = self.web3.eth.contract(abi=built["abi"], bytecode=built["bytecode"]["object"])
        receipt = self.web3.eth.wait_for_transaction_receipt(factory.constructor(*arguments).transact())
        return cast(Contract, self.web3.eth.contract(receipt["contractAddress"], abi=built["abi"]))


def artifact(name: str) -> dict[str, Any]:
    source = "ArenaStage" if name == "GasMeter" else name
    built: dict[str, Any] = json.loads((ARTIFACTS / f"{source}.sol" / f"{name}.json").read_text())
    return built


def task_params(models: int) -> TaskParams:
    return TaskParams(
        max_trainers=models,
        max_validators=1,
        min_validators=1,
        min_trainer_stake=1,
        min_validator_stake=1,
        mu=518,
        baseline=3277,
        bounty=10**21,
        bond=0,
        keeper_fee=0,
        relay_fee=0,
        quota=18,
        lengths=DEMO,
    )


def scores(models: int, validators: int, agreeing: bool) -> tuple[RoundInput, list[bytes]]:
    """The round's input, and each validator's packed vector. Where they differ, each has another model scored apart."""
    random = Random(models)
    truth = [random.randint(4096, 32_000) for _ in range(models)]

    def vector(validator: int) -> tuple[int, ...]:
        own = list(truth)
        if not agreeing:
            own[validator % models] += validator + 1
        return tuple(own)

    rows = [vector(i) for i in range(validators)]
    each = weights([1] * validators)[0]
    distinct = list(dict.fromkeys(rows))
    given = RoundInput(
        vectors=tuple(RevealedVector(row, each * rows.count(row), i + 1) for i, row in enumerate(distinct)),
        lanes=tuple(Lane(handle, 0) for handle in range(models)),
        shard_key=KEY,
        guess=0,
    )
    return given, [lanes.pack(row) for row in rows]


def tokens(data: bytes) -> int:
    """Calldata tokens of EIP-7623: one for a zero byte, four for another; each costs 10 gas at least."""
    return 4 * len(data) - 3 * data.count(0)


def largest(stage: Stage, known: Measured) -> Measured:
    """The largest round, in whole words of sixteen models, that one transaction of 2^24 gas settles."""
    gas_per_model = known.settle / known.models
    for _ in range(2):  # the secant through two rounds is as good as exact
        fitting = known.models + int((GAS_LIMIT - known.settle) / gas_per_model)
        models = min(MAX_TRAINERS, fitting // lanes.PER_WORD * lanes.PER_WORD)
        found = stage.measure(models, known.validators, agreeing=False)
        gas_per_model = (found.settle - known.settle) / (found.models - known.models)
    return found


def table(rounds: list[Measured]) -> Table:
    headings = ["models", "validators", "vectors", "settle gas", "per score", "execution", "× floor", "of budget"]
    shown = Table(*headings, "reveal: first", "known")
    for r in rounds:
        shown.add_row(
            f"{r.models:,}",
            str(r.validators),
            str(r.vectors),
            f"{r.settle:,}",
            f"{r.settle / r.scores:.1f}",
            f"{r.execution / r.scores:.1f}",
            f"{r.settle / r.floor:.2f}",
            f"{r.settle / r.budget:.0%}",
            f"{r.first_reveal:,}",
            "" if r.later_reveal is None else f"{r.later_reveal:,}",
        )
    return shown


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()

    subprocess.run([ROOT / "tools/run", "forge", "build", *SOURCES], cwd=ROOT, check=True, stdout=subprocess.DEVNULL)
    with Localnet(settings=Settings(gas_limit=10**9)) as net:
        stage = Stage(net)
        rounds = [
            stage.measure(models, validators, agreeing)
            for agreeing in (True, False)
            for models in MODELS
            for validators in VALIDATORS
        ]
        most = [largest(stage, r) for r in rounds if r.models == MODELS[-1] and r.vectors > 1]
    if arguments.json:
        print(json.dumps({"rounds": [asdict(r) for r in rounds], "largest": [asdict(r) for r in most]}))
        return
    console = Console(width=140)
    console.print(table(rounds))
    fits = Table("validators", "models", "scores", "gas", "bytes", f"models within {TRANSACTION_BYTES:,} bytes")
    for r in most:
        by_size = int(TRANSACTION_BYTES / r.calldata * r.models)
        fits.add_row(*(f"{n:,}" for n in (r.validators, r.models, r.scores, r.settle, r.calldata, by_size)))
    console.print(fits)


if __name__ == "__main__":
    main()
