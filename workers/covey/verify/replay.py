"""From events to a typed history. On the way every commitment, hash, count and phase is checked.

Differences go to the report and the replay goes on; it ends early (Inconsistent) only where a log speaks of something
that does not exist.
"""

from __future__ import annotations

from .bundle import ArenaBundle
from .custody import VaultEvent
from .events import (
    ArenaEvent,
    Cause,
    Delivered,
    DrawPostponed,
    EnrolClosed,
    Evicted,
    HandleOpened,
    HandleRegistered,
    KeyPosted,
    Published,
    RingsDrawn,
    RoundEmpty,
    RoundSettled,
    RoundTallied,
    ScoresCommitted,
    ScoresRevealed,
    Submitted,
    TaskCreated,
    TaskEnded,
    TaskFinished,
    TrainerConcluded,
    TrainerEnrolled,
    ValidatorConcluded,
    ValidatorEnrolled,
    VectorPaid,
    VectorRevealed,
)
from .history import Conclusion, End, Handle, History, Lane, Round, Trainer, Validator, Vector
from .keccak import keccak256
from .phases import (
    delivery_closed,
    mask_closed,
    open_closed,
    publish_closed,
    reveal_closed,
    score_closed,
    score_opened,
    submit_closed,
    submit_opened,
)
from .pools import Pools
from .records import Record, read_records
from .report import Inconsistent, Report
from .rules import (
    DATASET_INVALID,
    GWEI,
    MASK_UNITS,
    BadVector,
    Context,
    Schedule,
    address_of,
    data_rejected,
    next_lanes_hash,
    open_commitment,
    out_of_range,
    quorum,
    unpack,
    weights,
)

_PARAMS = "parameters are in their ranges"
_PHASES = "every act was in its phase"
_PLACES = "places, keys and locks of members"
_WEIGHTS = "weights of validators"
_SEED = "the ring seed comes from a block hash"
_HANDLES = "handles, tags and rings"
_QUOTA = "message quotas"
_MODELS = "models match their commitments"
_KEYS = "shard keys match their hashes"
_VECTORS = "score vectors are well-formed"
_REVEALS = "score reveals match their commitments"
_ENDING = "the task ended for the cause it gives"
_OPENINGS = "handles were opened by those they committed to"
_BOXES = "delivered boxes match the publications"
_ACCOUNTS = "accounts are concluded once, all before the end"

_RING_SIZE = 16
_SEED_BLOCKS = 256
_NO_COMMITMENT = bytes(32)


def replay(bundle: ArenaBundle, report: Report) -> History:
    """Read all logs in order. Raises Inconsistent where they make no sense at all."""
    records = read_records(bundle, report)
    first = next((record for record in records if isinstance(record.event, ArenaEvent)), None)
    if first is None or not isinstance(first.event, TaskCreated):
        raise Inconsistent(f"the logs do not begin with the creation of task {bundle.task}")
    created = first.event
    history = History(
        context=Context(bundle.chain_id, bundle.contracts.arena, bundle.task),
        creator=created.creator,
        params=created.params,
        shards=created.shards,
        uri=created.uri,
        schedule=Schedule(created.params, first.timestamp),
        pools=Pools(bundle.clock, report),
        records=records,
        rounds=[Round(number) for number in range(created.params.rounds)],
    )
    report.equal(_PARAMS, "parameters out of range", [], out_of_range(history.params))
    if not 0 < history.params.rounds == len(history.shards):
        raise Inconsistent(f"{history.params.rounds} rounds with {len(history.shards)} shards")
    unbonded = history.schedule.created + bundle.clock.unbonding
    longest = history.schedule.last_second
    report.holds(_PARAMS, "the task is over before stake unbonds", longest <= unbonded, f"{longest} > {unbonded}")

    walk = _Walk(bundle, history, report)
    for record in records:
        if isinstance(record.event, VaultEvent):
            history.pools.follow(record.event, record)
        elif isinstance(record.event, ArenaEvent):
            walk.take(record.event, record)
    history.pools.close()
    return history


