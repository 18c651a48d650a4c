"""Stake: in, out, delegated, and who may act with it."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Final

from eth_typing import ChecksumAddress

from covey.chain import Contract
from covey.cli.acts.session import Connection, Session, parse_address
from covey.cli.amounts import tokens
from covey.cli.exits import Exit
from covey.cli.failures import CliError
from covey.cli.output import Output, Table
from covey.wallet import Signer

NOBODY: Final = "0x" + "0" * 40
_EXIT_EPOCHS: Final = 256
"""Exits are looked for this many epochs back: 16 unbonding times."""


def pay_from_wallet(session: Session, contract: Contract, amount: int) -> None:
    """Lets `contract` take `amount` of the account's tokens. Raises CliError if there are too few."""
    token = session.contracts.token
    balance, allowed = session.connection.read_each(
        [token.call("balanceOf", session.address), token.call("allowance", session.address, contract.address)]
    )
    if balance < amount:
        raise CliError(
            f"{session.address} has {tokens(balance)} tokens, {tokens(amount)} are needed",
            f"send it tokens of {token.address}",
            Exit.REFUSED,
        )
    if allowed < amount:
        session.send("allowing the tokens to be taken", token.call("approve", contract.address, amount))


def add(session: Session, amount: int) -> None:
    vault = session.contracts.vault
    pay_from_wallet(session, vault, amount)
    receipt = session.send("staking", vault.call("stake", amount))
    _done(session.out, f"{tokens(amount)} staked by {session.address}", receipt.transaction, amount=str(amount))


def delegate(session: Session, operator: str, amount: int) -> None:
    """Agrees to the operator's approvals as they are read now."""
    address, vault = parse_address(operator), session.contracts.vault
    version = session.connection.read(vault.call("approvalsVersion", address))
    pay_from_wallet(session, vault, amount)
    receipt = session.send("delegating", vault.call("delegate", address, amount, version))
    _done(session.out, f"{tokens(amount)} delegated to {address}", receipt.transaction, amount=str(amount))


