"""Update poisoning. Each function gives the attackers' updates."""

from statistics import NormalDist

import numpy as np

from covey.federated.attacks.base import Floats, Scene

_FLIP = 5.0
_INNER_PRODUCT = 0.5
_NOISE = 10.0
_IDLE_NOISE = 0.01
_SEARCH = 40


def sign_flip(scene: Scene) -> Floats:
    """-5 x, x their own update."""
    return -_FLIP * scene.own


def inner_product(scene: Scene) -> Floats:
    """-mean / 2: small enough to pass, negative enough to turn the aggregate (Xie et al., arXiv 1903.03936, section
    4).
    """
    return _all(scene, -_INNER_PRODUCT * scene.honest.mean(0))


def alie(scene: Scene) -> Floats:
    """mean - z sigma, z the largest deviation that a majority still covers (Baruch et al., arXiv 1902.06156,
    Algorithm 1).

    With s = n / 2 + 1 - f supporters needed among n - f honest: z = Phi^-1((n - f - s) / (n - f)).
    """
    honest = len(scene.honest)
    supporters = scene.clients // 2 + 1 - scene.attackers
    z = NormalDist().inv_cdf(min(max((honest - supporters) / honest, 0.01), 0.99))
    return _all(scene, scene.honest.mean(0) - z * scene.honest.std(0))


def min_max(scene: Scene) -> Floats:
    """mean - gamma sigma, gamma the largest with which no honest update is farther away than two honest ones from
    each other.

    Shejwalkar and Houmansadr, NDSS 2021, section IV-B, found by bisection.
    """
    mean, direction = scene.honest.mean(0), -scene.honest.std(0)
    products = scene.honest @ scene.honest.T
    norms = np.diag(products)
    reach = float((norms[:, None] + norms - 2 * products).max())
    low, high = 0.0, 100.0
    for _ in range(_SEARCH):
        gamma = (low + high) / 2
        farthest = float(np.square(mean + gamma * direction - scene.honest).sum(1).max())
        low, high = (gamma, high) if farthest <= reach else (low, gamma)
    return _all(scene, mean + low * direction)


def gaussian(scene: Scene) -> Floats:
    """Noise ten times as long as the mean update (Blanchard et al., arXiv 1703.02757, section 6)."""
    return scene.rng.normal(0, _NOISE * _root_mean_square(scene.honest), scene.own.shape)


def not_finite(scene: Scene) -> Floats:
    """NaN and infinity by turns: no integers, so that what is sent are floats."""
    values = np.full(scene.own.shape, np.nan)
    values[:, ::2] = np.inf
    return values


def free_ride(scene: Scene) -> Floats:
    """No update but a little noise, so that it does not look it (Fraboni et al., arXiv 2006.11901)."""
    return scene.rng.normal(0, _IDLE_NOISE * _root_mean_square(scene.honest), scene.own.shape)


def boosted(scene: Scene) -> Floats:
    """Their own update times n / f: the mean of all becomes theirs (Bagdasaryan et al., arXiv 1807.00459, section
    4.2).
    """
    return scene.own * scene.clients / scene.attackers


def duplicated(scene: Scene) -> Floats:
    """The mean of what they trained, sent by each (Fung et al., arXiv 1808.04866)."""
    return _all(scene, scene.own.mean(0))


def as_trained(scene: Scene) -> Floats:
    """What their (poisoned) data gave."""
    return scene.own


def _all(scene: Scene, update: Floats) -> Floats:
    return np.repeat(update[None], scene.attackers, axis=0)


def _root_mean_square(values: Floats) -> float:
    return float(np.sqrt(np.square(values).mean()))
