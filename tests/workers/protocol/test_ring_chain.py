"""Ring signatures and rings on a real EVM: the chain and Python accept and refuse the same, for the same reason."""

import json
import os
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from random import Random

import pytest
from coincurve import PrivateKey, PublicKey
from eth_account import Account
from eth_hash.auto import keccak
from web3 import HTTPProvider, Web3
from web3.contract import Contract
from web3.exceptions import ContractCustomError

from covey.localnet import Localnet
from covey.protocol import ring, rings
from covey.protocol.ring import FIELD, ORDER, Fault, InvalidRingSignature, Member, Signature

ROOT = Path(__file__).parents[3]
ARTIFACTS = Path(os.environ.get("FOUNDRY_OUT", ROOT / "build/forge/out")) / "RingHarness.sol"
MESSAGE, SCOPE = b"m" * 32, b"s" * 32
ERRORS = {keccak(f"{fault}{arguments}".encode())[:4]: fault for fault in Fault for arguments in ("()", "(uint256)")}

Refusal = tuple[Fault, int | None]


@pytest.fixture(scope="module")
def web3() -> Iterator[Web3]:
    subprocess.run([ROOT / "tools/run", "forge", "build", "tests/forge/RingHarness.sol"], cwd=ROOT, check=True)
    with Localnet() as net:
        yield Web3(HTTPProvider(net.url))


@pytest.fixture(scope="module")
def harness(web3: Web3) -> Contract:
    return deployed(web3, "RingHarness")


def deployed(web3: Web3, name: str, *arguments: object) -> Contract:
    artifact = json.loads((ARTIFACTS / f"{name}.json").read_text())
    factory = web3.eth.contract(abi=artifact["abi"], bytecode=artifact["bytecode"]["object"])
    transaction = factory.constructor(*arguments).transact({"from": web3.eth.accounts[0]})
    receipt = web3.eth.wait_for_transaction_receipt(transaction)
    return web3.eth.contract(receipt["contractAddress"], abi=artifact["abi"])


@dataclass(frozen=True)
class Claim:
    """What a verifier is given. `keys` are public keys; the ring is their addresses."""

    message: bytes
    scope: bytes
    keys: tuple[bytes, ...]
    signature: Signature

    @property
    def ring(self) -> list[bytes]:
        return [ring.address_of(key) for key in self.keys]

    def tampered(self, **fields: int) -> "Claim":
        return replace(self, signature=replace(self.signature, **fields))

    def tampered_member(self, index: int, **fields: int) -> "Claim":
        """With the inverse made to fit again, where there is one."""
        members = list(self.signature.members)
        members[index] = members[index]._replace(**fields)
        return replace(self, signature=fitted(replace(self.signature, members=tuple(members))))


def fitted(signature: Signature) -> Signature:
    product = 1
    for member in signature.members:
        product = product * (member.b_x - member.a_x) % FIELD
    return replace(signature, inverse=pow(product, -1, FIELD) if product else 1)


def honest(secrets: list[bytes], signer: int, message: bytes = MESSAGE, scope: bytes = SCOPE) -> Claim:
    keys = tuple(encoded(PublicKey.from_secret(secret)) for secret in secrets)
    return Claim(message, scope, keys, ring.sign(secrets[signer], keys, message, scope))


def forged(keys: tuple[bytes, ...], tag_point: PublicKey, c0: int, scalars: list[int]) -> Claim:
    """Everything right for these scalars and this tag point, except that the chain won't close.

    Written from the contract's documentation, not with the signer's code.
    """
    ring_hash = keccak(b"".join(bytes(12) + ring.address_of(key) for key in keys))
    tag = keccak(encoded(tag_point))
    context = keccak(keccak(b"covey.ring.challenge") + SCOPE + MESSAGE + tag + ring_hash)
    base = PublicKey.from_point(*ring.hash_to_curve(SCOPE))
    c, members = c0, []
    for i, (key, s) in enumerate(zip(keys, scalars, strict=True)):
        point = PublicKey(b"\4" + key)
        left = PublicKey.combine_keys([PublicKey.from_secret(s.to_bytes(32)), point.multiply(c.to_bytes(32))])
        a, b = base.multiply(s.to_bytes(32)), tag_point.multiply(c.to_bytes(32))
        right = PublicKey.combine_keys([a, b])
        members.append(Member(*point.point(), s, *a.point(), *b.point()))
        address = bytes(12) + ring.address_of(encoded(left))
        c = int.from_bytes(keccak(context + i.to_bytes(32) + address + encoded(right))) % ORDER
    return Claim(MESSAGE, SCOPE, keys, fitted(Signature(*tag_point.point(), c0, 0, tuple(members))))


