"""Tasks and workers on the command line: a task is posted, looked at, worked for, cancelled, verified."""

import json
import signal
import socket
from pathlib import Path

import pytest

from covey.cli.exits import Exit
from covey.journal import Journal
from tests.workers.cli.conftest import Covey, Endow, start

TOKEN = 10**18
CREATOR, TRAINER, KEEPER = 8, 9, 10


@pytest.fixture(scope="module")
def task(covey: Covey, endow: Endow) -> int:
    """A task that waits for members, posted by an account with little to spare."""
    endow(CREATOR, 200)
    covey.ok("ledger", "deposit", "200", account=CREATOR)
    covey.ok("ledger", "approve", "200", account=CREATOR)
    return post(covey)


def post(covey: Covey, *more: str) -> int:
    arguments = ["task", "create", "--data", "breast-cancer", "--bounty", "50", "--rounds", "1", "--schedule", "demo"]
    outcome = covey(*arguments, "--post-only", "--json", *more, account=CREATOR)
    assert outcome.code == 0, outcome
    posted = [json.loads(line) for line in outcome.out.splitlines()]
    return int(next(line["task"] for line in posted if line["kind"] == "posted"))


@pytest.fixture(scope="module")
def cancelled(covey: Covey, task: int) -> int:
    """The same task, after its keeper found that too few had enrolled."""
    covey.net.rpc("evm_increaseTime", 60)
    covey.net.mine()
    outcome = covey("keep", "--task", str(task), "--json", account=KEEPER)
    assert outcome.code == 0, outcome
    return task


class TestOpen:
    """While the task takes members."""

    def test_it_is_listed_and_shown(self, covey: Covey, task: int) -> None:
        (listed,) = (one for one in covey.ok("task", "list") if one["task"] == task)
        assert (listed["phase"], listed["status"]) == ("enrol", "enrolling")
        shown = covey.ok("task", "show", str(task))
        assert shown["title"] == "breast-cancer, 1 rounds"
        assert shown["params"]["bounty"] == 50 * TOKEN
        assert "members enrol" in covey("task", "show", str(task)).out

    def test_small_hidden_sets_are_warned_of(self, covey: Covey, task: int) -> None:
        posting = ("task", "create", "--data", "breast-cancer", "--bounty", "50", "--rounds", "1", "--schedule", "demo")
        told = covey(*posting, "--post-only", "--reference", "small", account=CREATOR)
        assert "under 500 hidden examples in round 1" in told.out

    def test_posting_under_the_same_reference_finds_it(self, covey: Covey, task: int) -> None:
        first = post(covey, "--reference", "twice")
        assert post(covey, "--reference", "twice") == first != task

    def test_the_creator_s_status_shows_what_is_locked(self, covey: Covey, task: int) -> None:
        locked = [
            i for i in covey.ok("status", account=CREATOR)["items"] if i["kind"] == "locked" and i["task"] == task
        ]
        assert [item["amount"] for item in locked] == [str(55 * TOKEN)]

    def test_a_worker_that_is_not_ready_says_which_command_helps(self, covey: Covey, endow: Endow, task: int) -> None:
        endow(TRAINER, 300)
        arguments = ("validate", "--task", str(task), "--device", "cpu")
        outcome = covey(*arguments, account=TRAINER)
        assert outcome.code == Exit.SETUP
        assert "covey stake authorize --self" in outcome.lines[1]
        covey.ok("stake", "authorize", "--self", account=TRAINER)
        outcome = covey(*arguments, account=TRAINER)
        assert outcome.lines[1] == f"next:  run 'covey stake add {100 * TOKEN}wei'"
        covey.ok("stake", "add", f"{100 * TOKEN}wei", account=TRAINER)
        outcome = covey(*arguments, account=TRAINER)
        assert outcome.lines[1] == f"next:  run 'covey stake approve {100 * TOKEN}wei'"

    def test_ctrl_c_ends_a_worker_and_loses_nothing(self, covey: Covey, task: int) -> None:
        environment = covey.environment(KEEPER)
        for _ in range(2):
            with start(["keep", "--task", str(task), "--json"], environment) as worker:
                assert worker.stdout is not None
                assert json.loads(worker.stdout.readline())["kind"] == "waits"
                worker.send_signal(signal.SIGINT)
                assert worker.wait(60) == Exit.INTERRUPTED


class TestCancelled:
    def test_watching_tells_what_happened_and_ends(self, covey: Covey, cancelled: int) -> None:
        told = covey("task", "watch", str(cancelled))
        assert told.code == 0
        assert "too few members enrolled" in told.out
        assert "  finish  " in told.out.splitlines()[-1]

    def test_everything_came_back(self, covey: Covey, cancelled: int) -> None:
        items = [item for item in covey.ok("status", account=CREATOR)["items"] if item["task"] == cancelled]
        assert [item["kind"] for item in items] == ["earned"]
        kept = [line for line in covey.ok("status", account=KEEPER)["items"] if line["kind"] == "claimable"]
        assert sum(int(item["amount"]) for item in (*items, *kept)) == 55 * TOKEN

    def test_it_verifies_from_the_chain_and_from_a_bundle(self, covey: Covey, cancelled: int, tmp_path: Path) -> None:
        bundle = tmp_path / "bundle.json"
        assert covey.ok("verify", str(cancelled), "--export", str(bundle))["verdict"] == "PASS"
        alone = covey("verify", str(bundle), COVEY_RPC="http://127.0.0.1:1", COVEY_DEPLOYMENT="none.json")
        assert alone.code == 0
        assert "PASS" in alone.out
        assert covey.ok("verify", str(bundle), "--compare")["verdict"] == "PASS"

    def test_an_altered_bundle_fails(self, covey: Covey, cancelled: int, tmp_path: Path) -> None:
        bundle = tmp_path / "bundle.json"
        covey.ok("verify", str(cancelled), "--export", str(bundle))
        document = json.loads(bundle.read_text())
        document["logs"].pop()
        bundle.write_text(json.dumps(document))
        outcome = covey("verify", str(bundle))
        assert outcome.code == Exit.FAILED
        assert "FAIL" in outcome.out

    def test_what_is_no_bundle_is_told_from_a_difference(self, covey: Covey, tmp_path: Path) -> None:
        (tmp_path / "bundle.json").write_text("{}")
        assert covey("verify", str(tmp_path / "bundle.json")).code == Exit.SETUP
        assert covey("verify", str(tmp_path / "none.json")).code == Exit.SETUP
        assert covey("verify", "99").code == Exit.CHAIN


