"""Alliances on the command line: a task is posted, shown, refused, left without clients and ended by a keeper."""

import json
from pathlib import Path

from covey.chain import Deployment
from covey.cli.exits import Exit
from covey.protocol.alliance.params import DEMO, AllianceParams
from covey.roles.alliance.models import hash_of
from tests.workers.cli.conftest import Covey, Endow

TOKEN = 10**18
CREATOR, CLIENT = 14, 15
POST = ("fl", "create", "--start", "linear", "--data", "breast-cancer", "--pool", "50", "--schedule", "demo")


def post(covey: Covey, *more: str) -> int:
    outcome = covey(*POST, "--json", *more, account=CREATOR)
    assert outcome.code == 0, outcome
    posted = [json.loads(line) for line in outcome.out.splitlines()]
    return int(next(line["task"] for line in posted if line["kind"] == "posted"))


def test_an_alliance_is_posted_shown_ends_without_clients_and_verifies(
    covey: Covey, endow: Endow, tmp_path: Path
) -> None:
    endow(CREATOR, 60)
    poor = covey(*POST, account=CREATOR)
    assert (poor.code, poor.lines[1]) == (Exit.SETUP, f"next:  run 'covey ledger deposit {50 * TOKEN}wei'")
    covey.ok("ledger", "deposit", "60", account=CREATOR)
    unwilling = covey(*POST, account=CREATOR)
    assert unwilling.lines[1] == f"next:  run 'covey ledger approve {50 * TOKEN}wei --alliance'"
    covey.ok("ledger", "approve", "60", "--alliance", account=CREATOR)

    task = post(covey, "--reference", "one", "--rounds", "3", "--set", "epsilon=20000", "--set", "vote=2m")
    assert post(covey, "--reference", "one", "--rounds", "3", "--set", "epsilon=20000", "--set", "vote=2m") == task
    assert [one["phase"] for one in covey.ok("fl", "list") if one["task"] == task] == ["join"]
    shown = covey.ok("fl", "status", str(task))
    assert (shown["params"]["epsilon"], shown["params"]["lengths"]["vote"]) == (20_000, 120)
    assert (shown["rule"]["rule"]["name"], shown["clients"], shown["rounds"]) == ("fedavg", [], [])
    assert "clients join" in covey("fl", "status", str(task)).out

    file = tmp_path / "model.covey"
    fetched = covey.ok("fl", "fetch", str(task), str(file))
    assert fetched["rounds"] == 0
    assert fetched["model"] == shown["model"] == "0x" + hash_of(file.read_bytes()).hex()
    unknown = covey("fl", "fetch", "999", str(tmp_path / "none"))
    assert "list them with 'covey fl list'" in unknown.lines[1]
    lost = covey("fl", "fetch", str(task), str(tmp_path / "none"), "--store", f"dir:{tmp_path}")
    assert (lost.code, (tmp_path / "none").exists()) == (Exit.STORE, False)

    stranger = covey("fl", "join", str(task), "--data", "breast-cancer", "--device", "cpu", account=CLIENT)
    assert stranger.code == Exit.SETUP, stranger
    assert "covey stake authorize --self" in stranger.lines[1]
    mistaken = covey("fl", "join", str(task), "--data", "digits", "--device", "cpu", account=CLIENT)
    assert "use data of the task" in mistaken.err

    covey.net.rpc("evm_increaseTime", 60)
    covey.net.mine()
    assert covey("keep", "--alliance", str(task), account=CREATOR).code == 0
    assert "too few clients" in covey("fl", "watch", str(task)).out
    ended = covey.ok("fl", "status", str(task))
    assert (ended["status"], ended["cause"]) == ("ended", "too_few_clients")

    bundle = tmp_path / "bundle.json"
    verdict = covey.ok("verify", str(task), "--alliance", "--export", str(bundle))
    assert (verdict["verdict"], verdict["notes"][-1]) == ("PASS", "ended: too few clients")
    assert covey.ok("verify", str(bundle), "--compare")["verdict"] == "PASS"
    document = json.loads(bundle.read_text())
    document["logs"].pop()
    bundle.write_text(json.dumps(document))
    assert covey("verify", str(bundle)).code == Exit.FAILED
    assert covey("verify", "99", "--alliance").code == Exit.CHAIN
    assert covey("verify", str(bundle), "--rescore", account=CREATOR).code == Exit.USAGE
    assert covey.ok("verify", str(task), "--alliance", "--recompute")["verdict"] == "PASS"


def test_what_makes_no_sense_says_what_to_do(covey: Covey) -> None:
    for arguments, advice in (
        (("fl", "status", "999"), "list them with 'covey fl list'"),
        (("fl", "join", "1"), "say --data PATH, or --app PATH"),
        ((*POST[:3], "nothing.bin", "--pool", "1"), "name a file, or one of"),
        ((*POST[:4], "--pool", "1"), "say for which data it is: --data PATH"),
        ((*POST, "--rule-set", "3"), "write for example --rule-set"),
        ((*POST, "--set", "harm"), "write for example --set"),
        ((*POST, "--set", "nonsense=1"), "docs/alliance.md, section 2, has their names"),
        ((*POST, "--classes", "a,b,c"), "name one label for each output"),
    ):
        outcome = covey(*arguments, account=CLIENT)
        assert outcome.code == Exit.USAGE, outcome
        assert advice in outcome.lines[1], outcome


def test_rules_that_voters_could_not_follow_are_refused(covey: Covey) -> None:
    outcome = covey(*POST, "--rule", "fltrust", account=CREATOR)
    assert outcome.code == Exit.SETUP
    assert "choose another rule" in outcome.lines[1]


def test_a_task_whose_rule_is_no_plan_is_shown(covey: Covey) -> None:
    deployment = Deployment.load(covey.deployment)
    params = AllianceParams(rule=1, min_stake=1, pool=0, keeper_fee=0, lengths=DEMO)
    terms = (bytes(32), "", "[" * 500, "", "0x" + "00" * 20, 0)
    posting = deployment.contracts().alliance.call("createTask", params.to_abi(), terms)
    posted = {**posting.message(None).encoded(), "from": covey.address(CREATOR)}
    covey.net.rpc("eth_sendTransaction", posted)
    covey.net.mine()
    task = max(alliance["task"] for alliance in covey.ok("fl", "list"))
    assert covey.ok("fl", "status", str(task))["rule"] == "[" * 500
    assert "[" * 20 in covey("fl", "status", str(task)).out
