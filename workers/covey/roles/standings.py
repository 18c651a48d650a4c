"""Who stands where in a task, earned what, lost what, and why: told from the same events that workers act on.

Pure functions. Amounts are wei; rounds, lanes and members are indices, and texts count rounds from 1.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from covey.protocol import faults
from covey.protocol.params import GWEI, PPM
from covey.protocol.payouts import share_of_vector
from covey.protocol.phases import Cause, Status
from covey.protocol.settlement import RoundResult, tally_round
from covey.roles.settling import pools_of, results, round_input
from covey.roles.task import Round, TaskState


@dataclass(frozen=True)
class ModelLine:
    """One model of a settled round. `rank` counts from 1 (None: not among the winners); `trainer` is known once the
    handle was opened, `pay` once Open closed; `since` is the first round in which it published this model, which goes
    before consensus where that is within the task's resolution."""

    lane: int
    handle: int
    trainer: int | None
    consensus: int
    since: int
    rank: int | None
    note: str
    pay: int

    @property
    def correct(self) -> float | None:
        """Share of right answers that the consensus stands for, in families that count them."""
        return (self.consensus - 2) / 32_765 if self.consensus >= 2 else None


@dataclass(frozen=True)
class PanelLine:
    """One validator in a settled round. `agreed` counts models (None: it revealed no scores)."""

    validator: int
    agreed: int | None
    note: str
    pay: int


@dataclass(frozen=True)
class Standing:
    """A settled round: models from the best to the worst, validators by index. More than `needed` agreements are
    paid."""

    round: int
    counted: int
    needed: float
    models: tuple[ModelLine, ...]
    panel: tuple[PanelLine, ...]


@dataclass(frozen=True)
class Reason:
    """A part of what an account earned or lost, and why."""

    text: str
    earned: int = 0
    slashed: int = 0


def standings(state: TaskState) -> tuple[Standing, ...]:
    """Every settled round's."""
    return tuple(_standing(state, round_, result) for round_, result in results(state).items())


def trainer_reasons(state: TaskState, member: int) -> tuple[Reason, ...]:
    """What a trainer earned and lost so far, and would if nothing more happened."""
    if state.cause in (Cause.TOO_FEW_MEMBERS, Cause.SEED_NOT_DRAWN):
        return (Reason("the task was cancelled: stake and quota come back whole"),)
    index, lock = state.trainers[member].handle, state.trainers[member].stake
    if index is None:
        if state.status in (Status.ENDED, Status.FINISHED):
            return (Reason("its handle is not opened: the whole lock", slashed=lock * GWEI),)
        return ()
    return tuple(_trainer_reasons(state, index, lock))


def validator_reasons(state: TaskState, member: int) -> tuple[Reason, ...]:
    """As `trainer_reasons`."""
    if state.cause in (Cause.TOO_FEW_MEMBERS, Cause.SEED_NOT_DRAWN):
        return (Reason("the task was cancelled: stake comes back whole"),)
    reasons = [
        Reason(f"round {standing.round + 1}: {line.note}", earned=line.pay)
        for standing in standings(state)
        for line in standing.panel
        if line.validator == member and (line.pay or line.agreed is not None)
    ]
    return (*reasons, *_absence(state, member))


def rounds_run(state: TaskState) -> range:
    """Rounds whose faults count: those settled, and the one that ended the task."""
    ended_early = state.cause in (Cause.KEY_MISSING, Cause.QUORUM_MISSED, Cause.DATASET_INVALID)
    return range(state.settled + ended_early)


def _standing(state: TaskState, round_: int, result: RoundResult) -> Standing:
    data = state.rounds[round_]
    pays = _pays(state, round_, result)
    ranks = {lane: place for place, lane in enumerate(result.winners, start=1)}
    models = [
        ModelLine(
            lane=publication.lane,
            handle=publication.handle,
            trainer=state.handles[publication.handle].member,
            consensus=result.medians[publication.lane],
            since=publication.first_round,
            rank=ranks.get(publication.lane),
            note=_verdict(state, result, publication.lane),
            pay=pays.get(publication.handle, 0),
        )
        for publication in data.publications
    ]
    models.sort(key=lambda line: (line.rank or len(data.publications) + 1, -line.consensus, line.lane))
    needed = result.pass_mark / PPM
    panel = tuple(_panel_line(state, data, result, validator) for validator in range(len(state.validators)))
    return Standing(round_, result.counted, needed, tuple(models), panel)


