"""Key files."""

from __future__ import annotations

import json
from typing import Any

from covey.wallet import WalletError, keystore
from tests.fuzz import files, mutation
from tests.fuzz.target import Target

_CHEAP = 4_096


def _read_key_file(data: bytes) -> None:
    path = files.holding(data)
    keystore.address(path)
    if _cost(json.loads(data)) <= _CHEAP:  # deriving keys is no parsing, and takes its time by design
        keystore.load(path, "password")


def _cost(document: dict[str, Any]) -> int:
    lowered = {name.lower(): value for name, value in document.items()}
    given = lowered["crypto"]["kdfparams"]
    return int(given.get("c", 1)) * int(given.get("n", 1)) * int(given.get("r", 1)) * int(given.get("p", 1))


def _key_file(kdf: dict[str, Any], iv: str, ciphertext: str, mac: str) -> bytes:
    crypto = {"cipher": "aes-128-ctr", "cipherparams": {"iv": iv}, "ciphertext": ciphertext, **kdf, "mac": mac}
    document = {"address": "9494488e0f29C3D705439EEA285530aaabf01e69", "crypto": crypto, "version": 3}
    return json.dumps(document).encode()


def _key_files() -> list[bytes]:
    """Made once by Covey's own writer, which draws at random, with as little work as can be."""
    return [
        _key_file(
            {
                "kdf": "scrypt",
                "kdfparams": {"dklen": 32, "n": 2, "r": 8, "p": 1, "salt": "539739db1b1f05a51d678afbf2a7d9bf"},
            },
            "12c887f9ae610588ca5c53626cc0989f",
            "f6562a0834e26704b1b9b723b5c8fae5c2e51802810080e62c59bff9b9a6111e",
            "f564900d3d0d8434abc66619ac1edda8350200887c1dcb26cd112f83df00f4fd",
        ),
        _key_file(
            {
                "kdf": "pbkdf2",
                "kdfparams": {"c": 1, "dklen": 32, "prf": "hmac-sha256", "salt": "fdc602bda1617ea3d14770ff686db536"},
            },
            "796b2f86d7499d75574f5580723ef3a3",
            "dde05d32ebfd5ff522ec8c8f55528902ec1390532bd3e63b9ca978a7bef421cc",
            "8740ad20ecb31bb085f8a037eb686497e6ca3ab0c53d2b263bb348adb73d4163",
        ),
    ]


TARGETS = (
    Target(
        "key-file",
        _read_key_file,
        _key_files,
        (WalletError,),
        lambda: [b"[" * 65_536, b'{"crypto":{"kdfparams":{"salt":"' + b"0" * 60_000 + b'"}}}', b"{" + b'"a":' * 900],
        mutation.either(mutation.alter_json, mutation.alter_bytes),
    ),
)
