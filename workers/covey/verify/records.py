"""From a bundle's raw logs to events in order, and whether the bundle is whole."""

from __future__ import annotations

from itertools import groupby

from .abi import AbiError
from .bundle import Bundle, Log, digest_of
from .events import Record, UnknownEvent, decode_event
from .report import Inconsistent, Report

_GROUP = "the bundle is whole and in order"


def read_records(bundle: Bundle, report: Report) -> list[Record]:
    """All events. Raises Inconsistent for a log that is not from a known contract, block and event."""
    _check_order(bundle, report)
    names = {
        bundle.contracts.arena: "arena",
        bundle.contracts.vault: "vault",
        bundle.contracts.ledger: "ledger",
        bundle.contracts.token: "token",
    }
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
        records.append(Record(event, place, log.block, times[log.block], log.transaction))
    return records


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
