"""Random tasks of an Alliance, played on a real chain until they are over, and their bundles."""

from collections.abc import Sequence
from random import Random

from covey.localnet import Localnet, Settings
from covey.verify.alliance.export import export_alliance
from covey.verify.bundle import AllianceBundle
from covey.verify.rpc import Node
from tests.workers.protocol.alliance_games import Bank, Game, Moment, Stage
from tests.workers.protocol.harness import SETTINGS
from tests.workers.protocol.troupe import Troupe

_MEMBERS, _DEPOSIT = 14, 2**92
_MOST_TURNS = 400

LOCALNET = Settings(gas_limit=SETTINGS.gas_limit, hardfork="shanghai")


class Season:
    """Tasks of one chain, which are played some at a time."""

    def __init__(self, net: Localnet) -> None:
        self.node = Node(net.url)
        self._net = net
        self._troupe = Troupe(net, _MEMBERS, _DEPOSIT)
        bank = Bank([_DEPOSIT] * _MEMBERS)
        self._stage = Stage(Random(7), self._troupe.alliance, 31337, self._troupe.members, bank, blocks={})
        self._next = 1

    @property
    def alliance(self) -> str:
        return self._troupe.alliance.address.lower()

    def play(self, count: int) -> list[AllianceBundle]:
        """So many tasks, from their creation until everybody collected."""
        games = self._play(range(self._next, self._next + count))
        self._next += count
        return [self.bundle_of(game.task) for game in games]

    def bundle_of(self, task: int) -> AllianceBundle:
        return export_alliance(self.node, self.alliance, task)

    def _play(self, tasks: Sequence[int]) -> list[Game]:
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

    def _following(self, seconds: int) -> Moment:
        """The next block; notes the hash of the latest."""
        latest = self._troupe.block()
        self._stage.blocks[latest.number] = latest.hash
        return Moment(latest.number + 1, latest.timestamp + seconds)
