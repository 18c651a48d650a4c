"""Where Covey's contracts are on one chain: the file that a deployment leaves and every worker starts from."""

import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal, Self

from eth_typing import ChecksumAddress
from eth_utils.address import is_checksum_address, to_checksum_address
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints, ValidationError

from covey.chain import artefacts, queries
from covey.chain.contract import Contract
from covey.chain.errors import DeploymentError
from covey.chain.gateway import Gateway
from covey.documents import first_fault

_MAX_FILE = 1 << 16  # bytes


def _address(text: str) -> ChecksumAddress:
    if not text.startswith("0x") or (text != text.lower() and not is_checksum_address(text)):
        raise ValueError("not an address with a right checksum")
    return to_checksum_address(text)


Address = Annotated[ChecksumAddress, StringConstraints(pattern=r"^0x[0-9a-fA-F]{40}$"), AfterValidator(_address)]
Digest = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]


class _Strict(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Addresses(_Strict):
    """`modules` holds the engines' code by the module's name."""

    token: Address
    vault: Address
    ledger: Address
    arena: Address
    alliance: Address
    modules: dict[str, Address]


class Parameters(_Strict):
    """What was chosen at deployment.

    `unbonding`: seconds from a request to leave to the stake's release. `min_phase`: a task's shortest phase (seconds).
    """

    unbonding: Annotated[int, Field(ge=1, lt=1 << 48)]
    min_phase: Annotated[int, Field(ge=1, lt=1 << 24)]


@dataclass(frozen=True)
class Contracts:
    """The contracts that users call."""

    token: Contract
    vault: Contract
    ledger: Contract
    arena: Contract
    alliance: Contract


class Deployment(_Strict):
    """One deployment. `block` and `block_hash` are its first contract's: nothing of Covey is in an earlier block."""

    format: Literal["covey-deployment/1"] = "covey-deployment/1"
    chain_id: Annotated[int, Field(ge=1)]
    block: Annotated[int, Field(ge=1)]
    block_hash: Digest
    addresses: Addresses
    parameters: Parameters
    abi_digest: Digest

    @classmethod
    def load(cls, path: Path) -> Self:
        """Raises DeploymentError."""
        try:
            with path.open("rb") as file:
                content = file.read(_MAX_FILE + 1)
        except FileNotFoundError:
            raise DeploymentError(f"there is no deployment file {path}: deploy first, or name another file") from None
        except OSError as error:
            raise DeploymentError(
                f"the deployment file {path} can't be read ({error.strerror}): check its path and permissions"
            ) from error
        try:
            deployment = cls.model_validate_json(content[:_MAX_FILE])
        except ValidationError as error:
            raise DeploymentError(
                f"{path} is no deployment file of this version ({first_fault(error, 'the file')}): name the one that "
                "'covey deploy' or 'covey up' wrote"
            ) from None
        if deployment.abi_digest != artefacts.abi_digest():
            raise DeploymentError(
                f"{path} describes contracts of another version of Covey: use that version, or deploy this one's"
            )
        return deployment

    def save(self, path: Path) -> None:
        """Writes the file whole or not at all. Raises DeploymentError."""
        text = json.dumps(self.model_dump(), indent=2) + "\n"
        partial = path.with_name(path.name + ".partial")
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            partial.write_text(text)
            os.replace(partial, path)
        except OSError as error:
            raise DeploymentError(
                f"the deployment file {path} can't be written ({error.strerror}): check its folder and the disk"
            ) from error

    def check(self, gateway: Gateway) -> None:
        """Makes sure that this is the chain of the deployment and that the contracts are there.

        Raises WrongChain, NoContract, DeploymentError, RpcError.
        """
        gateway.rpc.require_chain(self.chain_id)
        fixed = self.addresses
        named = fixed.model_dump(exclude={"modules"}) | fixed.modules
        gateway.require_code(list(named.items()))
        head = gateway.rpc.ask(queries.block(self.block))
        if head is None or head.hash.hex() != self.block_hash:
            raise DeploymentError(
                f"block {self.block} is not the one that Covey was deployed in: the chain was reset since; deploy "
                "again, or use the right RPC"
            )

    def contracts(self) -> Contracts:
        fixed = self.addresses
        return Contracts(
            token=Contract(fixed.token, artefacts.load("CoveyToken").interface),
            vault=Contract(fixed.vault, artefacts.load("StakeVault").interface),
            ledger=Contract(fixed.ledger, artefacts.load("Ledger").interface),
            arena=Contract(fixed.arena, artefacts.load("Arena").interface),
            alliance=Contract(fixed.alliance, artefacts.load("Alliance").interface),
        )
