"""One anvil with Covey on it for all tests of the command line, deployed by the command line itself."""

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from eth_account import Account
from typer.testing import CliRunner

from covey.cli.main import app
from covey.localnet import Localnet, Settings

ACCOUNTS = 18


@dataclass(frozen=True)
class Outcome:
    """What a command did: its status, and what it wrote."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)

    @property
    def lines(self) -> list[str]:
        """Complaints on stderr: steps left out."""
        return [line for line in self.err.splitlines() if not line.endswith(" ...") and ": done in " not in line]


class Covey:
    """Runs the command in this process, as an account of the chain."""

    def __init__(self, net: Localnet, home: Path, deployment: Path) -> None:
        self.net = net
        self.home = home
        self.deployment = deployment

    def environment(self, account: int | None) -> dict[str, str]:
        own = {"COVEY_HOME": str(self.home), "COVEY_RPC": self.net.url, "COVEY_DEPLOYMENT": str(self.deployment)}
        return own if account is None else own | {"COVEY_KEY": self.net.keys[account].hex()}

    def __call__(
        self, *arguments: str, account: int | None = 0, given: str | None = None, **changed: str | None
    ) -> Outcome:
        """`changed` are variables of the environment to set, or to unset (None)."""
        unset = dict.fromkeys((name for name in os.environ if name.startswith("COVEY_")), None)
        environment: Mapping[str, str | None] = unset | self.environment(account) | changed
        result = CliRunner().invoke(app, list(arguments), input=given, env=environment)
        if result.exception is not None and not isinstance(result.exception, SystemExit):
            raise result.exception
        return Outcome(result.exit_code, result.stdout, result.stderr)

    def ok(self, *arguments: str, account: int = 0) -> Any:
        """What a command that has to succeed says with --json."""
        outcome = self(*arguments, "--json", account=account)
        assert outcome.code == 0, outcome
        return outcome.json

    def address(self, account: int) -> str:
        return str(Account.from_key(self.net.keys[account]).address)


@contextmanager
def start(arguments: Sequence[str], environment: Mapping[str, str]) -> "Iterator[subprocess.Popen[str]]":
    """The command as a process of its own; whatever happens, it ends here."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("COVEY_")}
    with subprocess.Popen(
        [sys.executable, "-m", "covey", *arguments],
        env=inherited | dict(environment),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            yield process
        finally:
            process.kill()


@pytest.fixture(scope="session")
def covey(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Covey]:
    """A chain with Covey on it; account 0 owns all tokens. Tests use accounts of their own."""
    folder = tmp_path_factory.mktemp("covey")
    with Localnet(settings=Settings(accounts=ACCOUNTS)) as net:
        running = Covey(net, folder / "home", folder / "deployment.json")
        running.ok("deploy", "--unbonding", "30m", "--min-phase", "1s")
        yield running


Endow = Callable[[int, int], str]


@pytest.fixture(scope="session")
def endow(covey: Covey) -> Endow:
    """Gives an account so many tokens; returns its address."""
    from covey.cli import options
    from covey.cli.acts.session import sign_in
    from covey.cli.output import Output

    def give(account: int, tokens: int) -> str:
        network = options.Network([covey.net.url], covey.deployment)
        key = pytest.MonkeyPatch()
        key.setenv("COVEY_KEY", covey.net.keys[0].hex())
        try:
            with sign_in(network, options.Account(), options.Place(covey.home), Output(True)) as session:
                token = session.contracts.token
                session.send("giving", token.call("transfer", covey.address(account), tokens * 10**18))
        finally:
            key.undo()
        return covey.address(account)

    return give
