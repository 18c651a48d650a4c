"""What 'covey status' tells of alliances: places, deeds that are due, what was lost, and what can be collected."""

import pytest

from covey.cli.acts.alliance_items import explain_alliances, facts_of
from covey.cli.acts.items import CLAIMABLE, DUE, EARNED, LOCKED, LOST, REFUSED
from covey.cli.acts.survey import Survey
from covey.cli.options import Account, Network, Place
from covey.cli.output import Output
from covey.protocol.alliance.settlement import Verdict
from tests.workers.cli.conftest import Covey, Endow
from tests.workers.roles.alliance.script import CREATED, STAKE, TASK, Script

TOKEN = 10**18
CREATOR, CLIENT = 16, 17


def survey_of(script: Script, account: str, collected: dict[int, int] | None = None) -> Survey:
    return Survey(
        account=account,  # type: ignore[arg-type]
        now=script.now,
        block=script.block,
        coins=1,
        tokens=0,
        credit=0,
        chargeable=0,
        operator=None,
        stake={},
        approval={},
        pools=(),
        due=(),
        tasks={},
        alliance_chargeable=0,
        alliances=script.tasks,
        collected=collected or {},
    )


def kinds(script: Script, account: str) -> dict[str, int | None]:
    """Amounts by the kind of the thing to know."""
    return {item.kind: item.amount for item in explain_alliances(survey_of(script, account), 10)}


def test_what_a_client_has_to_do_is_due_until_it_is_done() -> None:
    script = Script().running()
    (due,) = (item for item in explain_alliances(survey_of(script, "operator 0"), 10) if item.kind == DUE)
    assert "commit an update" in due.text
    assert (due.until, due.next) == (CREATED + 200, f"covey fl join {TASK}")
    assert kinds(script, "operator 2") == {LOCKED: STAKE}
    script.committed(0)
    assert kinds(script, "operator 0") == {LOCKED: STAKE}
    script.committed(1)
    assert DUE in kinds(script, "operator 0")
    script.published(0, 1)
    (due,) = (item for item in explain_alliances(survey_of(script, "operator 2"), 10) if item.kind == DUE)
    assert "commit a vote" in due.text
    script.committed(2, 3)
    assert DUE in kinds(script, "operator 3")
    script.revealed(2, 3)
    assert DUE not in kinds(script, "operator 3")


def test_places_are_told_with_what_was_lost_and_earned() -> None:
    script = Script().running().committed(0, 1).published(0, 1).committed(2, 3).revealed(2)
    script.judged(0, Verdict.RIGHT, reward=70, reputation=4).judged(3, Verdict.SILENT, slash=100, reputation=0)
    script.concluded(paid=70, slashed=100, burnt=50).add("RoundFrozen", round=1, clients=0b111)
    assert kinds(script, "operator 0") == {LOCKED: STAKE, EARNED: 70}
    assert kinds(script, "operator 3") == {LOCKED: STAKE - 100, LOST: 100, REFUSED: None}
    (place,) = facts_of(survey_of(script, "operator 3"))
    assert (place["is"], place["stake"], place["slashed"], place["reputation"]) == ("benched", "900", "100", 0)
    refusals = [item.text for item in explain_alliances(survey_of(script, "operator 3"), 10) if item.kind == REFUSED]
    assert len(refusals) == 2
    script.ended()
    assert kinds(script, "operator 0") == {CLAIMABLE: STAKE + 70}


def test_what_was_collected_is_told_for_the_newest() -> None:
    found = survey_of(Script(), "operator 0", dict.fromkeys(range(20, 40), 5))
    assert [item.alliance for item in explain_alliances(found, 3)] == [39, 38, 37]


@pytest.fixture
def task(covey: Covey, endow: Endow) -> int:
    """A client in an alliance of one place too many."""
    for account in (CREATOR, CLIENT):
        endow(account, 100)
        covey.ok("ledger", "deposit", "100", account=account)
        covey.ok("ledger", "approve", "100", "--alliance", account=account)
    covey.ok("stake", "authorize", "--self", account=CLIENT)
    post = ("fl", "create", "--start", "linear", "--data", "breast-cancer", "--pool", "50", "--schedule", "demo")
    assert covey(*post, account=CREATOR).code == 0
    number = int(covey.ok("fl", "list")[0]["task"])
    joins(covey, number)
    return number


def joins(covey: Covey, task: int) -> None:
    from covey.cli.acts.session import sign_in

    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("COVEY_KEY", covey.net.keys[CLIENT].hex())
        network, place = Network([covey.net.url], covey.deployment), Place(covey.home)
        with sign_in(network, Account(), place, Output(True)) as session:
            least = session.connection.read(session.contracts.alliance.call("fundsOf", task))["minStake"]
            session.send("joining", session.contracts.alliance.call("join", task, least))


def test_an_account_s_alliances_are_shown(covey: Covey, task: int) -> None:
    found = covey.ok("status", account=CLIENT)
    (place,) = found["alliances"]
    assert (place["alliance"], place["client"], place["phase"], place["is"]) == (task, 0, "join", "in")
    items = {item["kind"]: item for item in found["items"] if item["alliance"] == task}
    assert items["locked"]["amount"] == place["stake"]
    assert [item["kind"] for item in covey.ok("status", account=CREATOR)["items"] if item["alliance"]] == ["locked"]
    assert f"alliance {task}, client 0" in covey("status", account=CLIENT).out

    covey.net.rpc("evm_increaseTime", 60)
    covey.net.mine()
    assert covey("keep", "--alliance", str(task), "--courtesy", "0", account=CREATOR).code == 0
    assert covey.ok("status", account=CLIENT)["alliances"] == []
    (item,) = (item for item in covey.ok("status", account=CLIENT)["items"] if item["alliance"] == task)
    assert (item["kind"], item["amount"]) == ("earned", place["stake"])
    assert covey.ok("verify", str(task), "--alliance")["accounts"][0]["earned"] == 0
