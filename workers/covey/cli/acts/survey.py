"""What an account has to do with a deployment: read from the chain, in a few questions, whatever its role."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

from eth_typing import ChecksumAddress

from covey.chain import Contract, ContractError, EventFollower, Filter, Record
from covey.cli.acts.following import read_tasks
from covey.cli.acts.session import Connection
from covey.cli.acts.staking import NOBODY, exits_of
from covey.journal import Journal
from covey.roles.alliance.engine import ALLIANCE
from covey.roles.alliance.state import AllianceState
from covey.roles.arena import ARENA
from covey.roles.task import TaskState

_RECENT: Final = 1_000
"""Tasks that are asked for unpaid relay fees."""


@dataclass(frozen=True)
class Pool:
    """What the account has with one operator, in wei. `exits` as the vault lists them."""

    operator: ChecksumAddress
    tokens: int
    exits: tuple[dict[str, Any], ...]


@dataclass(frozen=True)
class Due:
    """Pay that waits under a task: of delegation behind `operator`, or of relaying (None)."""

    task: int
    amount: int
    operator: ChecksumAddress | None


@dataclass(frozen=True)
class Survey:
    """An account at one block. `operator` is whom it acts for; `tasks` are those that this operator is in, or that the
    account created, and so are `alliances`, less those that it collected all from: `collected` by task. Amounts in wei.
    """

    account: ChecksumAddress
    now: int
    block: int
    coins: int
    tokens: int
    credit: int
    chargeable: int
    operator: ChecksumAddress | None
    stake: dict[str, Any]
    approval: dict[str, Any]
    pools: tuple[Pool, ...]
    due: tuple[Due, ...]
    tasks: dict[int, TaskState]
    alliance_chargeable: int
    alliances: dict[int, AllianceState]
    collected: dict[int, int]


def survey(connection: Connection, account: ChecksumAddress) -> Survey:
    """Raises ChainError."""
    gateway, contracts = connection.gateway, connection.contracts
    vault, ledger, arena = contracts.vault, contracts.ledger, contracts.arena
    head = gateway.head()
    bound, tokens, credit, chargeable, alliance_chargeable = connection.read_each(
        [
            vault.call("operatorOf", account),
            contracts.token.call("balanceOf", account),
            ledger.call("creditOf", account),
            ledger.call("allowanceOf", account, arena.address),
            ledger.call("allowanceOf", account, contracts.alliance.address),
        ]
    )
    operator = account if bound == NOBODY else bound
    stake, approval = connection.read_each(
        [vault.call("stakeOf", operator), vault.call("approvalOf", operator, arena.address)]
    )
    numbers = frozenset(_tasks_of(connection, operator, account))
    alliances, collected = _alliances_of(connection, operator, account)
    return Survey(
        account=account,
        now=head.timestamp,
        block=head.number,
        coins=gateway.balance(account),
        tokens=tokens,
        credit=credit,
        chargeable=chargeable,
        operator=None if bound == NOBODY and not _has_stake(stake) else operator,
        stake=stake,
        approval=approval,
        pools=tuple(_pools(connection, account)),
        due=tuple(dues(connection, account)),
        tasks=read_tasks(connection, ARENA, numbers) if numbers else {},
        alliance_chargeable=alliance_chargeable,
        alliances=read_tasks(connection, ALLIANCE, alliances) if alliances else {},
        collected=collected,
    )


def dues(connection: Connection, account: ChecksumAddress) -> Iterator[Due]:
    """Everything that waits for the account under tasks."""
    arena = connection.contracts.arena
    count = connection.read(arena.call("taskCount"))
    recent = range(max(1, count - _RECENT + 1), count + 1)
    units = connection.read_each([arena.call("relayUnitsOf", task, account) for task in recent])
    for task, waiting in zip(recent, units, strict=True):
        if waiting:
            yield Due(task, connection.read(arena.call("claimRelay", task, account)), None)
    operators = [operator for operator in _operators_behind(connection, account) if operator != account]
    if not operators:
        return
    concluded = history(connection, arena, ("TrainerConcluded", "ValidatorConcluded"), (None, None, words(operators)))
    for record in concluded:
        if record.arguments["delegated"]:
            task, operator = record.arguments["task"], record.arguments["operator"]
            try:
                amount = connection.read(arena.call("claimDelegation", task, operator, account))
            except ContractError:
                continue  # fetched before, or delegated after the lock
            yield Due(task, amount, operator)


def history(
    connection: Connection, contract: Contract, events: Sequence[str], topics: tuple[tuple[bytes, ...] | None, ...]
) -> tuple[Record, ...]:
    """All such events since the deployment; `topics` are those after the event's own."""
    digests = tuple(event.digest for event in contract.interface.events if event.name in events)
    return _follow(connection, Filter((contract.address,), connection.deployment.block, (digests, *topics)))


