"""Reading contracts' events: every one, once, in order, and taken back if the chain takes it back.

What was read, and how far, is in the journal. One new block costs one question. After a gap, the hash of the last block
read is asked for along with the logs: if it changed, the chain was reorganised, and everything above the last block
that is still there is undone before reading goes on.
"""

import json
import logging
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from eth_typing import ChecksumAddress

from covey.chain import queries
from covey.chain.abi import Codebook, Record
from covey.chain.errors import ChainReset, RpcError, RpcGarbage, RpcRefused
from covey.chain.gateway import Gateway
from covey.chain.wire import Head, Log, Malformed
from covey.journal import Block, Entry, Feed

_WALK = 32  # blocks compared at once while looking for a common ancestor
_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Filter:
    """Which events: of these contracts, from block `start` on. `topics` as in eth_getLogs, None for any."""

    addresses: tuple[ChecksumAddress, ...]
    start: int
    topics: tuple[tuple[bytes, ...] | None, ...] = ()


@dataclass(frozen=True)
class FollowPolicy:
    """How to read.

    Blocks count once `confirmations` more are on top. `page` is the largest number of blocks asked for at once; it is
    halved as long as a node refuses, and kept to what should bring at most `events`, as dense as they came last. `keep`
    is how many blocks back a reorganisation is recognised.
    """

    confirmations: int = 0
    page: int = 5_000
    events: int = 2_000
    keep: int = 256
    restarts: int = 16


@dataclass(frozen=True)
class Changes:
    """What one step found. `undone` come in order and are to be taken back, last first, before `new` are applied."""

    undone: tuple[Record, ...]
    new: tuple[Record, ...]
    read_to: int  # block


