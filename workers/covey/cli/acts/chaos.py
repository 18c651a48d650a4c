"""`covey up --chaos SEED`: a network under faults, and whether anybody honest lost anything by them."""

from collections import Counter
from pathlib import Path

from covey.chaos.plan import Kind
from covey.chaos.run import Chaos, News, Outcome, play
from covey.cli.acts.demo import emptied
from covey.cli.exits import Exit
from covey.cli.output import Output, Table
from covey.protocol.phases import Status
from covey.roles.run import ended_by_signals
from covey.roles.task import TaskState


def chaos(game: Chaos, folder: Path, out: Output) -> Exit:
    """Plays it; FAILED if anything is not as it must be. `folder` keeps all logs, journals and bundles."""

    def tell(news: News) -> None:
        out.event({"kind": "news", "block": news.block, "text": news.text, **news.facts})
        out.say(f"{news.block:>6}  {news.text}")

    out.note(f"seed {game.seed}: {game.faults} faults over {game.tasks} tasks; a block a second; files are in {folder}")
    with ended_by_signals(), emptied(folder) as files:
        outcome = play(game, files, tell)
    _show(outcome, out)
    if outcome.violations:
        out.note(f"to see it again: {_command(game)}; logs are in {folder}")
    out.result(_facts(game, outcome))
    return Exit.FAILED if outcome.violations else Exit.OK


def _show(outcome: Outcome, out: Output) -> None:
    injected, missed = _by_kind(outcome)
    rows = [(str(kind), str(injected[kind]), str(missed[kind])) for kind in Kind]
    rows.append(("all", str(injected.total()), str(missed.total())))
    out.say()
    out.heading("faults")
    out.table(Table(("kind", "injected", "too late"), rows, right=frozenset({"injected", "too late"})))
    out.say()
    out.heading("tasks")
    lines = [(str(task.task), *_ending(task), _verdict(outcome, task)) for task in outcome.tasks]
    out.table(Table(("task", "ended", "rounds settled", "slashed", "verifier"), lines, right=frozenset({"task"})))
    out.say()
    statuses = ", ".join(f"{count} with status {status}" for status, count in sorted(outcome.endings.items()))
    out.say(f"{outcome.blocks} blocks, {outcome.seconds:.0f} s, {outcome.restarts} restarts of workers")
    out.say(f"workers that gave up by themselves, and were started again: {statuses or 'none'}")
    for violation in outcome.violations:
        out.say(f"violation: {violation}")
    if not outcome.violations:
        out.say(
            "money conserved, nothing done twice, no commitment lost, nobody honest slashed, every task settled or "
            "refunded, and the verifier agrees"
        )


def _ending(task: TaskState) -> tuple[str, str, str]:
    if task.status is not Status.FINISHED:
        return "not finished", str(task.settled), ""
    slashed = sum(bool(m.concluded and m.concluded["slashed"]) for m in (*task.trainers, *task.validators))
    return task.cause.name.lower().replace("_", " "), f"{task.settled} of {task.params.rounds}", str(slashed)


def _verdict(outcome: Outcome, task: TaskState) -> str:
    return "PASS" if outcome.passed[task.task] else "FAIL"


def _by_kind(outcome: Outcome) -> tuple[Counter[Kind], Counter[Kind]]:
    return Counter(one.fault.kind for one in outcome.injected), Counter(fault.kind for fault in outcome.missed)


def _command(game: Chaos) -> str:
    return (
        f"covey up --chaos {game.seed} --tasks {game.tasks} --faults {game.faults} --workers {game.workers} "
        f"--rounds {game.rounds} --family {game.family} --data {game.data} --port 0"
    )


def _facts(game: Chaos, outcome: Outcome) -> dict[str, object]:
    injected, missed = _by_kind(outcome)
    return {
        "kind": "outcome",
        "command": _command(game),
        "injected": dict(injected),
        "missed": dict(missed),
        "tasks": [
            {"task": task.task, "cause": task.cause.name, "verifier": _verdict(outcome, task)} for task in outcome.tasks
        ],
        "restarts": outcome.restarts,
        "endings": dict(outcome.endings),
        "blocks": outcome.blocks,
        "seconds": round(outcome.seconds, 1),
        "violations": list(outcome.violations),
    }