def encoded(point: PublicKey) -> bytes:
    return point.format(compressed=False)[1:]


def secrets_of(random: Random, size: int) -> list[bytes]:
    return [random.randrange(1, ORDER).to_bytes(32) for _ in range(size)]


def on_chain(harness: Contract, claim: Claim) -> bytes | Refusal:
    ring_ = [Web3.to_checksum_address(address) for address in claim.ring]
    call = harness.functions.verify(claim.message, claim.scope, ring_, claim.signature.to_abi())
    try:
        tag: bytes = call.call()
    except ContractCustomError as error:
        data = Web3.to_bytes(hexstr=error.data)
        return ERRORS[data[:4]], int.from_bytes(data[4:]) if data[4:] else None
    return tag


def in_python(claim: Claim) -> bytes | Refusal:
    try:
        return ring.verify(claim.message, claim.scope, claim.ring, claim.signature)
    except InvalidRingSignature as error:
        return error.fault, error.index


def assert_refused(harness: Contract, claim: Claim, fault: Fault, index: int | None = None) -> None:
    assert in_python(claim) == (fault, index)
    assert on_chain(harness, claim) == (fault, index)


def test_i21_random_signatures_are_valid_on_chain_with_the_key_s_tag(harness: Contract) -> None:
    random = Random("valid")
    for n in range(200):
        size = n % 16 + 1
        secrets, signer = secrets_of(random, size), random.randrange(size)
        claim = honest(secrets, signer, random.randbytes(32), random.randbytes(32))
        assert on_chain(harness, claim) == in_python(claim) == ring.tag(secrets[signer], claim.scope)


def test_i21_any_changed_word_is_refused_on_chain_and_in_python_alike(harness: Contract) -> None:
    random = Random("tampered")
    interesting: list[Callable[[int], int]] = [
        lambda word: word + 1,
        lambda word: word - 1,
        lambda word: word ^ 1 << random.randrange(256),
        lambda word: 0,
        lambda word: ORDER,
        lambda word: (ORDER - word) % 2**256,
        lambda word: (word + ORDER) % 2**256,
        lambda word: FIELD,
        lambda word: (FIELD - word) % 2**256,
        lambda word: 2**256 - 1,
        lambda word: random.randrange(2**256),
    ]
    seen = set()
    for n in range(330):
        size = n % 5 + 1
        claim = honest(secrets_of(random, size), random.randrange(size))
        change = interesting[n % len(interesting)]
        if n % 3 == 0:
            field = random.choice(["tag_x", "tag_y", "c0", "inverse"])
            claim = claim.tampered(**{field: change(getattr(claim.signature, field))})
        else:
            index, field = random.randrange(size), random.choice(Member._fields)
            claim = claim.tampered_member(index, **{field: change(getattr(claim.signature.members[index], field))})
        verdict = in_python(claim)
        assert isinstance(verdict, tuple), f"{field} changed, still valid"
        assert on_chain(harness, claim) == verdict
        seen.add(verdict[0])
    assert seen == {Fault.TAG, Fault.CHALLENGE, Fault.INVERSE, Fault.SCALAR, Fault.KEY, Fault.MULTIPLE}


@pytest.fixture
def claim() -> Claim:
    return honest(secrets_of(Random("claim"), 4), 2)