def _follow(connection: Connection, filter_: Filter) -> tuple[Record, ...]:
    with TemporaryDirectory(prefix="covey-") as folder, Journal(Path(folder) / "journal.sqlite") as journal:
        follower = EventFollower(connection.gateway, journal.feed("history"), filter_)
        for _ in follower.sync(connection.gateway.head()):
            pass
        return tuple(follower.records())


def all_events(connection: Connection) -> tuple[tuple[Record, ...], dict[int, TaskState]]:
    """Everything that the Arena, the vault and the Ledger told since the deployment, and the tasks that it makes."""
    contracts = connection.contracts
    addresses = (contracts.arena.address, contracts.vault.address, contracts.ledger.address)
    return _follow(connection, Filter(addresses, connection.deployment.block)), read_tasks(connection, ARENA, None)


def events_of(connection: Connection, contract: Contract) -> tuple[Record, ...]:
    """All that a contract told since the deployment."""
    return _follow(connection, Filter((contract.address,), connection.deployment.block))


def words(addresses: Sequence[str]) -> tuple[bytes, ...]:
    """Addresses as topics."""
    return tuple(bytes.fromhex(address[2:]).rjust(32, b"\0") for address in addresses)


def _tasks_of(connection: Connection, operator: ChecksumAddress, account: ChecksumAddress) -> Iterator[int]:
    arena = connection.contracts.arena
    joined = history(connection, arena, ("TrainerEnrolled", "ValidatorEnrolled"), (None, None, words([operator])))
    created = history(connection, arena, ("TaskCreated",), (None, words([account])))
    yield from (record.arguments["task"] for record in (*joined, *created))


def _alliances_of(
    connection: Connection, operator: ChecksumAddress, account: ChecksumAddress
) -> tuple[frozenset[int], dict[int, int]]:
    """Those in which something is left to see, and what was collected from each."""
    alliance = connection.contracts.alliance
    own = history(connection, alliance, ("ClientJoined", "Collected"), (None, None, words([operator])))
    created = history(connection, alliance, ("AllianceCreated",), (None, words([account])))
    collected: dict[int, int] = {}
    open_ = set()
    for record in own:
        task = record.arguments["task"]
        if record.name == "ClientJoined":
            open_.add(task)
        else:
            collected[task] = collected.get(task, 0) + record.arguments["amount"]
            if record.arguments["gone"]:
                open_.discard(task)
    return frozenset(open_ | {record.arguments["task"] for record in created}), collected


def _operators_behind(connection: Connection, account: ChecksumAddress) -> list[ChecksumAddress]:
    """Operators with whom the account ever staked, itself among them."""
    staked = history(connection, connection.contracts.vault, ("Staked",), (None, words([account])))
    return list(dict.fromkeys(record.arguments["operator"] for record in staked))


def _pools(connection: Connection, account: ChecksumAddress) -> Iterator[Pool]:
    vault = connection.contracts.vault
    for operator in _operators_behind(connection, account):
        _, tokens = connection.read(vault.call("positionOf", operator, account))
        yield Pool(operator, tokens, tuple(exits_of(connection, operator, account)))


def _has_stake(stake: dict[str, Any]) -> bool:
    return bool(stake["ownTokens"] or stake["delegatedTokens"] or stake["locked"])
