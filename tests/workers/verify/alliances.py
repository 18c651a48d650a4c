"""Tasks of an Alliance, played on a real chain until they are over, and their bundles."""

from collections.abc import Sequence
from dataclasses import replace
from random import Random

from eth_abi.abi import encode

from covey.chain import Record
from covey.chain.contract import Call
from covey.localnet import Localnet, Settings
from covey.protocol import lanes
from covey.protocol.alliance import bitmaps, commitments
from covey.protocol.alliance.commitments import Update
from covey.protocol.alliance.params import NEUTRAL, AllianceParams, Lengths
from covey.protocol.alliance.settlement import Ballot, Witness
from covey.protocol.alliance.votes import Result, Vote
from covey.verify.alliance.export import export_alliance
from covey.verify.bundle import AllianceBundle
from covey.verify.rpc import Node
from tests.workers.protocol.alliance_games import NOBODY, Bank, Game, Moment, Stage
from tests.workers.protocol.harness import SETTINGS
from tests.workers.protocol.troupe import MIN_PHASE, Act, Troupe

LOCALNET = Settings(gas_limit=SETTINGS.gas_limit, hardfork="shanghai")

_MEMBERS, _DEPOSIT = 14, 2**92
_MOST_TURNS = 400
_ONE_PROPOSER = AllianceParams(
    rounds=5,
    min_clients=3,
    max_clients=8,
    min_updates=1,
    proposer_share=1,
    rule=0,
    min_stake=10**6 + 1,
    pool=10**9 + 7,
    keeper_fee=10**6 + 3,
    lengths=Lengths(*[MIN_PHASE] * 5),
)


class Season:
    """One Alliance on one chain, and tasks that are played there."""

    def __init__(self, net: Localnet) -> None:
        self.url = net.url
        self._net = net
        self._troupe = Troupe(net, _MEMBERS, _DEPOSIT)
        bank = Bank([_DEPOSIT] * _MEMBERS)
        self._stage = Stage(Random(7), self._troupe.alliance, 31337, self._troupe.members, bank, blocks={})
        self._tasks = 0

    @property
    def alliance(self) -> str:
        return self._troupe.alliance.address.lower()

    def play(self, count: int) -> list[AllianceBundle]:
        """So many random tasks, from their creation until everybody collected."""
        games = self._play(range(self._tasks + 1, self._tasks + 1 + count))
        return [self.bundle_of(game.task) for game in games]

    def bundle_of(self, task: int) -> AllianceBundle:
        return export_alliance(Node(self.url), self.alliance, task)

    def play_silence(self) -> AllianceBundle:
        """Nobody ever works. The first draw is postponed, as nobody calls it in time; once the first on the bench
        missed a whole round, a newcomer takes its place."""
        params = _ONE_PROPOSER
        self._tasks += 1
        task, newcomer = self._tasks, params.max_clients
        self._act("createTask", params.to_abi(), (bytes(32), "", "", "", NOBODY, 0))
        for member in range(params.max_clients):
            self._act("join", task, params.min_stake, member=member)
        self._act("advance", task, after=MIN_PHASE)
        self._net.mine(300)
        self._act("advance", task)
        for number in range(params.rounds):
            self._act("advance", task)
            self._act("settle", task, ((), b"", (), b""), after=2 * MIN_PHASE)
            if number == 2:
                self._act("join", task, params.min_stake + 5, member=newcomer)
        for place in range(params.max_clients):
            self._act("collect", task, place)
        return self.bundle_of(task)

    def play_odd_cid(self) -> AllianceBundle:
        """An update whose CID is no text. Who votes hashes its bytes, or could not reveal."""
        params = replace(_ONE_PROPOSER, max_clients=3, rounds=1)
        self._tasks += 1
        task, members = self._tasks, self._troupe.members
        self._act("createTask", params.to_abi(), (bytes(32), "", "", "", NOBODY, 0))
        for member in range(params.max_clients):
            self._act("join", task, params.min_stake, member=member)
        self._act("advance", task, after=MIN_PHASE)
        drawn = next(record.arguments for record in self._act("advance", task) if record.name == "RolesDrawn")
        (proposer,), salt = bitmaps.members(drawn["proposers"]), b"s" * 32

        domain, raw = self._stage.domain, b"\xff\xfebafk"
        update = Update(b"u" * 32, 1, raw.decode(errors="surrogateescape"))
        commitment = domain.update_commitment(task, 0, members[proposer], update, salt)
        self._act("commit", task, 0, proposer, commitment, member=proposer)
        known = self._troupe.alliance.call("publish", task, 0, proposer, (update.update_hash, 1, "", salt))
        fields = [task, 0, proposer, (update.update_hash, 1, raw, salt)]
        opening = encode(["uint256", "uint256", "uint256", "(bytes32,uint32,bytes,bytes32)"], fields)
        self._send(replace(known, data=known.data[:4] + opening))

        vote = Vote(Result(b"a" * 32, drawn["proposers"]), True, (NEUTRAL,))
        transcript, scores = commitments.transcript(drawn["seed"], [(proposer, update)]), lanes.pack(vote.contributions)
        voters = bitmaps.members(drawn["voters"])
        for voter in voters:
            commitment = domain.vote_commitment(task, 0, members[voter], transcript, vote, salt)
            self._act("commit", task, 0, voter, commitment, member=voter)
        result = (vote.result.aggregate_hash, vote.result.accepted)
        for voter in voters:
            self._act("reveal", task, 0, voter, (result, True, scores, salt))
        self._act("settle", task, Witness((vote.result,), scores, (Ballot(0, 0, True),) * 2, scores).to_abi())
        for place in range(params.max_clients):
            self._act("collect", task, place)
        return self.bundle_of(task)

    def _play(self, tasks: Sequence[int]) -> list[Game]:
        self._tasks = tasks[-1]
        at = self._following(1)
        begun = [Game.create(self._stage, task, at.now) for task in tasks]
        acts = [act for _, act in begun]
        for _ in range(_MOST_TURNS):
            self._troupe.play(acts, at.now)
            if all(game.over for game, _ in begun):
                return [game for game, _ in begun]
            at = self._following(self._stage.random.randint(1, 12))
            acts = [act for game, _ in begun for act in game.turn(at)]
        raise AssertionError("a task did not end")

    def _act(self, function: str, *arguments: object, member: int = 0, after: int = 1) -> list[Record]:
        """One act in a block of its own, and the events that it gave."""
        return self._send(self._troupe.alliance.call(function, *arguments), member, after)

    def _send(self, call: Call, member: int = 0, after: int = 1) -> list[Record]:
        return self._troupe.play([Act(member, call)], self._following(after).now)

    def _following(self, seconds: int) -> Moment:
        """The next block; notes the hash of the latest."""
        latest = self._troupe.block()
        self._stage.blocks[latest.number] = latest.hash
        return Moment(latest.number + 1, latest.timestamp + seconds)
