"""Where a task is in its life, and when nothing but time can bring it on."""

from covey.chaos.idle import idle_until
from covey.chaos.people import Group
from covey.chaos.stages import Stage, place_of, stages
from covey.network import Person
from covey.protocol.phases import Phase
from tests.workers.roles.script import CREATED, LENGTHS, PARAMS, Script, trainer_key, validator_key

LINE = stages(PARAMS.rounds)
GROUP = Group(
    Person("creator", ()),
    tuple(Person(trainer_key(i), ()) for i in range(2)),
    tuple(Person(validator_key(i), ()) for i in range(3)),
)
NAMES = {person.name: person.name for person in GROUP.everybody}
NOBODY: frozenset[str] = frozenset()
MAJORITY = frozenset({validator_key(1), validator_key(2)})


def stage(script: Script) -> Stage:
    return LINE[place_of(script.view(), PARAMS.rounds)]


def waits(script: Script, away: frozenset[str] = NOBODY) -> bool:
    return idle_until(script.view(), GROUP, away, NAMES) is not None


def test_a_task_goes_through_its_stages_in_order() -> None:
    script = Script()
    seen = [LINE[place_of(None, PARAMS.rounds)], stage(script)]
    script.enrolled().drawn()
    seen.append(stage(script))
    script.masked()
    for round_ in range(PARAMS.rounds):
        seen.append(stage(script))
        for i in range(2):
            script.submit(i, round_)
        seen.append(stage(script))
        for i in range(2):
            script.publish(i, round_)
        seen.append(stage(script))
        script.key(round_)
        assert stage(script) == seen[-1]
        for v in range(3):
            script.commit(v, round_)
        seen.append(stage(script))
        for v in range(3):
            script.reveal(v, round_, [30_000, 20_000])
        assert stage(script) == seen[-1]
        script.settled(round_)
    script.ended()
    seen.append(stage(script))
    script.open(0).open(1)
    seen.append(stage(script))
    assert tuple(seen) == LINE
    script.add("TaskFinished", refunded=0, burnt=0)
    assert place_of(script.view(), PARAMS.rounds) == len(LINE)


def test_enrol_waits_for_time_once_all_are_in_who_can() -> None:
    script = Script()
    assert not waits(script)
    script.enrolled(2, 1)
    assert not waits(script)
    assert waits(script, MAJORITY)
    script = Script().enrolled(2, 3)
    assert idle_until(script.view(), GROUP, NOBODY, NAMES) == CREATED + LENGTHS.enrol


def test_score_and_reveal_wait_for_time_once_only_absent_validators_are_due() -> None:
    script = Script().enrolled().drawn().masked().published(0).key(0)
    assert not waits(script, MAJORITY)
    script.commit(0, 0)
    assert waits(script, MAJORITY)
    assert not waits(script)
    script.commit(1, 0).commit(2, 0)
    assert stage(script) == Stage(Phase.REVEAL, 0)
    assert not waits(script, MAJORITY)
    script.reveal(0, 0, [30_000, 20_000])
    assert waits(script, MAJORITY)
    assert not waits(script)


def test_no_other_phase_waits_for_time() -> None:
    script = Script().enrolled().drawn()
    assert not waits(script, MAJORITY)
    script.masked()
    assert not waits(script, MAJORITY)
