"""The interface of a task family: which models there are, how they learn and how their right answers are counted."""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar

from covey.learning.architectures import MAX_FAN_IN, Architecture, ArchitectureKind, parse
from covey.learning.data import Dataset
from covey.learning.errors import ArchitectureError, UnknownArchitectureError
from covey.learning.layers import Conv, Dense, Layers, Shape, fan_in
from covey.learning.task import Limits, Model, Progress, TaskSpec, TrainOptions

if TYPE_CHECKING:  # torch takes seconds to import; naming families, tasks and artefacts must not
    import torch


class Family(ABC):
    """A kind of model and its metric. Stateless; one instance per family lives in `covey.learning.families`."""

    name: ClassVar[str]
    architectures: ClassVar[tuple[ArchitectureKind, ...]]

    @abstractmethod
    def check_input(self, shape: Shape) -> None:
        """Raise DataError unless inputs of this shape belong to the family."""

    def task(self, data: Dataset, limits: Limits = Limits()) -> TaskSpec:  # noqa: B008 (Limits is immutable)
        """The task of predicting `data`'s classes. Raises DataError if its inputs are not the family's."""
        self.check_input(data.input_shape)
        return TaskSpec(self.name, data.input_shape, data.classes, limits)

    def architecture(self, name: str, hyper_parameters: Mapping[str, Any] | None = None) -> Architecture:
        """An architecture by name; hyper-parameters left out take their defaults.

        Raises UnknownArchitectureError or ArchitectureError.
        """
        kinds = {kind.name: kind for kind in self.architectures}
        if name not in kinds:
            raise UnknownArchitectureError(f"{self.name} has no architecture {name!r}; it has {', '.join(kinds)}")
        return parse(kinds[name], hyper_parameters or {})

    def layers(self, architecture: Architecture, input_shape: Shape, classes: int) -> Layers:
        """The network itself. Raises DataError, UnknownArchitectureError or ArchitectureError if it cannot exist."""
        self.check_input(input_shape)
        if not isinstance(architecture, self.architectures):
            raise UnknownArchitectureError(f"{self.name} has no architecture {architecture.name!r}")
        layers = architecture.layers(input_shape, classes)
        widest = max(fan_in(layer) for layer in layers if isinstance(layer, Dense | Conv))
        if widest > MAX_FAN_IN:
            raise ArchitectureError(f"a layer sums {widest:,} products; the limit is {MAX_FAN_IN:,}")
        return layers

    def build(self, architecture: Architecture, task: TaskSpec) -> "torch.nn.Sequential":
        """A torch module with fresh weights from torch's current random state."""
        from covey.learning.network import build

        return build(self.layers(architecture, task.input_shape, task.classes))

    def train(self, data: Dataset, task: TaskSpec, options: TrainOptions, progress: Progress) -> Model:
        """Fit a model to `data`. Same data, options and device: same bytes."""
        from covey.learning.training import fit

        return fit(data, task, options, progress)

    def count_correct(self, models: Sequence[Model], shard: Dataset, device: "torch.device") -> list[int]:
        """How many examples of `shard` each model gets right. The models share one architecture; counts are exact."""
        from covey.learning.exact import count_correct

        layers = self.layers(models[0].architecture, shard.input_shape, shard.classes)
        return count_correct(layers, [model.weights for model in models], shard, device)
