"""How balances move when some clients of an alliance are malicious: real training and voting, settled by the contract.

    python bench/balances.py [--malicious 0.1,0.2,0.3,0.4] [--rounds 100] [--plots docs/figures/alliance] [--json]

The experiment of "Defending Against Poisoning Attacks in Federated Learning with Blockchain" (Dong et al., IEEE TAI
2024, arXiv 2307.00543), whose curves the FLock whitepaper reprints, as plain averaging with votes and slashes alone to
defend it. Everybody begins with 64 tokens, all of them at stake; the pool has a tenth of all stakes, and slashes go to
it whole. Clients share digits unevenly and train a linear model. A malicious proposer sends its update five times over
with the sign turned; a malicious voter votes against what it found and calls every helpful update harmful.

Prints mean balances at the end, and the model's accuracy, with the same without anybody malicious.
"""

import argparse
import json
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import asdict, dataclass, replace
from hashlib import sha256
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
from matplotlib.figure import Figure
from rich.console import Console
from rich.progress import track
from rich.table import Table
from support.deeds import Deed, Hands
from support.machine import machine

from covey import figures
from covey.apps.own import OwnApp
from covey.chain import Call, Gateway, Parameters, Sender, deploy
from covey.chain.artefacts import codebook
from covey.federated.fixed import VALUE_LIMIT, Vector
from covey.federated.partition import dirichlet
from covey.federated.plan import plan_of
from covey.federated.simulation import accuracy, started
from covey.journal import Journal
from covey.learning.artefact import encode
from covey.learning.data import Dataset, load_digits, stratify
from covey.learning.local import LocalOptions
from covey.localnet import Localnet, Settings
from covey.protocol import lanes
from covey.protocol.alliance import bitmaps, settlement
from covey.protocol.alliance.commitments import Domain, Update
from covey.protocol.alliance.params import AllianceParams, Lengths
from covey.protocol.alliance.places import Places
from covey.protocol.alliance.settlement import Client, RoundInput
from covey.protocol.alliance.votes import Vote
from covey.roles.alliance.judging import Loss, Usable, judge
from covey.roles.alliance.models import GlobalModel, hash_of
from covey.wallet import Signer

TOKEN = 10**18
CLIENTS = 20
START = 64 * TOKEN
POOL = CLIENTS * START // 10
POISON = -5
HELD_OUT = 0.4
SALT = bytes(32)
SECONDS = 10**4  # of every phase, far more than a bench takes
RULE = plan_of({"name": "fedavg"})
NOBODY = "0x" + "00" * 20


# The experiment -------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Curve:
    """One share of malicious clients: mean balances (tokens) after each round, by kind, and the final model's
    accuracy. `returned` is what nobody earned, in tokens."""

    malicious: float
    honest_balances: Sequence[float]
    malicious_balances: Sequence[float]
    accuracy: float
    returned: float


@dataclass(frozen=True)
class People:
    """Clients by place, with their accounts; the first `malicious` of them are."""

    accounts: Sequence[str]
    apps: Sequence[OwnApp]
    malicious: int

    def update(self, client: int, model: GlobalModel, round_: int) -> Usable:
        trained = self.apps[client].train(model.parameters, round_)
        vector = model.update_to(trained.parameters, RULE.fraction_bits)
        return Usable(poisoned(vector) if client < self.malicious else vector, trained.samples)

    def loss(self, client: int, round_: int) -> Loss:
        return lambda parameters: self.apps[client].evaluate(parameters, round_).loss

    def vote(self, client: int, vote: Vote) -> Vote:
        """As it tells what it found."""
        if client >= self.malicious:
            return vote
        return replace(
            vote, in_favour=not vote.in_favour, contributions=tuple(lanes.TOP - c for c in vote.contributions)
        )


def poisoned(vector: Vector) -> Vector:
    return (vector.astype(np.int64) * POISON).clip(-VALUE_LIMIT, VALUE_LIMIT).astype(np.int32)


def play(people: People, model: GlobalModel, test: Dataset, rounds: int, chain: "Chain") -> Curve:
    """One task from its posting to its last round."""
    params = AllianceParams(
        rounds=rounds,
        max_clients=CLIENTS,
        burn_share=0,
        fraction_bits=RULE.fraction_bits,
        rule=RULE.rule.number,
        min_stake=START,
        pool=POOL,
        keeper_fee=0,
        lengths=Lengths(*[SECONDS] * 5),
    )
    task = chain.post(params, model)
    chain.join(task, people.accounts)
    balances = []
    for round_ in track(range(rounds), f"{people.malicious} of {len(people.accounts)} malicious", transient=True):
        model = chain.round(task, params, round_, people, model)
        balances.append([balance / TOKEN for balance in chain.balances(task, people.accounts)])
    assert model.own is not None  # the family's
    mean = np.array(balances)
    return Curve(
        malicious=people.malicious / len(people.accounts),
        honest_balances=mean[:, people.malicious :].mean(1).tolist(),
        malicious_balances=mean[:, : people.malicious].mean(1).tolist() if people.malicious else [],
        accuracy=accuracy(model.own, test),
        returned=chain.returned(task) / TOKEN,
    )


