"""Linkable ring signatures on secp256k1: the Python side of `contracts/libraries/RingSignature.sol`.

LSAG of Liu, Wei and Wong (ACISP 2004) with one tag base per scope. With G the generator, n its order, h the scope's
base, P_i = x_i·G the ring's keys and T = x·h the signer's tag point, a signature is (T, c_0, s_0 … s_{k-1}) such that

    L_i = s_i·G + c_i·P_i,   R_i = s_i·h + c_i·T,   c_{i+1} = keccak(context ‖ i ‖ address(L_i) ‖ R_i) mod n

closes: c_k = c_0. Each member also carries A_i = s_i·h and B_i = c_i·T, which the chain adds to R_i with the help of
one inverse. The chain is walked from the signer's place, and given from place 0: nothing in a signature tells which.

Sizes: secrets, messages and scopes are 32 bytes, public keys 64 (x ‖ y), addresses 20.
"""

import hmac
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from math import prod
from typing import NamedTuple

from coincurve import PrivateKey, PublicKey

from covey.protocol.errors import ProtocolError
from covey.protocol.hashing import keccak

FIELD = 2**256 - 2**32 - 977
ORDER = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141

_BASE_DOMAIN = keccak(b"covey.ring.base")
_CHALLENGE_DOMAIN = keccak(b"covey.ring.challenge")
_NONCE_DOMAIN = b"covey.ring.nonce"


class Fault(StrEnum):
    """Why a signature is refused: the names of the contract's errors, checked in the contract's order."""

    RING_SIZE = "RingSizeMismatch"
    TAG = "InvalidTag"
    CHALLENGE = "ChallengeOutOfRange"
    INVERSE = "InverseMismatch"
    SCALAR = "ScalarOutOfRange"
    KEY = "KeyMismatch"
    COMMITMENT = "UndefinedCommitment"
    MULTIPLE = "MultipleMismatch"
    CHAIN = "ChainNotClosed"


class InvalidRingSignature(ProtocolError):
    """A ring signature that the chain would refuse; `fault` names the contract's error, `index` the ring member."""

    def __init__(self, fault: Fault, index: int | None = None) -> None:
        self.fault = fault
        self.index = index
        where = "" if index is None else f" at ring member {index}"
        super().__init__(f"{fault}{where}: sign again, over the ring in the chain's order")


class Member(NamedTuple):
    """One ring member's part of a signature, in the contract's order of words."""

    key_x: int
    key_y: int
    s: int
    a_x: int
    a_y: int
    b_x: int
    b_y: int


@dataclass(frozen=True, slots=True)
class Signature:
    """A ring signature; every number is a 256-bit word. `members` follows the order of the ring."""

    tag_x: int
    tag_y: int
    c0: int
    inverse: int
    members: tuple[Member, ...]

    def __post_init__(self) -> None:
        words = (self.tag_x, self.tag_y, self.c0, self.inverse, *(word for member in self.members for word in member))
        if not all(0 <= word < 2**256 for word in words):
            raise ValueError("a ring signature holds a number that is no 256-bit word: read it again from its source")

    def to_abi(self) -> tuple[int, int, int, int, list[tuple[int, ...]]]:
        """The argument that the contract's ABI takes for its `RingSignature.Signature`."""
        return self.tag_x, self.tag_y, self.c0, self.inverse, [tuple(member) for member in self.members]


