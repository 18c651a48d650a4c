"""`covey deploy`, and everything that can be wrong with an RPC address or a deployment file."""

import json
from pathlib import Path

from covey.cli.exits import Exit
from covey.localnet import Localnet, Settings, free_port
from tests.workers.chain.endpoints import always, endpoint, slow
from tests.workers.cli.conftest import Covey


def test_the_file_describes_the_deployment(covey: Covey) -> None:
    document = json.loads(covey.deployment.read_text())
    assert document["parameters"] == {"unbonding": 1800, "min_phase": 1}
    assert not list(covey.deployment.parent.glob("*.journal*"))


def test_a_second_deployment_does_not_replace_the_file(covey: Covey) -> None:
    before = covey.deployment.read_bytes()
    outcome = covey("deploy")
    assert outcome.code == Exit.SETUP
    assert "--deployment" in outcome.lines[1]
    assert covey.deployment.read_bytes() == before


def test_a_deployment_can_use_a_token_that_is_there(covey: Covey, tmp_path: Path) -> None:
    token = json.loads(covey.deployment.read_text())["addresses"]["token"]
    made = covey.ok("deploy", "--token", token, "--deployment", str(tmp_path / "second.json"))
    assert made["addresses"]["token"] == token


def test_a_token_without_code_is_refused(covey: Covey, tmp_path: Path) -> None:
    nobody = "0x" + "12" * 20
    outcome = covey("deploy", "--token", nobody, "--deployment", str(tmp_path / "new.json"))
    assert outcome.code == Exit.SETUP
    assert nobody in outcome.lines[0]
    assert not (tmp_path / "new.json").exists()


def test_an_unbonding_time_out_of_range_is_refused_by_the_contract(covey: Covey, tmp_path: Path) -> None:
    outcome = covey("deploy", "--unbonding", "1s", "--deployment", str(tmp_path / "new.json"))
    assert outcome.code == Exit.REFUSED
    assert "InvalidUnbonding" in outcome.lines[0]


def test_no_node(covey: Covey) -> None:
    outcome = covey("task", "list", COVEY_RPC=f"http://127.0.0.1:{free_port()}")
    assert outcome.code == Exit.CHAIN
    assert "can't be reached" in outcome.lines[0]
    assert "--rpc" in outcome.lines[1]


def test_a_node_that_answers_garbage(covey: Covey) -> None:
    with endpoint(always(200, b"<html>")) as url:
        outcome = covey("task", "list", COVEY_RPC=url)
    assert outcome.code == Exit.CHAIN
    assert len(outcome.lines) == 2


def test_a_second_node_is_used_when_the_first_fails(covey: Covey) -> None:
    with endpoint(always(503, b"")) as url:
        assert covey("task", "list", COVEY_RPC=f"{url} {covey.net.url}").code == 0


def test_a_node_of_another_chain(covey: Covey) -> None:
    with Localnet(settings=Settings(chain_id=4242)) as other:
        outcome = covey("task", "list", COVEY_RPC=other.url)
    assert outcome.code == Exit.CHAIN
    assert "4242" in outcome.lines[0]


def test_a_chain_that_was_reset(covey: Covey) -> None:
    with Localnet() as other:
        outcome = covey("task", "list", COVEY_RPC=other.url)
    assert outcome.code == Exit.SETUP
    assert "no code" in outcome.lines[0]


def test_no_deployment_file(covey: Covey, tmp_path: Path) -> None:
    outcome = covey("task", "list", COVEY_DEPLOYMENT=str(tmp_path / "none.json"))
    assert outcome.code == Exit.SETUP
    assert "deploy first" in outcome.lines[1]


def test_a_deployment_file_that_is_none(covey: Covey, tmp_path: Path) -> None:
    (tmp_path / "bad.json").write_text('{"format": "covey-deployment/1"}')
    outcome = covey("task", "list", COVEY_DEPLOYMENT=str(tmp_path / "bad.json"))
    assert outcome.code == Exit.SETUP
    assert "no deployment file" in outcome.lines[0]


def test_an_account_without_coins(covey: Covey, tmp_path: Path) -> None:
    poor = "0x" + "11" * 32
    outcome = covey("deploy", "--deployment", str(tmp_path / "new.json"), account=None, COVEY_KEY=poor)
    assert outcome.code == Exit.CHAIN
    assert "can't pay" in outcome.lines[0]


def test_an_address_that_is_no_url(covey: Covey) -> None:
    outcome = covey("task", "list", COVEY_RPC="localhost:8545")
    assert outcome.code == Exit.CHAIN
    assert "http://" in outcome.lines[0]


def test_a_slow_node_is_given_up(covey: Covey) -> None:
    with endpoint(slow(60)) as url:
        began_with = covey("task", "list", COVEY_RPC=f"{url} {covey.net.url}")
    assert began_with.code == 0
