"""What most verbs start with: a checked connection to a deployment, and an account that signs."""

import os
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

from eth_typing import ChecksumAddress
from eth_utils.address import to_checksum_address

from covey.chain import Call, Contracts, Deployment, Gateway, Receipt, RpcError, Sender, TransactionStuck
from covey.chain.artefacts import codebook
from covey.cli import options
from covey.cli.exits import Exit
from covey.cli.failures import CliError, explain
from covey.cli.output import Output
from covey.journal import Journal
from covey.wallet import (
    KeyFromEnvironment,
    KeyFromFile,
    KeySource,
    PasswordFromEnvironment,
    PasswordFromFile,
    PasswordFromPrompt,
    PasswordSource,
    Signer,
    open_signer,
)

KEY: Final = "COVEY_KEY"
PASSWORD: Final = "COVEY_PASSWORD"

_LOOK_FIRST: Final = "it may still be mined; look at 'covey status' before you run this again, or it is done twice"


@dataclass(frozen=True)
class Connection:
    """A deployment that was found on the chain as its file says."""

    gateway: Gateway
    deployment: Deployment
    contracts: Contracts

    def read(self, call: Call) -> Any:
        return self.gateway.read(call)

    def read_each(self, calls: Sequence[Call]) -> list[Any]:
        return self.gateway.read_each(calls)


@dataclass(frozen=True)
class Session:
    """A connection with an account that signs."""

    connection: Connection
    signer: Signer
    sender: Sender
    out: Output
    _begun: list[str] = field(default_factory=list, init=False, repr=False)

    @property
    def address(self) -> ChecksumAddress:
        return self.signer.address

    @property
    def contracts(self) -> Contracts:
        return self.connection.contracts

    def send(self, what: str, call: Call) -> Receipt:
        """Sends a call and waits for it; `what` names it, differently from all others of this session."""
        self._begun.append(what)
        with self.out.step(what):
            return self.sender.send(what, call)

    @property
    def sent(self) -> list[str]:
        """Transactions of this session that are mined, or may be one day."""
        hashes = (self.sender.latest(what) for what in self._begun)
        return ["0x" + hash_.hex() for hash_ in hashes if hash_ is not None]


@contextmanager
def connect(network: options.Network) -> Iterator[Connection]:
    """Raises DeploymentError, RpcError, WrongChain, NoContract."""
    deployment = Deployment.load(network.deployment)
    with Gateway(network.rpc, codebook=codebook(), chain_id=deployment.chain_id) as gateway:
        deployment.check(gateway)
        yield Connection(gateway, deployment, deployment.contracts())


@contextmanager
def sign_in(network: options.Network, account: options.Account, place: options.Place, out: Output) -> Iterator[Session]:
    """Raises what `connect` and `signer_of` raise.

    A command is done once, when its user says so, so what it sends needs no memory beyond it. But whoever starts it
    again because it was cut off has to know what was sent: it would be done twice.
    """
    signer = signer_of(account, place)
    with (
        connect(network) as connection,
        TemporaryDirectory(prefix="covey-") as folder,
        Journal(Path(folder) / "journal.sqlite") as journal,
    ):
        session = Session(connection, signer, Sender(connection.gateway, signer, journal), out)
        try:
            yield session
        except (KeyboardInterrupt, RpcError, TransactionStuck) as error:
            if not session.sent:
                raise
            after = f"after sending {', '.join(session.sent)}"
            if isinstance(error, KeyboardInterrupt):
                raise KeyboardInterrupt(f"stopped {after}: {_LOOK_FIRST}") from None
            failure = explain(error)
            raise CliError(f"{failure.what} ({after})", _LOOK_FIRST, failure.exit) from error


def signer_of(account: options.Account, place: options.Place) -> Signer:
    """The key that signs. Raises WalletError, and CliError if there is none."""
    return open_signer(_source(account, place))


def address_of(account: options.Account, place: options.Place) -> ChecksumAddress:
    """The account's address, without a password if the key file tells. Raises as `signer_of`."""
    source = _source(account, place)
    if isinstance(source, KeyFromFile):
        from covey.wallet import keystore

        found = keystore.address(source.path)
        if found is not None:
            return found
    return open_signer(source).address


def key_file(name: str, place: options.Place) -> Path:
    """The file that a path, or a wallet's name, stands for."""
    if re.fullmatch(r"[\w-]+", name) and not Path(name).exists():
        return place.home / "wallets" / f"{name}.json"
    return Path(name)


def password_source(account: options.Account) -> PasswordSource:
    if account.password_file is not None:
        return PasswordFromFile(account.password_file)
    return PasswordFromEnvironment(PASSWORD) if os.environ.get(PASSWORD) else PasswordFromPrompt()


def parse_address(text: str) -> ChecksumAddress:
    """Raises CliError for what is no address, or has a wrong checksum."""
    if not re.fullmatch(r"0x[0-9a-fA-F]{40}", text):
        raise CliError(f"{text!r} is no address", "write 0x and 40 hexadecimal digits", Exit.USAGE)
    address = to_checksum_address(text)
    if text[2:] not in (text[2:].lower(), text[2:].upper(), address[2:]):
        raise CliError(f"the checksum of {text} is wrong", "look for a mistyped letter or digit", Exit.USAGE)
    return address


def _source(account: options.Account, place: options.Place) -> KeySource:
    if account.keystore is not None:
        return KeyFromFile(key_file(account.keystore, place), password_source(account))
    if not os.environ.get(KEY):
        raise CliError(
            "no account is chosen",
            f"name a key file or wallet with --keystore (COVEY_KEYSTORE), or set {KEY}; 'covey wallet new' makes one",
        )
    return KeyFromEnvironment(KEY)
