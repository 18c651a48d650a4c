"""Money for tasks: credit in the Ledger, and what engines may charge; and taking all that is due out."""

from typing import Any

from covey.cli.acts.session import Connection, Session, parse_address
from covey.cli.acts.staking import pay_from_wallet
from covey.cli.acts.survey import dues
from covey.cli.amounts import tokens
from covey.cli.output import Output, Table
from covey.roles.alliance.engine import ALLIANCE
from covey.roles.arena import ARENA
from covey.roles.engine import Engine

UNLIMITED = (1 << 96) - 1


def deposit(session: Session, amount: int) -> None:
    ledger = session.contracts.ledger
    pay_from_wallet(session, ledger, amount)
    receipt = session.send("depositing", ledger.call("deposit", amount))
    session.out.result({"amount": str(amount), "transaction": "0x" + receipt.transaction.hex()})
    session.out.say(f"{tokens(amount)} deposited for {session.address}")


def approve(session: Session, ceiling: int, alliance: bool) -> None:
    """Sets what the Arena (or the `alliance`) may still charge to the account's credit."""
    contracts = session.contracts
    engine: Engine[Any, Any] = ALLIANCE if alliance else ARENA
    call = contracts.ledger.call("approve", engine.contract(contracts).address, ceiling)
    receipt = session.send(f"approving the {engine.name}", call)
    session.out.result({"ceiling": str(ceiling), "transaction": "0x" + receipt.transaction.hex()})
    session.out.say(f"the {engine.name} may charge up to {tokens(ceiling)} to {session.address}")


def show(connection: Connection, account: str, out: Output) -> None:
    address, contracts = parse_address(account), connection.contracts
    ledger = contracts.ledger
    engines: tuple[Engine[Any, Any], ...] = (ARENA, ALLIANCE)
    credit, *allowances = connection.read_each(
        [
            ledger.call("creditOf", address),
            *(ledger.call("allowanceOf", address, engine.contract(contracts).address) for engine in engines),
        ]
    )
    facts, rows = {"account": address, "credit": str(credit)}, [("credit", tokens(credit))]
    for engine, allowance in zip(engines, allowances, strict=True):
        facts[f"chargeable_by_{engine.name.lower()}"] = str(allowance)
        rows.append((f"the {engine.name} may charge", "no limit" if allowance == UNLIMITED else tokens(allowance)))
    out.result(facts)
    out.table(Table((f"account {address}", ""), rows))


def claim(session: Session, keep: bool) -> None:
    """Fetches pay of relaying and delegation that waits under tasks, then takes the whole credit (unless `keep`)."""
    arena, ledger, out = session.contracts.arena, session.contracts.ledger, session.out
    lines: list[tuple[str, int]] = []
    for due in list(dues(session.connection, session.address)):
        if due.operator is None:
            what, call = f"relay pay of task {due.task}", arena.call("claimRelay", due.task, session.address)
        else:
            what = f"delegation pay of task {due.task} behind {due.operator}"
            call = arena.call("claimDelegation", due.task, due.operator, session.address)
        session.send(f"fetching {what}", call)
        lines.append((what, due.amount))
    credit = session.connection.read(ledger.call("creditOf", session.address))
    taken = 0 if keep else credit
    if taken:
        session.send("taking the credit out", ledger.call("claim"))
    out.result(
        {
            "account": session.address,
            "fetched": [{"what": what, "amount": str(amount)} for what, amount in lines],
            "claimed": str(taken),
        }
    )
    for what, amount in lines:
        out.say(f"{tokens(amount)}  {what}, now in the credit")
    out.say(f"{tokens(taken)} claimed to {session.address}" if taken else "nothing else to claim")
