"""Whatever an honest network never shows is found: each check, on a history that breaks it."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from covey.chain import Record
from covey.chain.wire import Log
from covey.chaos import check
from covey.chaos.check import Books, Deed
from covey.chaos.crew import Ending
from covey.cli.exits import Exit
from covey.roles.task import TaskState
from tests.workers.roles.script import TASK, Script, trainer_key, validator_key

NAMES = {key: key for i in range(3) for key in (trainer_key(i), validator_key(i))}
EVEN = Books(vault=5, staked=5, locked=0, ledger=7, credits=4, buckets=3, supply=20, held=20)
LOG = Log(address="0x", topics=(), data=b"", block=1, block_hash=b"", transaction=b"", index=0)


def record(name: str, **arguments: Any) -> Record:
    return Record(name, arguments, LOG)


def finished(slashes: Mapping[int, int] = {}) -> TaskState:
    """A whole task, of whose validators some were slashed."""
    script = Script().over().open(0).open(1)
    for v in range(3):
        script.add("ValidatorConcluded", member=v, slashed=slashes.get(v, 0))
    return script.add("TaskFinished", refunded=0, burnt=0).state


def test_a_good_end_has_no_violation() -> None:
    tasks = {TASK: finished()}
    assert not [*check.ends(tasks, 1), *check.slashed(tasks, NAMES, ()), *check.unopened(tasks, NAMES, ())]
    assert not list(check.conserved(EVEN, 3))


def test_a_task_that_is_missing_or_not_finished() -> None:
    assert len(list(check.ends({TASK: finished()}, 2))) == 1
    assert len(list(check.ends({TASK: Script().over().state}, 1))) == 1


def test_who_was_there_must_not_be_slashed() -> None:
    tasks = {TASK: finished({1: 10})}
    assert len(list(check.slashed(tasks, NAMES, ()))) == 1
    assert not list(check.slashed(tasks, NAMES, {validator_key(1)}))


def test_commitments_that_were_not_opened() -> None:
    script = Script().enrolled().drawn().masked().published(0).key(0)
    for v in range(3):
        script.commit(v, 0)
    script.reveal(0, 0, [30_000, 20_000]).reveal(1, 0, [30_000, 20_000]).settled(0)
    script.submit(0, 1).submit(1, 1).publish(1, 1).key(1).ended(cause=3).open(0)
    found = list(check.unopened({TASK: script.state}, NAMES, ()))
    assert len(found) == 3
    assert any("handle 1 was not opened" in text for text in found)
    assert any("handle 0 did not publish" in text for text in found)
    assert any(f"{validator_key(2)} committed" in text for text in found)
    assert len(list(check.unopened({TASK: script.state}, NAMES, {validator_key(2)}))) == 2


def test_what_happened_twice() -> None:
    once = [record("TaskCreated", creator="a", task=1), record("TaskCreated", creator="b", task=2)]
    assert not list(check.repeated(once))
    assert len(list(check.repeated([*once, record("TaskCreated", creator="a", task=3)]))) == 1
    commit = record("ScoresCommitted", task=1, round=0, index=2)
    assert len(list(check.repeated([commit, commit]))) == 1


def test_books_that_are_a_wei_off() -> None:
    for change in ({"vault": 4}, {"ledger": 8}, {"locked": 1}, {"held": 19}):
        assert len(list(check.conserved(replace(EVEN, **change), 3))) == 1
    assert len(list(check.conserved(EVEN, 2))) == 1


def test_a_task_that_pays_out_a_wei_less_than_it_took() -> None:
    tasks = {TASK: finished()}
    flows = [
        record("Charged", id=TASK, amount=10),
        record("Paid", id=TASK, amount=7),
        record("Burnt", id=TASK, amount=3),
    ]
    assert not list(check.balanced(flows, tasks))
    assert len(list(check.balanced(flows[:2], tasks))) == 1


def test_deeds_that_the_chain_does_not_know_or_knows_twice() -> None:
    good = Deed("one", "1/commit/0/aa", True, 1)
    assert not list(check.lost([good, Deed("one", "1/commit/0/bb", True, 0)]))  # done anew, after a reorganisation
    assert len(list(check.lost([Deed("one", "1/commit/0/aa", True, 0)]))) == 1
    assert len(list(check.lost([Deed("one", "1/commit/0/aa", True, 2)]))) == 1
    assert not list(check.lost([Deed("one", "1/settle/0/aa", True, 0)]))  # somebody else did it


def test_a_worker_that_broke() -> None:
    assert not list(check.faulty([Ending("one", Exit.CHAIN)]))
    assert len(list(check.faulty([Ending("one", Exit.FAILED)]))) == 1
