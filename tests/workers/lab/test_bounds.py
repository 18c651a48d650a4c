"""The bounds that attacks keep under the defaults. Fixed seeds; the statistical error is counted against each bound."""

from dataclasses import dataclass
from random import Random

import numpy as np
import pytest

from covey.lab import delegators
from covey.lab.creators import cost, part_back
from covey.lab.findings import BOUNDS, Setup, break_even, trainer_findings, validator_finding
from covey.lab.rules import RULES, Ballot
from covey.lab.rules.covey import settle
from covey.lab.strategies.trainers import TRAINERS
from covey.lab.strategies.validators import VALIDATORS
from covey.lab.sweeps.guesses import TWO_THIRDS, paid_vectors
from covey.lab.sweeps.majorities import capture, flips
from covey.lab.sweeps.places import outranked, sybils
from covey.lab.tally import Tally
from covey.lab.task import STAKE, Task, make_task
from covey.lab.trial import play_validators, slashed
from covey.lab.world import SPAN, Metric, World
from covey.protocol.params import TaskParams

COVEY = RULES["covey"]
ZERO_EFFORT = [name for name, strategy in VALIDATORS.items() if strategy.zero_effort]
OBSERVABLE = [name for name in ZERO_EFFORT if name != "prior"]
"""What a validator could do: `prior` knows true accuracies, which nobody does."""


@dataclass(frozen=True)
class Case:
    """A kind of task, and how much luck to try."""

    name: str
    world: World
    models: int
    tasks: int = 500
    tau: int = TaskParams.tau

    def play(self, strategy: str, **chosen: int) -> Tally:
        task = make_task(self.world, 12, self.models, tau=self.tau, **chosen)
        return play_validators(COVEY, task, self.world, VALIDATORS[strategy], self.tasks, seed=11)


COUNTS = [
    Case("usual", World(), 50, tasks=300),
    Case("three alike models", World(shared=0.9), 3, tasks=1500),
    Case("small shards", World(examples=200, shared=0.9), 50, tasks=300),
    Case("easy, three alike models", World(weakest=0.93, best=0.99, shared=0.9), 3, tasks=1500),
    Case("near-perfect, 500 examples", World(500, weakest=0.97, best=0.999, shared=0.9), 3, 2000, TWO_THIRDS),
    Case("near-perfect, five models", World(500, weakest=0.97, best=0.999, shared=0.9), 5, 1500, TWO_THIRDS),
]
FLOATS = [
    Case("usual floats", World(metric=Metric.FLOATS), 50, tasks=200),
    Case("floats, three alike models", World(metric=Metric.FLOATS, shared=0.9), 3, tasks=1500),
]
ALIKE_FLOATS = Case("floats, 50 models all alike", World(metric=Metric.FLOATS, shared=0.99), 50, tasks=1000)


# -- Validators that do not work ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("strategy", ZERO_EFFORT)
@pytest.mark.parametrize("case", [*COUNTS, *FLOATS], ids=lambda case: case.name)
def test_no_effort_earns_next_to_nothing(case: Case, strategy: str) -> None:
    tally = case.play(strategy)
    assert tally.income + 2 * tally.error <= BOUNDS[case.world.metric]


@pytest.mark.parametrize("strategy", OBSERVABLE)
def test_no_effort_earns_next_to_nothing_among_models_all_alike(strategy: str) -> None:
    tally = ALIKE_FLOATS.play(strategy)
    assert tally.income + 2 * tally.error <= BOUNDS[Metric.FLOATS]


def test_why_tau_is_not_less_and_shards_are_not_smaller() -> None:
    """Where the bound is crossed: three near-perfect models, 200 examples, and a pass mark of ½."""
    world = World(200, weakest=0.97, best=0.999, shared=0.9)
    crossing = Case("near-perfect, 200 examples", world, 3, 1500, tau=500_000).play("last-consensus")
    assert crossing.income - 2 * crossing.error > BOUNDS[Metric.COUNTS]
    higher = Case("the same, τ = ⅔", world, 3, 1500, tau=TWO_THIRDS).play("last-consensus")
    assert higher.income < crossing.income / 2


@pytest.mark.parametrize("rule", ["flock", "yuma"])
def test_other_rules_pay_for_reports_without_work(rule: str) -> None:
    """What Covey's rule is measured against; and that these trials can fail."""
    finding = validator_finding(Setup(rounds=300), VALIDATORS["last-consensus"], rule)
    assert finding.income > 0.8


def test_half_of_the_work_earns_nothing_either() -> None:
    assert COUNTS[0].play("noisy").income == 0


