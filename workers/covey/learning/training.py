"""The built-in training: AdamW on cross-entropy, stopped early on a held-out share of the public data."""

import copy
import os
from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import nn
from torch.nn import functional

from covey.learning.architectures import Architecture
from covey.learning.data import Dataset, stratify
from covey.learning.devices import cpu_threads, resolve_device
from covey.learning.errors import DataError, TrainerError
from covey.learning.families import family_of
from covey.learning.network import model_of, normalise_by
from covey.learning.task import Model, Progress, Report, TaskSpec, TrainOptions

_EVALUATION_BATCH = 1024


def fit(data: Dataset, task: TaskSpec, options: TrainOptions, progress: Progress) -> Model:
    """Train on `data`; the model of the epoch with the lowest validation loss is returned.

    Same data, options and kind of machine: same bytes. `progress` hears of every epoch. Raises DataError,
    DeviceError or ArchitectureError before training, TrainerError if the loss stops being finite.
    """
    family = family_of(task.family)
    device = resolve_device(options.device)
    train, held_out = _hold_out(data, options)
    with cpu_threads(options.threads), deterministic(options.seed, device):
        module = family.build(options.architecture, task)
        normalise_by(module, data)
        module.to(device)
        best = _optimise(module, on_device(train, device), on_device(held_out, device), options, progress)
    module.load_state_dict(best)
    return model_of(module, options.architecture, task)


def untrained(task: TaskSpec, architecture: Architecture, seed: int, data: Dataset | None = None) -> Model:
    """A model with random weights: what a free rider would submit. It normalises its inputs by `data`, if there is."""
    with deterministic(seed, torch.device("cpu")):
        module = family_of(task.family).build(architecture, task)
        if data is not None:
            normalise_by(module, data)
        return model_of(module, architecture, task)


Examples = tuple[torch.Tensor, torch.Tensor]
State = dict[str, torch.Tensor]


def _hold_out(data: Dataset, options: TrainOptions) -> tuple[Dataset, Dataset]:
    share = options.validation_share
    train, held_out = stratify(data.y, [1 - share, share], options.seed.to_bytes(8, "big"))
    if not len(train) or not len(held_out):
        raise DataError(f"{len(data)} examples are too few to hold out {share:.0%} for validation")
    return data.take(train), data.take(held_out)


def on_device(data: Dataset, device: torch.device) -> Examples:
    return torch.tensor(data.x, device=device), torch.tensor(data.y, device=device)


def _optimise(
    module: nn.Sequential, train: Examples, held_out: Examples, options: TrainOptions, progress: Progress
) -> State:
    optimiser = torch.optim.AdamW(module.parameters(), lr=options.learning_rate, weight_decay=options.weight_decay)
    best, lowest, since = copy.deepcopy(module.state_dict()), float("inf"), 0
    for epoch in range(1, options.epochs + 1):
        training_loss = _epoch(module, optimiser, train, options)
        validation_loss, accuracy = evaluate(module, held_out)
        progress(Report(epoch, options.epochs, training_loss, validation_loss, accuracy))
        if validation_loss < lowest:
            best, lowest, since = copy.deepcopy(module.state_dict()), validation_loss, 0
        else:
            since += 1
        if since >= options.patience:
            break
    if lowest == float("inf"):
        raise TrainerError("the loss was never finite: lower the learning rate or look for outliers in the data")
    return best


def _epoch(module: nn.Sequential, optimiser: torch.optim.Optimizer, train: Examples, options: TrainOptions) -> float:
    """One pass in random order; the mean loss over it."""
    x, y = train
    on_gpu = x.device.type == "cuda"
    mixed = on_gpu if options.mixed_precision is None else options.mixed_precision
    total = torch.zeros((), device=x.device)
    for batch in torch.split(torch.randperm(len(y)).to(x.device), options.batch_size):
        with torch.autocast(x.device.type, torch.bfloat16, enabled=mixed):
            loss = functional.cross_entropy(module(x[batch].float()), y[batch])
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        total += loss.detach() * len(batch)
    return total.item() / len(y)


@torch.no_grad()
def evaluate(module: nn.Sequential, held_out: Examples) -> tuple[float, float]:
    """Mean loss and accuracy, in full precision."""
    x, y = held_out
    logits = torch.cat([module(part.float()) for part in torch.split(x, _EVALUATION_BATCH)])
    return functional.cross_entropy(logits, y).item(), (logits.argmax(1) == y).double().mean().item()


@contextmanager
def deterministic(seed: int, device: torch.device) -> Iterator[None]:
    """Seeded, deterministic torch within; the caller's random state and settings afterwards."""
    os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")  # cuBLAS is deterministic only with a fixed workspace
    before = torch.are_deterministic_algorithms_enabled()
    with torch.random.fork_rng(devices=[device] if device.type == "cuda" else []):
        torch.manual_seed(seed)
        torch.use_deterministic_algorithms(True)
        try:
            yield
        finally:
            torch.use_deterministic_algorithms(before)
