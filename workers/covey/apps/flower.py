"""Flower apps, unchanged: a `ClientApp` is called with the messages that Flower's own runtime would send it.

Both of Flower's interfaces work: functions registered with `@app.train()` and `@app.evaluate()`, with records named as
in Flower's PyTorch quickstart, and `ClientApp(client_fn)` around a `NumPyClient`. There is no Flower server and no Ray:
the Alliance contract takes the server's place. `Context.state` lasts as long as the worker.
"""

from __future__ import annotations

import math
import os
import time
from collections.abc import Mapping
from copy import copy
from io import BytesIO
from typing import TYPE_CHECKING, Final, TypeVar

import numpy as np
from numpy.lib import format as npy

from covey.apps.app import (
    AppError,
    Array,
    Evaluated,
    Parameters,
    Partition,
    Trained,
    checked_evaluation,
    checked_training,
)

# Flower reports each use to its makers unless told not to, and reads that when it is imported.
os.environ.setdefault("FLWR_TELEMETRY_ENABLED", "0")

from flwr.app import Array as FlowerArray
from flwr.app import ArrayRecord, ConfigRecord, Context, Message, Metadata, RecordDict, UserConfigValue
from flwr.common import EvaluateIns, FitIns, Scalar, ndarrays_to_parameters, parameters_to_ndarrays
from flwr.compat.common import recorddict_compat as legacy

if TYPE_CHECKING:
    from flwr.clientapp import ClientApp

Record = TypeVar("Record")
_RUN: Final = 1
_NODE: Final = 1
_SERVER: Final = 2
_TTL: Final = 24 * 3600.0
"""Seconds. No message travels, so none is ever late."""

_EXAMPLE: Final = "--config lr=0.01"

_LOSS: Final = ("loss", "eval_loss", "val_loss", "test_loss", "train_loss")
_SAMPLES: Final = "num-examples"


class FlowerApp:
    """Runs a `ClientApp` on this machine's data. `run_config` is what the app's pyproject.toml sets, `config` what its
    own server would send with every round (the quickstart's: `lr`)."""

    def __init__(
        self,
        app: ClientApp,
        run_config: Mapping[str, UserConfigValue],
        partition: Partition,
        config: Mapping[str, UserConfigValue],
    ) -> None:
        self._app = app
        self._config = config
        self._legacy = app._call is not None  # a client_fn, which knows the older messages alone
        self._sent = 0
        self._context = Context(
            run_id=_RUN,
            node_id=_NODE,
            node_config={"partition-id": partition.index, "num-partitions": partition.count},
            state=RecordDict(),
            run_config=dict(run_config),
        )

    def train(self, parameters: Parameters, round: int) -> Trained:
        reply = self._call("train", parameters, round)
        if self._legacy:
            fit = legacy.recorddict_to_fitres(reply, keep_input=True)
            return checked_training(
                parameters, _named(parameters, parameters_to_ndarrays(fit.parameters)), fit.num_examples
            )
        arrays = _only(reply.array_records, "ArrayRecord with the trained model")
        metrics = _only(reply.metric_records, f"MetricRecord with {_SAMPLES}")
        try:
            trained = {name: _read(array) for name, array in arrays.items()}
        except (TypeError, ValueError) as error:
            raise AppError(f"the app returned arrays that cannot be read ({error}): make them by Array(...)") from error
        return checked_training(parameters, trained, metrics.get(_SAMPLES))

    def evaluate(self, parameters: Parameters, round: int) -> Evaluated:
        reply = self._call("evaluate", parameters, round)
        if self._legacy:
            result = legacy.recorddict_to_evaluateres(reply)
            return checked_evaluation(result.loss, result.num_examples)
        metrics = _only(reply.metric_records, f"MetricRecord with a loss and {_SAMPLES}")
        losses = [metrics[name] for name in _LOSS if name in metrics]
        if not losses:
            raise AppError(f"the app's evaluate reports {sorted(metrics)}: name the loss one of {', '.join(_LOSS)}")
        return checked_evaluation(losses[0], metrics.get(_SAMPLES))

    def _call(self, kind: str, parameters: Parameters, round: int) -> RecordDict:
        self._sent += 1
        metadata = Metadata(
            run_id=_RUN,
            message_id=str(self._sent),
            src_node_id=_SERVER,
            dst_node_id=_NODE,
            reply_to_message_id="",
            group_id=str(round),
            created_at=time.time(),
            ttl=_TTL,
            message_type=kind,
        )
        content = (self._legacy_content if self._legacy else self._content)(kind, parameters, round)
        try:
            # Typed as for apps, which may not choose metadata; whoever stands in for the runtime must.
            message = Message(content, metadata=metadata)  # type: ignore[call-overload]
            reply = self._app(message, self._context)
        except Exception as error:  # whatever a user's code raises
            hint = (
                f": what its own server sends with a round is said as {_EXAMPLE}" if isinstance(error, KeyError) else ""
            )
            raise AppError(f"the app's {kind} failed: {type(error).__name__}: {error}{hint}") from error
        if reply.has_error():
            raise AppError(f"the app's {kind} failed: {reply.error.reason}")
        return reply.content

    def _content(self, kind: str, parameters: Parameters, round: int) -> RecordDict:
        """As Flower's FedAvg writes it, whatever the `kind`."""
        config = ConfigRecord({**self._config, "server-round": round + 1})
        return RecordDict({"arrays": ArrayRecord(_LAST.of(parameters)), "config": config})

    def _legacy_content(self, kind: str, parameters: Parameters, round: int) -> RecordDict:
        packed = ndarrays_to_parameters([np.asarray(array) for array in parameters.values()])
        config: dict[str, Scalar] = {**self._config, "server_round": round + 1}
        if kind == "train":
            return legacy.fitins_to_recorddict(FitIns(packed, config), keep_input=False)
        return legacy.evaluateins_to_recorddict(EvaluateIns(packed, config), keep_input=False)


class _Serialised:
    """The parameters that came last, as Flower's arrays: a round's go to one simulated client after the other."""

    def __init__(self) -> None:
        self._of: Parameters = {}
        self._arrays: dict[str, FlowerArray] = {}

    def of(self, parameters: Parameters) -> dict[str, FlowerArray]:
        """Arrays that an app may change, of `parameters` that nobody changes afterwards."""
        if self._of is not parameters:
            self._arrays = {name: FlowerArray(np.asarray(array)) for name, array in parameters.items()}
            self._of = parameters
        return {name: copy(array) for name, array in self._arrays.items()}


_LAST: Final = _Serialised()


def _read(sent: FlowerArray) -> Array:
    """The same as `sent.numpy()`, which copies it twice; not to be written to."""
    stream = BytesIO(sent.data)
    if sent.stype != "numpy.ndarray" or npy.read_magic(stream) != (1, 0):
        return sent.numpy()
    shape, by_columns, dtype = npy.read_array_header_1_0(stream)
    if dtype.hasobject or by_columns:
        return sent.numpy()
    return np.frombuffer(sent.data, dtype, math.prod(shape), stream.tell()).reshape(shape)


def _named(like: Parameters, arrays: list[Array]) -> Parameters:
    """A NumPyClient's arrays have no names, only the model's order."""
    if len(arrays) != len(like):
        raise AppError(f"the app's fit returned {len(arrays)} arrays; the task's model has {len(like)}")
    return dict(zip(like, arrays, strict=True))


def _only(records: Mapping[str, Record], what: str) -> Record:
    if len(records) != 1:
        raise AppError(f"the app's reply holds {len(records)} such records: return one {what}")
    return next(iter(records.values()))