def test_i21_no_replay_under_another_message_scope_or_ring(harness: Contract, claim: Claim) -> None:
    swapped = (claim.keys[1], claim.keys[0], *claim.keys[2:])
    stranger = encoded(PublicKey.from_secret(b"x" * 32))
    assert_refused(harness, replace(claim, message=b"n" * 32), Fault.MULTIPLE, 1)
    assert_refused(harness, replace(claim, scope=b"t" * 32), Fault.MULTIPLE, 0)
    assert_refused(harness, replace(claim, keys=swapped), Fault.KEY, 0)
    assert_refused(harness, replace(claim, keys=(*claim.keys[:3], stranger)), Fault.MULTIPLE, 1)
    assert_refused(harness, replace(claim, keys=claim.keys[:3]), Fault.RING_SIZE)
    assert_refused(harness, replace(claim, keys=(*claim.keys, stranger)), Fault.RING_SIZE)
    nobody = replace(claim, keys=(), signature=replace(claim.signature, members=()))
    assert_refused(harness, nobody, Fault.RING_SIZE)


def test_i21_members_in_another_order_do_not_verify(harness: Contract, claim: Claim) -> None:
    """Neither with the ring as signed nor with a ring that fits."""
    reordered = replace(claim.signature, members=claim.signature.members[::-1])
    assert_refused(harness, replace(claim, signature=reordered), Fault.KEY, 0)
    assert_refused(harness, replace(claim, signature=reordered, keys=claim.keys[::-1]), Fault.MULTIPLE, 0)


def test_i21_a_member_cannot_take_a_second_tag_or_anothers(harness: Contract) -> None:
    secrets = secrets_of(Random("tags"), 3)
    own = honest(secrets, 1)
    others = honest(secrets, 2).signature
    assert_refused(harness, own.tampered(tag_x=others.tag_x, tag_y=others.tag_y), Fault.MULTIPLE, 0)
    # The opposite point would be a second tag if either were not bound.
    assert_refused(harness, own.tampered(tag_y=FIELD - own.signature.tag_y), Fault.MULTIPLE, 0)
    base = PublicKey.from_point(*ring.hash_to_curve(SCOPE))
    scalars = [member.s for member in own.signature.members]
    for tag_point in (base, base.multiply(b"\1" * 32), PublicKey.from_secret(secrets[1])):
        assert_refused(harness, forged(own.keys, tag_point, own.signature.c0, scalars), Fault.CHAIN)
    as_signed = forged(own.keys, base.multiply(secrets[1]), own.signature.c0, scalars)
    assert as_signed == own, "the forger's chain is the signer's when nothing is forged"


@pytest.mark.parametrize(
    ("tag_x", "tag_y"),
    [
        (0, 0),  # the usual stand-in for the point at infinity
        (0, 1),
        (1, 1),  # not on the curve
        (FIELD + 1, 0x4218F20AE6C646B363DB68605822FB14264CA8D2587FDD6FBC750D587E76A7EE),  # x = 1, not reduced
        (ORDER, 1),
    ],
)
def test_i21_tags_have_one_encoding_and_lie_on_the_curve(
    harness: Contract, claim: Claim, tag_x: int, tag_y: int
) -> None:
    assert_refused(harness, claim.tampered(tag_x=tag_x, tag_y=tag_y), Fault.TAG)


@pytest.mark.parametrize("word", [0, ORDER, ORDER + 1, 2**256 - 1])
def test_i21_scalars_have_one_encoding(harness: Contract, claim: Claim, word: int) -> None:
    assert_refused(harness, claim.tampered(c0=word), Fault.CHALLENGE)
    assert_refused(harness, claim.tampered_member(0, s=word), Fault.SCALAR, 0)


def test_i21_wrong_multiples_are_refused_even_with_a_fitting_inverse(harness: Contract, claim: Claim) -> None:
    first, second = claim.signature.members[:2]
    assert_refused(harness, claim.tampered_member(0, a_x=second.a_x, a_y=second.a_y), Fault.MULTIPLE, 0)
    assert_refused(harness, claim.tampered_member(1, b_x=first.b_x, b_y=first.b_y), Fault.MULTIPLE, 1)
    assert_refused(harness, claim.tampered_member(0, a_y=FIELD - first.a_y), Fault.MULTIPLE, 0)
    assert_refused(harness, claim.tampered(inverse=(claim.signature.inverse + 1) % FIELD), Fault.INVERSE)
    assert_refused(harness, claim.tampered_member(0, b_x=first.a_x, b_y=first.a_y), Fault.INVERSE)


