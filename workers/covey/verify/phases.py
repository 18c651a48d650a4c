"""Which phase was open when: section 3 of docs/protocol.md, as functions of what was logged so far and of the time."""

from __future__ import annotations

from .history import History, Round


def mask_closed(history: History, now: int) -> bool:
    return now >= history.schedule.mask_end or len(history.handles) == len(history.trainers)


def submit_opened(history: History, one: Round, now: int) -> bool:
    if history.seed is None or history.end is not None or not mask_closed(history, now):
        return False
    return one.number == 0 or over(history, history.rounds[one.number - 1], now)


def submit_closed(history: History, one: Round, now: int) -> bool:
    by_all = len(one.done) == len(history.handles)
    return submit_opened(history, one, now) and (now >= history.schedule.submit_end(one.number) or by_all)


def publish_closed(history: History, one: Round, now: int) -> bool:
    by_all = len(one.lanes) == len(one.commitments)
    return submit_closed(history, one, now) and (now >= history.schedule.publish_end(one.number) or by_all)


def score_opened(history: History, one: Round) -> bool:
    return one.key is not None and all(before.over for before in history.rounds[: one.number])


def score_closed(history: History, one: Round, now: int) -> bool:
    by_all = len(one.commits) == len(one.active)
    return score_opened(history, one) and (now >= history.schedule.score_end(one.number) or by_all)


def reveal_closed(history: History, one: Round, now: int) -> bool:
    by_all = len(one.reveals) == len(one.commits)
    return score_closed(history, one, now) and (now >= history.schedule.reveal_end(one.number) or by_all)


def over(history: History, one: Round, now: int) -> bool:
    """Whether nothing but settling is left to do in the round."""
    if one.over:
        return True
    return publish_closed(history, one, now) and (not one.lanes or reveal_closed(history, one, now))


def open_closed(history: History, now: int) -> bool:
    if history.end is None or history.end.cause.cancels:
        return False
    return now >= history.end.at + history.params.open or history.opened == len(history.handles)


def delivery_closed(history: History, now: int) -> bool:
    return history.end is not None and now >= history.end.at + 2 * history.params.open
