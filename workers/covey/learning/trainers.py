"""Trainers: the built-in one and a user's own, behind one function type.

A trainer of your own is a function in an importable module, named on the command line as `module:function`:

    from covey.learning.families import family_of
    from covey.learning.network import model_of, normalise_by

    def train(data, task, progress):
        family = family_of(task.family)
        architecture = family.architecture("mlp", {"hidden": [256]})
        module = family.build(architecture, task)      # a torch.nn.Sequential that takes raw data as float32
        normalise_by(module, data)
        ...                                            # any optimiser, any schedule, any data augmentation
        return model_of(module, architecture, task)

`data` is the public training set (`covey.learning.data.Dataset`), `task` the `TaskSpec` with its limits; `progress` may
be called with a `Report` after each epoch. Only the returned weights count: any library may find them.
"""

import importlib
import sys
from pathlib import Path
from typing import Protocol

from covey.learning.artefact import encode, require_task
from covey.learning.data import Dataset
from covey.learning.errors import LearningError, TrainerError
from covey.learning.families import family_of
from covey.learning.task import Model, Progress, TaskSpec, TrainOptions


class Trainer(Protocol):
    """From data and task to a model."""

    def __call__(self, data: Dataset, task: TaskSpec, progress: Progress) -> Model: ...


def built_in(options: TrainOptions) -> Trainer:
    """The family's own training under `options`."""

    def train(data: Dataset, task: TaskSpec, progress: Progress) -> Model:
        return family_of(task.family).train(data, task, options, progress)

    return train


def load_trainer(reference: str) -> Trainer:
    """The function named `module:function`, importable from the path or the working directory. Raises TrainerError."""
    module_name, _, function_name = reference.partition(":")
    if not all(part.isidentifier() for part in module_name.split(".")) or not function_name.isidentifier():
        raise TrainerError(f"{reference!r} does not name a trainer: write my_module:train")
    here = str(Path.cwd())
    sys.path.insert(0, here)
    try:
        function = getattr(importlib.import_module(module_name), function_name)
    except ImportError as error:
        raise TrainerError(f"cannot import {module_name}: {error}; run where {module_name}.py lies") from error
    except AttributeError as error:
        raise TrainerError(f"{module_name} has no {function_name}") from error
    finally:
        sys.path.remove(here)
    if not callable(function):
        raise TrainerError(f"{reference} is not a function")
    trainer: Trainer = function
    return trainer


def train_artefact(trainer: Trainer, data: Dataset, task: TaskSpec, progress: Progress) -> bytes:
    """Run a trainer; its model as an artefact that validators will accept. Raises TrainerError if they would not."""
    model = trainer(data, task, progress)
    if not isinstance(model, Model):
        raise TrainerError(f"the trainer returned {type(model).__name__}, not a covey.learning.task.Model")
    try:
        require_task(model, task)
        return encode(model, task.limits)
    except LearningError as error:
        raise TrainerError(f"the trainer's model would be refused by validators: {error}") from error
