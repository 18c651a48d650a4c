"""What each role does next, at every point of a task: pure functions, so no chain is needed."""

from dataclasses import replace

import pytest

from covey.roles import creator, keeper, trainer, validator
from covey.roles.creator import CreatorFacts
from covey.roles.decision import Act, Decision, Step, act
from covey.roles.keeper import KeeperFacts
from covey.roles.trainer import TrainerFacts
from covey.roles.validator import ValidatorFacts
from tests.workers.roles.script import CREATED, LENGTHS, MASK_END, Script, handle_key, trainer_key, validator_key

TRAINER = TrainerFacts(
    hot_key=trainer_key(0),
    handle=handle_key(0),
    trained=frozenset({0, 1}),
    training=None,
    claims=True,
    claimed=False,
    reserve=10,
    patience=30,
)
VALIDATOR = ValidatorFacts(
    hot_key=validator_key(0),
    scored=frozenset(),
    reveals=True,
    fetch_now=False,
    claims=True,
    claimed=False,
    patience=30,
)
KEEPER = KeeperFacts("keeper", courtesy=20)
CREATOR = CreatorFacts(
    fetched=frozenset(), fetch_now=False, collected=frozenset(), claims=True, claimed=False, patience=30
)
SCORES = [30_000, 20_000]


def train(script: Script, now: int | None = None, **facts: object) -> Decision:
    return trainer.decide(script.view(now), replace(TRAINER, **facts))  # type: ignore[arg-type]


def validate(script: Script, now: int | None = None, **facts: object) -> Decision:
    return validator.decide(script.view(now), replace(VALIDATOR, **facts))  # type: ignore[arg-type]


def keep(script: Script, now: int | None = None) -> Decision:
    return keeper.decide(script.view(now), KEEPER)


def create(script: Script, now: int | None = None, **facts: object) -> Decision:
    return creator.decide(script.view(now), replace(CREATOR, **facts))  # type: ignore[arg-type]


class TestTrainer:
    def test_enrols_while_it_can(self) -> None:
        assert train(Script()) == act(Step.ENROL)
        assert train(Script(), CREATED + LENGTHS.enrol).over

    def test_leaves_when_it_was_evicted(self) -> None:
        script = Script().enrolled(1, 1).add("Evicted", index=0, operator=trainer_key(0), trainer=True)
        script.add("TrainerEnrolled", index=0, operator="x", hotKey="x", stake=200, publicKeyX=1, publicKeyY=1)
        decision = train(script)
        assert decision.over
        assert "larger stake" in decision.reason

    def test_trains_early(self) -> None:
        assert train(Script().enrolled(), trained=frozenset()) == act(Step.TRAIN, 0)
        assert train(Script().enrolled(), trained=frozenset(), training=0).acts == ()

    def test_registers_its_handle_before_anything_else(self) -> None:
        script = Script().enrolled().drawn()
        assert train(script, trained=frozenset()) == act(Step.MASK)
        assert train(script.mask(0)).acts == ()

    def test_without_a_handle_it_waits_for_the_end(self) -> None:
        script = Script().enrolled().drawn().mask(1)
        decision = train(script, MASK_END)
        assert decision.acts == ()
        assert not decision.over

    def test_submits_what_it_trained_then_publishes(self) -> None:
        script = Script().enrolled().drawn().masked()
        assert train(script) == act(Step.SUBMIT, 0)
        script.submit(0, 0)
        assert train(script).acts == ()
        script.submit(1, 0)
        assert train(script) == act(Step.PUBLISH, 0)
        assert train(script.publish(0, 0)).acts == ()

    def test_submits_what_it_has_when_time_runs_out(self) -> None:
        script = Script().enrolled().drawn().masked()
        end = MASK_END + LENGTHS.submit
        assert train(script, trained=frozenset(), training=0).acts == ()
        assert train(script, end - 10, trained=frozenset(), training=0) == act(Step.SUBMIT, 0)
        assert train(script, end, trained=frozenset()).acts[:1] != act(Step.SUBMIT, 0).acts

    def test_does_not_publish_what_it_did_not_commit_to(self) -> None:
        script = Script().enrolled().drawn().masked().submit(0, 0, bytes(32)).submit(1, 0)
        assert Step.PUBLISH not in {a.step for a in train(script).acts}

    def test_trains_for_the_next_round_while_others_score(self) -> None:
        script = Script().enrolled().drawn().masked().published(0).key(0)
        assert train(script, trained=frozenset({0})) == act(Step.TRAIN, 1)

    def test_submits_for_the_next_round_before_the_last_is_settled(self) -> None:
        script = Script().enrolled().drawn().masked().published(0).key(0).revealed(0, SCORES)
        assert train(script) == act(Step.SUBMIT, 1)

    def test_opens_delivers_concludes_and_claims(self) -> None:
        script = Script().over()
        assert train(script) == act(Step.OPEN)
        script.open(0)
        assert train(script).acts == (Act(Step.DELIVER, (0,)), Act(Step.DELIVER, (1,)))
        script.add("Delivered", round=0, index=0, box=b"box").add("Delivered", round=1, index=0, box=b"box")
        assert train(script).acts == ()
        script.open(1)
        assert train(script, script.now + 30).acts == (Act(Step.TALLY, (0,)), Act(Step.TALLY, (1,)))
        script.add("RoundTallied", round=0).add("RoundTallied", round=1)
        assert train(script) == act(Step.CONCLUDE_TRAINER, 0)
        script.add("TrainerConcluded", member=0, paid=5, returned=0)
        assert train(script) == act(Step.CLAIM)
        assert train(script, claimed=True).over
        assert train(script, claims=False).over

    def test_concludes_when_the_task_is_cancelled(self) -> None:
        script = Script().enrolled().at(CREATED + LENGTHS.enrol).ended(5)
        assert train(script) == act(Step.CONCLUDE_TRAINER, 0)