class _Walk:
    """Takes one event of the Arena after the other into the history."""

    def __init__(self, bundle: ArenaBundle, history: History, report: Report) -> None:
        self._bundle = bundle
        self._history = history
        self._report = report
        self._created = False
        self._weights: dict[int, int] = {}
        self._drawn_from = 0
        self._evicted: Evicted | None = None
        self._evicted_stake = 0
        self._operators: set[str] = set()
        self._tags: set[bytes] = set()

    def take(self, event: ArenaEvent, record: Record) -> None:
        """Check an event against what was there before, then make it part of it."""
        if event.task != self._bundle.task:
            raise Inconsistent(f"block {record.block} has a log of task {event.task}")
        match event:
            case TaskCreated():
                self._phase(record, not self._created, "the task was created once")
                self._created = True
            case TrainerEnrolled() | ValidatorEnrolled():
                self._enrol(event, record)
            case Evicted():
                self._evict(event, record)
            case EnrolClosed():
                self._close_enrol(event, record)
            case DrawPostponed():
                self._postpone_draw(record)
            case RingsDrawn():
                self._draw_rings(event, record)
            case HandleRegistered():
                self._register(event, record)
            case Submitted():
                self._submit(event, record)
            case Published():
                self._publish(event, record)
            case KeyPosted():
                self._post_key(event, record)
            case ScoresCommitted():
                self._commit(event, record)
            case VectorRevealed():
                self._reveal_vector(event, record)
            case ScoresRevealed():
                self._reveal(event, record)
            case VectorPaid():
                self._pay_vector(event, record)
            case RoundEmpty():
                self._pass(event, record)
            case RoundSettled():
                self._settle(event, record)
            case TaskEnded():
                self._end(event, record)
            case HandleOpened():
                self._open(event, record)
            case Delivered():
                self._deliver(event, record)
            case RoundTallied():
                self._tally(event, record)
            case TrainerConcluded() | ValidatorConcluded():
                self._conclude(event, record)
            case TaskFinished():
                self._finish(event, record)
            case _:
                pass  # payments: compared with what is due when all is known

    # ── Enrol ────────────────────────────────────────────────────────────────────────────────────────────────────────

    def _enrol(self, event: TrainerEnrolled | ValidatorEnrolled, record: Record) -> None:
        history, params = self._history, self._history.params
        is_trainer = isinstance(event, TrainerEnrolled)
        who = f"{'trainer' if is_trainer else 'validator'} {event.member}"
        self._phase(record, self._enrolling(record), f"{who} enrolled")
        members = history.members(is_trainer)
        most = params.max_trainers if is_trainer else params.max_validators
        least = params.min_trainer_stake if is_trainer else params.min_validator_stake
        if self._evicted is None:
            self._report.equal(_PLACES, f"{who}, place", len(members), event.member)
            self._report.holds(_PLACES, f"{who}, room", len(members) < most, f"all {most} places are taken")
        else:
            place = (self._evicted.member, self._evicted.trainer)
            self._report.equal(_PLACES, f"{who}, place of the evicted", place, (event.member, is_trainer))
            larger = event.stake * 10 >= self._evicted_stake * 11
            problem = f"{event.stake} gwei evicted {self._evicted_stake}"
            self._report.holds(_PLACES, f"{who}, 10 % more than the evicted", larger, problem)
            self._evicted = None
        self._report.holds(_PLACES, f"{who}, stake", event.stake >= least, f"{event.stake} gwei, at least {least}")
        new = event.operator not in self._operators
        self._report.holds(_PLACES, f"{who}, one place each", new, f"{event.operator} has two")
        self._operators.add(event.operator)
        if isinstance(event, TrainerEnrolled):
            key = address_of(event.public_key_x, event.public_key_y)
            self._report.equal(_PLACES, f"{who}, public key", key, event.hot_key)
            history.trainers[event.member] = Trainer(event.operator, event.hot_key, event.stake)
        else:
            self._report.holds(_PLACES, f"{who}, box key", any(event.box_key), "the key is zero")
            history.validators[event.member] = Validator(event.operator, event.hot_key, event.stake, event.box_key)
        lock = history.pools.lock_of(self._bundle.contracts.arena, event.operator, event.task)
        due = (event.stake * GWEI, event.stake * GWEI, history.schedule.last_second, record.transaction)
        self._report.equal(
            _PLACES,
            f"{who}, lock (amount, left, until, transaction)",
            due,
            None if lock is None else (lock.amount, lock.left, lock.until, lock.at.transaction),
        )

    def _evict(self, event: Evicted, record: Record) -> None:
        history = self._history
        members = history.members(event.trainer)
        most = history.params.max_trainers if event.trainer else history.params.max_validators
        self._phase(record, self._enrolling(record) and self._evicted is None, f"{event.operator} evicted")
        if event.member not in members:
            raise Inconsistent(f"block {record.block}: no member has the place {event.member} to be evicted from")
        smallest = min((member.stake, -place) for place, member in members.items())
        self._report.equal(_PLACES, f"{event.operator} evicted from a full task", most, len(members))
        member = members.pop(event.member)
        found = (member.stake, -event.member)
        self._report.equal(_PLACES, f"{event.operator} evicted as the smallest, the latest of equals", smallest, found)
        self._report.equal(_PLACES, f"{event.operator} evicted", member.operator, event.operator)
        self._operators.discard(member.operator)
        lock = history.pools.lock_of(self._bundle.contracts.arena, event.operator, event.task)
        fate = None if lock is None else (lock.burnt, lock.freed)
        self._report.equal(_PLACES, f"{event.operator} evicted, burnt and freed", (0, member.stake * GWEI), fate)
        self._evicted, self._evicted_stake = event, member.stake

    def _close_enrol(self, event: EnrolClosed, record: Record) -> None:
        history, params = self._history, self._history.params
        in_phase = (
            history.schedule.enrol_end <= record.timestamp
            and history.enrolled is None
            and history.end is None
            and self._evicted is None
        )
        self._phase(record, in_phase, "Enrol closed")
        history.enrolled, self._drawn_from = record, record.block
        counts = (len(history.trainers), len(history.validators))
        self._report.equal(_PLACES, "trainers, validators", counts, (event.trainers, event.validators))
        enough = counts[0] >= params.min_trainers and counts[1] >= params.min_validators
        self._report.holds(_PLACES, "enough members", enough, f"{counts[0]} trainers, {counts[1]} validators")
        for members in (history.trainers, history.validators):
            if sorted(members) != list(range(len(members))) or not members:
                raise Inconsistent("the places of the members are not 0, 1, 2, …")
        stakes = [history.validators[index].stake for index in range(counts[1])]
        self._weights = dict(enumerate(weights(stakes)))
        self._report.equal(_WEIGHTS, "sum of all", sum(self._weights.values()), event.total_weight)
        history.rounds[0].active = frozenset(history.validators)

    def _postpone_draw(self, record: Record) -> None:
        self._draw_phase(record, "ring seed postponed")
        age = record.block - self._drawn_from
        self._report.holds(_SEED, "postponed for want of a hash", age > _SEED_BLOCKS, f"{age} blocks later")
        self._drawn_from = record.block

    def _draw_rings(self, event: RingsDrawn, record: Record) -> None:
        history = self._history
        self._draw_phase(record, "ring seed drawn")
        seeds = {history.context.seed(block.hash): block.number for block in self._bundle.blocks}
        self._report.equal(_SEED, "block", self._drawn_from, seeds.get(event.seed))
        age = record.block - self._drawn_from
        self._report.holds(_SEED, "its hash could be read", 0 < age <= _SEED_BLOCKS, f"{age} blocks later")
        history.seed = event.seed

    # ── Handles ──────────────────────────────────────────────────────────────────────────────────────────────────────

    def _register(self, event: HandleRegistered, record: Record) -> None:
        history = self._history
        running = history.seed is not None and history.end is None
        self._phase(record, running and not mask_closed(history, record.timestamp), f"handle {event.handle} registered")
        if event.handle != len(history.handles):
            raise Inconsistent(f"handle {event.handle} follows handle {len(history.handles) - 1}")
        rings = -(-len(history.trainers) // _RING_SIZE)
        self._report.holds(_HANDLES, f"handle {event.handle}, ring", event.ring < rings, f"{event.ring} of {rings}")
        new = event.tag not in self._tags
        self._report.holds(_HANDLES, f"handle {event.handle}, tag", new, "its trainer has a handle already")
        self._tags.add(event.tag)
        history.handles.append(Handle(event.key, event.tag, event.open_commitment))

    def _submit(self, event: Submitted, record: Record) -> None:
        one, handle = self._round(event.round), self._handle(event.handle)
        subject = f"round {event.round}, handle {event.handle}"
        in_phase = submit_opened(self._history, one, record.timestamp) and not submit_closed(
            self._history, one, record.timestamp
        )
        self._phase(record, in_phase and event.handle not in one.done, f"{subject} submitted")
        self._count_message(handle, subject)
        if event.commitment == _NO_COMMITMENT:
            self._report.holds(_MODELS, f"{subject} passed", event.last, "a pass is final")
            one.commitments.pop(event.handle, None)
        else:
            one.commitments[event.handle] = event.commitment
        if event.last:
            one.done.add(event.handle)

    def _publish(self, event: Published, record: Record) -> None:
        history, now = self._history, record.timestamp
        one, handle = self._round(event.round), self._handle(event.handle)
        subject = f"round {event.round}, handle {event.handle}"
        if one.vectors:
            raise Inconsistent(f"{subject}: published after scores were revealed")
        in_phase = submit_closed(history, one, now) and not publish_closed(history, one, now)
        self._phase(record, in_phase and event.handle not in one.published, f"{subject} published")
        self._count_message(handle, subject)
        self._report.equal(_MODELS, f"{subject}, lane", len(one.lanes), event.lane)
        self._report.equal(
            _MODELS,
            f"{subject}, commitment",
            history.context.model_commitment(event.round, handle.key, event.manifest_hash, event.salt),
            one.commitments.get(event.handle),
        )
        if event.first_round != event.round:
            earlier = self._round(event.first_round).published.get(event.handle)
            found = None if earlier is None or event.first_round > event.round else earlier.plaintext_hash
            self._report.equal(_MODELS, f"{subject}, first publication", event.plaintext_hash, found)
        lane = Lane(
            event.handle,
            event.manifest_hash,
            event.plaintext_hash,
            event.creator_box_hash,
            event.cid,
            event.first_round,
        )
        one.lanes.append(lane)
        one.published[event.handle] = lane
        one.lanes_hash = next_lanes_hash(one.lanes_hash, handle.key, event.plaintext_hash, event.manifest_hash)

    def _count_message(self, handle: Handle, subject: str) -> None:
        handle.messages += 1
        units, quota = MASK_UNITS + handle.messages, self._history.params.quota
        self._report.holds(_QUOTA, f"{subject}, units", units <= quota, f"{units} of {quota}")

    # ── Scores ───────────────────────────────────────────────────────────────────────────────────────────────────────

    def _post_key(self, event: KeyPosted, record: Record) -> None:
        one, now = self._round(event.round), record.timestamp
        in_phase = (
            publish_closed(self._history, one, now)
            and bool(one.lanes)
            and one.key is None
            and now < self._history.schedule.key_end(event.round)
        )
        self._phase(record, in_phase, f"round {event.round}, key posted")
        expected = self._history.shards[event.round].key_hash
        self._report.equal(_KEYS, f"round {event.round}", expected, keccak256(event.key))
        one.key = event.key

    def _commit(self, event: ScoresCommitted, record: Record) -> None:
        one = self._round(event.round)
        in_phase = (
            self._history.end is None
            and score_opened(self._history, one)
            and not score_closed(self._history, one, record.timestamp)
            and event.validator in one.active
            and event.validator not in one.commits
        )
        self._phase(record, in_phase, f"round {event.round}, validator {event.validator} committed")
        one.commits[event.validator] = event.commitment

    def _reveal_vector(self, event: VectorRevealed, record: Record) -> None:
        one = self._round(event.round)
        subject = f"round {event.round}, vector {event.ordinal}"
        self._phase(record, self._revealing(one, record), f"{subject} revealed")
        self._report.equal(_VECTORS, f"{subject}, hash", keccak256(event.vector), event.vector_hash)
        new = event.vector_hash not in one.vectors
        self._report.equal(_VECTORS, f"{subject}, order", (len(one.vectors), True), (event.ordinal, new))
        try:
            one.vectors[event.vector_hash] = Vector(event.ordinal, unpack(event.vector, len(one.lanes)))
        except BadVector as error:
            raise Inconsistent(f"{subject}: {error}") from error

    def _reveal(self, event: ScoresRevealed, record: Record) -> None:
        history, one = self._history, self._round(event.round)
        subject = f"round {event.round}, validator {event.validator}"
        in_phase = self._revealing(one, record) and event.validator not in one.reveals
        self._phase(record, in_phase, f"{subject} revealed")
        if event.validator not in self._weights:
            raise Inconsistent(f"{subject}: there is no such validator")
        if event.vector_hash != DATASET_INVALID and event.vector_hash not in one.vectors:
            raise Inconsistent(f"{subject}: nobody revealed the vector {event.vector_hash.hex()}")
        key = history.validators[event.validator].hot_key
        self._report.equal(
            _REVEALS,
            subject,
            history.context.score_commitment(event.round, key, one.lanes_hash, event.vector_hash, event.salt),
            one.commits.get(event.validator),
        )
        self._report.equal(_WEIGHTS, subject, self._weights[event.validator], event.weight)
        one.reveals[event.validator] = event.vector_hash

    def _revealing(self, one: Round, record: Record) -> bool:
        return (
            self._history.end is None
            and not one.over
            and score_closed(self._history, one, record.timestamp)
            and record.timestamp < self._history.schedule.reveal_end(one.number)
        )

    # ── Settle ───────────────────────────────────────────────────────────────────────────────────────────────────────

    def _pay_vector(self, event: VectorPaid, record: Record) -> None:
        one = self._round(event.round)
        once = not one.over and event.ordinal not in one.paid
        self._phase(record, once, f"round {event.round}, vector {event.ordinal} paid")
        one.paid[event.ordinal] = event.amount
        one.paid_in.add(record.transaction)

    def _pass(self, event: RoundEmpty, record: Record) -> None:
        one = self._round(event.round)
        in_phase = self._is_next(one) and not one.lanes and publish_closed(self._history, one, record.timestamp)
        self._phase(record, in_phase, f"round {event.round} passed empty")
        one.empty = True
        self._activate_after(one, one.active)

    def _settle(self, event: RoundSettled, record: Record) -> None:
        one = self._round(event.round)
        in_phase = self._is_next(one) and bool(one.lanes) and reveal_closed(self._history, one, record.timestamp)
        self._phase(record, in_phase, f"round {event.round} settled")
        settleable = self._has_quorum(one) and not self._is_rejected(one)
        self._phase(record, settleable, f"round {event.round} settled with quorum and data")
        self._phase(record, one.paid_in <= {record.transaction}, f"round {event.round} settled and paid at once")
        unused = set(one.vectors) - set(one.reveals.values())
        self._report.equal(_VECTORS, f"round {event.round}, vectors without a vote", 0, len(unused))
        one.settled = event
        self._activate_after(one, frozenset(one.reveals))

    def _activate_after(self, one: Round, active: frozenset[int]) -> None:
        for later in self._history.rounds[one.number + 1 : one.number + 2]:
            later.active = active

    def _is_next(self, one: Round) -> bool:
        before = self._history.rounds[: one.number]
        return self._history.end is None and not one.over and all(other.over for other in before)

    def _has_quorum(self, one: Round) -> bool:
        active = sum(self._weights[index] for index in one.active)
        return quorum(self._revealed(one), active, sum(self._weights.values()))

    def _is_rejected(self, one: Round) -> bool:
        invalid = sum(self._weights[index] for index, vote in one.reveals.items() if vote == DATASET_INVALID)
        return data_rejected(invalid, self._revealed(one))

    def _revealed(self, one: Round) -> int:
        return sum(self._weights[index] for index in one.reveals)

    # ── Ending ───────────────────────────────────────────────────────────────────────────────────────────────────────

    def _end(self, event: TaskEnded, record: Record) -> None:
        history = self._history
        try:
            cause = Cause(event.cause)
        except ValueError as error:
            raise Inconsistent(f"the task ended for the unknown cause {event.cause}") from error
        self._phase(record, history.end is None, "the task ended once")
        due = self._due_end(record)
        self._report.equal(_ENDING, "cause, round", due, (cause.name, event.round))
        history.end = End(cause, event.round, record.timestamp)

    def _due_end(self, record: Record) -> tuple[str, int]:
        """Cause and round for which the task has to end now; NONE while nothing ends it."""
        history, now = self._history, record.timestamp
        params = history.params
        if history.enrolled is None:
            few = len(history.trainers) < params.min_trainers or len(history.validators) < params.min_validators
            due = few and now >= history.schedule.enrol_end
            return (Cause.TOO_FEW_MEMBERS if due else Cause.NONE).name, 0
        if history.seed is None:
            return (Cause.SEED_NOT_DRAWN if now >= history.schedule.draw_end else Cause.NONE).name, 0
        one = next((one for one in history.rounds if not one.over), None)
        if one is None:
            return Cause.COMPLETED.name, params.rounds
        cause = Cause.NONE
        if one.lanes and one.key is None and now >= history.schedule.key_end(one.number):
            cause = Cause.KEY_MISSING
        elif one.lanes and reveal_closed(history, one, now):
            if not self._has_quorum(one):
                cause = Cause.QUORUM_MISSED
            elif self._is_rejected(one):
                cause = Cause.DATASET_INVALID
        return cause.name, one.number

    def _open(self, event: HandleOpened, record: Record) -> None:
        history = self._history
        handle, subject = self._handle(event.handle), f"handle {event.handle}"
        trainer = history.trainers.get(event.member)
        if trainer is None:
            raise Inconsistent(f"{subject}: opened by trainer {event.member}, who does not exist")
        in_phase = (
            history.end is not None
            and not history.end.cause.cancels
            and not open_closed(history, record.timestamp)
            and trainer.handle is None
            and handle.member is None
        )
        self._phase(record, in_phase, f"{subject} opened")
        self._report.equal(_OPENINGS, f"{subject}, operator", trainer.operator, event.operator)
        commitment = open_commitment(event.operator, event.nonce)
        self._report.equal(_OPENINGS, f"{subject}, commitment", handle.open_commitment, commitment)
        history.opened += handle.member is None
        trainer.handle, handle.member = event.handle, event.member

    def _deliver(self, event: Delivered, record: Record) -> None:
        one, subject = self._round(event.round), f"round {event.round}, handle {event.handle}"
        won = one.settled is not None and event.handle in one.settled.winners
        in_phase = self._history.end is not None and not delivery_closed(self._history, record.timestamp)
        self._phase(record, in_phase and won, f"{subject} delivered")
        lane = one.published.get(event.handle)
        due = None if lane is None else lane.creator_box_hash
        self._report.equal(_BOXES, subject, due, keccak256(event.box))
        one.delivered.setdefault(event.handle, record)

    def _tally(self, event: RoundTallied, record: Record) -> None:
        one = self._round(event.round)
        winners = one.settled is not None and bool(one.settled.winners)
        in_phase = open_closed(self._history, record.timestamp) and winners and one.tallied is None
        self._phase(record, in_phase, f"round {event.round} tallied")
        one.tallied = event

    def _conclude(self, event: TrainerConcluded | ValidatorConcluded, record: Record) -> None:
        history = self._history
        is_trainer = isinstance(event, TrainerConcluded)
        member = history.members(is_trainer).get(event.member)
        who = f"{'trainer' if is_trainer else 'validator'} {event.member}"
        if member is None:
            raise Inconsistent(f"{who} is concluded, and does not exist")
        ended = history.end is not None
        cancelled = history.end is not None and history.end.cause.cancels
        opened = open_closed(history, record.timestamp) and history.is_tallied()
        awaited = isinstance(member, Trainer) and self._awaits_delivery(member, record)
        self._phase(record, cancelled or (opened and not awaited if is_trainer else ended), f"{who} concluded")
        self._report.holds(_ACCOUNTS, f"{who}, once", member.conclusion is None, "concluded twice")
        self._report.equal(_ACCOUNTS, f"{who}, operator", member.operator, event.operator)
        member.conclusion = Conclusion(event, record)

    def _awaits_delivery(self, trainer: Trainer, record: Record) -> bool:
        """Whether the trainer won, and its box of the model may still be delivered."""
        won = [one for one in self._history.settled_rounds if one.settled and trainer.handle in one.settled.winners]
        missing = [one for one in won if trainer.handle not in one.delivered]
        return bool(missing) and not delivery_closed(self._history, record.timestamp)

    def _finish(self, event: TaskFinished, record: Record) -> None:
        history = self._history
        waiting = sum(member.conclusion is None for member in history.everybody())
        self._phase(record, history.end is not None and history.finished is None, "the task finished")
        self._report.equal(_ACCOUNTS, "not concluded when the task finished", 0, waiting)
        history.finished = event

    # ── Small parts ──────────────────────────────────────────────────────────────────────────────────────────────────

    def _phase(self, record: Record, held: bool, what: str) -> None:
        problem = f"not in block {record.block}, second {record.timestamp}"
        self._report.holds(_PHASES, what, held, problem)

    def _enrolling(self, record: Record) -> bool:
        history = self._history
        return history.enrolled is None and history.end is None and record.timestamp < history.schedule.enrol_end

    def _draw_phase(self, record: Record, what: str) -> None:
        history = self._history
        if history.enrolled is None:
            raise Inconsistent(f"block {record.block}: {what} before Enrol closed")
        drawing = history.seed is None and history.end is None and record.timestamp < history.schedule.draw_end
        self._phase(record, drawing, what)

    def _round(self, number: int) -> Round:
        if number >= len(self._history.rounds):
            raise Inconsistent(f"a log of round {number}; there are {len(self._history.rounds)}")
        return self._history.rounds[number]

    def _handle(self, index: int) -> Handle:
        if index >= len(self._history.handles):
            raise Inconsistent(f"a log of handle {index}; {len(self._history.handles)} are registered")
        return self._history.handles[index]
