"""What the scripts share; not a script itself.

Brownie chooses the network and sends. Everything else is the package's: one set of contracts, one deployment file, one
reading of events, one wording of errors.

The environment has the names of the `covey` command's: COVEY_DEPLOYMENT is the deployment file, COVEY_KEY the private
key that signs, in hexadecimal; without it, the node's first account does. On the network `rpc`, COVEY_RPC is the node.
"""

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import brownie
from brownie.exceptions import VirtualMachineError
from pydantic import ValidationError
from web3.exceptions import Web3Exception

from covey.chain import Call, Gateway, Record
from covey.chain.artefacts import codebook
from covey.cli import options
from covey.cli.acts.following import find, read_tasks
from covey.cli.acts.session import KEY, Connection, connect
from covey.cli.exits import Exit
from covey.cli.failures import CliError, Failure, explain
from covey.cli.output import Output
from covey.roles.arena import ARENA
from covey.roles.view import View
from covey.wallet import KeyFromEnvironment, open_signer

T = TypeVar("T")


@dataclass(frozen=True)
class Desk:
    """A node, an account of Brownie's, and where to write."""

    url: str
    gateway: Gateway
    account: Any
    out: Output

    @property
    def address(self) -> Any:
        return self.account.address

    @contextmanager
    def connected(self) -> Iterator[Connection]:
        """The deployment of the deployment file, found on the chain. Raises DeploymentError, ChainError."""
        with connect(options.Network(rpc=[self.url], deployment=deployment_file())) as connection:
            yield connection

    def send(self, what: str, call: Call) -> Any:
        """Sends a call, says so, and returns Brownie's receipt. Raises ContractError before anything is sent."""
        self.gateway.read(call, sender=self.address)
        try:
            receipt = self.account.transfer(
                call.to, call.value, data="0x" + call.data.hex(), silent=True, skip_undo=True
            )
        except (VirtualMachineError, Web3Exception, ValueError) as error:
            raise CliError(
                f"{what} did not get through: {error}",
                f"look at the node's log and at the coins of {self.address}, then run the script again",
                Exit.CHAIN,
            ) from error
        self.out.say(f"{what}: {receipt.txid}, gas {receipt.gas_used:,}")
        return receipt

    def records(self, receipt: Any) -> tuple[Record, ...]:
        """The events of a transaction that Covey's contracts declare. Raises RpcError."""
        found = self.gateway.receipt(bytes.fromhex(receipt.txid.removeprefix("0x")))
        return () if found is None else self.gateway.records(found)

    def look(self, connection: Connection, task: int) -> View:
        """A task as it is now. Raises UnknownTask, ChainError."""
        if brownie.network.rpc.is_active():
            brownie.chain.mine()  # a development node mines when it must: its latest block may be long ago
        state = find(read_tasks(connection, ARENA, frozenset({task})), task, connection, ARENA)
        head = self.gateway.head()
        return View(state, head.timestamp, head.number)


@contextmanager
def opened() -> Iterator[Desk]:
    """Whatever fails inside becomes what went wrong, what to do next, and the exit status that `covey` has for it."""
    out, url = Output(as_json=False), str(getattr(brownie.web3.provider, "endpoint_uri", ""))
    try:
        with Gateway([url], codebook=codebook()) as gateway:
            yield Desk(url, gateway, _account(), out)
    except Exception as error:
        failure = _malformed(error) if isinstance(error, ValidationError) else explain(error)
        out.failure(failure.what, failure.advice, type(error).__name__, failure.exit)
        raise SystemExit(int(failure.exit)) from None


def deployment_file() -> Path:
    return Path(os.environ.get("COVEY_DEPLOYMENT", options.Network.deployment))


def understood(parse: Callable[[str], T], text: str) -> T:
    """An argument's value. Raises CliError if `parse` raises ValueError, whose message ends with what is right."""
    try:
        return parse(text)
    except ValueError as error:
        what, _, advice = str(error).rpartition(": ")
        raise CliError(what, advice, Exit.USAGE) from None


def task_number(text: str) -> int:
    """Raises ValueError."""
    if not text.isdecimal():
        raise ValueError(f"{text!r} is no task: give the number that create_task.py said")
    return int(text)


def _malformed(error: ValidationError) -> Failure:
    first = error.errors(include_url=False, include_input=False, include_context=False)[0]
    where = ".".join(map(str, first["loc"])) or "the file"
    return Failure(Exit.USAGE, f"{where}: {first['msg']}", "the script's first lines tell what it takes")


def _account() -> Any:
    if os.environ.get(KEY):
        return brownie.accounts.add(open_signer(KeyFromEnvironment(KEY)).export().reveal())
    if not len(brownie.accounts):
        raise CliError("the node has no accounts of its own", f"set {KEY} to the private key that is to sign")
    return brownie.accounts[0]
