"""Time and memory of verifying an alliance off-line, from its bundle.

    python bench/verify_alliance.py [--sizes 10x5 64x10 128x20] [--json]

Each size is clients × rounds. The bundles are of histories made up here, in which everybody does its part, half of the
clients propose, and one voter of each round votes against the others. They are verified as its users do, by the folder
`workers/covey/verify` run alone in a Python of its own, which has to pass.
"""

import argparse
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory
from typing import Final

from eth_hash.auto import keccak
from support.made_up import TASK, Chain
from support.verified import show, verified

from covey.protocol import lanes
from covey.protocol.alliance import bitmaps, commitments, settlement
from covey.protocol.alliance.commitments import Domain, Update
from covey.protocol.alliance.draw import draw, proposer_count
from covey.protocol.alliance.params import NEUTRAL, AllianceParams, Lengths
from covey.protocol.alliance.phases import Cause
from covey.protocol.alliance.places import Places
from covey.protocol.alliance.settlement import Client, RoundInput, RoundResult, Verdict
from covey.protocol.alliance.votes import Result, Vote
from covey.verify import custody
from covey.verify.alliance import events as ev
from covey.verify.bundle import AllianceBundle, AllianceContracts, seal
from covey.verify.kinds import Event
from covey.verify.moves import DEAD

CONTRACTS: Final = AllianceContracts(*(f"0x{0xC0DE00 + i:040x}" for i in range(3)))
CREATOR, KEEPER = (f"0x{0xACC000 + i:040x}" for i in range(2))
LONG: Final = 2**20


