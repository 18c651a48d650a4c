"""Ring signatures as their users see them: who can sign what, and what a signature gives away."""

import re
from dataclasses import replace
from random import Random

import pytest
from coincurve import PrivateKey
from hypothesis import given, settings
from hypothesis import strategies as st

from covey.protocol import ring
from covey.protocol.ring import FIELD, ORDER, Fault, InvalidRingSignature, Signature
from tests.workers.protocol import ring_vectors

words = st.binary(min_size=32, max_size=32)
secrets = st.integers(1, ORDER - 1).map(lambda number: number.to_bytes(32))
rings = st.lists(secrets, min_size=1, max_size=16, unique=True)


def public_key(secret: bytes) -> bytes:
    return PrivateKey(secret).public_key.format(compressed=False)[1:]


def addresses(members: list[bytes]) -> list[bytes]:
    return [ring.address_of(public_key(secret)) for secret in members]


def signed(members: list[bytes], signer: int, message: bytes = b"m" * 32, scope: bytes = b"s" * 32) -> Signature:
    return ring.sign(members[signer], [public_key(secret) for secret in members], message, scope)


def fixed_ring(size: int) -> list[bytes]:
    random = Random(size)
    return [random.randrange(1, ORDER).to_bytes(32) for _ in range(size)]


@settings(max_examples=40, deadline=None)
@given(members=rings, place=st.integers(0, 15), message=words, scope=words)
def test_every_member_can_sign(members: list[bytes], place: int, message: bytes, scope: bytes) -> None:
    signer = place % len(members)
    signature = signed(members, signer, message, scope)
    assert ring.verify(message, scope, addresses(members), signature) == ring.tag(members[signer], scope)


@settings(max_examples=40, deadline=None)
@given(members=rings, other=rings, message=words, scope=words)
def test_i21_one_tag_per_key_and_scope(members: list[bytes], other: list[bytes], message: bytes, scope: bytes) -> None:
    signer = members[0]
    companions = [signer, *(secret for secret in other if secret != signer)]
    tags = {
        ring.verify(message, scope, addresses(members), signed(members, 0, message, scope)),
        ring.verify(scope, scope, addresses(companions), signed(companions, 0, scope, scope)),
    }
    assert tags == {ring.tag(signer, scope)}
    assert len({ring.tag(secret, scope) for secret in members}) == len(members)
    assert ring.tag(signer, bytes(31) + b"\1") != ring.tag(signer, bytes(31) + b"\2")


def test_i20_every_members_signature_has_the_same_shape() -> None:
    """Whoever signs, all words come from the same ranges; none is small, fixed or repeated at the signer's place."""
    members = fixed_ring(8)
    seen: set[int] = set()
    above_half = [0] * 8
    for n in range(128):
        signature = signed(members, n % 8, n.to_bytes(32))
        assert [member[:2] for member in signature.members] == [
            (int.from_bytes(key[:32]), int.from_bytes(key[32:])) for key in map(public_key, members)
        ]
        scalars = [signature.c0, *(member.s for member in signature.members)]
        assert all(2**200 < scalar < ORDER for scalar in scalars)
        assert seen.isdisjoint(scalars)
        seen.update(scalars)
        # Seen from the signer's place, so that a bias there would add up.
        for distance in range(8):
            above_half[distance] += signature.members[(n + distance) % 8].s > ORDER // 2
    assert all(64 - 34 < count < 64 + 34 for count in above_half), "six standard deviations from one half"


def test_i20_a_ring_signs_alike_for_two_messages_only_in_keys_and_tag() -> None:
    members = fixed_ring(4)
    first, second = signed(members, 2, b"1" * 32), signed(members, 2, b"2" * 32)
    assert (first.tag_x, first.tag_y) == (second.tag_x, second.tag_y)
    for a, b in zip(first.members, second.members, strict=True):
        assert a[:2] == b[:2]
        assert set(a[2:]).isdisjoint(b[2:])


def test_a_restarted_signer_signs_identically() -> None:
    members = fixed_ring(5)
    assert signed(members, 3) == signed(members, 3)
    assert signed(members, 3) != signed(members, 3, scope=b"t" * 32)
    assert signed(members, 3) != signed(members[::-1], 1)