def test_honest_work_earns_its_pay() -> None:
    tally = COUNTS[0].play("honest")
    assert tally.income == 1
    assert tally.worst_kept == 1
    pool = 1000 * 12 / 62 * (1 - 1 / 20)
    assert tally.kept.sum(axis=1).mean() + tally.paid.mean() == pytest.approx(pool, rel=0.03)


def test_i16_absence_earns_nothing_and_costs_stake() -> None:
    for name in ("absent", "non-reveal", "veto"):
        finding = validator_finding(Setup(rounds=150), VALIDATORS[name], "covey")
        assert finding.income == 0
        assert finding.break_even == float("inf")
        assert slashed(make_task(World(), 20, 50), VALIDATORS[name]) >= 10


def test_withholding_under_half_of_the_weight_changes_no_winner() -> None:
    assert not Case("usual", World(), 50, 100).play("non-reveal").changed.any()


# -- Coalitions --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("share", [0.1, 0.3, 0.449])
def test_i14_no_coalition_under_45_percent_changes_the_winner(share: float) -> None:
    """Counts: by one answer. Floats: when the gap is over two standard deviations of the shard's sampling."""
    counts, floats = World(), World(metric=Metric.FLOATS)
    assert flips(COVEY, counts, share, SPAN / counts.examples + 1, 400, seed=3) == 0
    assert flips(COVEY, floats, share, 2 * floats.sampling, 400, seed=3) == 0
    assert flips(RULES["flock"], floats, share, 2 * floats.sampling, 50, seed=3) == 1


def test_coalition_among_floats_moves_no_more_than_their_noise() -> None:
    """Within the noise of a reading there is nothing to be certain of: 45 % decide two readings, not four."""
    floats = World(metric=Metric.FLOATS)
    assert flips(COVEY, floats, 0.449, 2 * floats.noise, 300, seed=3) > 0.5
    assert flips(COVEY, floats, 0.449, 4 * floats.noise, 300, seed=3) < 0.01
    assert flips(COVEY, floats, 0.3, 2 * floats.noise, 300, seed=3) < 0.01


def test_cabal_of_45_percent_changes_no_winner_of_counts() -> None:
    tally = Case("usual", World(), 50, 200).play("cabal")
    assert not tally.changed.any()
    assert tally.income < 1


# -- Splitting and merging ---------------------------------------------------------------------------------------------


def pays(task: Task, ballot: Ballot) -> list[int]:
    """Wei of each validator, in all tasks together."""
    tasks = len(ballot.scores)
    settled = settle(task, 0, ballot, np.zeros(tasks, np.int32))
    return [sum(row[seat] for row in settled.validator_pays) for seat in range(len(task.validator_stakes))]


