"""From a bundle's raw logs to events in order, and whether the bundle is whole."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from itertools import groupby
from typing import Final

from .abi import AbiError
from .alliance.events import ALLIANCE
from .bundle import Bundle, Log, digest_of
from .custody import LEDGER, TOKEN, VAULT
from .events import ARENA
from .kinds import Event, Kinds
from .report import Inconsistent, Report

_GROUP = "the bundle is whole and in order"

KINDS: Final[Mapping[str, Kinds]] = {
    "arena": ARENA,
    "alliance": ALLIANCE,
    "vault": VAULT,
    "ledger": LEDGER,
    "token": TOKEN,
}


class UnknownEvent(ValueError):
    """A log that is none of the events known here."""


@dataclass(frozen=True, slots=True)
class Record:
    """An event, the contract that logged it, and where it stands; `place` counts all logs of the bundle."""

    event: Event
    address: str
    place: int
    block: int
    timestamp: int
    transaction: bytes


def read_records(bundle: Bundle, report: Report) -> list[Record]:
    """All events. Raises Inconsistent for a log that is not from a known contract, block and event."""
    _check_order(bundle, report)
    names = {address: name for name, address in asdict(bundle.contracts).items()}
    times = {block.number: block.timestamp for block in bundle.blocks}
    records = []
    for place, log in enumerate(bundle.logs):
        where = f"log {log.index} of block {log.block}"
        if not bundle.first <= log.block <= bundle.last or log.block not in times:
            raise Inconsistent(f"{where} is in no block of the bundle")
        if log.address not in names:
            raise Inconsistent(f"{where} is by {log.address}, no contract of the bundle")
        try:
            event = decode_event(names[log.address], log.topics, log.data)
        except (AbiError, UnknownEvent) as error:
            raise Inconsistent(f"{where}: {error}") from error
        records.append(Record(event, log.address, place, log.block, times[log.block], log.transaction))
    return records


def decode_event(contract: str, topics: Sequence[bytes], data: bytes) -> Event:
    """The event that `contract`, as KINDS names it, logged. Raises UnknownEvent, AbiError."""
    kind = KINDS[contract].get(topics[0]) if topics else None
    if kind is None:
        raise UnknownEvent(f"the {contract} has no event {topics[0].hex() if topics else 'without topics'}")
    return kind.decode(topics, data)


def _check_order(bundle: Bundle, report: Report) -> None:
    report.equal(_GROUP, "digest", digest_of(bundle), bundle.digest)
    numbers = [block.number for block in bundle.blocks]
    report.holds(_GROUP, "blocks ascend", numbers == sorted(set(numbers)), "blocks are out of order or there twice")
    times = [block.timestamp for block in bundle.blocks]
    report.holds(_GROUP, "time goes on", times == sorted(times), "a block is earlier than the one before")
    places = [(log.block, log.index) for log in bundle.logs]
    report.holds(_GROUP, "logs ascend", places == sorted(set(places)), "logs are out of order or there twice")
    runs = [transaction for (_, transaction), _ in groupby(bundle.logs, _transaction)]
    report.holds(_GROUP, "transactions", len(set(runs)) == len(runs), "a transaction is in two places")


def _transaction(log: Log) -> tuple[int, bytes]:
    return log.block, log.transaction