@pytest.mark.parametrize(
    ("message", "scope", "order"),
    [(b"n" * 32, b"s" * 32, 1), (b"m" * 32, b"t" * 32, 1), (b"m" * 32, b"s" * 32, -1)],
    ids=["another message", "another scope", "another order"],
)
def test_i21_a_signature_is_valid_for_one_message_scope_and_ring(message: bytes, scope: bytes, order: int) -> None:
    members = fixed_ring(6)
    with pytest.raises(InvalidRingSignature):
        ring.verify(message, scope, addresses(members)[::order], signed(members, 4))


def test_vectors_of_the_forge_tests_are_what_the_signer_makes() -> None:
    assert ring_vectors.PATH.read_text() == ring_vectors.text(), f"run: {ring_vectors.COMMAND}"


def test_refusal_says_where_and_what_to_do() -> None:
    advice = "sign again, over the ring in the chain's order"
    assert str(InvalidRingSignature(Fault.CHAIN)) == f"ChainNotClosed: {advice}"
    assert str(InvalidRingSignature(Fault.KEY, 3)) == f"KeyMismatch at ring member 3: {advice}"


@pytest.mark.parametrize(
    ("c0", "fault"),
    [(0, Fault.CHALLENGE), (1, Fault.MULTIPLE), (ORDER - 1, Fault.MULTIPLE), (ORDER, Fault.CHALLENGE)],
)
def test_challenges_are_scalars_from_one_to_below_the_order(c0: int, fault: Fault) -> None:
    members = fixed_ring(2)
    with pytest.raises(InvalidRingSignature) as refused:
        ring.verify(b"m" * 32, b"s" * 32, addresses(members), replace(signed(members, 0), c0=c0))
    assert refused.value.fault is fault


def test_i21_an_outsider_cannot_sign() -> None:
    members = fixed_ring(4)
    outsider = b"o" * 32
    with pytest.raises(ValueError, match="does not hold this secret's key"):
        ring.sign(outsider, [public_key(secret) for secret in members], b"m" * 32, b"s" * 32)
    joined = [outsider, *members[1:]]
    with pytest.raises(InvalidRingSignature) as refused:
        ring.verify(b"m" * 32, b"s" * 32, addresses(members), signed(joined, 0))
    assert (refused.value.fault, refused.value.index) == (Fault.KEY, 0)


def test_base_is_on_the_curve_with_even_y() -> None:
    for n in range(64):
        x, y = ring.hash_to_curve(n.to_bytes(32))
        assert 0 < x < ORDER
        assert y % 2 == 0
        assert (y * y - x**3 - 7) % FIELD == 0


def test_bad_arguments_are_named_without_showing_the_secret() -> None:
    members = fixed_ring(3)
    keys = [public_key(secret) for secret in members]
    cases = [
        (lambda: ring.sign(members[0][1:], keys, b"m" * 32, b"s" * 32), "secret has 31 bytes"),
        (lambda: ring.sign(members[0], keys, b"m", b"s" * 32), "message has 1 bytes"),
        (lambda: ring.tag(members[0], b"s" * 33), "scope has 33 bytes"),
        (lambda: ring.hash_to_curve(b"s" * 31), "scope has 31 bytes"),
        (lambda: ring.verify(b"m", b"s" * 32, addresses(members), signed(members, 0)), "message has 1 bytes"),
        (lambda: ring.sign(members[0], [*keys, bytes(64)], b"m" * 32, b"s" * 32), "member 3 is no public key"),
        (lambda: ring.sign(ORDER.to_bytes(32), keys, b"m" * 32, b"s" * 32), "Secret scalar must be"),
        (lambda: replace(signed(members, 0), c0=2**256), "no 256-bit word"),
        (lambda: replace(signed(members, 0), inverse=-1), "no 256-bit word"),
    ]
    for call, message in cases:
        with pytest.raises(ValueError, match=re.escape(message)) as error:
            call()
        assert members[0].hex() not in str(error.value)


def test_smallest_and_largest_words_can_be_held() -> None:
    signature = signed(fixed_ring(1), 0)
    assert (replace(signature, c0=0).c0, replace(signature, inverse=2**256 - 1).inverse) == (0, 2**256 - 1)


def test_abi_form_keeps_every_word() -> None:
    signature = signed(fixed_ring(2), 1)
    tag_x, tag_y, c0, inverse, members = signature.to_abi()
    assert Signature(tag_x, tag_y, c0, inverse, tuple(ring.Member(*member) for member in members)) == signature