class Story:
    """A task from its creation until everybody collected."""

    def __init__(self, clients: int, rounds: int) -> None:
        self._random = Random(clients)
        self._chain = Chain(CONTRACTS)
        self._domain = Domain(1, CONTRACTS.alliance)
        self._params = AllianceParams(
            rounds=rounds,
            max_clients=clients,
            reputation_threshold=1,
            rule=1,
            min_stake=10**18,
            pool=10**24,
            keeper_fee=10**18,
            lengths=Lengths(*[LONG] * 5),
        )
        self._clients = {i: Client(10**20 + i, self._params.initial_reputation) for i in range(clients)}
        self._earned = dict.fromkeys(self._clients, 0)
        self._model, self._pool = _secret("model"), self._params.distributed

    def bundle(self) -> AllianceBundle:
        self._join()
        for number in range(self._params.rounds):
            seed = self._domain.seed(self._chain.mine(), TASK, number)
            self._settle(number, *self._work(number, seed))
        for i, client in self._clients.items():
            amount = client.stake + self._earned[i]
            self._chain.send(ev.Collected(TASK, i, _operator(i), amount, True), _paid(_operator(i), amount))
        assert self._chain.bucket == 0
        return seal(AllianceBundle(contracts=CONTRACTS, **self._chain.common()))

    def _join(self) -> None:
        chain, params = self._chain, self._params
        chain.mine()
        terms = (self._model, "bafk", "{}", "ipfs://task", "0x" + "00" * 20, 0)
        chain.send(ev.AllianceCreated(TASK, CREATOR, params.to_abi(), terms), _charged(CREATOR, params.pool))
        for i, client in self._clients.items():
            joined = ev.ClientJoined(TASK, i, _operator(i), _operator(i), client.stake)
            chain.send(joined, _charged(_operator(i), client.stake))
        chain.mine(chain.now + LONG)
        chain.send(*self._fee(), self._frozen(0))

    def _work(self, number: int, seed: bytes) -> tuple[int, int, dict[int, Vote]]:
        """Everybody does its part; returns proposers, voters and votes."""
        chain, random = self._chain, self._random
        reputations = {i: client.reputation for i, client in self._clients.items()}
        proposers = draw(seed, reputations, proposer_count(self._params.proposer_share, len(reputations), 2))
        voters = bitmaps.of(self._clients) & ~proposers
        chain.send(ev.RolesDrawn(TASK, number, seed, proposers, voters), *self._fee())

        salts = {i: _secret("salt", number, i) for i in self._clients}
        updates = {i: Update(_secret("update", number, i), 100 + i, "bafk" * 15) for i in bitmaps.members(proposers)}
        for i, update in updates.items():
            commitment = self._domain.update_commitment(TASK, number, _operator(i), update, salts[i])
            chain.send(ev.Committed(TASK, number, i, commitment))
        for i, u in updates.items():
            chain.send(ev.UpdatePublished(TASK, number, i, (u.update_hash, u.samples, u.cid, salts[i])))

        transcript = commitments.transcript(seed, updates.items())
        result = Result(_secret("aggregate", number), proposers)
        truth = [NEUTRAL + random.randint(0, 200) for _ in updates]
        against = random.choice(bitmaps.members(voters))
        votes = {
            i: Vote(result, i != against, tuple(score + random.randint(-9, 9) for score in truth))
            for i in bitmaps.members(voters)
        }
        for i, vote in votes.items():
            commitment = self._domain.vote_commitment(TASK, number, _operator(i), transcript, vote, salts[i])
            chain.send(ev.Committed(TASK, number, i, commitment))
        for i, vote in votes.items():
            opened = (tuple(vars(vote.result).values()), vote.in_favour, lanes.pack(vote.contributions), salts[i])
            chain.send(ev.VoteRevealed(TASK, number, i, opened))
        return proposers, voters, votes

    def _settle(self, number: int, proposers: int, voters: int, votes: dict[int, Vote]) -> None:
        given = RoundInput(
            round=number,
            pool=self._pool,
            model=self._model,
            proposers=proposers,
            voters=voters,
            published=proposers,
            votes=votes,
            clients=self._clients,
            places=Places(present=proposers | voters),
        )
        result = settlement.settle_round(self._params, given)
        for i, judgement in result.judgements.items():
            assert judgement.verdict in (Verdict.RIGHT, Verdict.WRONG)
            self._earned[i] += judgement.reward
        self._clients, self._pool, self._model = dict(result.clients), result.pool, result.model
        self._chain.send(*_concluded(number, result), *self._fee(), *self._next(number + 1, result))

    def _next(self, number: int, result: RoundResult) -> list[Event]:
        """The next round, or the end, and the money that leaves at once."""
        moves: list[Event] = [_paid(CREATOR, result.returned)]
        if result.burnt:
            burnt = custody.Burnt(CONTRACTS.alliance, TASK, result.burnt)
            moves += [burnt, custody.Transfer(CONTRACTS.ledger, DEAD, result.burnt)]
        if number < self._params.rounds:
            return [self._frozen(number), *moves]
        ended = ev.AllianceEnded(TASK, number, Cause.COMPLETED, self._pool)
        return [ended, _paid(CREATOR, self._pool), *moves]

    def _frozen(self, number: int) -> Event:
        return ev.RoundFrozen(TASK, number, bitmaps.of(self._clients))

    def _fee(self) -> tuple[Event, Event]:
        return ev.KeeperPaid(TASK, KEEPER, self._params.keeper_fee), _paid(KEEPER, self._params.keeper_fee)


def _concluded(number: int, result: RoundResult) -> list[Event]:
    tally = result.tally
    judged: list[Event] = [
        ev.ClientJudged(TASK, number, i, one.verdict, one.reward, one.slash, one.reputation)
        for i, one in sorted(result.judgements.items())
    ]
    weights, money = (tally.in_favour, tally.against), (result.paid, result.returned, result.slashed, result.burnt)
    decided = (tally.outcome, result.model, tally.result.accepted, *weights, *money, lanes.pack(tally.medians))
    return [*judged, ev.RoundConcluded(TASK, number, decided)]


def _secret(*words: object) -> bytes:
    return keccak(repr(words).encode())


def _operator(client: int) -> str:
    return "0x" + _secret("operator", client)[12:].hex()


def _charged(payer: str, amount: int) -> Event:
    return custody.Charged(CONTRACTS.alliance, TASK, payer, amount)


def _paid(account: str, amount: int) -> Event:
    return custody.Paid(CONTRACTS.alliance, TASK, account, amount)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sizes", nargs="+", default=["10x5", "64x10", "128x20"], metavar="CLIENTSxROUNDS")
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()

    with TemporaryDirectory(prefix="covey-") as folder:
        file = Path(folder) / "bundle.json"
        figures = []
        for size in arguments.sizes:
            clients, rounds = map(int, size.split("x"))
            figures.append(verified({"clients": clients, "rounds": rounds}, Story(clients, rounds).bundle(), file))
    show(figures, {}, arguments.json)


if __name__ == "__main__":
    main()
