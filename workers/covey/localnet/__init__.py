"""A private EVM network on this machine: a native anvil, or ganache, that never outlives its owner."""

from covey.localnet.accounts import MNEMONIC, dev_keys
from covey.localnet.errors import LocalnetError, NodeFailed, NodeMissing, PortTaken
from covey.localnet.network import Localnet, free_port
from covey.localnet.nodes import Node, Settings

__all__ = [
    "MNEMONIC",
    "Localnet",
    "LocalnetError",
    "Node",
    "NodeFailed",
    "NodeMissing",
    "PortTaken",
    "Settings",
    "dev_keys",
    "free_port",
]
