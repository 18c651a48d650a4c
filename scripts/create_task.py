"""Posts a task by its rules and hashes; deposits and allows what the account's credit in the Ledger lacks for it.

tools/run brownie run scripts/create_task.py main scripts/task.json --network anvil

The argument is a JSON file: `params` as in `docs/protocol.md` section 2 (money in wei, stakes in gwei), `lengths` in
seconds, `shards` with the hashes of each round's hidden data, `uri` of the public description. `scripts/task.json` is
an example: the key of its only shard is 32 bytes of 0x01. (`covey task create` makes data, hashes and description.)
See `scripts/desk.py` for the environment.
"""

import re
from dataclasses import MISSING, astuple, fields
from pathlib import Path
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, StrictInt

from covey.cli.acts.session import Connection
from covey.cli.amounts import tokens
from covey.cli.exits import Exit
from covey.cli.failures import CliError
from covey.protocol.commitments import Shard
from covey.protocol.params import MAX_ROUNDS, Lengths, TaskParams
from scripts.desk import Desk, opened

_MAX_FILE = 1 << 16  # bytes
_WORD = re.compile("0x[0-9a-fA-F]{64}")


def _word(text: object) -> bytes:
    if not isinstance(text, str) or not _WORD.fullmatch(text):
        raise ValueError("write 0x and 64 hexadecimal digits")
    return bytes.fromhex(text[2:])


Word = Annotated[bytes, BeforeValidator(_word)]


class ShardHashes(BaseModel):
    model_config = ConfigDict(extra="forbid")

    ciphertext_hash: Word
    plaintext_hash: Word
    key_hash: Word


class Posting(BaseModel):
    """The file."""

    model_config = ConfigDict(extra="forbid")

    uri: Annotated[str, Field(max_length=512)]
    shards: Annotated[tuple[ShardHashes, ...], Field(min_length=1, max_length=MAX_ROUNDS)]
    params: dict[str, StrictInt]
    lengths: dict[str, StrictInt]

    def rules(self) -> TaskParams:
        """Raises ParamOutOfRange, CliError."""
        _check_names("lengths", self.lengths, Lengths)
        _check_names("params", self.params, TaskParams, "lengths")
        params = TaskParams(**self.params, lengths=Lengths(**self.lengths))
        if len(self.shards) != params.rounds:
            raise CliError(
                f"there are {params.rounds} rounds and {len(self.shards)} shards",
                "give one shard per round",
                Exit.USAGE,
            )
        return params


def main(file: str) -> int:
    with opened() as desk, desk.connected() as connection:
        posting = _read(Path(file))
        params = posting.rules()
        chosen = connection.deployment.parameters
        params.check_deployment(chosen.min_phase, chosen.unbonding)
        _fund(desk, connection, params.bounty + params.bond)
        shards = [astuple(Shard(s.ciphertext_hash, s.plaintext_hash, s.key_hash)) for s in posting.shards]
        arena = connection.contracts.arena
        receipt = desk.send("posting the task", arena.call("createTask", params.to_abi(), shards, posting.uri))
        task: int = next(r for r in desk.records(receipt) if r.name == "TaskCreated").arguments["task"]
        desk.out.say(f"task {task}: members may enrol for {params.lengths.enrol} s from now")
        return task


def _fund(desk: Desk, connection: Connection, amount: int) -> None:
    """Makes sure that the Arena can charge `amount` wei to the account's credit. Raises CliError, ChainError."""
    token, ledger, arena = (getattr(connection.contracts, name) for name in ("token", "ledger", "arena"))
    credit, chargeable, balance, allowed = connection.read_each(
        [
            ledger.call("creditOf", desk.address),
            ledger.call("allowanceOf", desk.address, arena.address),
            token.call("balanceOf", desk.address),
            token.call("allowance", desk.address, ledger.address),
        ]
    )
    lacking = max(0, amount - credit)
    if balance < lacking:
        raise CliError(
            f"{desk.address} has {tokens(balance)} tokens, {tokens(lacking)} are needed",
            f"send it tokens of {token.address}",
            Exit.REFUSED,
        )
    if allowed < lacking:
        desk.send("allowing the Ledger to take the tokens", token.call("approve", ledger.address, lacking))
    if lacking:
        desk.send(f"depositing {tokens(lacking)}", ledger.call("deposit", lacking))
    if chargeable < amount:
        desk.send("allowing the Arena to charge them", ledger.call("approve", arena.address, amount))


def _read(path: Path) -> Posting:
    """Raises ValidationError, OSError."""
    with path.open("rb") as file:
        return Posting.model_validate_json(file.read(_MAX_FILE))


def _check_names(what: str, given: dict[str, int], rules: Any, *elsewhere: str) -> None:
    """Raises CliError for names that `rules` (a dataclass) has not, or needs and does not get."""
    known = {field.name: field.default is MISSING for field in fields(rules) if field.name not in elsewhere}
    unknown = sorted(given.keys() - known.keys())
    missing = sorted(name for name, needed in known.items() if needed and name not in given)
    if unknown or missing:
        wrong = f"has no {unknown[0]!r}" if unknown else f"lacks {missing[0]!r}"
        raise CliError(f"a task's {what} {wrong}", "docs/protocol.md, section 2, has all names", Exit.USAGE)
