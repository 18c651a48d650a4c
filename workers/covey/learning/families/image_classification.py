"""Images (channels, height, width), uint8 or float32, to one of a fixed set of classes."""

from covey.learning.architectures import Cnn, Linear, Mlp
from covey.learning.errors import DataError
from covey.learning.families.base import Family
from covey.learning.layers import Shape

MAX_CHANNELS = 4
MAX_SIDE = 512


class ImageClassification(Family):
    name = "image-classification"
    architectures = (Linear, Mlp, Cnn)

    def check_input(self, shape: Shape) -> None:
        if len(shape) != 3 or shape[0] > MAX_CHANNELS or max(shape[1:]) > MAX_SIDE:
            raise DataError(
                f"image-classification needs inputs (channels <= {MAX_CHANNELS}, height and width <= {MAX_SIDE}), "
                f"not {shape}; for tables use the family tabular"
            )
