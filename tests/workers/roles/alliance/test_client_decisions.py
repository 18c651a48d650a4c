"""What clients of an alliance decide, from events alone."""

from dataclasses import replace

from covey.protocol.alliance import bitmaps
from covey.protocol.alliance.phases import Phase
from covey.protocol.alliance.settlement import Verdict
from covey.roles.alliance import keeper
from covey.roles.alliance.client import ClientFacts, decide
from covey.roles.decision import Act, Decision, Step, act
from tests.workers.roles.alliance.script import CREATED, NEXT, PARAMS, STAKE, Script, key

ROUND = CREATED + 100
"""When the first round is drawn."""

FACTS = ClientFacts(
    hot_key=key(0),
    trained=False,
    judged=False,
    holds=True,
    busy=False,
    silent=False,
    claims=False,
    claimed=False,
    patience=30,
)


def facts(i: int, **known: bool) -> ClientFacts:
    return replace(FACTS, hot_key=key(i), **known)


def step_of(decision: Decision) -> Step | None:
    return decision.acts[0].step if decision.acts else None


class TestJoining:
    def test_a_stranger_joins_in_any_phase(self) -> None:
        assert decide(Script().view(), FACTS) == act(Step.JOIN)
        assert decide(Script().running().view(), facts(5)) == act(Step.JOIN)

    def test_nobody_joins_a_task_that_is_over(self) -> None:
        assert decide(Script().joined(0).ended().view(), facts(5)).over

    def test_a_member_waits_until_the_first_clients_are_frozen(self) -> None:
        decision = decide(Script().joined(0).view(), FACTS)
        assert (decision.acts, decision.until) == ((), CREATED + 100)


class TestProposers:
    def test_they_train_then_commit_then_publish(self) -> None:
        script = Script().running()
        assert decide(script.view(), facts(0)) == act(Step.TRAIN, 0)
        assert decide(script.view(), facts(0, busy=True)).until == ROUND + 100
        assert decide(script.view(), facts(0, trained=True)) == act(Step.COMMIT, 0)
        script.committed(0)
        assert not decide(script.view(), facts(0, trained=True)).acts
        script.committed(1)
        assert decide(script.view(), facts(0, trained=True)) == act(Step.PUBLISH, 0)
        script.published(0)
        assert not decide(script.view(), facts(0, trained=True)).acts

    def test_one_that_missed_its_commitment_publishes_nothing(self) -> None:
        script = Script().running().committed(1)
        assert not decide(script.view(ROUND + 100), facts(0, trained=True)).acts

    def test_they_have_no_vote(self) -> None:
        script = Script().running().committed(0, 1).published(0, 1)
        assert script.view().phase is Phase.VOTE
        assert not decide(script.view(), facts(0, trained=True)).acts


class TestVoters:
    def test_they_judge_then_commit_then_reveal(self) -> None:
        script = Script().running().committed(0, 1)
        assert not decide(script.view(), facts(2)).acts
        script.published(0, 1)
        assert decide(script.view(), facts(2)) == act(Step.JUDGE, 0)
        assert not decide(script.view(), facts(2, busy=True)).acts
        assert decide(script.view(), facts(2, judged=True)) == act(Step.COMMIT, 0)
        script.committed(2, 3)
        assert decide(script.view(), facts(2, judged=True)) == act(Step.REVEAL, 0)
        script.revealed(2)
        assert not decide(script.view(), facts(2, judged=True)).acts

    def test_silent_ones_do_nothing_in_rounds_and_stay_on_the_bench(self) -> None:
        script = Script().running().committed(0, 1).published(0, 1)
        assert not decide(script.view(), facts(2, silent=True)).acts
        script.judged(2, Verdict.SILENT, slash=100).concluded(slashed=100)
        assert not decide(script.view(), facts(2, silent=True)).acts


class TestTheEnd:
    def test_a_benched_client_comes_back(self) -> None:
        script = Script().running().judged(0, Verdict.SILENT, slash=100).concluded(slashed=100, burnt=50)
        assert script.state.places.benched == bitmaps.of([0])
        assert decide(script.view(), FACTS) == act(Step.RESUME, 1)

    def test_one_that_quit_collects_once_its_round_is_settled(self) -> None:
        script = Script().running().add("ClientLeft", client=0)
        assert step_of(decide(script.view(), FACTS)) is Step.TRAIN
        script.judged(0, Verdict.RIGHT, reward=40).concluded(paid=40).add("RoundFrozen", round=1, clients=14)
        assert script.view().collectable(0) == STAKE + 40
        assert decide(script.view(), FACTS) == act(Step.COLLECT, 0)
        collected = {"client": 0, "operator": "operator 0", "amount": STAKE + 40, "gone": True}
        script.add("Collected", **collected)
        assert decide(script.view(), FACTS).over

    def test_everybody_collects_when_the_task_is_over_then_claims(self) -> None:
        script = Script().running().judged(0, Verdict.RIGHT, reward=40).concluded(paid=40).ended()
        assert decide(script.view(), FACTS) == act(Step.COLLECT, 0)
        script.add("Collected", client=0, operator="operator 0", amount=STAKE + 40, gone=True)
        assert decide(script.view(), facts(0, claims=True)) == act(Step.CLAIM)
        assert decide(script.view(), facts(0, claims=True, claimed=True)).over


