"""The rules once more, as plain float64 arithmetic written from the papers: what the integer ones must come close
to.
"""

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]


def distances(x: Floats) -> Floats:
    return np.array([[np.sum((a - b) ** 2) for b in x] for a in x])


def krum_order(x: Floats, f: int) -> list[int]:
    scores = [np.sort(np.delete(row, i))[: len(x) - f - 2].sum() for i, row in enumerate(distances(x))]
    return list(np.argsort(scores))


def fedavg(x: Floats, samples: list[int]) -> Floats:
    return np.average(x, axis=0, weights=samples)


def median(x: Floats) -> Floats:
    return np.median(x, axis=0)


def trimmed_mean(x: Floats, f: int) -> Floats:
    return np.sort(x, axis=0)[f : len(x) - f].mean(0)


def krum(x: Floats, f: int) -> Floats:
    return x[krum_order(x, f)[0]]


def multi_krum(x: Floats, f: int) -> Floats:
    return x[krum_order(x, f)[: len(x) - f]].mean(0)


def geometric_median(x: Floats, iterations: int, smoothing: float) -> Floats:
    z = x.mean(0)
    for _ in range(iterations):
        weights = 1 / np.maximum(smoothing, np.linalg.norm(x - z, axis=1))
        z = weights @ x / weights.sum()
    return z


def bulyan(x: Floats, f: int) -> Floats:
    left, chosen = list(range(len(x))), []
    while len(chosen) < len(x) - 2 * f:
        square = distances(x[left])
        near = max(1, len(left) - f - 2)
        scores = [np.sort(np.delete(row, i))[:near].sum() for i, row in enumerate(square)]
        chosen.append(left.pop(int(np.argmin(scores))))
    picks = np.sort(x[chosen], axis=0)  # of two equally close, the smaller
    keep = len(picks) - 2 * f
    centre = np.median(picks, axis=0)
    order = np.argsort(np.abs(picks - centre), axis=0, kind="stable")[:keep]
    return np.take_along_axis(picks, order, axis=0).mean(0)


def lower_median(norms: Floats) -> float:
    return float(np.sort(norms)[(len(norms) - 1) // 2])


def centered_clipping(x: Floats, start: Floats, iterations: int, radius: float) -> Floats:
    v = start
    for _ in range(iterations):
        norms = np.linalg.norm(x - v, axis=1)
        bound = radius or lower_median(norms)
        v = v + (np.minimum(1, bound / np.maximum(norms, 1e-300))[:, None] * (x - v)).mean(0)
    return v


def norm_bounding(x: Floats, radius: float) -> Floats:
    norms = np.linalg.norm(x, axis=1)
    bound = radius or lower_median(norms)
    return (np.minimum(1, bound / np.maximum(norms, 1e-300))[:, None] * x).mean(0)


def fltrust(x: Floats, root: Floats) -> Floats:
    norms, length = np.linalg.norm(x, axis=1), np.linalg.norm(root)
    trust = np.maximum(0, x @ root / (norms * length))
    return (trust * length / norms) @ x / trust.sum()


def nnm(x: Floats, f: int) -> Floats:
    return np.array([x[np.argsort(row, kind="stable")[: len(x) - f]].mean(0) for row in distances(x)])


def fedadam(steps: list[Floats], beta1: float, beta2: float, rate: float, tau: float) -> list[Floats]:
    m, v, out = np.zeros_like(steps[0]), np.zeros_like(steps[0]), []
    for a in steps:
        m, v = beta1 * m + (1 - beta1) * a, beta2 * v + (1 - beta2) * a**2
        out.append(rate * m / (np.sqrt(v) + tau))
    return out


def momentum(steps: list[Floats], decay: float, rate: float) -> list[Floats]:
    v, out = np.zeros_like(steps[0]), []
    for a in steps:
        v = decay * v + a
        out.append(rate * v)
    return out
