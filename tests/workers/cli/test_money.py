"""Stake, credit and claims on the command line, on a real chain."""

from covey.cli.exits import Exit
from tests.workers.cli.conftest import Covey, Endow

TOKEN = 10**18


def test_stake_goes_in_and_out(covey: Covey, endow: Endow) -> None:
    me = endow(1, 100)
    covey.ok("stake", "add", "60", account=1)
    covey.ok("stake", "add", "40", account=1)
    shown = covey.ok("stake", "show", account=1)
    assert (shown["operator"], shown["own"]) == (me, str(100 * TOKEN))

    asked = covey.ok("stake", "exit", "30", account=1)
    assert asked["amount"] == str(30 * TOKEN)
    early = covey("stake", "withdraw", account=1)
    assert early.code == Exit.REFUSED
    assert "30 are from" in early.lines[0]

    covey.net.rpc("evm_setNextBlockTimestamp", asked["matures_at"])
    covey.net.mine()
    assert covey.ok("stake", "withdraw", account=1)["amount"] == str(30 * TOKEN)
    covey.ok("stake", "exit", "--all", account=1)
    assert covey.ok("stake", "show", account=1)["own"] == "0"


def test_what_is_not_there_cannot_be_staked_or_asked_out(covey: Covey, endow: Endow) -> None:
    endow(2, 5)
    poor = covey("stake", "add", "6", account=2)
    assert (poor.code, poor.lines[0].count("has 5 tokens, 6 are needed")) == (Exit.REFUSED, 1)
    assert covey("stake", "exit", "1", account=2).code == Exit.REFUSED
    covey.ok("stake", "add", "5", account=2)
    assert covey("stake", "exit", "6", account=2).code == Exit.REFUSED
    assert covey("stake", "exit", account=2).code == Exit.USAGE
    assert covey("stake", "exit", "1", "--all", account=2).code == Exit.USAGE


def test_the_contract_s_reason_is_shown_with_advice(covey: Covey) -> None:
    outcome = covey("stake", "activate", account=2)
    assert outcome.code == Exit.REFUSED
    assert outcome.lines[0].startswith("error: ApprovalNotPending(")
    assert outcome.lines[1].startswith("next:")


def test_an_operator_and_its_delegator(covey: Covey, endow: Endow) -> None:
    operator, delegator = endow(3, 50), endow(4, 20)
    covey.ok("stake", "add", "50", account=3)
    covey.ok("stake", "authorize", "--self", account=3)
    covey.ok("stake", "approve", "80", account=3)
    covey.ok("stake", "delegate", operator, "20", account=4)
    shown = covey.ok("stake", "show", operator, account=4)
    assert (shown["own"], shown["delegated"]) == (str(50 * TOKEN), str(20 * TOKEN))
    assert shown["arena"]["ceiling"] == str(80 * TOKEN)

    raised = covey("stake", "approve", "90", account=3)
    assert "covey stake activate" in raised.out
    items = {item["kind"]: item for item in covey.ok("status", account=4)["items"]}
    assert items["held"]["text"] == f"delegated to {operator}"
    assert items["held"]["amount"] == str(20 * TOKEN)
    covey.ok("stake", "exit", "--all", "--operator", operator, account=4)
    kinds = {item["kind"] for item in covey.ok("status", delegator, account=4)["items"]}
    assert "leaving" in kinds


def test_a_hot_key_signs_that_it_agrees(covey: Covey, endow: Endow) -> None:
    endow(5, 1)
    covey("wallet", "new", "hot", "--light", account=None, COVEY_PASSWORD="x")
    hot = covey("wallet", "show", "--keystore", "hot", "--json", account=None).json["account"]
    unwilling = covey("stake", "authorize", hot, account=5)
    assert unwilling.code == Exit.USAGE
    outcome = covey("stake", "authorize", "--hot-keystore", "hot", account=5, COVEY_PASSWORD="x")
    assert outcome.code == 0
    assert covey.ok("stake", "show", account=5)["hot_key"] == hot


def test_credit_is_deposited_allowed_and_claimed(covey: Covey, endow: Endow) -> None:
    me = endow(6, 10)
    covey.ok("ledger", "deposit", "4", account=6)
    covey.ok("ledger", "approve", "3", account=6)
    covey.ok("ledger", "approve", "2", "--alliance", account=6)
    chargeable = {"chargeable_by_arena": str(3 * TOKEN), "chargeable_by_alliance": str(2 * TOKEN)}
    assert covey.ok("ledger", "show", account=6) == {"account": me, "credit": str(4 * TOKEN), **chargeable}
    assert covey.ok("claim", "--keep", account=6)["claimed"] == "0"
    assert covey.ok("claim", account=6)["claimed"] == str(4 * TOKEN)
    assert covey("claim", account=6).out.strip() == "nothing else to claim"


def test_status_says_what_would_be_refused_and_what_to_do(covey: Covey, endow: Endow) -> None:
    endow(7, 10)
    covey.ok("stake", "add", "10", account=7)
    items = covey.ok("status", account=7)["items"]
    advice = {item["next"] for item in items if item["kind"] == "refused"}
    assert advice == {"covey stake authorize --self", "covey stake approve AMOUNT"}
    outcome = covey("status", account=7)
    assert "covey stake authorize --self" in outcome.out


def test_what_is_no_address_or_is_mistyped_is_refused(covey: Covey) -> None:
    address = covey.address(1)
    swapped = address[:2] + address[2:].swapcase()
    for wrong in ("alice", address[:-1], swapped):
        outcome = covey("stake", "show", wrong)
        assert outcome.code == Exit.USAGE, wrong


def test_an_account_is_shown_without_its_password(covey: Covey) -> None:
    assert covey("status", "--keystore", "hot", account=None).code == 0