# The chain ------------------------------------------------------------------------------------------------------------


class Chain:
    """A node of its own with Covey on it. `folder` takes a journal."""

    def __init__(self, folder: Path, stack: ExitStack) -> None:
        net = stack.enter_context(Localnet(settings=Settings(accounts=CLIENTS + 1)))
        self._net, self._hands = net, Hands(net)
        stack.callback(self._hands.close)
        self._gateway = stack.enter_context(Gateway([net.url], codebook=codebook()))
        journal = stack.enter_context(Journal(folder / "bank.sqlite"))
        bank = Signer(net.keys[0])
        self._bank = bank.address
        self.clients = [Signer(key).address for key in net.keys[1:]]
        parameters = Parameters(unbonding=86_400, min_phase=1)
        deployment = deploy(self._gateway, Sender(self._gateway, bank, journal), parameters)
        self._contracts = deployment.contracts()
        self._alliance = self._contracts.alliance
        self._domain = Domain(deployment.chain_id, self._alliance.address)

    def endow(self, tasks: int) -> None:
        """Gives everybody what it takes to join so many tasks."""
        token, ledger, vault = self._contracts.token, self._contracts.ledger, self._contracts.vault
        everybody = [self._bank, *self.clients]
        amount = tasks * max(START, POOL)
        self._do([(self._bank, token.call("transfer", client, amount)) for client in self.clients])
        for call in (
            token.call("approve", ledger.address, amount),
            ledger.call("deposit", amount),
            ledger.call("approve", self._alliance.address, amount),
        ):
            self._do([(account, call) for account in everybody])
        self._do([(client, vault.call("authorize", client, b"")) for client in self.clients])

    def post(self, params: AllianceParams, model: GlobalModel) -> int:
        terms = (hash_of(model.encode()), "", "", "", NOBODY, 0)
        self._act(self._bank, "createTask", params.to_abi(), terms)
        task: int = self._read("taskCount")
        return task

    def join(self, task: int, accounts: Sequence[str]) -> None:
        self._do([(account, self._alliance.call("join", task, START)) for account in accounts])
        self._net.rpc("evm_increaseTime", SECONDS)
        self._act(self._bank, "advance", task)

    def round(self, task: int, params: AllianceParams, round_: int, people: People, model: GlobalModel) -> GlobalModel:
        """From the draw to the settlement; returns the model that the next one starts from."""
        self._act(self._bank, "advance", task)
        drawn = self._read("roundOf", task)
        proposers, voters = bitmaps.members(drawn["proposers"]), bitmaps.members(drawn["voters"])
        usable = {client: people.update(client, model, round_) for client in proposers}
        self._publish(task, round_, people, usable)
        hash_ = self._read("modelOf", task)
        votes, models = {}, {hash_: model.encode()}
        for client in voters:
            found = judge(model, hash_, RULE, usable, people.loss(client, round_), params.epsilon)
            votes[client] = people.vote(client, found.vote)
            if found.model is not None:
                models[found.vote.result.aggregate_hash] = found.model
        self._reveal(task, round_, people, votes)
        self._settle(task, params, round_, drawn, hash_, votes)
        return GlobalModel.decode(models[self._read("modelOf", task)], ())

    def balances(self, task: int, accounts: Sequence[str]) -> list[int]:
        """What each has in the task, at stake and earned, in wei."""
        clients = self._clients(task, len(accounts))
        return [client["stake"] + client["earned"] for client in clients]

    def returned(self, task: int) -> int:
        """What the creator got back of a task's slashes, in wei."""
        moved = sum(self.balances(task, self.clients))
        held: int = self._gateway.read(self._contracts.ledger.call("bucketOf", self._alliance.address, task))
        assert held == moved  # the task is over: nothing else is left in it
        return len(self.clients) * START + POOL - moved

    def _publish(self, task: int, round_: int, people: People, usable: Mapping[int, Usable]) -> None:
        commitments, openings = {}, {}
        for client, found in usable.items():
            update = Update(sha256(found.vector).digest(), found.samples, "")
            hot_key = people.accounts[client]
            commitments[client] = self._domain.update_commitment(task, round_, hot_key, update, SALT)
            openings[client] = (update.update_hash, update.samples, update.cid, SALT)
        self._open(task, round_, people, "publish", commitments, openings)

    def _reveal(self, task: int, round_: int, people: People, votes: Mapping[int, Vote]) -> None:
        transcript = self._read("transcriptOf", task)
        commitments, openings = {}, {}
        for client, vote in votes.items():
            hot_key, result = people.accounts[client], (vote.result.aggregate_hash, vote.result.accepted)
            commitments[client] = self._domain.vote_commitment(task, round_, hot_key, transcript, vote, SALT)
            openings[client] = (result, vote.in_favour, lanes.pack(vote.contributions), SALT)
        self._open(task, round_, people, "reveal", commitments, openings)

    def _open(
        self,
        task: int,
        round_: int,
        people: People,
        verb: str,
        commitments: Mapping[int, bytes],
        openings: Mapping[int, tuple[object, ...]],
    ) -> None:
        """Commits, and opens what was committed."""
        for name, contents in (("commit", commitments), (verb, openings)):
            self._do(
                [
                    (people.accounts[client], self._alliance.call(name, task, round_, client, content))
                    for client, content in contents.items()
                ]
            )

    def _settle(
        self,
        task: int,
        params: AllianceParams,
        round_: int,
        drawn: Mapping[str, int],
        model: bytes,
        votes: Mapping[int, Vote],
    ) -> None:
        places, clients = self._read("placesOf", task), self._clients(task, len(self.clients))
        given = RoundInput(
            round=round_,
            pool=self._read("fundsOf", task)["pool"],
            model=model,
            proposers=drawn["proposers"],
            voters=drawn["voters"],
            published=drawn["proposers"],
            votes=votes,
            clients={place: Client(client["stake"], client["reputation"]) for place, client in enumerate(clients)},
            places=Places(**places),
        )
        result = settlement.settle_round(params, given)
        self._act(self._bank, "settle", task, settlement.witness(given, result).to_abi())

    def _clients(self, task: int, count: int) -> list[dict[str, int]]:
        return list(self._gateway.read_each([self._alliance.call("clientOf", task, place) for place in range(count)]))

    def _read(self, function: str, *arguments: object) -> Any:
        return self._gateway.read(self._alliance.call(function, *arguments))

    def _act(self, account: str, function: str, *arguments: object) -> None:
        self._do([(account, self._alliance.call(function, *arguments))])

    def _do(self, calls: Sequence[tuple[str, Call]]) -> None:
        self._hands.carry_out([Deed(account, call) for account, call in calls])


