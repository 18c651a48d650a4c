"""The plan of faults is a pure function of its seed."""

from collections import Counter

from hypothesis import given, settings
from hypothesis import strategies as st

from covey.chaos.people import groups_of
from covey.chaos.plan import DEEPEST, Fault, Kind, plan_faults
from covey.chaos.stages import Stage, stages
from covey.protocol.phases import Phase

KEEPER = "keeper"
SEEDS = st.integers(0, 2**32)
TASKS = st.integers(1, 12)
FAULTS = st.integers(0, 300)
ROUNDS = st.integers(1, 4)
untimed = settings(deadline=None, max_examples=50)


def plan(seed: int, tasks: int, faults: int, rounds: int) -> tuple[Fault, ...]:
    return plan_faults(seed, faults, groups_of(tasks, 3, seed), KEEPER, rounds)


@untimed
@given(SEEDS, TASKS, FAULTS, ROUNDS)
def test_a_seed_gives_one_plan_of_the_size_asked_for(seed: int, tasks: int, faults: int, rounds: int) -> None:
    made = plan(seed, tasks, faults, rounds)
    assert made == plan(seed, tasks, faults, rounds)
    assert [fault.number for fault in made] == list(range(1, faults + 1))


@untimed
@given(SEEDS, TASKS, FAULTS, ROUNDS)
def test_tasks_get_equal_shares_in_the_order_of_their_lives(seed: int, tasks: int, faults: int, rounds: int) -> None:
    made = plan(seed, tasks, faults, rounds)
    shares = Counter(fault.group for fault in made)
    assert all(shares[group] in (faults // tasks, faults // tasks + 1) for group in range(tasks))
    assert list(made) == sorted(made, key=lambda fault: (fault.group, fault.stage, fault.after))


@untimed
@given(SEEDS, TASKS, ROUNDS)
def test_faults_are_within_bounds_and_befall_people_of_their_task(seed: int, tasks: int, rounds: int) -> None:
    groups = groups_of(tasks, 3, seed)
    for fault in plan(seed, tasks, 300, rounds):
        names = {person.name for person in groups[fault.group].everybody} | {KEEPER}
        assert set(fault.victims) <= names
        assert 0 <= fault.stage < len(stages(rounds))
        assert fault.blocks <= 10
        if fault.kind is Kind.REORG:
            assert 1 <= fault.amount <= DEEPEST
        if fault.kind is Kind.CLOCK:
            assert 1 <= fault.amount <= 60
        if fault.kind is Kind.LOST_CONTENT:
            assert stages(rounds)[fault.stage] != Stage(Phase.NONE)
        if fault.kind.startswith("RPC"):
            assert fault.amount >= 1


@untimed
@given(SEEDS)
def test_two_hundred_faults_over_ten_tasks_are_of_every_kind(seed: int) -> None:
    kinds = Counter(fault.kind for fault in plan(seed, 10, 200, 3))
    assert set(kinds) == set(Kind)
    assert kinds[Kind.OFFLINE] == 3
    assert min(kinds.values()) >= 3


@untimed
@given(SEEDS)
def test_a_majority_is_away_through_one_phase_in_which_it_has_to_act(seed: int) -> None:
    line, groups = stages(3), groups_of(10, 3, seed)
    made = plan(seed, 10, 200, 3)
    for fault in made:
        if fault.kind is Kind.OFFLINE:
            validators = {person.name for person in groups[fault.group].validators}
            assert set(fault.victims) <= validators
            assert 2 * len(set(fault.victims)) > len(validators)
            assert line[fault.until].phase in (Phase.ENROL, Phase.SCORE, Phase.REVEAL)
            assert fault.stage <= fault.until
            rest = {other.stage for other in made if other.group == fault.group}
            assert all(stage <= fault.until or line[stage] == Stage(Phase.CONCLUDE) for stage in rest)


def test_other_seeds_give_other_plans() -> None:
    assert len({plan(seed, 10, 200, 3) for seed in range(20)}) == 20
