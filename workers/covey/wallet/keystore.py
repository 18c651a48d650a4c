"""Encrypted key files in the format that all Ethereum wallets share (keystore V3)."""

import contextlib
import json
import os
from enum import IntEnum
from pathlib import Path
from typing import Annotated, Any, Final, Literal, Self

from eth_keyfile.keyfile import create_keyfile_json, decode_keyfile_json
from eth_typing import ChecksumAddress, HexStr
from eth_utils.address import to_checksum_address
from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError, model_validator

from covey.documents import first_fault
from covey.wallet.errors import KeyFileExists, KeyFileMalformed, KeyFileMissing, KeyFileUnusable, WrongPassword
from covey.wallet.signer import Signer

_MAX_FILE = 1 << 16  # bytes


class Strength(IntEnum):
    """The work factor of scrypt: what one guess at the password costs. 128·8 bytes of memory for each unit."""

    STANDARD = 1 << 18
    LIGHT = 1 << 12  # for keys that protect nothing, as on a local network


_STANDARD_COST: Final = 8 * Strength.STANDARD  # n·r

Hex = Annotated[str, StringConstraints(pattern=r"^(0x)?([0-9a-fA-F]{2})*$", max_length=256)]


class _Model(BaseModel):
    model_config = ConfigDict(frozen=True)


class _Scrypt(_Model):
    n: Annotated[int, Field(ge=2, le=1 << 20)]
    r: Annotated[int, Field(ge=1, le=8)]
    p: Annotated[int, Field(ge=1, le=16)]
    dklen: Literal[32]
    salt: Hex

    @model_validator(mode="after")
    def _check_cost(self) -> Self:
        """What a hostile file can cost: the memory of Covey's own, at most 256 MiB, and four times the time."""
        if self.n & (self.n - 1):
            raise ValueError("n is no power of two")
        if self.n * self.r > _STANDARD_COST or self.n * self.r * self.p > 4 * _STANDARD_COST:
            raise ValueError("more work than any wallet asks for")
        return self


class _Pbkdf2(_Model):
    c: Annotated[int, Field(ge=1, le=10_000_000)]
    prf: Literal["hmac-sha256"]
    dklen: Literal[32]
    salt: Hex


class _CipherParameters(_Model):
    iv: Annotated[Hex, StringConstraints(max_length=34)]


class _Crypto(_Model):
    cipher: Literal["aes-128-ctr"]
    cipherparams: _CipherParameters
    ciphertext: Annotated[str, StringConstraints(pattern=r"^(0x)?[0-9a-fA-F]{64}$")]
    kdf: Literal["scrypt", "pbkdf2"]
    kdfparams: _Scrypt | _Pbkdf2
    mac: Annotated[str, StringConstraints(pattern=r"^(0x)?[0-9a-fA-F]{64}$")]

    @model_validator(mode="after")
    def _check_parameters(self) -> Self:
        if (self.kdf == "scrypt") != isinstance(self.kdfparams, _Scrypt):
            raise ValueError(f"the parameters are not those of {self.kdf}")
        return self


class _KeyFile(_Model):
    version: Literal[3]
    crypto: _Crypto
    address: Annotated[str, StringConstraints(pattern=r"^(0x)?[0-9a-fA-F]{40}$")] | None = None


def save(path: Path, signer: Signer, password: str, strength: Strength = Strength.STANDARD) -> None:
    """Writes an encrypted key file that only its owner can read. Raises KeyFileExists, KeyFileUnusable."""
    # What can be found out before scrypt takes its second, is.
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise KeyFileUnusable(path, error.strerror or str(error)) from error
    if path.exists():
        raise KeyFileExists(path)
    document = create_keyfile_json(signer.export().reveal(), _utf8(password), kdf="scrypt", iterations=strength.value)
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        raise KeyFileExists(path) from None
    except OSError as error:
        raise KeyFileUnusable(path, error.strerror or str(error)) from error
    try:
        with os.fdopen(descriptor, "w") as file:
            json.dump(document, file)
            file.flush()
            os.fsync(file.fileno())
    except OSError as error:
        with contextlib.suppress(OSError):
            path.unlink()
        raise KeyFileUnusable(path, error.strerror or str(error)) from error


def load(path: Path, password: str) -> Signer:
    """Raises KeyFileMissing, KeyFileUnusable, KeyFileMalformed, WrongPassword."""
    key_file = _read(path)
    try:
        key = decode_keyfile_json(key_file.model_dump(), _utf8(password))
    except ValueError:
        # All else was checked: the message authentication code is what the password doesn't fit.
        raise WrongPassword(path) from None
    signer = Signer(key)
    if key_file.address is not None and signer.address != _checksum(key_file.address):
        raise KeyFileMalformed(path, "its address is not its key's")
    return signer


def address(path: Path) -> ChecksumAddress | None:
    """The account of a key file, without its password; None if the file doesn't tell. Raises as `load`."""
    text = _read(path).address
    return None if text is None else _checksum(text)


def _read(path: Path) -> _KeyFile:
    try:
        with path.open("rb") as file:
            content = file.read(_MAX_FILE + 1)
    except FileNotFoundError:
        raise KeyFileMissing(path) from None
    except OSError as error:
        raise KeyFileUnusable(path, error.strerror or str(error)) from error
    if len(content) > _MAX_FILE:
        raise KeyFileMalformed(path, "it is too large")
    try:
        document = json.loads(content)
        if not isinstance(document, dict):
            raise KeyFileMalformed(path, "it is not a JSON object")
        # Some wallets write "Crypto".
        return _KeyFile.model_validate({str(name).lower(): value for name, value in document.items()})
    except ValidationError as error:
        raise KeyFileMalformed(path, first_fault(error, "key file")) from None
    except (ValueError, RecursionError):
        raise KeyFileMalformed(path, "it is not JSON") from None


def _utf8(password: str) -> Any:
    """As bytes, whatever eth_keyfile's annotations say: it would encode a text as Latin-1, others use UTF-8."""
    return password.encode()


def _checksum(text: str) -> ChecksumAddress:
    return to_checksum_address(HexStr(text.lower().removeprefix("0x")))
