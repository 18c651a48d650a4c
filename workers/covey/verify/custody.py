"""The events of what holds money: the StakeVault, the Ledger and the token."""

from __future__ import annotations

from typing import Final, NamedTuple

from .kinds import Kinds, event

VAULT: Final[Kinds] = {}
LEDGER: Final[Kinds] = {}
TOKEN: Final[Kinds] = {}


@event(VAULT, "Staked(address*,address*,uint96,uint112,uint24)")
class Staked(NamedTuple):
    operator: str
    account: str
    amount: int
    shares: int
    generation: int


@event(VAULT, "ExitRequested(address*,address*,uint24*,uint112,uint96)")
class ExitRequested(NamedTuple):
    operator: str
    account: str
    epoch: int
    shares: int
    amount: int


@event(VAULT, "Locked(address*,address*,uint256*,uint96,uint48)")
class Locked(NamedTuple):
    engine: str
    operator: str
    case_id: int
    amount: int
    until: int


@event(VAULT, "Released(address*,address*,uint256*,uint96)")
class Released(NamedTuple):
    engine: str
    operator: str
    case_id: int
    amount: int


@event(VAULT, "Slashed(address*,address*,uint256*,uint96,uint96)")
class Slashed(NamedTuple):
    engine: str
    operator: str
    case_id: int
    amount: int
    from_active: int


@event(VAULT, "PoolEmptied(address*,uint24)")
class PoolEmptied(NamedTuple):
    operator: str
    generation: int


@event(VAULT, "BucketEmptied(address*,uint24*)")
class BucketEmptied(NamedTuple):
    operator: str
    epoch: int


# ── Ledger and token ──────────────────────────────────────────────────────────────────────────────────────────────────


@event(LEDGER, "Charged(address*,uint256*,address*,uint96)")
class Charged(NamedTuple):
    engine: str
    id: int
    payer: str
    amount: int


@event(LEDGER, "Paid(address*,uint256*,address*,uint96)")
class Paid(NamedTuple):
    engine: str
    id: int
    account: str
    amount: int


@event(LEDGER, "Burnt(address*,uint256*,uint96)")
class Burnt(NamedTuple):
    engine: str
    id: int
    amount: int


@event(TOKEN, "Transfer(address*,address*,uint256)")
class Transfer(NamedTuple):
    sender: str
    recipient: str
    amount: int


VaultEvent = Staked | ExitRequested | Locked | Released | Slashed | PoolEmptied | BucketEmptied
LedgerEvent = Charged | Paid | Burnt
