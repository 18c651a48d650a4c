"""A client's reputation: a social norm with isolation and a way back (docs/alliance.md, section 7).

Zhang and van der Schaar, INFOCOM 2012: whoever falls below the threshold is isolated, and rises by one each round that
passes until it is back at it.
"""


def raised(reputation: int, most: int) -> int:
    """After work that was accepted."""
    return min(reputation + 1, most)


def lowered(reputation: int, threshold: int) -> int:
    """After work that was rejected or due and not done: one less; at the threshold nothing is left."""
    return reputation - 1 if reputation > threshold else 0
