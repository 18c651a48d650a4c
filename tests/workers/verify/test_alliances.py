"""Random tasks of a real Alliance are found right; one wei, one field or one log altered anywhere is found wrong."""

import shutil
from collections.abc import Iterator
from dataclasses import replace
from functools import cache
from itertools import combinations, pairwise
from pathlib import Path
from random import Random

import pytest

from covey.localnet import Localnet
from covey.verify.alliance.events import Outcome
from covey.verify.bundle import AllianceBundle, Log, read_bundle, seal, write_bundle
from covey.verify.check import verify
from covey.verify.cli import AGREES, DIFFERS, UNREADABLE, main
from covey.verify.records import KINDS
from covey.verify.report import text
from tests.workers.verify.alliances import LOCALNET, Season
from tests.workers.verify.altered import faults, kind_of, scrambled, with_log, words
from tests.workers.verify.test_standalone import FOLDER, run_alone

SEASON, MOST_SEASONS = 40, 8

OUTCOMES = {outcome.name.lower().replace("_", " ") for outcome in Outcome}
DISORDERED = "two updates, and a vote about them"
WANTED = {*OUTCOMES, "isolated", "silent", "completed", "too few clients", DISORDERED}

EVERYTHING = {kind.name for kinds in KINDS.values() for kind in kinds.values()}
UNSETTLED = {
    "AllianceCreated": "bounds that nobody came near, texts, what binds clients only",
    "ClientJoined": "hot keys of clients who never opened anything",
    "ClientLeft": "who left when no round came after",
    "ClientResumed": "who came back when no round came after",
    "Committed": "commitments that were never opened",
}
"""What may settle nothing by the rules, and is then checked against a node only (or by the bundle's digest)."""

IN_ORDER = {
    "AllianceCreated",
    "RoundFrozen",
    "RolesDrawn",
    "UpdatePublished",
    "VoteRevealed",
    "ClientJudged",
    "RoundConcluded",
    "AllianceEnded",
}
"""What can't come in another order; clients may join, leave and collect at any time."""


@pytest.fixture(scope="module")
def season() -> Iterator[Season]:
    with Localnet(settings=LOCALNET) as net:
        yield Season(net)


@pytest.fixture(scope="module")
def bundles(season: Season) -> list[AllianceBundle]:
    """Tasks until everything has happened: roles come of block hashes, which differ each time."""
    played: list[AllianceBundle] = []
    for _ in range(MOST_SEASONS):
        played += season.play(SEASON)
        if not WANTED - set().union(*map(happened, played)):
            return played
    pytest.fail(f"never: {WANTED - set().union(*map(happened, played))}")


@pytest.fixture(scope="module")
def decided(bundles: list[AllianceBundle]) -> AllianceBundle:
    """The shortest task in which a model was accepted."""
    return min((one for one in bundles if "accepted" in happened(one)), key=lambda bundle: len(bundle.logs))


@cache
def happened(bundle: AllianceBundle) -> set[str]:
    """What the report tells of a task, in words of WANTED."""
    report = verify(bundle)
    told = "\n".join((*report.notes, *(reason for line in report.accounts for reason in line.reasons)))
    disordered = {DISORDERED} if list(updates_of_a_vote(bundle)) else set()
    return {word for word in WANTED if word in told} | disordered


def updates_of_a_vote(bundle: AllianceBundle) -> Iterator[tuple[int, int]]:
    """Places of two updates, one after the other, of a round in which somebody voted."""
    voted = {bundle.logs[place].topics[2] for place in places_of(bundle, "VoteRevealed")}
    for first, second in pairwise(places_of(bundle, "UpdatePublished")):
        number = bundle.logs[first].topics[2]
        if number in voted and number == bundle.logs[second].topics[2]:
            yield first, second


def counts(bundle: AllianceBundle, log: Log) -> bool:
    """Whether the rules settle something by the log, whatever happened else; nothing moves by zero wei."""
    moves = log.address != bundle.contracts.ledger or any(log.data)
    return moves and kind_of(bundle, log).name not in UNSETTLED


def places_of(bundle: AllianceBundle, name: str) -> list[int]:
    return [place for place, log in enumerate(bundle.logs) if kind_of(bundle, log).name == name]


def swapped(bundle: AllianceBundle, first: int, second: int) -> AllianceBundle:
    """The bundle with each of two logs in the other's place."""
    logs = list(bundle.logs)
    for here, there in ((first, second), (second, first)):
        where = {name: getattr(bundle.logs[here], name) for name in ("block", "index", "transaction")}
        logs[here] = replace(bundle.logs[there], **where)
    return seal(replace(bundle, logs=tuple(logs)))


def test_the_chain_did_what_the_rules_demand(bundles: list[AllianceBundle]) -> None:
    for bundle in bundles:
        report = verify(bundle)
        assert report.passed, text(report)


def test_a_written_bundle_reads_the_same(bundles: list[AllianceBundle]) -> None:
    for bundle in bundles:
        assert read_bundle(write_bundle(bundle)) == bundle


def test_a_task_that_goes_on_is_checked_so_far(bundles: list[AllianceBundle]) -> None:
    bundle = max(bundles, key=lambda bundle: len(bundle.logs))
    for count in range(1, len(bundle.blocks)):
        blocks = bundle.blocks[:count]
        logs = tuple(log for log in bundle.logs if log.block <= blocks[-1].number)
        report = verify(seal(replace(bundle, last=blocks[-1].number, blocks=blocks, logs=logs)))
        assert report.passed, text(report)


