"""Ways to cut one data set into clients, for simulations. All luck follows from the seed."""

from collections.abc import Callable, Mapping

import numpy as np
import numpy.typing as npt

from covey.federated.errors import ParameterError

Indices = npt.NDArray[np.int64]
Parts = tuple[Indices, ...]
"""Which examples each client has."""

_TRIES = 1000


def iid(y: Indices, clients: int, seed: int) -> Parts:
    """Equal parts at random. Raises ParameterError if there are more clients than examples."""
    _check(y, clients)
    return tuple(np.array_split(np.random.default_rng(seed).permutation(len(y)), clients))


def shards(y: Indices, clients: int, seed: int, each: int = 2) -> Parts:
    """Sorted by class and cut into `each` shards per client (McMahan et al., arXiv 1602.05629, section 3)."""
    _check(y, clients * each)
    rng = np.random.default_rng(seed)
    shuffled = rng.permutation(len(y))
    pieces = np.array_split(shuffled[np.argsort(y[shuffled], kind="stable")], clients * each)
    dealt = rng.permutation(clients * each).reshape(clients, each)
    return tuple(np.concatenate([pieces[i] for i in hand]) for hand in dealt)


def dirichlet(y: Indices, clients: int, seed: int, alpha: float = 0.5, least: int = 10) -> Parts:
    """Each class is spread by a draw from Dirichlet(alpha) (Hsu et al., arXiv 1909.06335); drawn anew until all have
    `least`.

    Raises ParameterError if that does not come about.
    """
    _check(y, clients * least)
    if not alpha > 0:
        raise ParameterError("alpha is above 0: the smaller, the less alike are the clients")
    rng = np.random.default_rng(seed)
    for _ in range(_TRIES):
        owners = np.empty(len(y), np.int64)
        for label in np.unique(y):
            members = np.flatnonzero(y == label)
            owners[members] = rng.choice(clients, len(members), p=rng.dirichlet([alpha] * clients))
        if np.bincount(owners, minlength=clients).min() >= least:
            return tuple(rng.permutation(np.flatnonzero(owners == client)) for client in range(clients))
    raise ParameterError(
        f"no split leaves each of {clients} clients {least} examples: raise alpha or take fewer clients"
    )


SPLITS: Mapping[str, Callable[[Indices, int, int], Parts]] = {"iid": iid, "dirichlet": dirichlet, "shards": shards}


def _check(y: Indices, needed: int) -> None:
    if needed < 1 or len(y) < needed:
        raise ParameterError(f"{len(y):,} examples are too few, {needed:,} are needed: take fewer clients or more data")
