"""What the journal keeps of a transaction: the call that is meant, and every signed attempt at it."""

import json
from dataclasses import asdict, dataclass

from eth_typing import ChecksumAddress

from covey.chain.contract import Call
from covey.chain.fees import Offer
from covey.chain.queries import Message


@dataclass(frozen=True)
class Attempt:
    """A signed transaction: its bytes, and what is needed to replace it."""

    hash: bytes
    raw: bytes
    nonce: int
    gas: int
    offer: Offer

    def encoded(self) -> bytes:
        fields = asdict(self) | {"hash": self.hash.hex(), "raw": self.raw.hex()}
        return json.dumps(fields, sort_keys=True).encode()

    @classmethod
    def decoded(cls, content: bytes) -> "Attempt":
        fields = json.loads(content)
        return cls(
            hash=bytes.fromhex(fields["hash"]),
            raw=bytes.fromhex(fields["raw"]),
            nonce=fields["nonce"],
            gas=fields["gas"],
            offer=Offer(**fields["offer"]),
        )


def payload(call: Call) -> bytes:
    """What an intent means: two calls with the same payload are the same deed."""
    return json.dumps({"to": call.to, "data": call.data.hex(), "value": call.value}, sort_keys=True).encode()


def message_of(content: bytes, sender: ChecksumAddress) -> Message:
    """The call that an intent's payload means."""
    fields = json.loads(content)
    return Message(fields["to"], bytes.fromhex(fields["data"]), fields["value"], sender)