def test_every_word_counts(decided: AllianceBundle) -> None:
    for place, log in words(decided, EVERYTHING):
        if counts(decided, decided.logs[place]):
            assert faults(with_log(decided, place, log)), kind_of(decided, decided.logs[place]).name


def test_a_log_left_out_or_there_twice(decided: AllianceBundle) -> None:
    for place, log in enumerate(decided.logs):
        if counts(decided, log):
            assert faults(with_log(decided, place)), f"{kind_of(decided, log).name} left out"
        assert faults(with_log(decided, place, log, log)), f"{kind_of(decided, log).name} twice"


def test_the_order_of_a_round_counts(decided: AllianceBundle) -> None:
    ordered = [place for place, log in enumerate(decided.logs) if kind_of(decided, log).name in IN_ORDER]
    for first, second in combinations(ordered, 2):
        names = [kind_of(decided, decided.logs[place]).name for place in (first, second)]
        if len(set(names)) == 2:
            assert faults(swapped(decided, first, second)), names


def test_the_order_of_updates_counts(bundles: list[AllianceBundle]) -> None:
    """Votes are about updates in the order of their publication."""
    for bundle in [bundle for bundle in bundles if DISORDERED in happened(bundle)][:5]:
        for first, second in updates_of_a_vote(bundle):
            groups = {check.group for check in faults(swapped(bundle, first, second))}
            assert "votes match their commitments" in groups


def test_time_counts(decided: AllianceBundle) -> None:
    early = tuple(replace(block, timestamp=decided.blocks[0].timestamp) for block in decided.blocks)
    found = faults(seal(replace(decided, blocks=early)))
    assert any(check.group == "every act was in its phase" for check in found)


def test_the_block_hash_of_the_seed_counts(decided: AllianceBundle) -> None:
    other = tuple(replace(block, hash=bytes(32)) for block in decided.blocks)
    assert {check.group for check in faults(seal(replace(decided, blocks=other)))} == {"seeds come from block hashes"}


@pytest.mark.parametrize("field", ["chain_id", "task"])
def test_commitments_of_another_chain_or_task_are_worthless(decided: AllianceBundle, field: str) -> None:
    assert faults(seal(replace(decided, **{field: getattr(decided, field) + 1})))


def test_the_rest_is_bound_by_the_digest(decided: AllianceBundle) -> None:
    for place, altered in words(decided, set(UNSETTLED)):
        logs = (*decided.logs[:place], altered, *decided.logs[place + 1 :])
        assert any(check.subject == "digest" for check in faults(replace(decided, logs=logs)))


def test_a_postponed_draw_and_a_bench_that_makes_room(season: Season) -> None:
    bundle = season.play_silence()
    report = verify(bundle)
    assert report.passed, text(report)
    assert len(report.accounts) == len(places_of(bundle, "ClientJoined")) == 9
    (postponed,) = places_of(bundle, "DrawPostponed")
    assert {check.group for check in faults(with_log(bundle, postponed))} == {"seeds come from block hashes"}
    evicted = places_of(bundle, "Collected")[0]
    assert any("place" in str(check.actual) for check in faults(with_log(bundle, evicted)))


def test_a_cid_that_is_no_text_keeps_nobody_from_revealing(season: Season) -> None:
    report = verify(season.play_odd_cid())
    assert report.passed, text(report)
    assert {line.reasons for line in report.accounts} == {
        ("right as proposer in round 0",),
        ("right as voter in round 0",),
    }


def test_the_command_from_a_node_and_alone_from_a_file(season: Season, decided: AllianceBundle, tmp_path: Path) -> None:
    right, wrong, copy = tmp_path / "right.json", tmp_path / "wrong.json", tmp_path / "checker"
    asked = [str(decided.task), "--rpc", season.url, "--alliance", decided.contracts.alliance]
    assert main([*asked, "--export", str(right)]) == AGREES
    assert main([str(right), "--rpc", season.url]) == AGREES
    judged = places_of(decided, "ClientJudged")[-1]
    log = decided.logs[judged]
    less = replace(log, data=log.data[:32] + (int.from_bytes(log.data[32:64]) + 1).to_bytes(32) + log.data[64:])
    wrong.write_bytes(write_bundle(with_log(decided, judged, less)))
    shutil.copytree(FOLDER, copy, ignore=shutil.ignore_patterns("__pycache__"))
    passed, failed = run_alone(copy, right), run_alone(copy, wrong)
    assert (passed.returncode, passed.stderr, failed.returncode, failed.stderr) == (AGREES, "", DIFFERS, "")
    assert "FAIL round" in failed.stdout
    assert main([str(right), "--rpc", season.url, "--json"]) == AGREES
    assert main([str(wrong), "--rpc", season.url]) == DIFFERS
    assert main(["999", *asked[1:]]) == UNREADABLE


def test_many_alterations_at_once_never_crash(bundles: list[AllianceBundle]) -> None:
    random = Random(5)
    for bundle in bundles[:10]:
        for _ in range(15):
            assert verify(scrambled(bundle, random)).checks
