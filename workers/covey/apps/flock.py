"""FLock models: a class with `init_dataset`, `train`, `evaluate` and `aggregate`, as FLock's SDK for its alliance asks.

    class MyModel:
        def init_dataset(self, dataset_path: str) -> None: ...
        def train(self, parameters: bytes | None) -> bytes: ...
        def evaluate(self, parameters: bytes | None) -> float: ...          # accuracy, from 0 to 1
        def aggregate(self, parameters_list: list[bytes]) -> bytes: ...

Parameters travel as safetensors (`safetensors.torch.save(model.state_dict())`). FLock's own examples use torch.save, a
pickle, which Covey never reads: such a model needs its two conversions changed. The updates are aggregated by the
task's rule, not by `aggregate`, since voters must get the same bytes on any machine.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Protocol, TypeVar

from safetensors import SafetensorError
from safetensors.numpy import load, save

from covey.apps.app import AppError, Evaluated, Parameters, Trained, checked_evaluation, checked_training

Result = TypeVar("Result")
METHODS = ("init_dataset", "train", "evaluate", "aggregate")


class FlockModel(Protocol):
    """What FLock's SDK calls."""

    def init_dataset(self, dataset_path: str) -> None: ...

    def train(self, parameters: bytes | None) -> bytes: ...

    def evaluate(self, parameters: bytes | None) -> float: ...


class FlockApp:
    """Runs a FLock model on the data at `data`, of which it trains on `samples`."""

    def __init__(self, model: FlockModel, data: Path, samples: int) -> None:
        self._model = model
        self._samples = samples
        _guarded("init_dataset", lambda: model.init_dataset(str(data)))

    def train(self, parameters: Parameters, round: int) -> Trained:
        packed = _packed(parameters)
        trained = _guarded("train", lambda: self._model.train(packed))
        return checked_training(parameters, _unpacked(trained, parameters), self._samples)

    def evaluate(self, parameters: Parameters, round: int) -> Evaluated:
        packed = _packed(parameters)
        accuracy = _guarded("evaluate", lambda: self._model.evaluate(packed))
        if not isinstance(accuracy, int | float) or not 0 <= accuracy <= 1:
            raise AppError(f"evaluate returned {accuracy!r}: return the accuracy, a number from 0 to 1")
        return checked_evaluation(1 - accuracy, self._samples)


def _packed(parameters: Parameters) -> bytes:
    return save(dict(parameters))


def _unpacked(data: object, like: Parameters) -> Parameters:
    """Arrays in the order of `like`: a safetensors file orders them by type and name."""
    if not isinstance(data, bytes):
        raise AppError(f"train returned {type(data).__name__}: return the model as safetensors bytes")
    try:
        arrays = load(data)
    except (SafetensorError, ValueError, KeyError) as error:
        raise AppError(f"train returned bytes that are no safetensors file: {error}") from error
    return {name: arrays[name] for name in [*(n for n in like if n in arrays), *(n for n in arrays if n not in like)]}


def _guarded(method: str, call: Callable[[], Result]) -> Result:
    try:
        return call()
    except Exception as error:  # whatever a user's code raises
        raise AppError(f"the model's {method} failed: {type(error).__name__}: {error}") from error
