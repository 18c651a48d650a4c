"""Tasks that were played on a real Arena are found right, whatever happened in them."""

from collections.abc import Callable

import pytest

from covey.verify.bundle import ArenaBundle, read_bundle, write_bundle
from covey.verify.check import verify
from covey.verify.events import TaskFinished
from covey.verify.kinds import topic_of
from covey.verify.records import decode_event
from covey.verify.report import Report, text
from tests.workers.verify.stories import SMALL, STORIES
from tests.workers.verify.world import PARAMS

BundleOf = Callable[[str], ArenaBundle]


def reasons(report: Report) -> str:
    return "\n".join(reason for line in report.accounts for reason in line.reasons)


def finished(bundle: ArenaBundle) -> TaskFinished:
    log = next(log for log in bundle.logs if log.topics[0] == topic_of(TaskFinished))
    event = decode_event("arena", log.topics, log.data)
    assert isinstance(event, TaskFinished)
    return event


@pytest.mark.parametrize("story", STORIES)
def test_the_chain_did_what_the_rules_demand(bundle_of: BundleOf, story: str) -> None:
    report = verify(bundle_of(story))
    assert report.passed, text(report)


@pytest.mark.parametrize("story", STORIES)
def test_a_written_bundle_reads_the_same(bundle_of: BundleOf, story: str) -> None:
    bundle = bundle_of(story)
    assert read_bundle(write_bundle(bundle)) == bundle


def test_every_fault_and_loss_has_its_reason(bundle_of: BundleOf) -> None:
    found = reasons(verify(bundle_of("completed")))
    for reason in (
        "round 1, commitment not published",
        "round 2, malformed model",
        "no handle opened",
        "round 0, scores not revealed",
        "round 1, no scores committed",
        "forfeited, no box delivered",
        "rank 1",
    ):
        assert reason in found


def test_a_cancelled_task_costs_the_creator_the_keepers_fees_alone(bundle_of: BundleOf) -> None:
    for story, acts in (("too_few", 1), ("seed_too_late", 2)):
        due = PARAMS.bounty + PARAMS.bond - acts * PARAMS.keeper_fee
        assert finished(bundle_of(story)) == TaskFinished(finished(bundle_of(story)).task, due, 0)
        assert all((line.earned, line.slashed) == (0, 0) for line in verify(bundle_of(story)).accounts)


def test_a_creators_fault_burns_all_that_was_not_earned(bundle_of: BundleOf) -> None:
    for story in ("key_missing", "data_invalid"):
        event = finished(bundle_of(story))
        assert event.refunded == 0
        assert event.burnt >= PARAMS.bond
    assert "round 0, rank 1" in reasons(verify(bundle_of("key_missing")))
    assert "round 1, commitment not published" in reasons(verify(bundle_of("key_missing")))


def test_a_missed_quorum_refunds_and_slashes_the_absent(bundle_of: BundleOf) -> None:
    report = verify(bundle_of("quorum_missed"))
    slashed = {line.who.split(" 0x")[0]: line.slashed > 0 for line in report.accounts}
    assert slashed == {
        "trainer 0": False,
        "trainer 1": False,
        **{f"validator {i}": i > 1 for i in range(4)},
    }
    # Enrol, seed, the end, and two faulty accounts cost a fee each.
    assert finished(bundle_of("quorum_missed")).refunded == SMALL.bounty + SMALL.bond - 5 * SMALL.keeper_fee


def test_nothing_is_slashed_once_locks_ran_out(bundle_of: BundleOf) -> None:
    report = verify(bundle_of("expired"))
    assert all(line.slashed == 0 for line in report.accounts)
    assert "the lock had run out" in reasons(report)


def test_repeating_the_winners_score_earns_nothing(bundle_of: BundleOf) -> None:
    report = verify(bundle_of("float_scores"))
    repeater = next(line for line in report.accounts if line.who.startswith("validator 1 "))
    assert not any(reason.startswith("round 1") for reason in repeater.reasons)


def test_a_task_that_goes_on_is_checked_so_far(bundle_of: BundleOf) -> None:
    report = verify(bundle_of("running"))
    assert "the task has not ended: what happened so far was checked" in report.notes
