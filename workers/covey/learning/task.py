"""What workers must know about a task, what a model is, and how training is asked for. No torch in here."""

import dataclasses
from collections.abc import Callable, Mapping
from typing import Annotated

from pydantic import ConfigDict, Field
from pydantic.dataclasses import dataclass

from covey.learning.architectures import Architecture
from covey.learning.layers import Shape
from covey.learning.tensors import Array

_STRICT = ConfigDict(extra="forbid", strict=True)

Side = Annotated[int, Field(ge=1, le=2**15)]
Positive = Annotated[int, Field(ge=1, le=2**40)]


@dataclass(frozen=True, config=_STRICT)
class Limits:
    """What one model may cost a validator, judged from its header alone."""

    max_artefact_bytes: Positive = 16 * 2**20
    max_parameters: Positive = 2_000_000
    max_multiply_adds: Positive = 50_000_000
    """Per example."""


@dataclass(frozen=True, config=_STRICT)
class TaskSpec:
    """Family, shape of one input, number of classes, limits. `pydantic.TypeAdapter(TaskSpec)` reads and writes JSON."""

    family: Annotated[str, Field(min_length=1, max_length=64)]
    input_shape: Annotated[tuple[Side, ...], Field(min_length=1, max_length=3)]
    classes: Annotated[int, Field(ge=2, le=4096)]
    limits: Limits = Limits()


@dataclasses.dataclass(frozen=True)
class Model:
    """A trained model: what it is, and its weights by name, all float32 or all float16."""

    family: str
    architecture: Architecture
    input_shape: Shape
    classes: int
    weights: Mapping[str, Array]


@dataclass(frozen=True, config=_STRICT)
class TrainOptions:
    """How the built-in training runs (AdamW on cross-entropy, stopped early on a held-out share)."""

    architecture: Architecture
    epochs: Annotated[int, Field(ge=1, le=10_000)] = 200
    batch_size: Annotated[int, Field(ge=1, le=65_536)] = 32
    learning_rate: Annotated[float, Field(gt=0, le=1)] = 1.5e-3
    weight_decay: Annotated[float, Field(ge=0, le=10)] = 1e-2
    patience: Annotated[int, Field(ge=1)] = 10
    """Epochs without a lower validation loss before training stops."""
    validation_share: Annotated[float, Field(gt=0, lt=1)] = 0.15
    seed: Annotated[int, Field(ge=0, lt=2**63)] = 0
    device: str = "auto"
    """auto, cpu, cuda or cuda:<index>."""
    threads: Annotated[int, Field(ge=1, le=1024)] = 1
    """On a CPU. Another number gives another model: sums are in another order."""
    mixed_precision: bool | None = None
    """bfloat16 autocast; None: on a GPU only."""


@dataclasses.dataclass(frozen=True)
class Report:
    """One epoch of training. Losses in nats; accuracy in [0, 1], on the held-out share."""

    epoch: int
    epochs: int
    training_loss: float
    validation_loss: float
    validation_accuracy: float


Progress = Callable[[Report], None]