def test_i9_splitting_or_merging_a_stake_gains_nothing_but_rounding() -> None:
    """Of one validator in eight or more, under the cap, honest or not."""
    random, rng = Random(9), np.random.default_rng(9)
    for _ in range(60):
        parts, others = random.randint(2, 6), random.randint(7, 15)
        stakes = [random.randint(STAKE, 3 * STAKE) for _ in range(others)]
        own = [random.randint(1, sum(stakes) // 7 // parts) for _ in range(parts)]
        tasks, models = 10, 12
        honest = rng.integers(3500, 32_000, (tasks, 1, models))
        seats = [np.where(rng.random((tasks, 1, models)) < random.choice([0, 0.2]), 9, honest) for _ in range(others)]
        mine = np.where(rng.random((tasks, 1, models)) < random.choice([0, 0.1]), 9, honest)

        def ballot(copies: int, seats: list[np.ndarray] = seats, mine: np.ndarray = mine) -> Ballot:  # type: ignore[type-arg]
            scores = np.concatenate([*seats, *[mine] * copies], axis=1).astype(np.int32)
            count, zeros = scores.shape[1], np.zeros((len(scores), scores.shape[2]), np.int32)
            turns = np.repeat(np.arange(count, dtype=np.int32)[None], len(scores), axis=0)
            return Ballot(scores, turns, np.ones(count, bool), zeros, zeros)

        whole = make_task(World(), others + 1, models, stakes=[*stakes, sum(own)], keeper_fee=0)
        split = make_task(World(), others + parts, models, stakes=[*stakes, *own], keeper_fee=0)
        together, apart = pays(whole, ballot(1))[-1], sum(pays(split, ballot(parts))[others:])
        assert apart <= together + tasks * (parts + 1)
        assert together - apart <= tasks * whole.pools.validators[0] * (parts + 1) // sum(whole.weights)


def test_splitting_gains_above_the_cap() -> None:
    """The cap aside: what is above it weighs nothing in one account."""
    others = [STAKE] * 9
    whole = make_task(World(), 10, 12, stakes=[*others, 6 * STAKE]).weights
    split = make_task(World(), 15, 12, stakes=[*others, *[STAKE] * 6]).weights
    assert sum(split[9:]) > 2 * whole[9]


def test_merging_gains_next_to_nothing_among_floats() -> None:
    """A merged stake pulls the median towards its own reading a little; and k2 must pay everybody's vector."""
    tally = FLOATS[0].play("colluder")
    assert tally.income - 1 <= 0.01
    grid = paid_vectors(Setup(rounds=450))
    gains = {row[0]: values[1] for row, values in zip(grid.rows, grid.values, strict=True)}
    assert gains["8"] > 0.2
    assert gains["20"] < 0.02


def test_copying_a_colluder_is_one_work_for_the_stake_of_several() -> None:
    """Not more than if the stake were merged: what one of them gains, it gains from the one who works."""
    assert COUNTS[0].play("colluder").income == 1


# -- Trainers ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("metric", Metric)
@pytest.mark.parametrize("examples", [200, 1000, 5000])
def test_a_copied_model_never_outranks_its_original(metric: Metric, examples: int) -> None:
    assert outranked(COVEY, World(examples=examples, metric=metric), 0, 2000, seed=5) == 0


def test_an_altered_copy_outranks_it_as_rarely_as_its_luck_allows() -> None:
    """It has to cross into a better bucket of μ, by chance: the finer the change, the rarer."""
    world = World()
    few, many = (outranked(COVEY, world, answers, 2000, seed=5) for answers in (1, 100))
    assert 0 < few < 0.05 < many < 0.5
    assert outranked(RULES["flock"], world, 0, 2000, seed=5) > 0.3


@pytest.mark.parametrize("name", ["free-rider", "junk-flood", "unopened"])
def test_trainers_that_do_not_train_or_open_earn_nothing(name: str) -> None:
    (finding,) = trainer_findings(Setup(rounds=150), TRAINERS[name], "covey")
    assert finding.income <= 0.001
    assert finding.break_even == float("inf")


def test_lookup_gains_on_reused_data_alone() -> None:
    covey, flock = (trainer_findings(Setup(rounds=450), TRAINERS["lookup"], rule)[0] for rule in ("covey", "flock"))
    assert covey.income == 1
    assert flock.income > 1.1


def test_sybil_split_is_bounded_by_k1_q_and_the_least_stake() -> None:
    """By the curve alone: k handles of one model at the top take ranks 1 to k."""
    grid = sybils(Setup())
    shares = {row[:2]: values for row, values in zip(grid.rows, grid.values, strict=True)}
    for values in shares.values():
        assert list(values) == sorted(values)
    g = [0.85**k for k in range(8)]
    assert shares["8", "0.85"][0] == pytest.approx(g[0] / sum(g))
    assert shares["8", "0.85"][1] == pytest.approx(sum(g[:2]) / 2 / (sum(g[:2]) / 2 + sum(g[2:])))
    assert shares["8", "0.85"][3] == 1
    (finding,) = trainer_findings(Setup(rounds=300), TRAINERS["sybil-8"], "covey")
    assert 1.1 < finding.income < 2


# -- Delegators and creators -------------------------------------------------------------------------------------------


def test_i8_just_in_time_delegation_earns_nothing() -> None:
    assert delegators.income("just-in-time", "covey") == 0
    assert delegators.income("just-in-time", "flock") == 1


def test_creator_that_withholds_a_key_pays_more_than_one_that_posts_it() -> None:
    task = make_task(World(), 20, 50)
    unearned = (task.pools.trainers[-1] + task.pools.validators[-1]) / 10**18
    assert cost("withheld-key", task) > unearned
    assert part_back("withheld-key", "covey", World(), 20, 50, 10, 1) == 0


def test_captured_panel_returns_the_bounty_and_costs_as_much_stake_as_the_honest_have() -> None:
    grid = capture(Setup(rounds=30))
    for row, (accounts, locked, forgone, back) in zip(grid.rows, grid.values, strict=True):
        honest = int(row[0])
        assert accounts == honest + 1
        assert locked == 100 * accounts
        assert 0 < forgone < locked / 100
        assert back == pytest.approx(100)


def test_break_even_stake_pays_for_the_work() -> None:
    assert break_even(pay=10, work=4, lost=0, stake=100, capital=0.02) == pytest.approx(50)
    assert break_even(pay=10, work=4, lost=9, stake=100, capital=0.01) == float("inf")
    setup = Setup(rounds=30)
    task = make_task(setup.world, setup.validators, setup.models)
    per_token = sum(task.pools.validators) / 10**18 / (100 * setup.validators)
    expected = task.costs.scoring / (per_token - task.costs.capital)
    assert validator_finding(setup, VALIDATORS["honest"], "covey").break_even == pytest.approx(expected)
