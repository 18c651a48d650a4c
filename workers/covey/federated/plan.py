"""The plan of a federation's aggregation: mixing, rule, server step and precision, as one canonical text with one
hash.
"""

import json
from collections.abc import Mapping
from dataclasses import asdict, field
from dataclasses import dataclass as plain
from typing import Annotated, Any, TypeVar

from pydantic import Field, TypeAdapter, ValidationError
from pydantic.dataclasses import dataclass

from covey.federated.cohort import Cohort
from covey.federated.errors import ParameterError
from covey.federated.rules import rule_kind
from covey.federated.rules.base import STRICT, Outcome, Rule, Share
from covey.federated.rules.means import FedAvg
from covey.federated.rules.mixing import mixed
from covey.federated.server import SERVERS, Plain, Server
from covey.protocol.alliance.params import MAX_FRACTION_BITS
from covey.protocol.hashing import keccak

T = TypeVar("T")

MAX_TEXT = 4096
"""Bytes of a canonical plan, far more than any has."""


@plain(frozen=True)
class Plan:
    """How updates become a step. `mixing`: share of clients that nearest-neighbour mixing leaves out, in basis
    points; 0: none.
    """

    rule: Rule = field(default_factory=FedAvg)
    mixing: int = 0
    server: Server = field(default_factory=Plain)
    fraction_bits: int = 20

    def aggregate(self, cohort: Cohort) -> Outcome:
        """The rule's outcome on the (mixed) updates. Raises what the rule raises."""
        return self.rule.aggregate(mixed(cohort, self.mixing) if self.mixing else cohort)

    @property
    def name(self) -> str:
        """For people."""
        return f"nnm + {self.rule.name}" if self.mixing else self.rule.name


@dataclass(frozen=True, config=STRICT)
class _Text:
    fraction_bits: Annotated[int, Field(ge=1, le=MAX_FRACTION_BITS)]
    mixing: Share
    rule: dict[str, Any]
    server: dict[str, Any]


_TEXT = TypeAdapter(_Text)


def canonical(plan: Plan) -> bytes:
    """The one text of a plan: JSON with sorted keys and every parameter, without spaces."""
    text = _Text(
        fraction_bits=plan.fraction_bits, mixing=plan.mixing, rule=_named(plan.rule), server=_named(plan.server)
    )
    return json.dumps(asdict(text), sort_keys=True, separators=(",", ":")).encode()


def digest(plan: Plan) -> bytes:
    """keccak256 of the canonical text: what stands on chain beside the rule's number."""
    return keccak(canonical(plan))


def parse(text: bytes) -> Plan:
    """The plan of a canonical text. Raises ParameterError, for other spellings too, and UnknownRuleError."""
    if len(text) > MAX_TEXT:
        raise ParameterError(f"a plan is at most {MAX_TEXT:,} bytes long")
    try:
        found = _TEXT.validate_json(text)
    except ValidationError as error:
        raise ParameterError(f"this is no plan of aggregation: {_explain(error)}") from error
    plan = plan_of(found.rule, found.mixing, found.server, found.fraction_bits)
    if canonical(plan) != text:
        raise ParameterError("the plan is not canonical JSON with all its parameters: write it with Covey")
    return plan


def plan_of(
    rule: Mapping[str, Any], mixing: int = 0, server: Mapping[str, Any] | None = None, fraction_bits: int = 20
) -> Plan:
    """A plan from JSON-like values, `{"name": "krum", "share": 2000}`; parameters left out take their defaults.

    Raises ParameterError, UnknownRuleError.
    """
    chosen = _made(rule_kind(str(rule.get("name"))), rule)
    stepping = server or {"name": Plain.name}
    kind = SERVERS.get(str(stepping.get("name")))
    if kind is None:
        raise ParameterError(f"there is no server step {stepping.get('name')!r}; there are {', '.join(SERVERS)}")
    plan = Plan(chosen, mixing, _made(kind, stepping), fraction_bits)
    try:
        canonical(plan)
    except ValidationError as error:
        raise ParameterError(f"this is no plan of aggregation: {_explain(error)}") from error
    return plan


def _named(thing: Rule | Server) -> dict[str, Any]:
    return {"name": thing.name, **asdict(thing)}  # type: ignore[call-overload]  # every rule and server is a dataclass


def _made(kind: type[T], values: Mapping[str, Any]) -> T:
    try:
        return kind(**{key: value for key, value in values.items() if key != "name"})
    except ValidationError as error:
        raise ParameterError(f"bad parameters for {values['name']}: {_explain(error)}") from error


def _explain(error: ValidationError) -> str:
    return "; ".join(f"{'.'.join(map(str, e['loc']))}: {e['msg']}" for e in error.errors())