def sign(secret: bytes, ring: Sequence[bytes], message: bytes, scope: bytes) -> Signature:
    """Sign `message` as one of the ring's keys.

    The nonce and the other members' scalars are derived from the secret and everything that is hashed (as RFC 6979 does
    for ECDSA): a signer that is restarted produces the same signature again, and a nonce never serves two challenges.

    :param ring: the members' public keys, in the order that the verifier uses
    :raises ValueError: the ring lacks the secret's key, or holds something that is no public key
    """
    _require_words(secret=secret, message=message, scope=scope)
    own = _encode(PublicKey.from_secret(secret))
    if own not in ring:
        raise ValueError(
            "the ring does not hold this secret's key: take the ring from the chain, and sign with its member's key"
        )
    keys = [_decode(key, i) for i, key in enumerate(ring)]
    base = _base_point(scope)
    tag_point = _secret_multiple(base, secret)
    context = _context(message, scope, [address_of(key) for key in ring], tag_point)
    size, place = len(ring), ring.index(own)
    scalars = [_derive_scalar(secret, context, i) for i in range(size)]
    challenges = [0] * size

    nonce = scalars[place]
    left, right = PublicKey.from_secret(nonce), _secret_multiple(base, nonce)
    for i in (*range(place, size), *range(place)):
        if i != place:
            c = _word(challenges[i])
            left = _sum(PublicKey.from_secret(scalars[i]), keys[i].multiply(c))
            right = _sum(base.multiply(scalars[i]), tag_point.multiply(c))
        challenges[(i + 1) % size] = _challenge(context, i, left, right)

    # s = nonce - c·x, by the library's constant-time scalar arithmetic
    scalars[place] = PrivateKey(secret).multiply(_word(ORDER - challenges[place])).add(nonce).secret
    members = tuple(
        _member(key, int.from_bytes(s), base.multiply(s), tag_point.multiply(_word(c)))
        for key, s, c in zip(keys, scalars, challenges, strict=True)
    )
    inverse = pow(_product(members), -1, FIELD)
    return Signature(*_coordinates(tag_point), challenges[0], inverse, members)


def verify(message: bytes, scope: bytes, ring: Sequence[bytes], signature: Signature) -> bytes:
    """Check a signature exactly as the chain does, and return its tag (32 bytes).

    :param ring: the members' addresses, in the order signed over
    :raises InvalidRingSignature: the chain would refuse it
    """
    _require_words(message=message, scope=scope)
    if not ring or len(ring) != len(signature.members):
        raise InvalidRingSignature(Fault.RING_SIZE)
    tag_point = _canonical_point(signature.tag_x, signature.tag_y)
    if tag_point is None:
        raise InvalidRingSignature(Fault.TAG)
    if not _is_scalar(signature.c0):
        raise InvalidRingSignature(Fault.CHALLENGE)
    if _product(signature.members) * signature.inverse % FIELD != 1:
        raise InvalidRingSignature(Fault.INVERSE)

    base = _base_point(scope)
    context = _context(message, scope, ring, tag_point)
    c = signature.c0
    for i, (address, member) in enumerate(zip(ring, signature.members, strict=True)):
        c = _next_challenge(context, i, address, member, c, base, tag_point)
    if c != signature.c0:
        raise InvalidRingSignature(Fault.CHAIN)
    return _tag_of(tag_point)


def tag(secret: bytes, scope: bytes) -> bytes:
    """The tag (32 bytes) that every signature by `secret` in `scope` carries."""
    _require_words(secret=secret, scope=scope)
    return _tag_of(_secret_multiple(_base_point(scope), secret))


def hash_to_curve(scope: bytes) -> tuple[int, int]:
    """The scope's base: the point with even y of the first counter for which keccak(domain ‖ scope ‖ counter) is an x.

    Nobody knows its logarithm.
    """
    _require_words(scope=scope)
    return _coordinates(_base_point(scope))


def address_of(public_key: bytes) -> bytes:
    """The 20-byte address of a 64-byte public key."""
    return keccak(public_key)[12:]


def _next_challenge(
    context: bytes, i: int, address: bytes, member: Member, c: int, base: PublicKey, tag_point: PublicKey
) -> int:
    if not _is_scalar(member.s):
        raise InvalidRingSignature(Fault.SCALAR, i)
    if address_of(_word(member.key_x) + _word(member.key_y)) != address:
        raise InvalidRingSignature(Fault.KEY, i)
    s, challenge = _word(member.s), _word(c)
    key = _lift(member.key_x, member.key_y)
    if key is None:
        raise InvalidRingSignature(Fault.COMMITMENT, i)
    try:
        left = _sum(PublicKey.from_secret(s), key.multiply(challenge))
    except ValueError as error:  # the point at infinity
        raise InvalidRingSignature(Fault.COMMITMENT, i) from error
    a, b = base.multiply(s), tag_point.multiply(challenge)
    if (*_coordinates(a), *_coordinates(b)) != (member.a_x, member.a_y, member.b_x, member.b_y):
        raise InvalidRingSignature(Fault.MULTIPLE, i)
    return _challenge(context, i, left, _sum(a, b))


