"""Aggregation rules by name and by their number on chain. To add one: a `Rule`, and its class here."""

from collections.abc import Mapping

from covey.federated.errors import UnknownRuleError
from covey.federated.rules.base import Rule
from covey.federated.rules.coordinates import Median, TrimmedMean
from covey.federated.rules.geometric import GeometricMedian
from covey.federated.rules.krum import Bulyan, Krum, MultiKrum
from covey.federated.rules.means import CenteredClipping, FedAvg, FlTrust, NormBounding

_KINDS = (
    FedAvg,
    NormBounding,
    CenteredClipping,
    FlTrust,
    GeometricMedian,
    Median,
    TrimmedMean,
    Krum,
    MultiKrum,
    Bulyan,
)

RULES: Mapping[str, type[Rule]] = {kind.name: kind for kind in _KINDS}
NUMBERS: Mapping[int, type[Rule]] = {kind.number: kind for kind in _KINDS}


def rule_kind(which: str | int) -> type[Rule]:
    """The kind of rule of that name or number. Raises UnknownRuleError."""
    kind = RULES.get(which) if isinstance(which, str) else NUMBERS.get(which)
    if kind is None:
        raise UnknownRuleError(f"there is no rule {which!r}; there are {', '.join(RULES)}")
    return kind