class TestValidator:
    def test_enrols_while_it_can(self) -> None:
        assert validate(Script()) == act(Step.ENROL)
        assert validate(Script(), CREATED + LENGTHS.enrol).over

    def test_fetches_as_soon_as_there_is_something(self) -> None:
        script = Script().enrolled().drawn().masked().submit(0, 0).submit(1, 0).publish(0, 0)
        assert validate(script, fetch_now=True) == act(Step.FETCH)

    def test_scores_commits_and_reveals(self) -> None:
        script = Script().enrolled().drawn().masked().published(0)
        assert validate(script).acts == ()
        script.key(0)
        assert validate(script) == act(Step.SCORE, 0)
        scored = frozenset({0})
        assert validate(script, scored=scored) == act(Step.COMMIT, 0)
        script.commit(0, 0)
        assert validate(script, scored=scored).acts == ()
        script.commit(1, 0).commit(2, 0)
        assert validate(script, scored=scored) == act(Step.REVEAL, 0)
        assert validate(script, scored=scored, reveals=False).acts == ()

    def test_one_reveals_first_and_the_others_point_at_its_vector(self) -> None:
        script = Script().enrolled().drawn().masked().published(0).key(0)
        script.commit(0, 0).commit(1, 0).commit(2, 0)
        scored = frozenset({0})
        second = validator_key(1)
        assert validate(script, hot_key=second, scored=scored).acts == ()
        assert validate(script, script.now + 15, hot_key=second, scored=scored) == act(Step.REVEAL, 0)
        script.reveal(0, 0, SCORES)
        assert validate(script, hot_key=second, scored=scored) == act(Step.REVEAL, 0)

    def test_scores_again_what_its_journal_lost(self) -> None:
        script = Script().enrolled().drawn().masked().published(0).key(0)
        script.commit(0, 0).commit(1, 0).commit(2, 0)
        assert validate(script) == act(Step.SCORE, 0)

    def test_is_benched_after_a_miss(self) -> None:
        script = Script().enrolled().drawn().masked().published(0).key(0)
        script.commit(1, 0).commit(2, 0).at(MASK_END + 400).reveal(1, 0, SCORES).reveal(2, 0, SCORES).settled(0)
        script.published(1).key(1)
        assert validate(script).acts == ()
        assert validate(script, hot_key=validator_key(1)) == act(Step.SCORE, 1)

    def test_settles_when_no_keeper_does(self) -> None:
        script = Script().enrolled().drawn().masked().published(0).key(0).revealed(0, SCORES)
        assert validate(script).acts == ()
        assert validate(script, script.now + 30) == act(Step.SETTLE, 0)

    def test_concludes_at_once_when_the_task_ended(self) -> None:
        script = Script().over()
        assert validate(script) == act(Step.CONCLUDE_VALIDATOR, 0)
        script.add("ValidatorConcluded", member=0, paid=5)
        assert validate(script) == act(Step.CLAIM)


