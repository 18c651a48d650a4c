"""Rows of numeric features to one of a fixed set of classes."""

from covey.learning.architectures import Linear, Mlp
from covey.learning.errors import DataError
from covey.learning.families.base import Family
from covey.learning.layers import Shape


class Tabular(Family):
    name = "tabular"
    architectures = (Linear, Mlp)

    def check_input(self, shape: Shape) -> None:
        if len(shape) != 1:
            raise DataError(f"tabular needs inputs (features,), not {shape}; for images use image-classification")
