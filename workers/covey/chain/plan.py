"""What a deployment of Covey consists of, as data: whoever carries it out, the result is the same."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from eth_typing import ChecksumAddress

from covey.chain import artefacts
from covey.chain.artefacts import ENGINES, MODULES
from covey.chain.contract import Call
from covey.chain.contract import deployment as deploying
from covey.chain.deployment import Addresses, Deployment, Parameters

MAX_SUPPLY = (1 << 96) - 1


@dataclass(frozen=True)
class AddressOf:
    """Stands for the address that a step's contract got."""

    step: str


@dataclass(frozen=True)
class Step:
    """One contract to deploy. Arguments are numbers, addresses, AddressOf, and tuples of these."""

    contract: str
    arguments: tuple[Any, ...]

    def needs(self) -> frozenset[str]:
        """The steps that must come before."""
        return frozenset(_references(self.arguments))

    def resolved(self, addresses: Mapping[str, ChecksumAddress]) -> tuple[Any, ...]:
        """The constructor's arguments, given the addresses of earlier steps."""
        resolved: tuple[Any, ...] = _resolve(self.arguments, addresses)
        return resolved

    def call(self, addresses: Mapping[str, ChecksumAddress]) -> Call:
        """What deploys the packaged code, given the addresses of earlier steps."""
        artefact = artefacts.load(self.contract)
        return deploying(artefact.interface, artefact.bytecode, *self.resolved(addresses))


def steps(parameters: Parameters, *, token: ChecksumAddress | None, holder: ChecksumAddress) -> tuple[Step, ...]:
    """The steps, each after those it needs. Without a `token`, one is made whose whole supply goes to `holder`."""
    currency = token or AddressOf("CoveyToken")
    shared = (AddressOf("StakeVault"), AddressOf("Ledger"), parameters.min_phase)
    return (
        *(() if token else (Step("CoveyToken", (holder, MAX_SUPPLY)),)),
        Step("StakeVault", (currency, parameters.unbonding)),
        Step("Ledger", (currency,)),
        *(Step(module, shared) for module in MODULES),
        *(Step(engine, (tuple(map(AddressOf, modules)), *shared)) for engine, modules in ENGINES.items()),
    )


def deployment(
    parameters: Parameters,
    addresses: Mapping[str, ChecksumAddress],
    *,
    token: ChecksumAddress | None,
    chain_id: int,
    block: int,
    block_hash: bytes,
) -> Deployment:
    """The file that describes what the steps made. `addresses` by contract; `block` is the first step's."""
    return Deployment(
        chain_id=chain_id,
        block=block,
        block_hash=block_hash.hex(),
        addresses=Addresses(
            token=token or addresses["CoveyToken"],
            vault=addresses["StakeVault"],
            ledger=addresses["Ledger"],
            arena=addresses["Arena"],
            alliance=addresses["Alliance"],
            modules={module: addresses[module] for module in MODULES},
        ),
        parameters=parameters,
        abi_digest=artefacts.abi_digest(),
    )


def _references(value: Any) -> list[str]:
    if isinstance(value, AddressOf):
        return [value.step]
    return [step for item in value for step in _references(item)] if isinstance(value, tuple) else []


def _resolve(value: Any, addresses: Mapping[str, ChecksumAddress]) -> Any:
    if isinstance(value, AddressOf):
        return addresses[value.step]
    return tuple(_resolve(item, addresses) for item in value) if isinstance(value, tuple) else value
