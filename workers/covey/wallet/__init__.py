"""Keys: where they rest, how they are opened, and what they sign."""

from covey.wallet.errors import (
    KeyFileExists,
    KeyFileMalformed,
    KeyFileMissing,
    KeyFileUnusable,
    KeyMalformed,
    KeyMissing,
    PasswordMissing,
    WalletError,
    WrongPassword,
)
from covey.wallet.keystore import Strength
from covey.wallet.signer import SignedTransaction, Signer
from covey.wallet.sources import (
    KeyFromEnvironment,
    KeyFromFile,
    KeySource,
    PasswordFromEnvironment,
    PasswordFromFile,
    PasswordFromPrompt,
    PasswordSource,
    open_signer,
    read_password,
)

__all__ = [
    "KeyFileExists",
    "KeyFileMalformed",
    "KeyFileMissing",
    "KeyFileUnusable",
    "KeyFromEnvironment",
    "KeyFromFile",
    "KeyMalformed",
    "KeyMissing",
    "KeySource",
    "PasswordFromEnvironment",
    "PasswordFromFile",
    "PasswordFromPrompt",
    "PasswordMissing",
    "PasswordSource",
    "SignedTransaction",
    "Signer",
    "Strength",
    "WalletError",
    "WrongPassword",
    "open_signer",
    "read_password",
]