class TestKeeper:
    def test_advances_in_time_and_not_before(self) -> None:
        script = Script().enrolled()
        assert keep(script).acts == ()
        (closing,) = keep(script, CREATED + LENGTHS.enrol).acts
        assert closing.step is Step.ADVANCE
        script.at(CREATED + LENGTHS.enrol).add("EnrolClosed", trainers=2, validators=3, totalWeight=3)
        (drawing,) = keep(script).acts
        assert drawing.step is Step.ADVANCE
        assert drawing != closing
        script.add("DrawPostponed")
        (again,) = keep(script).acts
        assert again.step is Step.ADVANCE
        assert again not in (closing, drawing)

    def test_settles_what_is_revealed(self) -> None:
        script = Script().enrolled().drawn().masked().published(0).key(0).revealed(0, SCORES)
        assert keep(script) == act(Step.SETTLE, 0)

    def test_ends_what_can_not_be_settled(self) -> None:
        script = Script().enrolled().drawn().masked().published(0)
        (ending,) = keep(script, MASK_END + 300).acts
        assert ending.step is Step.ADVANCE
        script.key(0).commit(0, 0)
        (ending,) = keep(script, MASK_END + 500).acts  # no quorum
        assert ending.step is Step.ADVANCE

    def test_concludes_everybody_after_a_while(self) -> None:
        script = Script().over().open(0).open(1).add("RoundTallied", round=0).add("RoundTallied", round=1)
        script.add("Delivered", round=0, index=0, box=b"box").add("Delivered", round=1, index=0, box=b"box")
        assert keep(script).acts == ()
        assert keep(script, script.now + 20).acts == (
            *(Act(Step.CONCLUDE_VALIDATOR, (i,)) for i in range(3)),
            *(Act(Step.CONCLUDE_TRAINER, (i,)) for i in range(2)),
        )

    def test_leaves_trainers_time_for_the_creators_box(self) -> None:
        script = Script().over().open(0).open(1).add("RoundTallied", round=0).add("RoundTallied", round=1)
        waiting = keep(script, script.now + 30).acts
        assert Act(Step.CONCLUDE_TRAINER, (0,)) not in waiting
        assert Act(Step.CONCLUDE_TRAINER, (1,)) in waiting
        assert Act(Step.CONCLUDE_TRAINER, (0,)) in keep(script, script.now + 2 * LENGTHS.open + 20).acts

    def test_finishes_and_takes_its_relay_fees(self) -> None:
        script = Script().enrolled().at(CREATED + LENGTHS.enrol).ended(5)
        for i in range(2):
            script.add("TrainerConcluded", member=i, paid=0, returned=0)
        for i in range(3):
            script.add("ValidatorConcluded", member=i, paid=0)
        assert keep(script) == act(Step.FINISH)
        script.add("TaskFinished", refunded=1, burnt=0)
        assert keep(script).over
        script.state.relays["keeper"] = 6
        assert keep(script) == act(Step.CLAIM_RELAY)