def ask_out(session: Session, amount: int | None, operator: str | None) -> None:
    """Asks stake out: `amount` wei of it, or all (None). `operator` None: the account's own."""
    pool, vault = parse_address(operator) if operator else session.address, session.contracts.vault
    shares, worth = session.connection.read(vault.call("positionOf", pool, session.address))
    if not shares:
        raise CliError(
            f"{session.address} has no stake with {pool}", "'covey stake show' lists what it has", Exit.REFUSED
        )
    if amount is not None and amount > worth:
        raise CliError(f"only {tokens(worth)} can be asked out", "ask for less, or for all", Exit.REFUSED)
    wanted = shares if amount is None else -(-shares * amount // worth)
    receipt = session.send("asking stake out", vault.call("requestExit", pool, wanted))
    event = next(r for r in session.connection.gateway.records(receipt) if r.name == "ExitRequested").arguments
    matures = session.connection.read(vault.call("maturityOf", event["epoch"]))
    text = f"{tokens(event['amount'])} asked out; 'covey stake withdraw' takes them from {when(matures)} on"
    _done(session.out, text, receipt.transaction, amount=str(event["amount"]), epoch=event["epoch"], matures_at=matures)


def withdraw(session: Session, operator: str | None) -> None:
    """Takes everything that is mature."""
    pool, vault = parse_address(operator) if operator else session.address, session.contracts.vault
    now = session.connection.gateway.head().timestamp
    exits = exits_of(session.connection, pool, session.address)
    mature = [one for one in exits if one["maturesAt"] <= now]
    if not mature:
        waiting = f"; {tokens(exits[0]['tokens'])} are from {when(exits[0]['maturesAt'])} on" if exits else ""
        raise CliError(f"nothing can be withdrawn now{waiting}", "'covey stake exit' asks stake out", Exit.REFUSED)
    total = 0
    for one in mature:
        receipt = session.send(f"withdrawing epoch {one['epoch']}", vault.call("withdraw", pool, one["epoch"]))
        total += sum(
            r.arguments["amount"] for r in session.connection.gateway.records(receipt) if r.name == "Withdrawn"
        )
    _done(session.out, f"{tokens(total)} withdrawn", receipt.transaction, amount=str(total))


def authorize(session: Session, hot_key: str | None, signer: Signer | None) -> None:
    """Makes a hot key act for the account: itself (`hot_key` None), one bound before, or one whose `signer` agrees."""
    vault = session.contracts.vault
    address = signer.address if signer else parse_address(hot_key) if hot_key else session.address
    bound = session.connection.read(vault.call("operatorOf", address))
    if address == session.address or bound == session.address:
        consent = b""
    elif signer is not None:
        consent = consent_of(signer, session.address, session.connection)
    else:
        raise CliError(
            f"{address} has to agree to act for {session.address}",
            "name its key file with --hot-keystore",
            Exit.USAGE,
        )
    receipt = session.send("authorizing the hot key", vault.call("authorize", address, consent))
    _done(session.out, f"{address} acts for {session.address}", receipt.transaction, hot_key=address)


def consent_of(signer: Signer, operator: ChecksumAddress, connection: Connection) -> bytes:
    """The hot key's EIP-712 signature that it will act for `operator`."""
    domain = {
        "name": "Covey StakeVault",
        "version": "1",
        "chainId": connection.deployment.chain_id,
        "verifyingContract": connection.contracts.vault.address,
    }
    fields = {"name": "string", "version": "string", "chainId": "uint256", "verifyingContract": "address"}
    return signer.sign_typed_data(
        {
            "types": {
                "EIP712Domain": [{"name": name, "type": kind} for name, kind in fields.items()],
                "HotKey": [{"name": "operator", "type": "address"}],
            },
            "domain": domain,
            "primaryType": "HotKey",
            "message": {"operator": operator},
        }
    )


def approve(session: Session, ceiling: int, engine: str | None) -> None:
    """Sets what an engine may have locked of the account's stake; `engine` None: the Arena."""
    vault = session.contracts.vault
    address = parse_address(engine) if engine else session.contracts.arena.address
    receipt = session.send("approving the engine", vault.call("approveEngine", address, ceiling))
    held = session.connection.read(vault.call("approvalOf", session.address, address))
    text = f"{address} may lock up to {tokens(held['ceiling'])}"
    if held["activatesAt"]:
        text += (
            f"; up to {tokens(held['pendingCeiling'])} from {when(held['activatesAt'])} on, after 'covey stake "
            "activate': delegators have until then to leave"
        )
    _done(session.out, text, receipt.transaction, ceiling=str(held["ceiling"]), activates_at=held["activatesAt"])


def activate(session: Session, engine: str | None) -> None:
    """Makes a raised ceiling effective whose time has come."""
    vault = session.contracts.vault
    address = parse_address(engine) if engine else session.contracts.arena.address
    receipt = session.send("activating", vault.call("activateApproval", session.address, address))
    held = session.connection.read(vault.call("approvalOf", session.address, address))
    _done(session.out, f"{address} may lock up to {tokens(held['ceiling'])}", receipt.transaction)


def show(connection: Connection, operator: str, account: ChecksumAddress | None, out: Output) -> None:
    """An operator's pool, and what `account` has in it."""
    pool, vault, arena = parse_address(operator), connection.contracts.vault, connection.contracts.arena.address
    stake, approval = connection.read_each([vault.call("stakeOf", pool), vault.call("approvalOf", pool, arena)])
    owner = account or pool
    _, worth = connection.read(vault.call("positionOf", pool, owner))
    exits = exits_of(connection, pool, owner)
    facts = {
        "operator": pool,
        "own": str(stake["ownTokens"]),
        "delegated": str(stake["delegatedTokens"]),
        "locked": str(stake["locked"]),
        "hot_key": None if stake["hotKey"] == NOBODY else stake["hotKey"],
        "arena": {name: str(value) for name, value in approval.items()},
        "position": {"account": owner, "tokens": str(worth), "exits": [_plain(one) for one in exits]},
    }
    out.result(facts)
    rows = [
        ("own stake", tokens(stake["ownTokens"])),
        ("delegated stake", tokens(stake["delegatedTokens"])),
        ("locked in tasks", tokens(stake["locked"])),
        ("hot key", stake["hotKey"] if stake["hotKey"] != NOBODY else "none: 'covey stake authorize'"),
        ("the Arena may lock", tokens(approval["ceiling"])),
    ]
    if approval["activatesAt"]:
        rows.append((f"from {when(approval['activatesAt'])} on", tokens(approval["pendingCeiling"])))
    if owner != pool:
        rows.append((f"of {owner}", tokens(worth)))
    rows += [(f"leaving, mature {when(one['maturesAt'])}", tokens(one["tokens"])) for one in exits]
    out.table(Table((f"operator {pool}", ""), rows))


def exits_of(connection: Connection, operator: ChecksumAddress, account: ChecksumAddress) -> list[dict[str, Any]]:
    """What `account` asked out and did not take yet, oldest first."""
    vault = connection.contracts.vault
    last = connection.read(vault.call("currentEpoch"))
    found = connection.read(vault.call("exitsOf", operator, account, max(1, last - _EXIT_EPOCHS), last))
    return list(found)


def when(timestamp: int) -> str:
    """A time of the chain, in UTC."""
    return datetime.fromtimestamp(timestamp, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")


def _plain(exit_: Mapping[str, Any]) -> dict[str, Any]:
    return {"epoch": exit_["epoch"], "matures_at": exit_["maturesAt"], "tokens": str(exit_["tokens"])}


def _done(out: Output, text: str, transaction: bytes, **facts: object) -> None:
    out.result({"done": text, "transaction": "0x" + transaction.hex(), **facts})
    out.say(text)
