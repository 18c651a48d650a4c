"""Loading what training and scoring need: libraries that take seconds, and that most workers never use."""

import importlib

from covey.roles.errors import LibraryUnusable

TRAINING = ("covey.learning.training", "torch._dynamo")
"""torch loads the latter by itself, with the first optimiser."""

SCORING = ("covey.learning.exact",)


def load(modules: tuple[str, ...]) -> None:
    """Raises LibraryUnusable: what was cut off while it loaded (by a full disk, say) stays half loaded in a process."""
    for module in modules:
        try:
            importlib.import_module(module)
        except Exception as error:
            raise LibraryUnusable(module, error) from error
