"""Keys on the command line."""

import json
from pathlib import Path

from covey.cli.exits import Exit
from tests.workers.cli.conftest import Covey, Outcome

KEY = "4c0883a69102937d6231471b5dbb6204fe5129617082792ae468d01a3f362318"
ADDRESS = "0x2c7536E3605D9C16a7a3D7b1898e529396a65c23"


def new(covey: Covey, path: Path, password: str = "secret") -> Outcome:
    return covey("wallet", "new", str(path), "--light", "--json", account=None, COVEY_PASSWORD=password)


def test_a_new_wallet_is_a_keystore_that_opens_with_its_password(covey: Covey, tmp_path: Path) -> None:
    made = new(covey, tmp_path / "key.json")
    assert made.code == 0
    assert json.loads((tmp_path / "key.json").read_text())["version"] == 3
    assert (tmp_path / "key.json").stat().st_mode & 0o077 == 0
    shown = covey("wallet", "show", "--keystore", str(tmp_path / "key.json"), "--json", account=None)
    assert shown.json["account"] == made.json["address"]


def test_an_imported_key_keeps_its_address_and_is_never_shown(covey: Covey, tmp_path: Path) -> None:
    outcome = covey(
        "wallet", "import", str(tmp_path / "key.json"), "--light", account=None, COVEY_IMPORT=KEY, COVEY_PASSWORD="x"
    )
    assert outcome.code == 0
    assert ADDRESS in outcome.out
    assert KEY not in outcome.out + outcome.err


def test_wallets_have_names(covey: Covey) -> None:
    assert covey("wallet", "new", "alice", "--light", account=None, COVEY_PASSWORD="x").code == 0
    shown = covey("wallet", "show", "--json", account=None, COVEY_KEYSTORE="alice")
    assert shown.json["wallets"]["alice"] == shown.json["account"]


def test_a_key_file_is_never_overwritten(covey: Covey, tmp_path: Path) -> None:
    new(covey, tmp_path / "key.json")
    before = (tmp_path / "key.json").read_bytes()
    again = new(covey, tmp_path / "key.json")
    assert again.code == Exit.SETUP
    assert (tmp_path / "key.json").read_bytes() == before


def test_a_wrong_password_says_where_it_came_from(covey: Covey, tmp_path: Path) -> None:
    new(covey, tmp_path / "key.json")
    outcome = covey("stake", "add", "1", "--keystore", str(tmp_path / "key.json"), account=None, COVEY_PASSWORD="other")
    assert outcome.code == Exit.SETUP
    assert outcome.lines[0] == f"error: the password does not open {tmp_path / 'key.json'}"


def test_a_missing_key_file_says_how_to_make_one(covey: Covey, tmp_path: Path) -> None:
    outcome = covey("stake", "add", "1", "--keystore", str(tmp_path / "none.json"), account=None)
    assert outcome.code == Exit.SETUP
    assert "covey wallet new" in outcome.lines[1]


def test_without_any_key_nothing_is_signed(covey: Covey) -> None:
    outcome = covey("stake", "add", "1", account=None)
    assert outcome.code == Exit.SETUP
    assert "COVEY_KEY" in outcome.lines[1]


def test_a_key_that_is_none_is_refused_without_showing_it(covey: Covey) -> None:
    outcome = covey("stake", "add", "1", account=None, COVEY_KEY="zz" * 32)
    assert outcome.code == Exit.SETUP
    assert "zz" not in outcome.err


def test_a_key_file_that_is_none_is_refused(covey: Covey, tmp_path: Path) -> None:
    (tmp_path / "key.json").write_text("{}")
    outcome = covey("wallet", "show", "--keystore", str(tmp_path / "key.json"), account=None)
    assert outcome.code == Exit.SETUP
    assert "keystore V3" in outcome.lines[0]


def test_without_a_terminal_no_password_is_asked_for(covey: Covey, tmp_path: Path) -> None:
    outcome = covey("wallet", "new", str(tmp_path / "key.json"), account=None, given="secret\nsecret\n")
    assert outcome.code == Exit.SETUP
    assert not (tmp_path / "key.json").exists()
