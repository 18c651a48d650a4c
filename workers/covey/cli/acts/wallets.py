"""Making, importing and showing wallets."""

from covey.cli import options
from covey.cli.acts.session import address_of, key_file, password_source
from covey.cli.failures import CliError
from covey.cli.output import Output, Table
from covey.wallet import (
    PasswordFromPrompt,
    Signer,
    Strength,
    keystore,
    read_password,
)


def make(name: str, account: options.Account, place: options.Place, light: bool, out: Output) -> None:
    """A new key in a new key file."""
    _save(name, Signer.generate(), account, place, light, out)


def bring(name: str, key: str, account: options.Account, place: options.Place, light: bool, out: Output) -> None:
    """A key that exists already in a new key file."""
    _save(name, Signer.from_hex(key), account, place, light, out)


def show(account: options.Account, place: options.Place, out: Output) -> None:
    """The chosen account's address, and all wallets by name."""
    folder = place.home / "wallets"
    wallets = {path.stem: keystore.address(path) for path in sorted(folder.glob("*.json"))} if folder.is_dir() else {}
    try:
        chosen: str | None = address_of(account, place)
    except CliError:
        if not wallets:
            raise
        chosen = None
    out.result({"account": chosen, "folder": str(folder), "wallets": wallets})
    if chosen:
        out.say(f"account {chosen}")
    if wallets:
        out.table(Table(("wallet", "address"), [(name, address or "?") for name, address in wallets.items()]))


def _save(name: str, signer: Signer, account: options.Account, place: options.Place, light: bool, out: Output) -> None:
    path = key_file(name, place)
    source = password_source(account)
    password = read_password(source)
    if isinstance(source, PasswordFromPrompt) and read_password(PasswordFromPrompt("Again: ")) != password:
        raise CliError("the two passwords differ", "try again")
    with out.step("encrypting the key"):
        keystore.save(path, signer, password, Strength.LIGHT if light else Strength.STANDARD)
    out.result({"address": signer.address, "file": str(path)})
    out.say(f"{signer.address}  {path}")
    out.note(f"keep a copy of {path} and of its password: nobody else can restore them")
