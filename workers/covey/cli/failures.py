"""What went wrong, in two lines: what, and what to do next."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from covey.cli.exits import Exit


class CliError(Exception):
    """A failure that the command line itself finds."""

    def __init__(self, what: str, advice: str, exit: Exit = Exit.SETUP) -> None:
        super().__init__(what)
        self.failure = Failure(exit, what, advice)


@dataclass(frozen=True)
class Failure:
    """`what` is wrong, and the `advice` on what to do next."""

    exit: Exit
    what: str
    advice: str


OWN: Final = ""
"""The message itself says what to do, after its last colon."""

_RPC = "start the node, or name another one with --rpc (COVEY_RPC)"
_STORE = "check --store (COVEY_STORE): it has to be where the task's creator and the trainers put their contents"
_FAULT = "this is a fault in Covey: run it again with --debug and report what it says"

# By the full name of the class, so that failing imports nothing; the nearest base class counts.
RULES: Final[Mapping[str, tuple[Exit, str]]] = {
    "covey.apps.app.AppError": (Exit.LEARNING, "correct the app or its data, then start again"),
    "covey.chain.errors.ChainError": (Exit.CHAIN, OWN),
    "covey.chain.errors.ContractError": (Exit.REFUSED, "'covey status' tells what this account may do now, and why"),
    "covey.chain.errors.DeploymentError": (Exit.SETUP, OWN),
    "covey.chain.errors.NoContract": (Exit.SETUP, OWN),
    "covey.chain.errors.RpcError": (Exit.CHAIN, _RPC),
    "covey.chain.errors.RpcRefused": (Exit.CHAIN, "check the account's balance and the node's log"),
    "covey.chain.errors.TransactionReverted": (
        Exit.REFUSED,
        "the task or the account changed meanwhile: look at 'covey status', then try again",
    ),
    "covey.chain.errors.WrongChain": (Exit.CHAIN, OWN),
    "covey.federated.errors.FederatedError": (
        Exit.LEARNING,
        "correct the updates, data or parameters, then start again",
    ),
    "covey.journal.errors.JournalError": (Exit.SETUP, OWN),
    "covey.learning.errors.LearningError": (Exit.LEARNING, "correct the data, model or device, then start again"),
    "covey.localnet.errors.LocalnetError": (Exit.SETUP, OWN),
    "covey.localnet.errors.NodeFailed": (Exit.SETUP, "run 'make setup' again if the node's program is damaged"),
    "covey.network.network.NetworkError": (Exit.FAILED, "look at the logs in its folder; --folder keeps them"),
    "covey.protocol.errors.ParamOutOfRange": (
        Exit.USAGE,
        "docs/protocol.md (alliances: docs/alliance.md), section 2, has all ranges",
    ),
    "covey.protocol.errors.ProtocolError": (Exit.FAILED, _FAULT),
    "covey.roles.errors.NotReady": (Exit.SETUP, OWN),
    "covey.roles.errors.RelayError": (Exit.CHAIN, "try another relay, or none: the trainer can send for itself"),
    "covey.roles.errors.RoleError": (Exit.SETUP, OWN),
    "covey.roles.errors.UnknownTask": (Exit.USAGE, OWN),
    "covey.sealing.errors.SealError": (Exit.STORE, "the content is not what was committed to: leave the task alone"),
    "covey.storage.errors.StoreError": (Exit.STORE, _STORE),
    "covey.storage.errors.StoreFull": (Exit.STORE, OWN),
    "covey.storage.errors.StoreReadOnly": (Exit.STORE, OWN),
    "covey.verify.recompute.RecomputeError": (Exit.SETUP, "look at what 'covey verify' says without --recompute"),
    "covey.verify.rescore.RescoreError": (Exit.SETUP, OWN),
    "covey.verify.rpc.NodeError": (Exit.CHAIN, _RPC),
    "covey.verify.strict.BundleError": (Exit.SETUP, "name a bundle that 'covey verify TASK --export FILE' wrote"),
    "covey.wallet.errors.WalletError": (Exit.SETUP, OWN),
    "builtins.OSError": (Exit.SETUP, "check that path, its permissions, and the disk"),
    "builtins.Exception": (Exit.FAILED, _FAULT),
}


def explain(error: Exception) -> Failure:
    """The failure that an exception stands for."""
    if isinstance(error, CliError):
        return error.failure
    exit_, advice = next(RULES[name] for name in map(_name, type(error).__mro__) if name in RULES)
    what = str(error) or type(error).__name__
    if advice == _FAULT:
        what = f"{type(error).__name__}: {what}"
    hint = getattr(error, "hint", "")
    if hint and what.endswith(hint):
        return Failure(exit_, _one_line(what.removesuffix(hint).rstrip(": ")), _one_line(hint))
    if advice is OWN:
        what, _, advice = what.rpartition(": ") if ": " in what else (what, "", "")
    return Failure(exit_, _one_line(what), advice)


def _name(kind: type) -> str:
    return f"{kind.__module__}.{kind.__qualname__}"


def _one_line(text: str) -> str:
    return re.sub(r"\s*\n\s*", " | ", text.strip())