def test_i21_nothing_passes_where_ecrecover_returns_nothing(harness: Contract) -> None:
    """Keys that are no points, and a commitment at infinity, would make every signature look alike."""
    random = Random("nothing")
    secrets = secrets_of(random, 2)
    claim = honest(secrets, 0)
    bad_keys = [(5, 6), (0, 1), (ORDER, 1), (FIELD + 1, 2), (2**256 - 1, 2**256 - 1)]  # no point has x = 5
    for key_x, key_y in bad_keys:
        key = key_x.to_bytes(32) + key_y.to_bytes(32)
        planted = replace(claim, keys=(key, claim.keys[1])).tampered_member(0, key_x=key_x, key_y=key_y)
        assert_refused(harness, planted, Fault.COMMITMENT, 0)
    # s·G + c·P is the point at infinity for s = -c·x, which a member can choose.
    s = -claim.signature.c0 * int.from_bytes(secrets[0]) % ORDER
    assert_refused(harness, claim.tampered_member(0, s=s), Fault.COMMITMENT, 0)


def test_bases_are_the_same_on_chain(harness: Contract) -> None:
    random = Random("bases")
    for _ in range(40):
        scope = random.randbytes(32)
        assert tuple(harness.functions.hashToCurve(scope).call()) == ring.hash_to_curve(scope)


def test_rings_are_the_same_on_chain(harness: Contract) -> None:
    random = Random("rings")
    for n in (*range(1, 50), 255, 256, 257, 4095, 4096, *(random.randint(1, 4096) for _ in range(50))):
        seed, number = random.randbytes(32), random.randrange(rings.count(n))
        assert tuple(harness.functions.members(seed, n, number).call()) == rings.members(seed, n, number)


@pytest.mark.parametrize(("n", "number"), [(0, 0), (16, 1), (4096, 256)])
def test_chain_refuses_rings_that_do_not_exist(harness: Contract, n: int, number: int) -> None:
    with pytest.raises(ContractCustomError) as refused:
        harness.functions.members(bytes(32), n, number).call()
    assert Web3.to_bytes(hexstr=refused.value.data) == keccak(b"NoSuchRing()")[:4]


def test_gas_of_a_mask_by_ring_size(web3: Web3, capsys: pytest.CaptureFixture[str]) -> None:
    """Whole transactions on the node's latest hard fork, against the budget of 17,000 per member and 90,000."""
    random = Random("gas")
    spent = {}
    for size in range(1, 17):
        keys = [PrivateKey(secret) for secret in secrets_of(random, size)]
        public = [encoded(key.public_key) for key in keys]
        seed = random.randbytes(32)
        contract = deployed(web3, "MaskGas", seed, [Web3.to_checksum_address(ring.address_of(key)) for key in public])
        handle, commitment = Account.from_key(random.randbytes(32)), random.randbytes(32)
        consent = handle.unsafe_sign_hash(commitment)
        message = keccak(bytes(12) + Web3.to_bytes(hexstr=handle.address) + commitment)
        order = rings.members(seed, size, 0)
        signature = ring.sign(keys[0].secret, [public[index] for index in order], message, SCOPE)
        call = contract.functions.mask(
            SCOPE, 0, commitment, consent.v, consent.r.to_bytes(32), consent.s.to_bytes(32), signature.to_abi()
        )
        receipt = web3.eth.wait_for_transaction_receipt(call.transact({"from": web3.eth.accounts[0]}))
        assert receipt["status"] == 1
        spent[size] = receipt["gasUsed"]
    with capsys.disabled():
        print("\nring  gas of a mask  budget")
        for size, gas in spent.items():
            print(f"{size:4}  {gas:13,}  {17_000 * size + 90_000:,}")
    assert all(gas <= 17_000 * size + 90_000 for size, gas in spent.items())
