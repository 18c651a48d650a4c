"""What can go wrong with a key. Each message says what to do next and none shows a key."""

from pathlib import Path


class WalletError(Exception):
    """Any failure to get at a key."""


class KeyFileMissing(WalletError):
    """There is no key file."""

    def __init__(self, path: Path) -> None:
        super().__init__(f"there is no key file {path}: make one with 'covey wallet new', or name another file")


class KeyFileExists(WalletError):
    """A key file would be overwritten."""

    def __init__(self, path: Path) -> None:
        super().__init__(f"{path} exists and may hold a key: choose another file name, or move it away")


class KeyFileUnusable(WalletError):
    """The key file can't be read or written."""

    def __init__(self, path: Path, reason: str) -> None:
        super().__init__(f"the key file {path} can't be used ({reason}): check its path, its permissions and the disk")


class KeyFileMalformed(WalletError):
    """The file isn't a keystore V3, or asks for unreasonable work."""

    def __init__(self, path: Path, reason: str) -> None:
        super().__init__(f"{path} is not a usable keystore V3 ({reason}): restore it, or import the key again")


class WrongPassword(WalletError):
    """The password doesn't open the key file."""

    def __init__(self, path: Path) -> None:
        super().__init__(f"the password does not open {path}: check it, and which file or variable it was read from")


class PasswordMissing(WalletError):
    """No password, or an empty one."""

    def __init__(self, where: str) -> None:
        super().__init__(f"there is no password in {where}: set it, or let Covey ask for it at a terminal")


class KeyMissing(WalletError):
    """The environment variable that should hold a private key isn't set."""

    def __init__(self, variable: str) -> None:
        super().__init__(f"the environment variable {variable} holds no private key: set it, or name a key file")


class KeyMalformed(WalletError):
    """Not a private key."""

    def __init__(self, where: str) -> None:
        super().__init__(
            f"{where} is not a private key: expected 64 hexadecimal digits, not zero and below the curve's order"
        )
