"""Where keys and passwords come from: environment variables, files, or a person at a terminal."""

import getpass
import os
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from covey.wallet import keystore
from covey.wallet.errors import KeyFileUnusable, KeyMissing, PasswordMissing
from covey.wallet.signer import Signer


@dataclass(frozen=True)
class PasswordFromEnvironment:
    variable: str


@dataclass(frozen=True)
class PasswordFromFile:
    path: Path


@dataclass(frozen=True)
class PasswordFromPrompt:
    text: str = "Password: "


PasswordSource = PasswordFromEnvironment | PasswordFromFile | PasswordFromPrompt


@dataclass(frozen=True)
class KeyFromEnvironment:
    """A variable that holds the private key in hexadecimal."""

    variable: str


@dataclass(frozen=True)
class KeyFromFile:
    """A keystore V3 and its password."""

    path: Path
    password: PasswordSource


KeySource = KeyFromEnvironment | KeyFromFile


def open_signer(source: KeySource) -> Signer:
    """Raises the errors of `covey.wallet.errors`."""
    match source:
        case KeyFromEnvironment(variable):
            text = os.environ.get(variable, "")
            if not text:
                raise KeyMissing(variable)
            return Signer.from_hex(text, f"the environment variable {variable}")
        case KeyFromFile(path, password):
            keystore.address(path)  # a missing or malformed file shows before anyone types a password
            return keystore.load(path, read_password(password))


def read_password(source: PasswordSource, prompt: Callable[[str], str] = getpass.getpass) -> str:
    """Raises PasswordMissing, KeyFileUnusable."""
    match source:
        case PasswordFromEnvironment(variable):
            where, password = f"the environment variable {variable}", os.environ.get(variable, "")
        case PasswordFromFile(path):
            where, password = f"the file {path}", _first_line(path)
        case PasswordFromPrompt(text):
            where = "the terminal's input"
            password = prompt(text) if sys.stdin.isatty() else ""
    if not password:
        raise PasswordMissing(where)
    return password


def _first_line(path: Path) -> str:
    try:
        with path.open(encoding="utf-8") as file:
            return file.readline(4096).rstrip("\r\n")
    except (OSError, UnicodeDecodeError) as error:
        raise KeyFileUnusable(path, str(getattr(error, "strerror", None) or error)) from error