def _member(key: PublicKey, s: int, a: PublicKey, b: PublicKey) -> Member:
    (a_x, a_y), (b_x, b_y) = _coordinates(a), _coordinates(b)
    return Member(*_coordinates(key), s, a_x, a_y, b_x, b_y)


def _product(members: Sequence[Member]) -> int:
    return prod(member.b_x - member.a_x for member in members)


def _context(message: bytes, scope: bytes, ring: Sequence[bytes], tag_point: PublicKey) -> bytes:
    ring_hash = keccak(b"".join(address.rjust(32, b"\0") for address in ring))
    return keccak(_CHALLENGE_DOMAIN + scope + message + _tag_of(tag_point) + ring_hash)


def _challenge(context: bytes, i: int, left: PublicKey, right: PublicKey) -> int:
    address = address_of(_encode(left)).rjust(32, b"\0")
    return int.from_bytes(keccak(context + _word(i) + address + _encode(right))) % ORDER


def _derive_scalar(secret: bytes, context: bytes, i: int) -> bytes:
    wide = hmac.digest(secret, _NONCE_DOMAIN + context + _word(i), "sha512")
    return _word(int.from_bytes(wide) % (ORDER - 1) + 1)


def _base_point(scope: bytes) -> PublicKey:
    counter = 0
    while True:
        x = int.from_bytes(keccak(_BASE_DOMAIN + scope + _word(counter)))
        point = _lift(x, 0)
        if point is not None:
            return point
        counter += 1


def _lift(x: int, y: int) -> PublicKey | None:
    """The point with this x in [1, n) and the parity of `y`, as ecrecover finds it."""
    if not _is_scalar(x):
        return None
    try:
        return PublicKey(bytes([2 + (y & 1)]) + _word(x))
    except ValueError:
        return None


def _canonical_point(x: int, y: int) -> PublicKey | None:
    point = _lift(x, y)
    return point if point is not None and _coordinates(point) == (x, y) else None


def _secret_multiple(point: PublicKey, secret: bytes) -> PublicKey:
    """secret·point as (secret + r)·point - r·point with a random r.

    The library multiplies other points than the generator in variable time; neither of the scalars here is the secret.
    """
    mask = PrivateKey()
    return _sum(
        point.multiply(PrivateKey(secret).add(mask.secret).secret), point.multiply(_word(ORDER - mask.to_int()))
    )


def _sum(a: PublicKey, b: PublicKey) -> PublicKey:
    return PublicKey.combine_keys([a, b])


def _tag_of(tag_point: PublicKey) -> bytes:
    return keccak(_encode(tag_point))


def _coordinates(point: PublicKey) -> tuple[int, int]:
    encoded = _encode(point)
    return int.from_bytes(encoded[:32]), int.from_bytes(encoded[32:])


def _encode(point: PublicKey) -> bytes:
    return point.format(compressed=False)[1:]


def _decode(public_key: bytes, i: int) -> PublicKey:
    try:
        return PublicKey(b"\x04" + public_key)
    except ValueError as error:
        raise ValueError(f"ring member {i} is no public key: take the ring from the chain") from error


def _is_scalar(word: int) -> bool:
    return 0 < word < ORDER


def _word(number: int) -> bytes:
    return number.to_bytes(32)


def _require_words(**values: bytes) -> None:
    for name, value in values.items():
        if len(value) != 32:
            raise ValueError(f"{name} has {len(value)} bytes: give 32")
