"""Bundles with something altered, and what the verifier finds in them."""

from collections.abc import Iterator
from dataclasses import asdict, replace
from random import Random

from covey.verify.bundle import B, Bundle, Log, TaskBundle, seal
from covey.verify.check import verify
from covey.verify.kinds import Kind
from covey.verify.records import KINDS
from covey.verify.report import Check


def kind_of(bundle: Bundle, log: Log) -> Kind:
    addresses = {address: name for name, address in asdict(bundle.contracts).items()}
    return KINDS[addresses[log.address]][log.topics[0]]


def altered_logs(log: Log) -> Iterator[Log]:
    """The log with each of its words changed in its last bit."""
    for i, topic in enumerate(log.topics):
        flipped = topic[:-1] + bytes([topic[-1] ^ 1])
        yield replace(log, topics=(*log.topics[:i], flipped, *log.topics[i + 1 :]))
    for start in range(0, len(log.data), 32):
        data = bytearray(log.data)
        data[start + 31] ^= 1
        yield replace(log, data=bytes(data))


def with_log(bundle: B, place: int, *logs: Log) -> B:
    """The bundle with other logs in the place of one, and the right digest."""
    return seal(replace(bundle, logs=(*bundle.logs[:place], *logs, *bundle.logs[place + 1 :])))


def scrambled(bundle: B, random: Random) -> B:
    """The bundle with up to eight alterations: logs left out, put elsewhere or changed; and the right digest."""
    logs = list(bundle.logs)
    for _ in range(random.randint(1, 8)):
        place = random.randrange(len(logs))
        choice = random.random()
        if choice < 0.3 and len(logs) > 1:
            del logs[place]
        elif choice < 0.5:
            other = random.choice(logs)
            logs[place] = replace(other, block=logs[place].block, index=logs[place].index)
        else:
            logs[place] = random.choice(list(altered_logs(logs[place])))
    return seal(replace(bundle, logs=tuple(logs)))


def faults(bundle: TaskBundle) -> list[Check]:
    return [check for check in verify(bundle).checks if not check.passed]


def words(bundle: Bundle, names: set[str]) -> list[tuple[int, Log]]:
    """Every alteration of one word in logs of these kinds, with the log's place."""
    return [
        (place, altered)
        for place, log in enumerate(bundle.logs)
        if kind_of(bundle, log).name in names
        for altered in altered_logs(log)
    ]
