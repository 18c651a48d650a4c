"""Every aggregation rule: what it computes, and that it computes the same bytes whatever the order, chunks and
threads.
"""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from covey.federated.cohort import MAX_CLIENTS, MAX_COLUMNS, Cohort, Rows, Stream, cohort_of
from covey.federated.errors import CohortError, MissingInputError, TooFewUpdatesError
from covey.federated.exact import gram, squared_norms
from covey.federated.fixed import VALUE_LIMIT, dequantise, divide_half_even, quantise
from covey.federated.plan import Plan
from covey.federated.rules import (
    RULES,
    Bulyan,
    CenteredClipping,
    FedAvg,
    FlTrust,
    GeometricMedian,
    Krum,
    Median,
    MultiKrum,
    NormBounding,
    TrimmedMean,
)
from covey.federated.rules.base import Rule
from covey.federated.rules.mixing import mixed, neighbours
from covey.federated.updates import Coordinates, decode, encode

from . import reference
from .reference import Floats

BITS = 20
SAMPLES = (3, 50, 7, 120, 1, 18, 33, 64, 5, 90, 41, 12, 77, 8, 25)
CLIENTS, BYZANTINE = len(SAMPLES), 3
PLANS = {plan.name: plan for kind in RULES.values() for plan in (Plan(kind()), Plan(kind(), mixing=2000))}

every_plan = pytest.mark.parametrize("plan", PLANS.values(), ids=list(PLANS))
every_rule = pytest.mark.parametrize("rule", [kind() for kind in RULES.values()], ids=list(RULES))
seeds = st.integers(0, 2**32 - 1)
few = settings(max_examples=25, deadline=None)


def honest(seed: int, clients: int = CLIENTS, size: int = 301) -> Floats:
    rng = np.random.default_rng(seed)
    return rng.normal(0, 0.05, size) + rng.normal(0, 0.02, (clients, size))


def attacked(seed: int) -> Floats:
    """The last BYZANTINE point the other way, at different lengths."""
    x = honest(seed)
    x[-BYZANTINE:] *= -np.arange(2, 2 + BYZANTINE)[:, None]
    return x


def cohort(x: Floats, columns: int = 64, threads: int = 2) -> Cohort:
    rng = np.random.default_rng(len(x))
    root, previous = (quantise(rng.normal(0, 0.05, x.shape[1]), BITS) for _ in range(2))
    stream = Stream(Rows(quantise(x, BITS)), columns, threads)
    return Cohort(stream, SAMPLES[: len(x)], root, previous)


# -- Against arithmetic in float64 -------------------------------------------------------------------------------------


def expected(rule: Rule, x: Floats, given_: Cohort) -> Floats:
    assert given_.root is not None
    assert given_.previous is not None
    f = BYZANTINE
    match rule:
        case FedAvg():
            return reference.fedavg(x, list(SAMPLES))
        case Median():
            return reference.median(x)
        case TrimmedMean():
            return reference.trimmed_mean(x, f)
        case Krum():
            return reference.krum(x, f)
        case MultiKrum():
            return reference.multi_krum(x, f)
        case Bulyan():
            return reference.bulyan(x, f)
        case GeometricMedian(iterations=iterations, smoothing=smoothing):
            return reference.geometric_median(x, iterations, smoothing / 2**BITS)
        case CenteredClipping(iterations=iterations, radius=radius):
            return reference.centered_clipping(x, dequantise(given_.previous, BITS), iterations, radius / 2**BITS)
        case NormBounding(radius=radius):
            return reference.norm_bounding(x, radius / 2**BITS)
        case FlTrust():
            return reference.fltrust(x, dequantise(given_.root, BITS))
    raise AssertionError(f"no reference for {rule.name}")


@every_rule
@given(seed=seeds)
@few
def test_a_rule_is_its_formula(rule: Rule, seed: int) -> None:
    """Within half a unit of rounding, and what the integer weights round."""
    given_ = cohort(attacked(seed))
    exact = dequantise(given_.stream.source.read(0, given_.stream.size), BITS)
    found = dequantise(rule.aggregate(given_).aggregate, BITS)
    assert np.abs(found - expected(rule, exact, given_)).max() <= 2.0**-BITS * (0.501 if _exact(rule) else 4)


