"""Which device to compute on, and with how many threads."""

import re
from collections.abc import Iterator
from contextlib import contextmanager

import torch

from covey.learning.errors import DeviceError


def resolve_device(name: str) -> torch.device:
    """`auto` (the first GPU if there is one), `cpu`, `cuda` or `cuda:<index>`. Raises DeviceError."""
    if not re.fullmatch(r"auto|cpu|cuda(:\d{1,3})?", name):
        raise DeviceError(f"unknown device {name!r}: use auto, cpu, cuda or cuda:<index>")
    gpus = torch.cuda.device_count()
    if name == "cpu" or (name == "auto" and gpus == 0):
        return torch.device("cpu")
    index = int(name.partition(":")[2] or 0)
    if index >= gpus:
        raise DeviceError(f"no device {name!r}: torch sees {gpus} GPUs; use auto or cpu")
    return torch.device("cuda", index)


@contextmanager
def cpu_threads(count: int) -> Iterator[None]:
    """Let torch compute with `count` threads within.

    Small models are fastest on one: with more, and workers sharing a machine, threads mostly wait for each other.
    """
    before = torch.get_num_threads()
    torch.set_num_threads(count)
    try:
        yield
    finally:
        torch.set_num_threads(before)
