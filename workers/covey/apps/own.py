"""Covey's own families as an app: `covey fl join --data PATH`."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from covey.apps.app import AppError, Evaluated, Parameters, Trained, checked_evaluation, checked_training
from covey.learning.data import Dataset, stratify
from covey.learning.errors import LearningError
from covey.learning.task import Model

if TYPE_CHECKING:  # torch takes seconds to import
    from covey.learning.local import LocalOptions


class OwnApp:
    """Trains a model of Covey's on one client's `data`, but for a held-out share (0 to 1) that it evaluates on.

    The split depends on the options' seed alone, so that what was held out once always is. Raises AppError.
    """

    def __init__(self, model: Model, data: Dataset, options: LocalOptions, held_out: float = 0.2) -> None:
        train, rest = stratify(data.y, [1 - held_out, held_out], options.seed.to_bytes(8))
        if not len(train) or not len(rest):
            raise AppError(f"{len(data)} examples are too few to hold out {held_out:.0%}: use more data")
        self._model = model
        self._train, self._held_out = data.take(train), data.take(rest)
        self._options = options

    def train(self, parameters: Parameters, round: int) -> Trained:
        from covey.learning.local import train_on

        try:
            weights = train_on(self._with(parameters), self._train, self._options, round)
        except LearningError as error:
            raise AppError(str(error)) from error
        return checked_training(parameters, weights, len(self._train))

    def evaluate(self, parameters: Parameters, round: int) -> Evaluated:
        from covey.learning.local import loss_on

        try:
            loss = loss_on(self._with(parameters), self._held_out, self._options.device)
        except LearningError as error:
            raise AppError(str(error)) from error
        return checked_evaluation(loss, len(self._held_out))

    def _with(self, parameters: Parameters) -> Model:
        return replace(self._model, weights={name: np.asarray(array) for name, array in parameters.items()})