# The report -----------------------------------------------------------------------------------------------------------


def draw(folder: Path, curves: Sequence[Curve]) -> None:
    """One plot of all shares, as the paper has them."""

    def balances() -> Figure:
        figure, axes = figures.axes("Mean balances with a share of malicious clients", "round", "tokens", (6.4, 3.6))
        for i, curve in enumerate(curve for curve in curves if curve.malicious):
            rounds = range(1, len(curve.honest_balances) + 1)
            axes.plot(rounds, curve.honest_balances, color=f"C{i}", label=f"{curve.malicious:.0%}: honest")
            axes.plot(rounds, curve.malicious_balances, color=f"C{i}", linestyle=":", label="malicious")
        axes.legend(frameon=False, fontsize=8, ncols=2)
        return figure

    figures.draw(folder, {"balances": balances})


def show(curves: Sequence[Curve]) -> None:
    table = Table()
    for name in ("malicious", "honest, tokens", "malicious, tokens", "returned, tokens", "accuracy"):
        table.add_column(name, justify="right")
    for curve in curves:
        loser = f"{curve.malicious_balances[-1]:.1f}" if curve.malicious else "-"
        table.add_row(
            f"{curve.malicious:.0%}",
            f"{curve.honest_balances[-1]:.1f}",
            loser,
            f"{curve.returned:.1f}",
            f"{curve.accuracy:.1%}",
        )
    Console().print(table)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--malicious", default="0.1,0.2,0.3,0.4", metavar="SHARES")
    parser.add_argument("--rounds", type=int, default=100, help="at most 255")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--plots", type=Path, metavar="FOLDER")
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()

    counts = [0, *(round(CLIENTS * float(share)) for share in arguments.malicious.split(","))]
    data = load_digits()
    train, held_out = stratify(data.y, [0.75, 0.25], arguments.seed.to_bytes(8))
    train, test = data.take(train), data.take(held_out)
    model = GlobalModel.decode(encode(started(train, "linear", {}, arguments.seed)), ())
    assert model.own is not None  # the family's
    parts = dirichlet(train.y, CLIENTS, arguments.seed, least=20)
    options = LocalOptions(device="cpu", seed=arguments.seed)
    apps = [OwnApp(model.own, train.take(part), options, HELD_OUT) for part in parts]
    with TemporaryDirectory(prefix="covey-bench-") as folder, ExitStack() as stack:
        chain = Chain(Path(folder), stack)
        chain.endow(len(counts))
        curves = [play(People(chain.clients, apps, count), model, test, arguments.rounds, chain) for count in counts]
    if arguments.plots:
        draw(arguments.plots, curves)
    if arguments.json:
        print(json.dumps({"machine": machine(), "curves": [asdict(curve) for curve in curves]}))
        return
    print(f"{machine()}; {CLIENTS} clients, {arguments.rounds} rounds, {RULE.name}")
    show(curves)


if __name__ == "__main__":
    main()
