"""Where the nodes' programs are and what their options are called."""

import os
import platform
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from covey.localnet.accounts import MNEMONIC
from covey.localnet.errors import NodeMissing

_ARCHITECTURES = {"x86_64": "amd64", "aarch64": "arm64"}


class Node(StrEnum):
    """The EVM nodes that Covey can start."""

    ANVIL = "anvil"
    GANACHE = "ganache"


@dataclass(frozen=True)
class Settings:
    """How the network behaves.

    `block_time` is in seconds: a block is mined at that interval, empty or not; None mines one for each transaction.
    `balance` (ether) is what each of `accounts` owns. `hardfork` None is the newest that the node and Covey know.
    """

    chain_id: int = 31337
    block_time: float | None = None
    accounts: int = 20
    balance: int = 10_000
    gas_limit: int = 30_000_000
    mnemonic: str = MNEMONIC
    hardfork: str | None = None


DEFAULTS = Settings()


def anvil_options(port: int, settings: Settings) -> tuple[str, ...]:
    options = [
        *("--host", "127.0.0.1", "--port", str(port)),
        *("--chain-id", str(settings.chain_id)),
        *("--accounts", str(settings.accounts), "--balance", str(settings.balance)),
        *("--mnemonic", settings.mnemonic),
        *("--gas-limit", str(settings.gas_limit)),
        "--no-request-size-limit",
    ]
    if settings.hardfork is not None:
        options += ["--hardfork", settings.hardfork]
    if settings.block_time is not None:
        options += ["--block-time", str(settings.block_time)]
    return tuple(options)


def ganache_options(port: int, settings: Settings) -> tuple[str, ...]:
    options = [
        *("--server.host", "127.0.0.1", "--server.port", str(port)),
        *("--chain.chainId", str(settings.chain_id), "--chain.networkId", str(settings.chain_id)),
        *("--chain.hardfork", settings.hardfork or "shanghai"),
        *("--wallet.totalAccounts", str(settings.accounts), "--wallet.defaultBalance", str(settings.balance)),
        *("--wallet.mnemonic", settings.mnemonic),
        *("--miner.blockGasLimit", str(settings.gas_limit)),
    ]
    if settings.block_time is not None:
        options += ["--miner.blockTime", str(settings.block_time)]
    return tuple(options)


def command(node: Node, port: int, settings: Settings) -> tuple[str, ...]:
    """The command line that starts `node`. Raises NodeMissing."""
    match node:
        case Node.ANVIL:
            return (_program("anvil", _anvil_candidates()), *anvil_options(port, settings))
        case Node.GANACHE:
            return (_program("ganache", [Path("node_modules/.bin/ganache")]), *ganache_options(port, settings))


def _anvil_candidates() -> Sequence[Path]:
    """The native binary: npm's wrapper script adds a second process and loses exit codes."""
    machine = platform.machine().lower()
    host = f"{platform.system().lower()}-{_ARCHITECTURES.get(machine, machine)}"
    return [Path(f"node_modules/@foundry-rs/anvil-{host}/bin/anvil")]


def _program(name: str, candidates: Sequence[Path]) -> str:
    """First in the node_modules of the working directory, the package's source tree and their parents, then on PATH."""
    here = Path(__file__).resolve()
    for folder in (Path.cwd(), *Path.cwd().parents, *here.parents):
        for candidate in candidates:
            path = folder / candidate
            if os.access(path, os.X_OK):
                return str(path)
    found = shutil.which(name)
    if found is None:
        raise NodeMissing(name)
    return found
