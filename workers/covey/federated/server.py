"""What the server makes of an aggregate: the step that moves the model, and what it remembers for the next one.

All in integers. Rates are basis points, divisions round half to even, and every step saturates at VALUE_LIMIT.
"""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass as plain
from typing import Annotated, ClassVar

import numpy as np
import numpy.typing as npt
from pydantic import Field
from pydantic.dataclasses import dataclass

from covey.federated.errors import CohortError
from covey.federated.fixed import VALUE_LIMIT, Vector, divide_half_even
from covey.federated.rules.base import BPS, STRICT
from covey.learning import tensors

_RANGE = -VALUE_LIMIT, VALUE_LIMIT

Moments = tuple[npt.NDArray[np.int64], ...]
"""Vectors as long as the model, int64: what a server step remembers."""

Rate = Annotated[int, Field(ge=0, lt=BPS)]
Factor = Annotated[int, Field(ge=1, le=10 * BPS)]
"""Basis points; 10,000 is 1."""


@plain(frozen=True)
class Step:
    """What to add to the model, and what to remember."""

    vector: Vector
    moments: Moments


class Server(ABC):
    """A way to step, a frozen pydantic dataclass of integers."""

    name: ClassVar[str]
    memory: ClassVar[int]
    """How many vectors it remembers."""

    def start(self, size: int) -> Moments:
        """Before the first round: zeros."""
        return (np.zeros(size, np.int64),) * self.memory

    @abstractmethod
    def step(self, aggregate: Vector, moments: Moments) -> Step: ...


@dataclass(frozen=True, config=STRICT)
class Plain(Server):
    """The step is the aggregate (FedAvg's server)."""

    name: ClassVar[str] = "plain"
    memory: ClassVar[int] = 0

    def step(self, aggregate: Vector, moments: Moments) -> Step:
        return Step(aggregate, moments)


@dataclass(frozen=True, config=STRICT)
class Momentum(Server):
    """v <- decay v + aggregate; step = rate v (FedAvgM; Hsu et al., arXiv 1909.06335, section 4.3)."""

    name: ClassVar[str] = "momentum"
    memory: ClassVar[int] = 1
    decay: Rate = 9000
    rate: Factor = BPS

    def step(self, aggregate: Vector, moments: Moments) -> Step:
        (velocity,) = moments
        velocity = (divide_half_even(velocity * self.decay, BPS) + aggregate.astype(np.int64)).clip(*_RANGE)
        return Step(divide_half_even(velocity * self.rate, BPS), (velocity,))


@dataclass(frozen=True, config=STRICT)
class Adam(Server):
    """m <- beta1 m + (1 - beta1) a, v <- beta2 v + (1 - beta2) a^2; step = rate m / (sqrt(v) + tau), without bias
    correction.

    FedAdam (Reddi et al., arXiv 2003.00295, Algorithm 2). `rate` and `tau` are in units of 2^-fraction_bits; v is in
    units of its square, and its root is rounded down.
    """

    name: ClassVar[str] = "fedadam"
    memory: ClassVar[int] = 2
    beta1: Rate = 9000
    beta2: Rate = 9900
    rate: Annotated[int, Field(ge=1, le=2**20)] = 10_486
    tau: Annotated[int, Field(ge=1, le=VALUE_LIMIT)] = 1049

    def step(self, aggregate: Vector, moments: Moments) -> Step:
        first, second = moments
        fresh = aggregate.astype(np.int64)
        first = divide_half_even(first * self.beta1 + fresh * (BPS - self.beta1), BPS).astype(np.int64)
        second = _halves_up(second * self.beta2 + fresh * fresh * (BPS - self.beta2))
        roots = np.floor(np.sqrt(second.astype(np.float64))).astype(np.int64)
        return Step(divide_half_even(first * self.rate, roots + self.tau), (first, second))


SERVERS: Mapping[str, type[Server]] = {kind.name: kind for kind in (Plain, Momentum, Adam)}


def pack(moments: Moments) -> bytes:
    """The bytes of what is remembered, to be published and hashed: canonical safetensors of I64."""
    return tensors.pack({f"moment.{i}": moment for i, moment in enumerate(moments)})


def unpack(source: tensors.Source, server: Server, size: int) -> Moments:
    """Read what `pack` wrote. Raises FormatError's subclasses, and CohortError for another server's or model's."""
    layout = tensors.layout_of({f"moment.{i}": ("I64", (size,)) for i in range(server.memory)})
    with tensors.opened(source) as (stream, available):
        if tensors.read_layout(stream, available, 8 * size * server.memory) != layout:
            raise CohortError(
                f"these are no moments of {server.name} for {size:,} coordinates: replay the rounds instead"
            )
        found = tensors.unpack(tensors.read_exactly(stream, 8 * size * server.memory, "moments"), layout)
    return tuple(found[f"moment.{i}"] for i in range(server.memory))


def _halves_up(numerators: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """Over BPS, halves up: second moments reach 2^48 and their numerators 2^62, beyond what a float64 quotient is
    exact for.
    """
    return (numerators + BPS // 2) // BPS