class TestTheModel:
    def test_whoever_has_nothing_else_to_do_fetches_it(self) -> None:
        lacking = replace(FACTS, holds=False)
        assert decide(Script().joined(0).view(), lacking) == act(Step.FETCH, 0)
        assert not decide(Script().joined(0).view(), replace(lacking, busy=True)).acts
        script = Script().running()
        assert decide(script.view(), lacking) == act(Step.TRAIN, 0)  # which needs it, too
        assert decide(script.view(), replace(lacking, hot_key=key(2))) == act(Step.FETCH, 0)

    def test_chores_do_not_wait_for_it(self) -> None:
        view = Script().joined(0, 1, 2, 3).view(CREATED + 130)
        assert step_of(decide(view, replace(FACTS, holds=False))) is Step.ADVANCE

    def test_the_last_one_is_fetched_beside_the_stake(self) -> None:
        view = Script().running().judged(0, Verdict.RIGHT, reward=40).concluded(paid=40).ended().view()
        both = (Act(Step.COLLECT, (0,)), Act(Step.FETCH, (1,)))
        assert decide(view, replace(FACTS, holds=False)).acts == both


class TestChores:
    def test_a_patient_client_does_what_keepers_left_undone(self) -> None:
        script = Script().joined(0, 1, 2, 3)
        due = CREATED + 100
        assert not decide(script.view(due), FACTS).acts
        assert step_of(decide(script.view(due + 30), FACTS)) is Step.ADVANCE

    def test_keepers_advance_settle_and_collect(self) -> None:
        script = Script().joined(0, 1, 2, 3)
        assert not keeper.decide(script.view(), 20).acts
        assert step_of(keeper.decide(script.view(CREATED + 100), 20)) is Step.ADVANCE
        script.at(CREATED + 100).drawn().committed(0, 1).published(0, 1).committed(2, 3).revealed(2, 3)
        assert keeper.decide(script.view(), 20) == act(Step.SETTLE, 0)
        script.judged(0, Verdict.RIGHT, reward=40).concluded(paid=40).ended()
        assert not keeper.decide(script.view(), 20).acts
        later = keeper.decide(script.view(script.now + 20), 20)
        assert later.acts == tuple(Act(Step.COLLECT, (i,)) for i in range(4))
        for i in range(4):
            script.add("Collected", client=i, operator=f"operator {i}", amount=STAKE, gone=True)
        assert keeper.decide(script.view(), 20).over

    def test_a_draw_waits_for_the_block_after_the_freeze(self) -> None:
        script = Script().joined(0, 1, 2, 3).at(CREATED + 100).add("RoundFrozen", round=0, clients=15)
        frozen_in = script.block - 1
        assert not replace(script.view(), block=frozen_in).advance_due
        assert replace(script.view(), block=frozen_in + 1).advance_due


class TestState:
    def test_money_and_model_follow_the_conclusion(self) -> None:
        script = Script().running()
        before = script.state.pool
        assert before == PARAMS.distributed
        script.judged(0, Verdict.RIGHT, reward=40, reputation=4).judged(3, Verdict.SILENT, slash=100, reputation=2)
        script.concluded(paid=40, returned=7, slashed=100, burnt=50)
        assert script.state.pool == before - 40 - 7 + 100 - 50
        assert script.state.model == NEXT
        assert (script.state.clients[0].earned, script.state.clients[0].reputation) == (40, 4)
        assert script.state.clients[3].stake == STAKE - 100

    def test_reputation_under_the_threshold_isolates_until_it_is_back(self) -> None:
        script = Script().running().judged(3, Verdict.WRONG, slash=10, reputation=0)
        assert script.state.places.isolated == bitmaps.of([3])
        script.judged(3, Verdict.ISOLATED, reputation=PARAMS.reputation_threshold)
        assert not script.state.places.isolated


def test_a_phase_awaits_those_whose_part_is_still_to_come() -> None:
    script = Script().running()
    assert script.view().awaited == bitmaps.of((0, 1))
    assert script.committed(0).view().awaited == bitmaps.of((1,))
    assert script.view(ROUND + 100).awaited == bitmaps.of((0,))  # the other's time to commit is over
    script.committed(1).published(0)
    assert script.view().awaited == bitmaps.of((1,))
    script.published(1)
    assert script.view().awaited == bitmaps.of((2, 3))
    script.committed(2, 3).revealed(2)
    assert script.view().awaited == bitmaps.of((3,))
    assert script.revealed(3).view().awaited == 0
