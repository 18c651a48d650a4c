"""Scores of a whole round: every artefact on one shard, in one pass, whatever the artefacts are."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from covey.learning.architectures import Architecture
from covey.learning.artefact import decode, require_task
from covey.learning.data import Dataset
from covey.learning.errors import DataError, LearningError
from covey.learning.families import family_of
from covey.learning.task import Model, TaskSpec
from covey.protocol import scores
from covey.protocol.lanes import MALFORMED


@dataclass(frozen=True)
class Score:
    """A 15-bit score (higher is better) and why. `correct` is None for a malformed model."""

    score: int
    correct: int | None
    reason: str


def baseline(shard: Dataset) -> int:
    """The score that a model must exceed on `shard` to count (`covey.protocol.scores.baseline`)."""
    return scores.baseline(int(np.bincount(shard.y).max()), len(shard))


def score_models(
    artefacts: Sequence[bytes], shard: Dataset, task: TaskSpec, device: str = "auto", threads: int = 1
) -> list[Score]:
    """Score every artefact on `shard`, in the order given.

    Nothing that an artefact holds raises: what is not a sound model for `task` scores 0, with the reason. Scores are
    equal on every machine, with any number of CPU threads (see `covey.learning.exact`). Raises DataError if the shard
    is not the task's, DeviceError.
    """
    from covey.learning.devices import cpu_threads, resolve_device  # torch: a task's baseline needs none

    if (shard.input_shape, shard.classes) != (task.input_shape, task.classes):
        raise DataError(f"shard {shard.input_shape}, {shard.classes} classes is not one of the task {task}")
    target, family = resolve_device(device), family_of(task.family)
    results: dict[int, Score] = {}
    alike: dict[Architecture, dict[int, Model]] = defaultdict(dict)
    for i, artefact in enumerate(artefacts):
        try:
            model = decode(artefact, task.limits)
            require_task(model, task)
        except LearningError as error:
            results[i] = _malformed(error)
        else:
            alike[model.architecture][i] = model
    for models in alike.values():
        with cpu_threads(threads):
            counts = family.count_correct(list(models.values()), shard, target)
        results |= {i: _valid(correct, len(shard)) for i, correct in zip(models, counts, strict=True)}
    return [results[i] for i in range(len(artefacts))]


def _malformed(error: LearningError) -> Score:
    return Score(MALFORMED, None, f"{type(error).__name__.removesuffix('Error')}: {error}")


def _valid(correct: int, examples: int) -> Score:
    return Score(scores.count_score(correct, examples), correct, f"{correct} of {examples} correct")
