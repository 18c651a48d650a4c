"""What befalls the chain itself, by the verbs of the local node."""

from __future__ import annotations

from covey.chaos.undo import Undo
from covey.localnet import Localnet


def reorganise(node: Localnet, blocks: int) -> None:
    """Replaces the newest blocks by empty ones. The node forgets their transactions: their senders have to notice."""
    node.rpc("anvil_reorg", blocks, [])


def skew(node: Localnet, seconds: int) -> None:
    """Moves the clock ahead for all blocks to come."""
    node.rpc("evm_increaseTime", seconds)


class BlockSpace:
    """How much gas a block holds; of several shortages at once the worst counts."""

    def __init__(self, node: Localnet) -> None:
        self._node = node
        self._shortages: list[int] = []

    def shorten(self, gas: int) -> Undo:
        """Lowers it until the result is called."""
        self._shortages.append(gas)
        self._set()

        def undo() -> None:
            self._shortages.remove(gas)
            self._set()

        return undo

    def _set(self) -> None:
        self._node.rpc("evm_setBlockGasLimit", hex(min([*self._shortages, self._node.settings.gas_limit])))
