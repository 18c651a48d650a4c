"""What nodes mean when they refuse a transaction. JSON-RPC has no codes for it: each node has words of its own."""

from enum import Enum, auto

from covey.chain.errors import RpcRefused


class Outcome(Enum):
    ACCEPTED = auto()  # it is in the node's pool
    NONCE_TAKEN = auto()  # another transaction has, or had, this nonce
    TOO_CHEAP = auto()
    NO_FUNDS = auto()
    REFUSED = auto()


# The first match counts. geth (and reth, erigon, besu, nethermind after it), anvil, ganache.
_WORDS = (
    (
        Outcome.ACCEPTED,
        ("already known", "already imported", "known transaction", "alreadyknown", "already in mempool"),
    ),
    (
        Outcome.NONCE_TAKEN,
        ("nonce too low", "nonce is too low", "invalid nonce", "correct nonce", "oldnonce", "replacement transaction"),
    ),
    (Outcome.NONCE_TAKEN, ("could not replace", "replacementnotallowed")),
    (Outcome.NO_FUNDS, ("insufficient funds", "enough funds", "insufficientfunds", "insufficient balance")),
    (
        Outcome.TOO_CHEAP,
        ("underpriced", "base fee", "basefee", "fee too low", "feetoolow", "gas price too low", "tip too low"),
    ),
)


def outcome(refused: RpcRefused) -> Outcome:
    """What a refusal of eth_sendRawTransaction means."""
    reason = refused.reason.lower()
    for meaning, words in _WORDS:
        if any(word in reason for word in words):
            return meaning
    return Outcome.REFUSED
