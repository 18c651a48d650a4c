"""The chain: reading it, following its events, sending to it, and where Covey's contracts are on it.

Libraries do what they do well: web3's codec encodes and decodes, eth_utils knows types and checksums, eth-account (in
covey.wallet) signs. The rest is our own because web3 7.16, tried and measured in its place,

- for `rpc`: takes an answer of any size, waits for ever on one that trickles, accepts the answer to another question or
  fewer than it asked for, and loses a whole batch by one refusal or one null;
- for `queries` and `wire`: reads a balance of "31337" as hexadecimal, returns one of [] as it is, and fails on such a
  log with a bare TypeError, where an endpoint that sends any of these has to be left for the next;
- for `abi`: encodes a call in 700 to 4,000 microseconds (here 15 to 150) and leaves out a struct's surplus fields in
  silence, decodes an event in 260 microseconds (here 50), and does not decode custom errors;
- for `fees` and `sender`: asks for nonce, gas and fees one at a time; here they are one request, and each attempt is in
  the journal before a node sees it.
"""

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
