"""Signatures for the forge tests, which cannot sign: arguments of `verify`, ABI-encoded, and the tags they yield."""

import json
from pathlib import Path

from coincurve import PublicKey
from eth_abi import encode
from eth_hash.auto import keccak

from covey.protocol import ring

PATH = Path(__file__).parents[2] / "vectors/ring_signatures.json"
COMMAND = "python -m tests.workers.protocol.ring_vectors"
SIZES = (1, 2, 5, 16)


def text() -> str:
    """The file's content: the same at every run, as signing is deterministic."""
    arguments, tags = zip(*(_vector(size) for size in SIZES), strict=True)
    return json.dumps({"arguments": arguments, "tags": tags}, indent=1) + "\n"


def _vector(size: int) -> tuple[str, str]:
    message, scope = keccak(b"message"), keccak(b"scope")
    secrets = [keccak(bytes([size, place])) for place in range(size)]
    keys = [PublicKey.from_secret(secret).format(compressed=False)[1:] for secret in secrets]
    signer = secrets[size // 2]
    signature = ring.sign(signer, keys, message, scope).to_abi()
    encoded = encode(
        ["bytes32", "bytes32", "address[]", "(uint256,uint256,uint256,uint256,uint256[7][])"],
        [message, scope, [ring.address_of(key) for key in keys], signature],
    )
    return "0x" + encoded.hex(), "0x" + ring.tag(signer, scope).hex()


if __name__ == "__main__":
    PATH.parent.mkdir(exist_ok=True)
    PATH.write_text(text())
