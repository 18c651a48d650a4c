"""What to offer for gas. Amounts in wei per gas."""

from dataclasses import dataclass

_GWEI = 10**9
DEFAULT_TIP = _GWEI  # where a node suggests none


@dataclass(frozen=True)
class Offer:
    """`tip` None is a legacy transaction, whose gas price is `most`; else EIP-1559's fee limit and priority fee."""

    most: int
    tip: int | None

    def fields(self) -> dict[str, int]:
        if self.tip is None:
            return {"gasPrice": self.most}
        return {"maxFeePerGas": self.most, "maxPriorityFeePerGas": self.tip}


def quote(base_fee: int | None, suggestion: int) -> Offer:
    """Room for the base fee to double, which takes at least six full blocks.

    `suggestion` is the node's priority fee, or its gas price if the chain has no base fee.
    """
    if base_fee is None:
        return Offer(suggestion, None)
    return Offer(2 * base_fee + suggestion, suggestion)


def raised(offer: Offer, percent: int) -> Offer:
    """`offer` with everything raised by `percent`, rounded up. Nodes ask for 10 % more to replace a transaction."""
    tip = None if offer.tip is None else _raise(offer.tip, percent)
    return Offer(_raise(offer.most, percent), tip)


def highest(one: Offer, two: Offer) -> Offer:
    """The higher of each field; both offers are of one kind."""
    tip = None if one.tip is None or two.tip is None else max(one.tip, two.tip)
    return Offer(max(one.most, two.most), tip)


def _raise(amount: int, percent: int) -> int:
    return -(-amount * (100 + percent) // 100)