def _exact(rule: Rule) -> bool:
    return not isinstance(rule, GeometricMedian | CenteredClipping | NormBounding | FlTrust)


@pytest.mark.parametrize("radius", [0.3, 2.0], ids=str)
def test_given_radii_clip(radius: float) -> None:
    given_ = cohort(attacked(1))
    exact = dequantise(given_.stream.source.read(0, given_.stream.size), BITS)
    units = int(radius * 2**BITS)
    for rule in (NormBounding(radius=units), CenteredClipping(radius=units)):
        found = dequantise(rule.aggregate(given_).aggregate, BITS)
        assert np.abs(found - expected(rule, exact, given_)).max() <= 2.0**-BITS * 4


@given(seed=seeds)
@few
def test_mixing_is_its_formula(seed: int) -> None:
    given_ = cohort(attacked(seed))
    exact = dequantise(given_.stream.source.read(0, given_.stream.size), BITS)
    found = dequantise(mixed(given_, 2000).stream.source.read(0, given_.stream.size), BITS)
    assert np.abs(found - reference.nnm(exact, BYZANTINE)).max() <= 2.0**-BITS * 0.501


@pytest.mark.parametrize("kind", ["ties", "close", "far", "alike"])
@given(seed=seeds, kept=st.integers(1, CLIENTS))
@few
def test_neighbours_are_the_nearest_by_exact_distances(kind: str, seed: int, kept: int) -> None:
    """Of those at one distance, the ones with the smaller digests: also where rough distances tell nothing apart."""
    rng = np.random.default_rng(seed)
    small = rng.integers(-2, 3, (CLIENTS, 40))
    large = rng.integers(-VALUE_LIMIT // 2, VALUE_LIMIT // 2, 40)
    scale = np.where(np.arange(CLIENTS) < BYZANTINE, 10_000, 1)[:, None]
    x = {"ties": small, "close": large + small, "far": small * scale, "alike": small[rng.integers(0, 4, CLIENTS)]}[kind]
    stream = Stream(Rows(x.astype(np.int32)))
    found = neighbours(stream, kept)
    for own, line in zip(x, found, strict=True):
        distances = [(int(((own - other) ** 2).sum()), digest) for other, digest in zip(x, stream.digests, strict=True)]
        assert sorted(distances)[:kept] == sorted(each for each, near in zip(distances, line, strict=True) if near)


@pytest.mark.parametrize("rule", [Median(), TrimmedMean()], ids=lambda rule: rule.name)
@pytest.mark.parametrize("clients", [1, 2, 5, 6])
def test_long_updates_are_ranked_as_short_ones(rule: Rule, clients: int) -> None:
    """A network of comparators is compiled for them."""
    x = quantise(honest(6, clients, 20_001), BITS)
    parts = [rule.aggregate(cohort_of(part)).aggregate for part in np.array_split(x, 60, axis=1)]
    assert np.array_equal(rule.aggregate(cohort_of(x)).aggregate, np.concatenate(parts))


def test_a_chunk_has_so_many_columns_at_most() -> None:
    with pytest.raises(ValueError, match="16,384"):
        Stream(Rows(np.zeros((1, 2), np.int32)), columns=MAX_COLUMNS + 1)


# -- One result --------------------------------------------------------------------------------------------------------


@every_plan
def test_neither_chunks_nor_threads_change_a_byte(plan: Plan) -> None:
    x = attacked(5)
    outcomes = [plan.aggregate(cohort(x, columns, threads)) for columns in (1, 7, 300, 6000) for threads in (1, 2, 5)]
    assert {outcome.aggregate.tobytes() for outcome in outcomes} == {outcomes[0].aggregate.tobytes()}
    assert {outcome.selected for outcome in outcomes} == {outcomes[0].selected}


@every_plan
@given(seed=seeds, small=st.booleans())
@few
def test_the_order_of_clients_does_not_matter(plan: Plan, seed: int, small: bool) -> None:
    """Small whole numbers make ties of every kind."""
    rng = np.random.default_rng(seed)
    x = rng.integers(-2, 3, (CLIENTS, 3)).astype(np.int32) if small else quantise(attacked(seed), BITS)
    order = rng.permutation(CLIENTS)
    root = np.ones(x.shape[1], np.int32)
    one = Cohort(Stream(Rows(x)), SAMPLES, root)
    other = Cohort(Stream(Rows(x[order])), tuple(SAMPLES[i] for i in order), root)
    a, b = plan.aggregate(one), plan.aggregate(other)
    assert a.aggregate.tobytes() == b.aggregate.tobytes()
    if not small and not plan.mixing:  # mixing can give two clients one and the same row
        assert tuple(a.selected[i] for i in order) == b.selected


@every_plan
def test_updates_that_are_all_the_same_are_the_aggregate(plan: Plan) -> None:
    x = quantise(honest(3)[:1], BITS)
    given_ = Cohort(Stream(Rows(np.repeat(x, CLIENTS, axis=0))), SAMPLES, x[0], x[0])
    assert np.array_equal(plan.aggregate(given_).aggregate, x[0])


@every_plan
def test_the_largest_coordinates_do_not_overflow(plan: Plan) -> None:
    rng = np.random.default_rng(2)
    x = rng.choice([-VALUE_LIMIT, VALUE_LIMIT], (CLIENTS, 2000)).astype(np.int32)
    outcome = plan.aggregate(Cohort(Stream(Rows(x)), SAMPLES, x[0], x[1]))
    assert np.abs(outcome.aggregate).max() <= VALUE_LIMIT


@pytest.mark.parametrize("rule", [Median(), TrimmedMean(), TrimmedMean(0)], ids=str)
@pytest.mark.parametrize("clients", [127, 128, 129, 1024])
def test_the_largest_coordinates_of_many_clients_do_not_overflow(rule: Rule, clients: int) -> None:
    x = np.full((clients, 3), VALUE_LIMIT, np.int32) * np.array([1, -1, 1], np.int32)
    assert rule.aggregate(cohort_of(x)).aggregate.tolist() == x[0].tolist()


def test_inner_products_are_exact_beyond_64_bits() -> None:
    x = np.full((2, 70_000), VALUE_LIMIT, np.int32)
    x[1, ::2] *= -1
    stream = Stream(Rows(x))
    assert gram(stream).tolist() == [[70_000 * 2**48, 0], [0, 70_000 * 2**48]]
    assert squared_norms(stream) == [70_000 * 2**48] * 2


@given(st.lists(st.integers(-(2**52) + 1, 2**52 - 1), min_size=1, max_size=50), st.integers(1, 2**28))
@few
def test_division_is_that_of_whole_numbers(numerators: list[int], divisor: int) -> None:
    def half_even(n: int) -> int:
        whole, rest = divmod(n, divisor)
        up = 2 * rest > divisor or (2 * rest == divisor and whole % 2 == 1)
        return min(max(whole + up, -VALUE_LIMIT), VALUE_LIMIT)

    assert divide_half_even(np.array(numerators), divisor).tolist() == [half_even(n) for n in numerators]


def test_files_are_read_by_column(tmp_path: Path) -> None:
    """Memory-mapped, so that clients x coordinates is nowhere."""
    x, coordinates = quantise(attacked(4), BITS), Coordinates.of({"0.weight": (7, 43)})
    rows = []
    for i, row in enumerate(x):
        path = tmp_path / f"{i}.update"
        path.write_bytes(encode(row, coordinates))
        rows.append(decode(path, coordinates))
    assert all(isinstance(row, np.memmap) for row in rows)
    assert np.array_equal(
        MultiKrum().aggregate(cohort_of(rows)).aggregate, MultiKrum().aggregate(cohort_of(x)).aggregate
    )


# -- Robustness --------------------------------------------------------------------------------------------------------

ROBUST = {
    name: plan
    for name, plan in PLANS.items()
    if not isinstance(plan.rule, FedAvg | FlTrust) and (plan.mixing or not isinstance(plan.rule, NormBounding))
}


@pytest.mark.parametrize("plan", ROBUST.values(), ids=list(ROBUST))
@given(seed=seeds, size=st.sampled_from([0.1, 1.0, 15.0]))
@few
def test_byzantine_clients_move_a_robust_rule_no_further_than_honest_ones_differ(
    plan: Plan, seed: int, size: float
) -> None:
    """Wherever f of n stand, the aggregate stays near the mean of the honest."""
    x = honest(seed)
    rng = np.random.default_rng(seed)
    x[-BYZANTINE:] = size * rng.choice([-1, 1], x.shape[1])
    good = x[:-BYZANTINE]
    given_ = replace(cohort(x), previous=quantise(good.mean(0), BITS))
    found = dequantise(plan.aggregate(given_).aggregate, BITS)
    spread = np.linalg.norm(good - good.mean(0), axis=1).max()
    assert np.linalg.norm(found - good.mean(0)) <= 1.5 * spread


@pytest.mark.parametrize("rule", [Krum(), MultiKrum()], ids=lambda rule: rule.name)
def test_outliers_are_not_selected(rule: Rule) -> None:
    selected = rule.aggregate(cohort(attacked(8))).selected
    assert not any(selected[-BYZANTINE:])
    assert sum(selected) == (1 if isinstance(rule, Krum) else CLIENTS - BYZANTINE)


def test_trust_ignores_what_points_away_from_the_root_or_nowhere() -> None:
    x = honest(9)
    root = quantise(x.mean(0), BITS)
    x[-1], x[-2] = -x[-1], x[-2] * 2.0**-10
    outcome = FlTrust().aggregate(Cohort(Stream(Rows(quantise(x, BITS))), SAMPLES, root))
    assert outcome.selected == (True,) * (CLIENTS - 2) + (False,) * 2
    away = FlTrust().aggregate(Cohort(Stream(Rows(quantise(-np.abs(x), BITS))), SAMPLES, np.abs(root)))
    assert not away.aggregate.any()
    assert not any(away.selected)


def test_declared_examples_weigh_up_to_the_cap() -> None:
    x = np.array([[0], [1000]], np.int32)
    assert FedAvg().aggregate(cohort_of(x, [1, 3])).aggregate.tolist() == [750]
    assert FedAvg(cap=1).aggregate(cohort_of(x, [1, 10**9])).aggregate.tolist() == [500]


# -- Refusals ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("rule", "least"), [(Krum(), 3), (MultiKrum(), 3), (Bulyan(), 3)], ids=lambda v: str(v))
def test_small_cohorts_are_refused(rule: Rule, least: int) -> None:
    x = quantise(honest(1, 4), BITS)
    rule.aggregate(cohort_of(x[:least]))
    with pytest.raises(TooFewUpdatesError, match="needs 3 updates; 2 came"):
        rule.aggregate(cohort_of(x[:2]))
    with pytest.raises(TooFewUpdatesError):
        Bulyan().aggregate(cohort_of(quantise(honest(1, 6), BITS)))


def test_what_does_not_fit_together_is_refused() -> None:
    row = np.zeros(5, np.int32)
    with pytest.raises(CohortError, match="one length"):
        cohort_of([row, row[:4]])
    with pytest.raises(CohortError, match="number of examples"):
        cohort_of([row, row], [1, 0])
    with pytest.raises(CohortError, match=f"1 to {MAX_CLIENTS:,}"):
        cohort_of([row] * (MAX_CLIENTS + 1))
    with pytest.raises(CohortError, match="beside the updates"):
        Cohort(Stream(Rows([row])), (1,), root=row[:3])
    with pytest.raises(MissingInputError, match="root"):
        FlTrust().aggregate(cohort_of([row, row]))
