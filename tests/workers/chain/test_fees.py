"""What is offered for gas, and what nodes mean when they refuse."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from covey.chain import RpcRefused
from covey.chain.fees import Offer, highest, quote, raised
from covey.chain.mempool import Outcome, outcome

AMOUNTS = st.integers(0, 10**15)


def test_a_quote_outlives_a_doubled_base_fee() -> None:
    assert quote(100, 3) == Offer(203, 3)
    assert quote(None, 7) == Offer(7, None)


@given(AMOUNTS, AMOUNTS, st.integers(10, 100))
def test_a_raise_is_enough_for_nodes_to_replace(base_fee: int, tip: int, percent: int) -> None:
    offer = quote(base_fee, tip)
    better = raised(offer, percent)
    assert better.most * 100 >= offer.most * 110
    assert better.tip is not None
    assert better.tip * 100 >= tip * 110
    assert better.most >= better.tip


@given(AMOUNTS, AMOUNTS, AMOUNTS, AMOUNTS)
def test_the_highest_of_two_offers_is_valid(a: int, b: int, c: int, d: int) -> None:
    one, two = quote(a, b), quote(c, d)
    both = highest(one, two)
    assert both.most == max(one.most, two.most)
    assert both.tip is not None
    assert both.most >= both.tip
    assert highest(Offer(a, None), Offer(b, None)) == Offer(max(a, b), None)


# As geth, Nethermind, Besu, anvil and ganache say it.
@pytest.mark.parametrize(
    ("reason", "meaning"),
    [
        ("already known", Outcome.ACCEPTED),
        ("AlreadyKnown", Outcome.ACCEPTED),
        ("Known transaction", Outcome.ACCEPTED),
        ("transaction already imported", Outcome.ACCEPTED),
        ("nonce too low: address 0xf39F, tx: 1 state: 2", Outcome.NONCE_TAKEN),
        ("OldNonce, Current nonce: 5, nonce of rejected tx: 4", Outcome.NONCE_TAKEN),
        ("the tx doesn't have the correct nonce. account has nonce of: 5 tx has nonce of: 4", Outcome.NONCE_TAKEN),
        ("replacement transaction underpriced", Outcome.NONCE_TAKEN),
        ("insufficient funds for gas * price + value: balance 0, tx cost 1", Outcome.NO_FUNDS),
        ("Insufficient funds for gas * price + value", Outcome.NO_FUNDS),
        ("sender doesn't have enough funds to send tx", Outcome.NO_FUNDS),
        ("transaction underpriced: gas tip cap 0, minimum needed 1", Outcome.TOO_CHEAP),
        ("max fee per gas less than block base fee: maxFeePerGas: 1 baseFee: 2", Outcome.TOO_CHEAP),
        ("FeeTooLow, MaxFeePerGas too low", Outcome.TOO_CHEAP),
        ("intrinsic gas too low", Outcome.REFUSED),
        ("txpool is full", Outcome.REFUSED),
    ],
)
def test_what_refusals_mean(reason: str, meaning: Outcome) -> None:
    assert outcome(RpcRefused("eth_sendRawTransaction", -32000, reason)) is meaning