class EventFollower:
    """Follows the events that `filter_` selects; remembers them in `feed`.

    Not to be shared by threads. Raises RpcError, ChainReset, JournalError.
    """

    def __init__(
        self,
        gateway: Gateway,
        feed: Feed,
        filter_: Filter,
        policy: FollowPolicy = FollowPolicy(),
    ) -> None:
        self._rpc = gateway.rpc
        self._codebook = gateway.codebook
        self._feed = feed
        self._filter = filter_
        self._policy = policy
        self._page = policy.page
        self._cursor = feed.cursor()

    def records(self) -> Iterator[Record]:
        """Everything read so far and not undone, in order: what a worker rebuilds its view from when it starts."""
        return _records(self._codebook, self._feed.entries())

    def sync(self, head: Head) -> Iterator[Changes]:
        """Reads up to `head`, a page at a time. Each step is in the journal before it is yielded."""
        for _ in range(self._policy.restarts):
            try:
                yield from self._read_to(head)
                return
            except _Reorganised:
                yield self._unwind(head)
        raise RpcGarbage("the chain changes faster than it can be read: check the RPC endpoints")

    def _read_to(self, head: Head) -> Iterator[Changes]:
        while True:
            cursor = self._cursor or self._anchor()
            last = min(head.number - self._policy.confirmations, cursor.number + self._page)
            if last <= cursor.number:
                self._require_held(cursor, head)
                return
            try:
                logs, end = self._read(cursor, last, head)
            except (RpcRefused, RpcError) as error:
                # The range may be too much for the node. If the node is down, the next sync starts with less.
                at_end, self._page = self._page == 1, max(1, self._page // 2)
                if at_end or not isinstance(error, RpcRefused | RpcGarbage):
                    raise
            else:
                as_dense = (last - cursor.number) * self._policy.events // max(1, len(logs))
                self._page = max(1, min(self._policy.page, self._page * 2, as_dense))
                new = tuple(_decoded(self._codebook, logs))
                self._remember(logs, end)
                yield Changes((), new, end.number)

    def _anchor(self) -> Block:
        """The block before the first that is read: what tells this chain from another."""
        number = self._filter.start - 1
        head = self._rpc.ask(queries.block(number))
        if head is None:
            raise RpcGarbage(f"the node has no block {number}: wait until it is in sync, or check the deployment file")
        self._remember((), Block(number, head.hash))
        return Block(number, head.hash)

    def _read(self, cursor: Block, last: int, head: Head) -> tuple[tuple[Log, ...], Block]:
        """The logs after `cursor` up to block `last`, and that block. Raises _Reorganised if they don't follow."""
        first = cursor.number + 1
        linked = first == head.number and head.parent == cursor.hash
        numbers = ([] if linked else [cursor.number]) + ([] if last == head.number else [last])
        logs, blocks = self._rpc.ask_with(
            queries.logs(first, last, self._filter.addresses, self._filter.topics), [queries.block(n) for n in numbers]
        )
        hashes = {head.number: head.hash} | {block.number: block.hash for block in blocks if block is not None}
        if not linked and hashes.get(cursor.number) != cursor.hash:
            raise _Reorganised
        if last not in hashes:
            raise RpcGarbage(f"the node has no block {last}, though it says that the newest is {head.number}")
        for log in logs:
            if not first <= log.block <= last or log.address not in self._filter.addresses:
                raise RpcGarbage("the node sends events that were not asked for")
            if hashes.get(log.block, log.block_hash) != log.block_hash:
                raise _Reorganised
        return tuple(sorted(logs, key=lambda log: (log.block, log.index))), Block(last, hashes[last])

    def _remember(self, logs: Sequence[Log], end: Block) -> None:
        blocks = {log.block: Block(log.block, log.block_hash) for log in logs} | {end.number: end}
        self._feed.append(map(_stored, logs), blocks.values(), self._policy.keep)
        self._cursor = end

    def _require_held(self, cursor: Block, head: Head) -> None:
        """Raises _Reorganised if what was read isn't in a head's chain; a head that is no further may just lag."""
        known = next(iter(self._feed.blocks(below=head.number + 1, limit=1)), None)
        if head.number > cursor.number or known is None:
            return
        if known.number == head.number:
            held = known.hash == head.hash
        else:
            block = self._rpc.ask(queries.block(known.number))
            held = block is not None and block.hash == known.hash
        if not held:
            raise _Reorganised

    def _unwind(self, head: Head) -> Changes:
        """Goes back to the last remembered block that is still on the chain. Raises ChainReset if none is."""
        remembered = self._feed.blocks(below=head.number + 1)
        for start in range(0, len(remembered), _WALK):
            step = remembered[start : start + _WALK]
            found = self._rpc.ask_each([queries.block(block.number) for block in step])
            for block, now in zip(step, found, strict=True):
                if now is not None and now.hash == block.hash:
                    undone = tuple(_records(self._codebook, self._feed.rollback(block.number)))
                    self._cursor = block
                    _log.info("the chain was reorganised above block %d: %d events undone", block.number, len(undone))
                    return Changes(undone, (), block.number)
        raise ChainReset(len(remembered))


class _Reorganised(Exception):
    """What was read before is no longer on the chain."""


def _decoded(codebook: Codebook, logs: Iterable[Log]) -> Iterator[Record]:
    """The known events among `logs`."""
    for log in logs:
        try:
            record = codebook.record(log)
        except Malformed as error:
            raise RpcGarbage(f"block {log.block} holds an event with {error}: check the deployment file") from error
        if record is not None:
            yield record


def _records(codebook: Codebook, entries: Iterable[Entry]) -> Iterator[Record]:
    return _decoded(codebook, map(_restored, entries))


def _stored(log: Log) -> Entry:
    content = {
        "address": log.address,
        "topics": [topic.hex() for topic in log.topics],
        "data": log.data.hex(),
        "hash": log.block_hash.hex(),
        "tx": log.transaction.hex(),
        "time": log.timestamp,
    }
    return Entry(log.block, log.index, json.dumps(content, separators=(",", ":")).encode())


def _restored(entry: Entry) -> Log:
    content = json.loads(entry.content)
    return Log(
        address=content["address"],
        topics=tuple(map(bytes.fromhex, content["topics"])),
        data=bytes.fromhex(content["data"]),
        block=entry.block,
        block_hash=bytes.fromhex(content["hash"]),
        transaction=bytes.fromhex(content["tx"]),
        index=entry.position,
        timestamp=content.get("time"),
    )
