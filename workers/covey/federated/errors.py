"""What federated learning can refuse. Each message says what is wrong and what to do next."""


class FederatedError(ValueError):
    """Root of all errors of `covey.federated`; those about an update's bytes are
    `covey.learning.errors.FormatError`s.
    """


class UpdateRangeError(FederatedError):
    """An update has a coordinate outside the range in which aggregation is exact."""


class NonFiniteUpdateError(FederatedError):
    """Training gave NaN or infinity, which no integer stands for."""

    def __init__(
        self, message: str = "the update holds NaN or infinity: lower the learning rate or look for outliers"
    ) -> None:
        super().__init__(message)


class CohortError(FederatedError):
    """The updates of a round do not fit together, or are more than a round may have."""


class TooFewUpdatesError(FederatedError):
    """A rule cannot withstand the share of Byzantine clients it is set for with as few updates as these."""


class MissingInputError(FederatedError):
    """A rule needs something beside the updates that was not given."""


class UnknownRuleError(FederatedError):
    """No rule has that name or number."""


class ParameterError(FederatedError):
    """A plan of aggregation, a partition or a simulation has parameters out of bounds."""
