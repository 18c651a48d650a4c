"""Score vectors and ring signatures."""

from __future__ import annotations

from covey.protocol import lanes, ring
from covey.protocol.errors import BadVector
from covey.wallet import Signer
from tests.fuzz import mutation
from tests.fuzz.target import Target

_WORD = 32
_SIGNERS = tuple(Signer(bytes([number]) * _WORD) for number in (1, 2))
_KEYS = tuple(signer.public_key for signer in _SIGNERS)
_MESSAGE, _SCOPE = b"m" * _WORD, b"s" * _WORD


def _read_vector(data: bytes) -> None:
    """The number of models, and the vector."""
    vector = data[1:]
    assert lanes.pack(lanes.unpack(vector, data[0] if data else 0)) == vector, "a second spelling of one vector"


def _vectors() -> list[bytes]:
    return [bytes([n]) + lanes.pack([min(lanes.TOP, 2_000 * i) for i in range(n)]) for n in (0, 1, 16, 17, 40)]


def _read_signature(data: bytes) -> None:
    words = [int.from_bytes(data[i : i + _WORD]) for i in range(0, len(data), _WORD)]
    head, rest = (words + [0] * 4)[:4], words[4:]
    members = tuple(ring.Member(*rest[i : i + 7]) for i in range(0, len(rest) - 6, 7))
    ring.verify(_MESSAGE, _SCOPE, [ring.address_of(key) for key in _KEYS], ring.Signature(*head, members))


def _signatures() -> list[bytes]:
    made = (ring.sign(signer.export().reveal(), _KEYS, _MESSAGE, _SCOPE) for signer in _SIGNERS)
    flat = ((*one.to_abi()[:4], *(word for member in one.members for word in member)) for one in made)
    return [b"".join(word.to_bytes(_WORD) for word in words) for words in flat]


TARGETS = (
    Target("vector", _read_vector, _vectors, (BadVector,), lambda: [b"\xff" + bytes(2**20)], max_size=1024),
    Target(
        "ring-signature",
        _read_signature,
        _signatures,
        (ring.InvalidRingSignature,),
        mutate=mutation.either(mutation.alter_words, mutation.alter_bytes),
        max_size=1024,
        cost=10,
    ),
)
