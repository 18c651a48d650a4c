"""Key files: written for their owner alone, readable by other wallets, and clear about what is wrong."""

import json
import stat
from pathlib import Path
from typing import Any

import pytest
from eth_account import Account

from covey.wallet import (
    KeyFileExists,
    KeyFileMalformed,
    KeyFileMissing,
    KeyFileUnusable,
    KeyFromEnvironment,
    KeyFromFile,
    KeyMalformed,
    KeyMissing,
    PasswordFromEnvironment,
    PasswordFromFile,
    PasswordFromPrompt,
    PasswordMissing,
    Signer,
    Strength,
    WrongPassword,
    keystore,
    open_signer,
    read_password,
)

# The two test vectors of the format's definition (Web3 Secret Storage).
VECTORS: list[dict[str, Any]] = [
    {
        "crypto": {
            "cipher": "aes-128-ctr",
            "cipherparams": {"iv": "6087dab2f9fdbbfaddc31a909735c1e6"},
            "ciphertext": "5318b4d5bcd28de64ee5559e671353e16f075ecae9f99c7a79a38af5f869aa46",
            "kdf": "pbkdf2",
            "kdfparams": {
                "c": 262144,
                "dklen": 32,
                "prf": "hmac-sha256",
                "salt": "ae3cd4e7013836a3df6bd7241b12db061dbe2c6785853cce422d148a624ce0bd",
            },
            "mac": "517ead924a9d0dc3124507e3393d175ce3ff7c1e96529c6c555ce9e51205e9b2",
        },
        "id": "3198bc9c-6672-5ab3-d995-4942343ae5b6",
        "version": 3,
    },
    {
        "crypto": {
            "cipher": "aes-128-ctr",
            "cipherparams": {"iv": "83dbcc02d8ccb40e466191a123791e0e"},
            "ciphertext": "d172bf743a674da9cdad04534d56926ef8358534d458fffccd4e6ad2fbde479c",
            "kdf": "scrypt",
            "kdfparams": {
                "dklen": 32,
                "n": 262144,
                "p": 8,
                "r": 1,
                "salt": "ab0c7876052600dd703518d6fc3fe8984592145b591fc8fb5c6d43190334ba19",
            },
            "mac": "2103ac29920d71da29f15d75b4a16dbe95cfd7ff8faea1056c33131d846e3097",
        },
        "id": "3198bc9c-6672-5ab3-d995-4942343ae5b6",
        "version": 3,
    },
]
SECRET = "7a28b5ba57c53603b0b07b56bba752f7784bf506fa95edc395f5cf6c7514fe9d"


@pytest.fixture
def signer() -> Signer:
    return Signer.from_hex(SECRET)


@pytest.fixture
def path(tmp_path: Path, signer: Signer) -> Path:
    file = tmp_path / "keys" / "trainer.json"
    keystore.save(file, signer, "pässword", Strength.LIGHT)
    return file


@pytest.mark.parametrize("vector", VECTORS, ids=["pbkdf2", "scrypt"])
def test_opens_the_formats_own_examples(vector: dict[str, Any], tmp_path: Path, signer: Signer) -> None:
    file = tmp_path / "key.json"
    file.write_text(json.dumps(vector))
    assert keystore.load(file, "testpassword") == signer


def test_round_trip_with_another_wallet(path: Path, signer: Signer) -> None:
    assert keystore.load(path, "pässword") == signer
    assert keystore.address(path) == signer.address
    assert bytes(Account.decrypt(path.read_text(), "pässword".encode())).hex() == SECRET
    assert SECRET not in path.read_text()


def test_only_its_owner_can_read_it(path: Path) -> None:
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700


def test_an_existing_file_is_never_overwritten(path: Path) -> None:
    before = path.read_bytes()
    with pytest.raises(KeyFileExists, match="choose another"):
        keystore.save(path, Signer.generate(), "other", Strength.LIGHT)
    assert path.read_bytes() == before


def test_a_wrong_password(path: Path) -> None:
    with pytest.raises(WrongPassword, match="does not open"):
        keystore.load(path, "password")


def test_a_missing_file(tmp_path: Path) -> None:
    with pytest.raises(KeyFileMissing, match="covey wallet new"):
        keystore.load(tmp_path / "none.json", "password")


def test_a_folder_in_place_of_the_file(tmp_path: Path, signer: Signer) -> None:
    with pytest.raises(KeyFileUnusable):
        keystore.load(tmp_path, "password")
    (tmp_path / "file").write_text("")
    with pytest.raises(KeyFileUnusable):
        keystore.save(tmp_path / "file" / "key.json", signer, "password", Strength.LIGHT)


