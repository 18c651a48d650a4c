"""Forward passes without rounding error, so that every machine counts the same right answers.

Floating-point sums depend on their order, and the order on batch size, threads, library and device. Here no sum rounds:
before each weighted layer, inputs (per example) and weights (per output) are rounded to a power-of-two grid on which
the largest has `BITS` bits. In units of the grids, a product of two such numbers is an integer of at most 2 BITS bits,
and a sum of up to MAX_FAN_IN = 2^15 products stays within 2 BITS + 15 = 53 bits, the precision of float64: each partial
sum is exact, in any order, fused or not. What remains (normalising, adding the bias, scaling by powers of two, maxima)
is one correctly rounded operation per element. Hence a count is a function of the model and the shard alone, and that
holds for a hostile model too.

Nothing overflows or becomes subnormal: inputs are float32, weights at most 2^64, weighted layers at most MAX_DEPTH = 6,
so that values stay below 2^(193 + 6 * 80) and grids above 2^-700. The price is a rounding of 2^-19 relative to the
largest input and weight, less than that of training in bfloat16 or TF32.
"""

from collections.abc import Iterator, Mapping, Sequence
from functools import reduce
from itertools import product

import numpy as np
import torch

from covey.learning.data import Dataset
from covey.learning.layers import KERNEL, POOL, Conv, Dense, Flatten, Layers, MaxPool, Normalise, Relu, widest
from covey.learning.tensors import Array

BITS = 19
_EXPONENT = 0x7FF0_0000_0000_0000
_SMALLEST = 2.0**-300
_BUDGET = {"cpu": 2**19, "cuda": 2**27}
"""Values that one step may hold: a core's cache on a CPU, 1 GiB on a GPU."""

Weights = Mapping[str, torch.Tensor]


def count_correct(
    layers: Layers,
    models: Sequence[Mapping[str, Array]],
    shard: Dataset,
    device: torch.device,
    budget: int | None = None,
) -> list[int]:
    """How many examples of `shard` each of `models` (weights of the same `layers`) gets right.

    Models and examples go through together, in blocks of about `budget` values (default: by device); the result does
    not depend on it.
    """
    budget = budget or _BUDGET[device.type]
    size = widest(layers, shard.input_shape)
    examples = max(1, min(len(shard), budget // size))
    parameters = sum(weight.size for weight in models[0].values())
    together = max(1, budget // max(parameters, size * examples))
    counts: list[int] = []
    for start in range(0, len(models), together):
        weights = stack(models[start : start + together], device)
        correct = torch.zeros(len(models[start : start + together]), dtype=torch.int64, device=device)
        for x, y in _blocks(shard, examples, device):
            correct += (predict(layers, weights, x) == y).sum(1)
        counts += correct.tolist()
    return counts


def stack(models: Sequence[Mapping[str, Array]], device: torch.device) -> Weights:
    """The parameters of several models as float64 with a leading axis, weight matrices and kernels on their grids."""
    stacked = {
        name: torch.from_numpy(np.stack([model[name] for model in models])).to(device, torch.float64)
        for name in models[0]
    }
    return {name: _on_grid(values, 2) if values.ndim > 2 else values for name, values in stacked.items()}


def predict(layers: Layers, weights: Weights, x: torch.Tensor) -> torch.Tensor:
    """Classes (models, examples) that `stack`ed models give to float64 inputs (examples, *shape); ties: the lowest."""
    return logits(layers, weights, x).argmax(-1)


def logits(layers: Layers, weights: Weights, x: torch.Tensor) -> torch.Tensor:
    """Logits (models, examples, classes). Inside, the channel axis is last, so that every weighted layer is one bmm."""
    values = x.unsqueeze(0).movedim(2, -1)
    for i, layer in enumerate(layers):
        match layer:
            case Normalise():
                values = _normalise(values, weights[f"{i}.shift"], weights[f"{i}.scale"])
            case Flatten():
                values = values.movedim(-1, 2).flatten(2)
            case Conv():
                kernel = weights[f"{i}.weight"].movedim(2, -1).flatten(2)
                values = _affine(_patches(_on_grid(values, 2)), kernel, weights[f"{i}.bias"])
            case Dense():
                values = _affine(_on_grid(values, 2), weights[f"{i}.weight"], weights[f"{i}.bias"])
            case Relu():
                values = values.clamp_min(0)
            case MaxPool():
                values = _pool(values)
    return values


def _affine(values: torch.Tensor, weight: torch.Tensor, bias: torch.Tensor) -> torch.Tensor:
    """(models or 1, ..., inputs) to (models, ..., outputs); both are on their grids."""
    models = len(weight)
    sums = torch.bmm(values.flatten(1, -2).expand(models, -1, -1), weight.mT)
    return sums.add_(bias.unsqueeze(1)).reshape(models, *values.shape[1:-1], -1)


def _on_grid(values: torch.Tensor, first: int) -> torch.Tensor:
    """Round to multiples of 2^(1 - BITS) times the power of two at or under the largest magnitude over axes >= `first`.

    The result divided by its unit is an integer of magnitude at most 2^BITS.
    """
    largest = values.abs().amax(tuple(range(first, values.ndim)), keepdim=True).clamp_min(_SMALLEST)
    unit = (largest.view(torch.int64) & _EXPONENT).view(torch.float64) * 2.0 ** (1 - BITS)
    return (values / unit).round_().mul_(unit)


def _patches(values: torch.Tensor) -> torch.Tensor:
    """(models, n, height, width, channels) to (models, n, height, width, kernel rows * kernel columns * channels)."""
    edge = KERNEL // 2
    height, width = values.shape[2:4]
    padded = torch.nn.functional.pad(values, (0, 0, edge, edge, edge, edge))
    shifts = product(range(KERNEL), repeat=2)
    return torch.cat([padded[:, :, i : i + height, j : j + width] for i, j in shifts], -1)


def _pool(values: torch.Tensor) -> torch.Tensor:
    height, width = (side // POOL * POOL for side in values.shape[2:4])
    shifts = product(range(POOL), repeat=2)
    return reduce(torch.maximum, (values[:, :, i:height:POOL, j:width:POOL] for i, j in shifts))


def _normalise(values: torch.Tensor, shift: torch.Tensor, scale: torch.Tensor) -> torch.Tensor:
    """(1, n, ..., channels) to (models, n, ..., channels), or to (1, ...) if all models normalise alike, as most do."""
    if (shift == shift[:1]).all() and (scale == scale[:1]).all():
        shift, scale = shift[:1], scale[:1]
    sides = [1] * (values.ndim - 2)
    return (values - shift.view(len(shift), *sides, -1)) * scale.view(len(scale), *sides, -1)


def _blocks(shard: Dataset, size: int, device: torch.device) -> Iterator[tuple[torch.Tensor, torch.Tensor]]:
    for start in range(0, len(shard), size):
        x, y = shard.x[start : start + size], shard.y[start : start + size]
        yield torch.tensor(x).to(device, torch.float64), torch.tensor(y).to(device)
