"""Whether an account may join or pay: asked before it tries, so that the answer names what to do."""

from __future__ import annotations

from typing import Any

from covey.protocol.params import GWEI
from covey.roles.context import Context
from covey.roles.engine import Engine
from covey.roles.errors import NotReady

_NOBODY = "0x0000000000000000000000000000000000000000"


def operator_of(context: Context) -> str:
    """The operator for whom this worker's key acts. Raises NotReady."""
    operator: str = context.gateway.read(context.contracts.vault.call("operatorOf", context.address))
    if operator == _NOBODY:
        raise NotReady(
            f"{context.address} is nobody's hot key: run 'covey stake authorize --self', or from the staking account "
            "'covey stake authorize --hot-keystore FILE' with this key's file"
        )
    return operator


def require_stake(context: Context, stake: int) -> str:
    """The operator, if `stake` gwei of its can be locked for the Arena. Raises NotReady."""
    operator, vault, arena = operator_of(context), context.contracts.vault, context.contracts.arena.address
    held, approval = context.gateway.read_each(
        [vault.call("stakeOf", operator), vault.call("approvalOf", operator, arena)]
    )
    wanted = stake * GWEI
    free = held["ownTokens"] + held["delegatedTokens"] - held["locked"]
    if free < wanted:
        raise NotReady(
            f"{operator} has {free} wei of free stake, {wanted} are needed: run 'covey stake add {wanted - free}wei'"
        )
    left = approval["ceiling"] - approval["locked"]
    if left < wanted:
        when = f"; {approval['pendingCeiling']} wait for their time" if approval["activatesAt"] else ""
        raise NotReady(
            f"{operator} lets the Arena lock {left} wei more, {wanted} are needed{when}: run "
            f"'covey stake approve {approval['locked'] + wanted}wei'"
        )
    return operator


def require_credit(context: Context, engine: Engine[Any, Any], account: str, amount: int) -> None:
    """Raises NotReady unless the engine can charge `amount` wei to the account's credit in the Ledger."""
    ledger, charging = context.contracts.ledger, engine.contract(context.contracts).address
    credit, allowance = context.gateway.read_each(
        [ledger.call("creditOf", account), ledger.call("allowanceOf", account, charging)]
    )
    if credit < amount:
        raise NotReady(
            f"{account} has {credit} wei of credit in the Ledger, {amount} are needed: run "
            f"'covey ledger deposit {amount - credit}wei'"
        )
    if allowance < amount:
        raise NotReady(
            f"{account} lets the {engine.name} charge {allowance} wei, {amount} are needed: run "
            f"'covey ledger approve {amount}wei{engine.option}'"
        )
