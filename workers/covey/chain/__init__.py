"""The chain: reading it, following its events, sending to it, and where Covey's contracts are on it."""

from covey.chain.abi import Codebook, Interface, Record
from covey.chain.contract import Call, Contract
from covey.chain.deploy import deploy
from covey.chain.deployment import Contracts, Deployment, Parameters
from covey.chain.errors import (
    BadArgument,
    ChainError,
    ChainReset,
    ContractError,
    DeploymentError,
    FeeTooHigh,
    InsufficientFunds,
    NoContract,
    NonceContention,
    RpcError,
    RpcGarbage,
    RpcRefused,
    RpcUnavailable,
    TransactionError,
    TransactionReverted,
    TransactionStuck,
    WrongChain,
)
from covey.chain.follower import Changes, EventFollower, Filter, FollowPolicy
from covey.chain.gateway import Gateway
from covey.chain.metrics import RpcCounts, RpcMetrics
from covey.chain.rpc import RpcPolicy
from covey.chain.sender import Sender, SendPolicy
from covey.chain.wire import Head, Log, Receipt

__all__ = [
    "BadArgument",
    "Call",
    "ChainError",
    "ChainReset",
    "Changes",
    "Codebook",
    "Contract",
    "ContractError",
    "Contracts",
    "Deployment",
    "DeploymentError",
    "EventFollower",
    "FeeTooHigh",
    "Filter",
    "FollowPolicy",
    "Gateway",
    "Head",
    "InsufficientFunds",
    "Interface",
    "Log",
    "NoContract",
    "NonceContention",
    "Parameters",
    "Receipt",
    "Record",
    "RpcCounts",
    "RpcError",
    "RpcGarbage",
    "RpcMetrics",
    "RpcPolicy",
    "RpcRefused",
    "RpcUnavailable",
    "SendPolicy",
    "Sender",
    "TransactionError",
    "TransactionReverted",
    "TransactionStuck",
    "WrongChain",
    "deploy",
]