class TestRefusals:
    @pytest.mark.parametrize("verb", [("task", "show", "99"), ("task", "watch", "99"), ("task", "serve", "99")])
    def test_unknown_task(self, covey: Covey, verb: tuple[str, ...]) -> None:
        outcome = covey(*verb, account=CREATOR)
        assert outcome.code == Exit.USAGE
        assert "covey task list" in outcome.lines[1]

    def test_unknown_task_of_a_worker(self, covey: Covey) -> None:
        assert covey("train", "--task", "99", account=TRAINER).code == Exit.USAGE

    @pytest.mark.parametrize(
        ("arguments", "status"),
        [
            (("--data", "nothing.csv"), Exit.LEARNING),
            (("--data", "breast-cancer", "--family", "poetry"), Exit.LEARNING),
            (("--data", "breast-cancer", "--family", "image-classification"), Exit.LEARNING),
            (("--data", "breast-cancer", "--schedule", "lunar"), Exit.USAGE),
            (("--data", "breast-cancer", "--set", "k1=0"), Exit.USAGE),
            (("--data", "breast-cancer", "--set", "speed=9"), Exit.USAGE),
            (("--data", "breast-cancer", "--set", "enrol"), Exit.USAGE),
            (("--data", "breast-cancer", "--set", "enrol=soon"), Exit.USAGE),
            (("--data", "breast-cancer", "--rounds", "9"), Exit.USAGE),
            (("--data", "breast-cancer", "--schedule", "standard"), Exit.USAGE),
            (("--data", "breast-cancer", "--store", "ftp:nowhere"), Exit.STORE),
        ],
        ids=lambda value: " ".join(value) if isinstance(value, tuple) else value.name,
    )
    def test_a_bad_task_is_not_posted(self, covey: Covey, arguments: tuple[str, ...], status: Exit) -> None:
        before = covey.ok("task", "list", "--all")
        outcome = covey(
            "task", "create", "--bounty", "10", "--schedule", "demo", "--post-only", *arguments, account=CREATOR
        )
        assert outcome.code == status, outcome
        assert covey.ok("task", "list", "--all") == before

    def test_a_bounty_without_credit_is_not_posted(self, covey: Covey) -> None:
        outcome = covey("task", "create", "--data", "breast-cancer", "--bounty", "10", "--schedule", "demo", account=11)
        assert outcome.code == Exit.SETUP
        assert "covey ledger deposit" in outcome.lines[1]

    @pytest.mark.parametrize(
        ("arguments", "status"),
        [
            (("--model", "transformer"), Exit.USAGE),
            (("--hyper", "[1]"), Exit.USAGE),
            (("--model", "mlp", "--hyper", '{"hidden": [0]}'), Exit.LEARNING),
            (("--with", "no_such_module:train"), Exit.LEARNING),
            (("--with", "rm -rf"), Exit.LEARNING),
        ],
        ids=lambda value: " ".join(value) if isinstance(value, tuple) else value.name,
    )
    def test_a_trainer_that_cannot_train_does_not_start(
        self, covey: Covey, arguments: tuple[str, ...], status: Exit
    ) -> None:
        assert covey("train", "--task", "1", *arguments, account=TRAINER).code == status

    def test_a_relay_s_port_that_is_taken(self, covey: Covey) -> None:
        with socket.socket() as taken:
            taken.bind(("127.0.0.1", 0))
            taken.listen()
            outcome = covey("keep", "--relay", f"127.0.0.1:{taken.getsockname()[1]}", account=KEEPER)
        assert outcome.code == Exit.SETUP
        assert "--relay" in outcome.lines[1]
        assert covey("keep", "--relay", "8600", account=KEEPER).code == Exit.USAGE

    def test_two_workers_never_share_a_journal(self, covey: Covey, task: int, tmp_path: Path) -> None:
        tmp_path.joinpath("state").mkdir()
        with Journal(tmp_path / "state" / "journal.sqlite"):
            arguments = ["keep", "--task", str(task), "--state", str(tmp_path / "state")]
            # The lock is between processes.
            with start(arguments, covey.environment(KEEPER)) as worker:
                _, errors = worker.communicate(timeout=30)
        assert worker.returncode == Exit.SETUP
        assert "in use" in errors

    def test_the_node_s_port_is_taken(self, covey: Covey, tmp_path: Path) -> None:
        outcome = covey("up", "--port", str(covey.net.port), "--folder", str(tmp_path / "net"))
        assert outcome.code == Exit.SETUP
        assert "port" in outcome.lines[0]
        assert "another port" in outcome.lines[1]

    def test_a_folder_of_other_things_is_left_alone(self, covey: Covey, tmp_path: Path) -> None:
        (tmp_path / "thesis.txt").write_text("years of work")
        assert covey("up", "--port", "0", "--folder", str(tmp_path)).code == Exit.USAGE
        assert covey("demo", "--folder", str(tmp_path)).code == Exit.USAGE
        assert (tmp_path / "thesis.txt").read_text() == "years of work"
