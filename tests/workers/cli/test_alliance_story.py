"""What a demonstration says of its alliance: each client's part, and what must not have happened."""

import json
from dataclasses import replace

import pytest
from eth_utils.address import to_checksum_address

from covey.chain import Record
from covey.chain.wire import Log
from covey.cli.acts.alliance_story import AllianceStory, Money, client_lines, money_of, tell
from covey.cli.output import Output
from covey.network import Cast, Person
from covey.protocol.alliance.settlement import Verdict
from covey.verify.report import Report
from tests.workers.roles.alliance.script import Script

PEOPLE = (
    Person("ann", ("fl", "join")),
    Person("bad", ("fl", "join"), faulty=True, note="harms"),
    Person("cut", ("fl", "join")),
    Person("dan", ("fl", "join")),
)
NAMES = dict(enumerate(person.name for person in PEOPLE))
CAST = Cast((Person("creator", ()),), Person("keeper", ()), (), (), clients=PEOPLE)


def story(script: Script) -> AllianceStory:
    return AllianceStory(
        state=script.state,
        cast=CAST,
        names=NAMES,
        vanished="cut",
        accuracy=(0.5, 0.75),
        measured=100,
        money=Money({"pool": 5}, {"to clients": 5}),
        gas=(),
        report=verdict(),
    )


def verdict(*, passed: bool = True) -> Report:
    report = Report("alliance 7")
    report.equal("pay", "client 0", 5, 5 if passed else 6)
    return report


def round_(silent: int = 2) -> Script:
    """A round in which the second client did harm and one was silent; its proposers were the first two."""
    script = Script().running().committed(0, 1, 2, 3).published(0, 1).revealed(3)
    script.judged(0, Verdict.RIGHT, reward=5, reputation=4).judged(1, Verdict.REJECTED, slash=20, reputation=2)
    script.judged(silent, Verdict.SILENT, slash=100, reputation=2)
    return script.concluded(paid=5, slashed=120, burnt=60).ended()


def problems(told: AllianceStory, capsys: pytest.CaptureFixture[str]) -> list[str]:
    found = tell(told, Output(False))
    capsys.readouterr()
    return found


def test_each_client_s_part_is_told() -> None:
    ann, bad, cut, dan = client_lines(story(round_()))
    assert (ann.proposed, ann.voted, ann.right, ann.earned, ann.slashed, ann.reputation) == (1, 0, 1, 5, 0, 4)
    assert (bad.slashed, bad.right, bad.why[0]) == (20, 0, "harms")
    assert "left out, or harmed" in bad.why[1]
    assert (cut.voted, cut.slashed) == (1, 100)
    assert cut.why[0] == "vanished: its process was killed"
    assert (dan.voted, dan.right, dan.why) == (1, 0, ())


def test_a_story_as_it_should_be_has_no_problems(capsys: pytest.CaptureFixture[str]) -> None:
    assert problems(story(round_()), capsys) == []


def test_programs_are_told_the_same(capsys: pytest.CaptureFixture[str]) -> None:
    tell(story(round_()), Output(True))
    told = json.loads(capsys.readouterr().out)
    assert (told["kind"], told["vanished"], told["verdict"], told["problems"]) == ("alliance", "cut", "PASS", [])
    assert told["money"] == {"came": {"pool": 5}, "went": {"to clients": 5}}
    assert told["rounds"][0]["verdicts"] == {"0": "right", "1": "rejected", "2": "silent"}


def test_money_is_added_up_from_the_events() -> None:
    log = Log(to_checksum_address(bytes(20)), (), b"", 1, bytes(32), bytes(32), 0)
    told = (
        ("ClientJoined", {"stake": 100}),
        ("ClientJoined", {"stake": 50}),
        ("RoundConcluded", {"conclusion": {"burnt": 3, "returned": 4}}),
        ("Collected", {"amount": 160}),
        ("KeeperPaid", {"amount": 2}),
        ("AllianceEnded", {"refunded": 1}),
    )
    money = money_of(20, [Record(name, arguments, log) for name, arguments in told])
    assert money.came == {"pool": 20, "stakes": 150}
    assert money.went == {"burnt": 3, "returned to the creator": 5, "to clients": 160, "to keepers": 2}
    assert money.conserved


def test_what_must_not_happen_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    told = replace(
        story(round_(silent=3)),
        accuracy=(0.5, 0.5),
        names={0: "ann", 1: "bad", 3: "dan"},
        money=Money({"pool": 5}, {"to clients": 4}),
        report=verdict(passed=False),
    )
    found = problems(told, capsys)
    assert "dan did not do its part in time" in found
    assert "cut vanished, and was not slashed" in found
    assert "cut did not join in time" in found
    assert "the model is no better than before" in found
    assert "more or less money left the alliance than came into it" in found
    assert "the verifier found a difference in the alliance" in found
