"""Keccak-256 against published vectors and another implementation."""

from random import Random

import pytest
from eth_hash.auto import keccak

from covey.verify.keccak import keccak256


@pytest.mark.parametrize(
    ("data", "digest"),
    [
        (b"", "c5d2460186f7233c927e7db2dcc703c0e500b653ca82273b7bfad8045d85a470"),
        (b"abc", "4e03657aea45a94fc7d47ba826c8d667c0d1e6e33a64a036ec44f58fa12d6c45"),
        (b"Transfer(address,address,uint256)", "ddf252ad1be2c89b69c2b068fc378daa952ba7f163c4a11628f55a4df523b3ef"),
    ],
)
def test_published_vectors(data: bytes, digest: str) -> None:
    assert keccak256(data).hex() == digest


@pytest.mark.parametrize("length", [1, 31, 32, 64, 134, 135, 136, 137, 271, 272, 273, 5_000])
def test_all_paddings(length: int) -> None:
    data = Random(length).randbytes(length)
    assert keccak256(data) == keccak(data)