def _pays(state: TaskState, round_: int, result: RoundResult) -> dict[int, int]:
    """What each winning handle earns, as far as handles were opened and creators' boxes delivered."""
    data = state.rounds[round_]
    if data.tallied is None:
        return {}
    stakes = {i: state.trainers[h.member].stake for i, h in enumerate(state.handles) if h.member is not None}
    pool = pools_of(state).trainers[round_]
    pays = tally_round(state.params, round_input(data, 0), result, pool, stakes)
    return {handle: pay for handle, pay in pays.items() if round_ in state.handles[handle].delivered}


def _verdict(state: TaskState, result: RoundResult, lane: int) -> str:
    median = result.medians[lane]
    if median == 0:
        return "malformed"
    if median == 1:
        return "unavailable"
    if median <= state.params.baseline:
        return "not above the baseline"
    return "" if lane in result.winners else f"not among the first {state.params.k1}"


def _panel_line(state: TaskState, data: Round, result: RoundResult, validator: int) -> PanelLine:
    if validator not in data.reveals:
        return PanelLine(validator, None, "did not reveal" if validator in data.commitments else "did not commit", 0)
    revealed = data.reveals[validator]
    if revealed not in data.vectors:
        return PanelLine(validator, None, "called the data set invalid", 0)
    vector = list(data.vectors).index(revealed)
    weight = sum(w for other, w in data.weights.items() if data.reveals[other] == revealed)
    agreed = result.agreement[vector]
    pay = share_of_vector(result.vector_pays[vector], data.weights[validator], weight)
    needed = result.pass_mark / PPM
    note = f"agrees on {agreed} of {result.counted} models"
    if not pay:
        note += f", more than {needed:g} are needed" if agreed <= needed else ", others agree on more"
    return PanelLine(validator, agreed, note, pay)


def _trainer_reasons(state: TaskState, index: int, lock: int) -> Iterator[Reason]:
    params, handle, found = state.params, state.handles[index], results(state)
    for round_ in rounds_run(state):
        where = f"round {round_ + 1}"
        publication, result = handle.published.get(round_), found.get(round_)
        if publication is None:
            if round_ in handle.committed:
                burnt = faults.trainer_slash(params, lock, opened=True, unpublished=1, malformed=0)
                yield Reason(f"{where}: committed, not published", slashed=burnt)
            continue
        if result is None:
            continue
        rank = result.winners.index(publication.lane) + 1 if publication.lane in result.winners else None
        if rank is not None:
            undelivered = "" if round_ in handle.delivered else ", the creator's box is not delivered"
            yield Reason(f"{where}: rank {rank}{undelivered}", earned=_pays(state, round_, result).get(index, 0))
        elif publication.lane in result.malformed:
            burnt = faults.trainer_slash(params, lock, opened=True, unpublished=0, malformed=1)
            yield Reason(f"{where}: malformed", slashed=burnt)
        else:
            yield Reason(f"{where}: {_verdict(state, result, publication.lane)}")


def _absence(state: TaskState, member: int) -> Iterator[Reason]:
    """The slash for the first commit or reveal that a validator missed; it was out of the task from then on."""
    ran = [(round_, state.rounds[round_]) for round_ in rounds_run(state) if state.rounds[round_].key is not None]
    seen = [(member in data.commitments, member in data.reveals) for _, data in ran]
    missed = faults.first_absence(seen)
    if missed is None:
        return
    round_ = next(round_ for (round_, _), acted in zip(ran, seen, strict=True) if not all(acted))
    burnt = faults.validator_slash(state.params, state.validators[member].stake, missed)
    what = "no scores committed" if missed is faults.Absence.COMMIT else "committed, not revealed"
    yield Reason(f"round {round_ + 1}: {what}; benched from then on", slashed=burnt)
