"""Everything that learning can refuse. Each message says what is wrong and, where it helps, what to do next."""


class LearningError(ValueError):
    """Root of all errors of `covey.learning`."""


class DataError(LearningError):
    """A data set is unreadable, inconsistent or out of bounds."""


class DeviceError(LearningError):
    """The device asked for does not exist here."""


class TrainerError(LearningError):
    """A user's own trainer cannot be loaded, or returned something other than a model for the task."""


class UnknownFamilyError(LearningError):
    """No such task family."""


class UnknownArchitectureError(LearningError):
    """The family has no architecture of that name."""


class ArchitectureError(LearningError):
    """An architecture's hyper-parameters are out of bounds or do not fit the input."""


class FormatError(LearningError):
    """Root of the errors about bytes from outside: model artefacts and data shards."""


class PickleError(FormatError):
    """The bytes are a Python pickle, which Covey never loads."""


class ZipError(FormatError):
    """The bytes are a zip archive (as torch.save and numpy.savez write), which Covey never loads."""


class UnrecognisedError(FormatError):
    """The bytes are none of Covey's formats."""


class HeaderError(FormatError):
    """A header is not the JSON it should be."""


class TruncatedError(FormatError):
    """The bytes end before the header says so."""


class TrailingBytesError(FormatError):
    """The bytes go on after the header says they end."""


class TooLargeError(FormatError):
    """A size, a parameter count or a cost is above the task's limits."""


class MetadataError(FormatError):
    """The safetensors part has metadata, which makes its bytes depend on the process that wrote them."""


class TensorNamesError(FormatError):
    """Tensors are missing or unexpected."""


class ShapeError(FormatError):
    """A tensor has another shape than the architecture dictates."""


class DtypeError(FormatError):
    """A tensor has a dtype that is not allowed."""


class NotCanonicalError(FormatError):
    """The content is fine but is not written in its one canonical form."""


class NonFiniteError(FormatError):
    """A tensor holds NaN or infinity."""


class WeightRangeError(FormatError):
    """A weight's magnitude is above the bound that keeps scoring exact."""


class HashMismatchError(FormatError):
    """The bytes are not those that were announced."""


class TaskMismatchError(FormatError):
    """A sound model, but for another family, input shape or number of classes than the task's."""
