"""A signer signs what others verify, and never shows its key."""

import logging
import pickle
import traceback

import pytest
from coincurve import PublicKey
from eth_account import Account
from eth_account.messages import encode_typed_data
from eth_keys.datatypes import Signature
from eth_utils.crypto import keccak

from covey.journal import Secret
from covey.wallet import KeyMalformed, Signer

KEY = "ac0974bec39a17e36ba4a6b4d238ff944bacb478cbed5efcae784d7bf4f2ff80"
MESSAGE = {
    "types": {
        "EIP712Domain": [{"name": "name", "type": "string"}, {"name": "chainId", "type": "uint256"}],
        "Mask": [{"name": "task", "type": "uint256"}, {"name": "openCommitment", "type": "bytes32"}],
    },
    "domain": {"name": "Covey Arena", "chainId": 31337},
    "primaryType": "Mask",
    "message": {"task": 1, "openCommitment": bytes(32)},
}


@pytest.fixture
def signer() -> Signer:
    return Signer.from_hex(KEY)


def test_address_and_public_key(signer: Signer) -> None:
    assert signer.address == "0xf39Fd6e51aad88F6F4ce6aB8827279cffFb92266"
    assert keccak(signer.public_key)[12:].hex() == signer.address[2:].lower()
    assert len(PublicKey(b"\4" + signer.public_key).format(compressed=False)) == 65


@pytest.mark.parametrize("fields", [{"maxFeePerGas": 9, "maxPriorityFeePerGas": 1}, {"gasPrice": 9}])
def test_transactions_recover_to_the_signer(signer: Signer, fields: dict[str, int]) -> None:
    signed = signer.sign_transaction(
        {"to": signer.address, "value": 1, "gas": 21_000, "nonce": 0, "chainId": 31337, "data": b"", **fields}
    )
    assert Account.recover_transaction(signed.raw) == signer.address
    assert keccak(signed.raw) == signed.hash


def test_typed_data_recovers_to_the_signer(signer: Signer) -> None:
    signature = signer.sign_typed_data(MESSAGE)
    assert Account.recover_message(encode_typed_data(full_message=MESSAGE), signature=signature) == signer.address


def test_hashes_recover_to_the_signer(signer: Signer) -> None:
    digest = keccak(b"anything")
    signature = signer.sign_hash(digest)
    assert signature == signer.sign_hash(digest), "deterministic (RFC 6979)"
    recovered = Signature(signature[:64] + bytes([signature[64] - 27])).recover_public_key_from_msg_hash(digest)
    assert recovered.to_checksum_address() == signer.address


def test_the_worker_secret_is_pinned(signer: Signer) -> None:
    """A worker that lost its disk depends on it: it must never change."""
    secret = signer.worker_secret()
    assert secret.reveal().hex() == "5f194592faca5662bc7105128a3bd10ea1e098eebd9bc72d765dcffbcfbb589b"
    assert secret == Signer.from_hex(KEY).worker_secret() != Signer.generate().worker_secret()
    assert secret != Secret(bytes.fromhex(KEY))


@pytest.mark.parametrize("text", ["", "0x", "12", "zz" * 32, KEY + "00", "00" * 32, "f" * 64])
def test_what_is_no_key_is_refused_without_being_shown(text: str) -> None:
    with pytest.raises(KeyMalformed, match="COVEY_KEY is not a private key") as caught:
        Signer.from_hex(text, "COVEY_KEY")
    shown = "".join(traceback.format_exception(caught.value))
    assert len(text) < 10 or text not in shown


def test_the_key_never_shows(signer: Signer, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG, logger="covey"):
        logging.getLogger("covey").info("%s %r %r", signer, signer, [signer.export(), signer.worker_secret()])
    assert signer.address in caplog.text
    assert KEY not in caplog.text.lower()
    assert not hasattr(signer, "__dict__")
    with pytest.raises(TypeError):
        pickle.dumps(signer)


def test_equal_signers(signer: Signer) -> None:
    assert {signer, Signer.from_hex("0x" + KEY.upper()), Signer.generate()} > {signer}
    assert signer != KEY
