"""What delegators get who come just in time: after the risk, before the pay."""

from covey.lab.rules import flock
from covey.lab.task import Costs
from covey.protocol import conclusion, payouts

STRATEGIES = {
    "honest-delegator": "delegates before its operator locks stake",
    "just-in-time": "delegates just before pay is shared out, and leaves after it",
}

_OWN, _STAYING, _LATE = 1000, 500, 500
"""Stakes in tokens: the operator's, the honest delegator's, the late one's."""

_PAY = 10**24
_SIGMA = 400_000


def income(name: str, rule: str) -> float:
    """Of what an honest delegator of the same stake gets from the same pay."""
    if name == "honest-delegator":
        return 1.0
    match rule:
        case "covey":
            return _covey()
        case "flock":
            return _flock()
        case _:
            # Stakes count as they are at the epoch (run_epoch reads them there), and all alike.
            return 1.0


def cost(name: str) -> float:
    """Tokens: what locked stake could have earned elsewhere. The late one locks nothing for longer than a block."""
    return _STAYING * Costs().capital if name == "honest-delegator" else 0.0


def _covey() -> float:
    """Shares are those of the block before the lock; the late one had none then."""
    part = payouts.delegators_part(_PAY, _SIGMA, payouts.WHOLE_SHARE * _STAYING // (_OWN + _STAYING))
    (honest, late), _ = conclusion.delegators(part, (_STAYING, 0))
    return late / honest


def _flock() -> float:
    """Pay is shared by the stake that is there when it arrives (SlowMist's audit of version 2: fundPool)."""
    delegated = 1 - flock.kept(_SIGMA / 1e6, _OWN, _STAYING + _LATE)
    honest, late = (delegated * stake / (_STAYING + _LATE) for stake in (_STAYING, _LATE))
    return late / honest