class TestCreator:
    def test_posts_keys_when_models_are_frozen_and_not_before(self) -> None:
        script = Script().enrolled().drawn().masked().submit(0, 0).submit(1, 0).publish(0, 0)
        assert create(script).acts == ()
        script.publish(1, 0)
        assert create(script) == act(Step.POST_KEY, 0)
        assert create(script.key(0)).acts == ()

    def test_posts_no_key_too_late(self) -> None:
        script = Script().enrolled().drawn().masked().published(0)
        late = MASK_END + LENGTHS.submit + LENGTHS.publish + LENGTHS.key
        assert Step.POST_KEY not in {a.step for a in create(script, late).acts}

    def test_posts_the_next_rounds_key_before_settlement(self) -> None:
        script = Script().enrolled().drawn().masked().published(0).key(0).revealed(0, SCORES).published(1)
        assert create(script) == act(Step.POST_KEY, 1)

    def test_sees_to_the_end_when_no_keeper_does(self) -> None:
        script = Script().enrolled(1, 1).at(CREATED + LENGTHS.enrol).ended(5)
        assert create(script).acts == ()
        assert create(script, script.now + 30).acts == (
            Act(Step.CONCLUDE_VALIDATOR, (0,)),
            Act(Step.CONCLUDE_TRAINER, (0,)),
        )
        script.add("TrainerConcluded", member=0, paid=0, returned=0).add("ValidatorConcluded", member=0, paid=0)
        assert create(script).acts == ()
        assert create(script, script.now + 30) == act(Step.FINISH)
        script.add("TaskFinished", refunded=5, burnt=0)
        assert create(script) == act(Step.CLAIM)

    def test_collects_what_was_delivered(self) -> None:
        script = Script().over().open(0).add("Delivered", round=1, index=0, box=b"box")
        assert create(script).acts == ()
        fetched = frozenset({(1, 0)})
        assert create(script, fetched=fetched) == act(Step.COLLECT, 1, 0)
        assert create(script, fetched=fetched, collected=fetched).acts == ()

    def test_wants_models_from_their_publication_on_and_in_the_end_those_it_was_given(self) -> None:
        script = Script().enrolled().drawn().masked().submit(0, 0).submit(1, 0).publish(1, 0)
        assert _wanted(script) == [(0, 1)]
        script.publish(0, 0).key(0).revealed(0, SCORES).settled(0, (0,)).published(1)
        assert _wanted(script) == [(0, 0), (1, 0), (1, 1)]
        script.key(1).revealed(1, SCORES).settled(1, (0, 1)).ended()
        assert _wanted(script) == [(0, 0), (1, 0), (1, 1)]
        script.open(0).add("Delivered", round=1, index=0, box=b"box").add("TaskFinished", refunded=0, burnt=0)
        assert _wanted(script) == [(1, 0)]

    def test_keys_come_before_models(self) -> None:
        script = Script().enrolled().drawn().masked().submit(0, 0).submit(1, 0).publish(0, 0)
        assert create(script, fetch_now=True) == act(Step.FETCH)
        script.publish(1, 0)
        assert create(script, fetch_now=True).acts == (Act(Step.POST_KEY, (0,)), Act(Step.FETCH))

    def test_a_model_that_is_not_to_be_had_holds_nothing_up(self) -> None:
        script = Script().over((0, 1)).open(0).open(1)
        for index in range(2):
            script.add("Delivered", round=0, index=index, box=b"box")
        fetched = frozenset({(0, 1)})
        tallying = (Act(Step.TALLY, (0,)), Act(Step.TALLY, (1,)))
        assert create(script, script.now + 30, fetched=fetched).acts == (*tallying, Act(Step.COLLECT, (0, 1)))
        script.add("TaskFinished", refunded=5, burnt=0)
        assert create(script, collected=fetched) == act(Step.CLAIM)
        waiting = create(script, collected=fetched, claimed=True)
        assert waiting.acts == ()
        assert not waiting.over
        assert create(script, collected=fetched, claimed=True, fetch_now=True) == act(Step.FETCH)
        assert create(script, collected=fetched | {(0, 0)}, claimed=True).over


def _wanted(script: Script) -> list[tuple[int, int]]:
    """(Round, handle) of the models that the creator wants."""
    return [(round_, publication.handle) for round_, publication in creator.wanted(script.view())]


@pytest.mark.parametrize("decide", [train, validate, keep, create])
def test_waiting_has_a_reason_and_a_time(decide: object) -> None:
    script = Script().enrolled().drawn().masked().submit(0, 0)
    decision = decide(script)  # type: ignore[operator]
    assert decision.acts == ()
    assert decision.reason == "round 1: handles submit"
    assert decision.until == MASK_END + LENGTHS.submit