def damaged(path: Path, **changes: Any) -> str:
    document = json.loads(path.read_text())
    for dotted, value in changes.items():
        *parents, last = dotted.split("__")
        target = document
        for parent in parents:
            target = target[parent]
        target[last] = value
    return json.dumps(document)


@pytest.mark.parametrize(
    "changes",
    [
        {"version": 4},
        {"crypto": None},
        {"crypto__cipher": "none"},
        {"crypto__kdf": "md5"},
        {"crypto__ciphertext": "00"},
        {"crypto__mac": "xyz"},
        {"crypto__kdfparams__n": 1 << 40},
        {"crypto__kdfparams": {"c": 10**12, "prf": "hmac-sha256", "dklen": 32, "salt": "00"}},
        {"crypto__kdf": "pbkdf2"},
        {"crypto__kdfparams": {"c": 1, "prf": "hmac-sha256", "dklen": 32, "salt": "00"}},
        {"crypto__kdfparams__n": 3},
        {"crypto__kdfparams__n": 1 << 19},
        {"crypto__kdfparams__p": 1 << 20},
        {"crypto__kdfparams": {"n": 1 << 18, "r": 8, "p": 5, "dklen": 32, "salt": "00"}},
        {"crypto__cipherparams__iv": "00" * 17},
        {"address": "00" * 20},
    ],
    ids=str,
)
def test_a_malformed_file(path: Path, changes: dict[str, Any]) -> None:
    path.write_text(damaged(path, **changes))
    with pytest.raises(KeyFileMalformed, match="restore it, or import"):
        keystore.load(path, "pässword")


@pytest.mark.usefixtures("no_collection")
@pytest.mark.parametrize("content", [b"", b"{", b"[]", b"\xff\xfe", b"[" * 60_000, b" " * (1 << 17)], ids=range(6))
def test_what_is_no_key_file(path: Path, content: bytes) -> None:
    path.write_bytes(content)
    with pytest.raises(KeyFileMalformed):
        keystore.load(path, "pässword")


class TestSources:
    def test_a_key_in_the_environment(self, monkeypatch: pytest.MonkeyPatch, signer: Signer) -> None:
        monkeypatch.setenv("TRAINER_KEY", "0x" + SECRET)
        assert open_signer(KeyFromEnvironment("TRAINER_KEY")) == signer
        monkeypatch.setenv("TRAINER_KEY", "oops")
        with pytest.raises(KeyMalformed, match="TRAINER_KEY"):
            open_signer(KeyFromEnvironment("TRAINER_KEY"))
        monkeypatch.delenv("TRAINER_KEY")
        with pytest.raises(KeyMissing, match="TRAINER_KEY"):
            open_signer(KeyFromEnvironment("TRAINER_KEY"))

    def test_a_password_in_the_environment(self, path: Path, signer: Signer, monkeypatch: pytest.MonkeyPatch) -> None:
        source = KeyFromFile(path, PasswordFromEnvironment("TRAINER_PASSWORD"))
        with pytest.raises(PasswordMissing, match="TRAINER_PASSWORD"):
            open_signer(source)
        monkeypatch.setenv("TRAINER_PASSWORD", "pässword")
        assert open_signer(source) == signer

    def test_a_password_in_a_file(self, path: Path, signer: Signer, tmp_path: Path) -> None:
        source = KeyFromFile(path, PasswordFromFile(tmp_path / "password"))
        with pytest.raises(KeyFileUnusable, match="password"):
            open_signer(source)
        (tmp_path / "password").write_text("\n")
        with pytest.raises(PasswordMissing):
            open_signer(source)
        (tmp_path / "password").write_text("pässword\n")
        assert open_signer(source) == signer

    def test_a_prompt_needs_a_terminal(self, monkeypatch: pytest.MonkeyPatch) -> None:
        with pytest.raises(PasswordMissing, match="terminal"):
            read_password(PasswordFromPrompt(), prompt=lambda text: "typed")
        monkeypatch.setattr("sys.stdin.isatty", lambda: True)
        assert read_password(PasswordFromPrompt(), prompt=lambda text: "typed") == "typed"

    def test_a_missing_file_shows_before_a_password_is_asked_for(self, tmp_path: Path) -> None:
        with pytest.raises(KeyFileMissing):
            open_signer(KeyFromFile(tmp_path / "none.json", PasswordFromPrompt()))
