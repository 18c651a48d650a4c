"""One wei, one field or one log altered anywhere: the verdict is FAIL, and it says what differs."""

from collections.abc import Callable
from dataclasses import replace
from random import Random

import pytest

from covey.verify.bundle import ArenaBundle, seal
from covey.verify.check import verify
from covey.verify.records import KINDS
from tests.workers.verify.altered import altered_logs, faults, kind_of, scrambled, with_log, words

BundleOf = Callable[[str], ArenaBundle]

SAMPLE = 150

# What settles nothing by the rules, and is therefore checked against a node only (or by the bundle's digest).
UNSETTLED = {
    "TaskCreated": "bounds that nobody came near, hashes of hidden data, the description's address",
    "Submitted": "commitments that were replaced or never opened, relays that were not paid yet",
    "Published": "the content's address, and boxes that were never delivered",
    "HandleRegistered": "what an unopened handle committed to, tags and rings, relays that were not paid yet",
    "ValidatorEnrolled": "box keys, and hot keys of validators who never revealed",
    "ScoresCommitted": "commitments that were never revealed",
    "Staked": "whose the stake is of operators who earned nothing",
    "ExitRequested": "as above",
}
MONEY = {
    "Charged",
    "Paid",
    "Burnt",
    "Transfer",
    "Slashed",
    "Released",
    "Locked",
    "VectorPaid",
    "RoundSettled",
    "RoundTallied",
    "TrainerConcluded",
    "ValidatorConcluded",
    "DelegationClaimed",
    "RelayPaid",
    "KeeperPaid",
    "TaskFinished",
}


@pytest.mark.parametrize("story", ["data_invalid", "expired", "free"])
def test_every_word_about_money_counts(bundle_of: BundleOf, story: str) -> None:
    bundle = bundle_of(story)
    for place, log in words(bundle, MONEY):
        assert faults(with_log(bundle, place, log)), kind_of(bundle, bundle.logs[place]).name


def test_some_words_of_a_full_task(bundle_of: BundleOf) -> None:
    bundle, random = bundle_of("completed"), Random(99)
    for place, log in random.sample(
        words(bundle, {kind.name for kinds in KINDS.values() for kind in kinds.values()}), SAMPLE
    ):
        name = kind_of(bundle, bundle.logs[place]).name
        assert faults(with_log(bundle, place, log)) or name in UNSETTLED, name


def test_one_wei_paid_too_much_is_named(bundle_of: BundleOf) -> None:
    bundle = bundle_of("completed")
    for place, log in enumerate(bundle.logs):
        if kind_of(bundle, log).name == "Paid":
            amount = int.from_bytes(log.data)
            found = faults(with_log(bundle, place, replace(log, data=(amount + 1).to_bytes(32))))
            assert any(check.group == "money paid in each transaction" for check in found)
            assert any(str(amount + 1) in check.actual or "for concluding" in check.subject for check in found)


def test_one_wei_of_an_accounts_pay_is_named(bundle_of: BundleOf) -> None:
    bundle = bundle_of("completed")
    for place, log in enumerate(bundle.logs):
        if kind_of(bundle, log).name == "TrainerConcluded":
            paid = int.from_bytes(log.data[:32])
            altered = replace(log, data=(paid + 1).to_bytes(32) + log.data[32:])
            [fault] = faults(with_log(bundle, place, altered))
            member = int.from_bytes(log.topics[2])
            assert (fault.group, fault.subject) == ("pay of accounts", f"trainer {member}")
            assert (fault.expected, fault.actual) == (str(paid), str(paid + 1))


@pytest.mark.parametrize("story", ["key_missing", "quorum_missed", "seed_drawn_anew"])
def test_a_log_left_out_or_there_twice(bundle_of: BundleOf, story: str) -> None:
    bundle = bundle_of(story)
    for place, log in enumerate(bundle.logs):
        assert faults(with_log(bundle, place)), f"{kind_of(bundle, log).name} left out"
        assert faults(with_log(bundle, place, log, log)), f"{kind_of(bundle, log).name} twice"


def test_a_log_moved_to_another_block(bundle_of: BundleOf) -> None:
    bundle = bundle_of("none_opened")
    for place, log in enumerate(bundle.logs):
        assert faults(with_log(bundle, place, replace(log, block=log.block + 1)))


def test_another_score_settles_otherwise(bundle_of: BundleOf) -> None:
    bundle = bundle_of("completed")
    place, log = next(
        (place, log) for place, log in enumerate(bundle.logs) if kind_of(bundle, log).name == "VectorRevealed"
    )
    data = bytearray(log.data)
    data[4 * 32] ^= 1
    groups = {check.group for check in faults(with_log(bundle, place, replace(log, data=bytes(data))))}
    assert "score vectors are well-formed" in groups


def test_time_counts(bundle_of: BundleOf) -> None:
    bundle = bundle_of("none_opened")
    early = tuple(replace(block, timestamp=bundle.blocks[0].timestamp) for block in bundle.blocks)
    found = faults(seal(replace(bundle, blocks=early)))
    assert any(check.group == "every act was in its phase" for check in found)


def test_the_block_hash_of_the_ring_seed_counts(bundle_of: BundleOf) -> None:
    bundle = bundle_of("none_opened")
    other = tuple(replace(block, hash=bytes(32)) for block in bundle.blocks)
    assert [check.group for check in faults(seal(replace(bundle, blocks=other)))] == [
        "the ring seed comes from a block hash"
    ]


def test_the_rest_is_bound_by_the_digest(bundle_of: BundleOf) -> None:
    bundle = bundle_of("none_opened")
    for place, log in enumerate(bundle.logs):
        for altered in altered_logs(log):
            changed = replace(bundle, logs=(*bundle.logs[:place], altered, *bundle.logs[place + 1 :]))
            assert any(check.subject == "digest" for check in faults(changed))


@pytest.mark.parametrize("field", ["chain_id", "task"])
def test_commitments_of_another_chain_or_task_are_worthless(bundle_of: BundleOf, field: str) -> None:
    bundle = bundle_of("none_opened")
    assert faults(seal(replace(bundle, **{field: getattr(bundle, field) + 1})))


def test_many_alterations_at_once_never_crash(bundle_of: BundleOf) -> None:
    random = Random(5)
    bundle = bundle_of("quorum_missed")
    for _ in range(150):
        assert verify(scrambled(bundle, random)).checks
