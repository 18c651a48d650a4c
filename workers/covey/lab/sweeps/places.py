"""Trainers' places: what several handles gain on the curve, and how copies rank."""

from dataclasses import replace

import numpy as np

from covey.lab.findings import Setup
from covey.lab.rules import RULES, Rule
from covey.lab.sweeps.grid import Grid, grid, percent
from covey.lab.task import STAKE, make_task
from covey.lab.trial import everybody_reveals
from covey.lab.world import FIRST_VALID, SPAN, World, read_scores, shift_answers
from covey.protocol import payouts
from covey.protocol.params import PPM


def sybils(setup: Setup) -> Grid:
    """What the best trainer gains by entering one model under several handles, its stake split among them.

    Nine other trainers have as much stake, and rank behind it. By the curve alone: no simulation.
    """
    labels, values = [], []
    for k1, q in ((8, 850_000), (8, 700_000), (8, PPM), (3, 850_000), (1, 850_000)):
        row = []
        for handles in (1, 2, 4, 8):
            stakes = ([STAKE * 8 // handles] * handles + [STAKE * 8] * 9)[:k1]
            pays = payouts.trainer_pays(10**24, q, stakes)
            row.append(sum(pays[:handles]) / 10**24)
        labels.append((str(k1), f"{q / PPM:g}"))
        values.append(row)
    columns = ("k1", "q", "1 handle", "2 handles", "4 handles", "8 handles")
    return grid("sybils", "Part of the trainers' pool that the best of ten trainers gets", columns, labels, values)


def copies(setup: Setup) -> Grid:
    """How often a copy of the best model earns more than its original, by how much it was altered."""
    labels, values = [], []
    for answers in (0, 1, 10, 100):
        row = []
        for examples in (200, 1000, 5000):
            world = replace(setup.world, examples=examples)
            if answers <= examples // 2:
                row.append(outranked(RULES["covey"], world, answers, setup.tasks, setup.seed))
            else:
                row.append(float("nan"))
        world = setup.world
        row += [outranked(RULES[rule], world, answers, setup.tasks, setup.seed) for rule in ("flock", "yuma")]
        labels.append((str(answers),))
        values.append(row)
    columns = ("answers changed", "200 examples", "1,000", "5,000", "flock, 1,000", "yuma, 1,000")
    return grid(
        "copies",
        "Rounds in which a copy earns more than its original",
        columns,
        labels,
        values,
        lambda value: "-" if np.isnan(value) else percent(value),
    )


def outranked(rule: Rule, world: World, answers: int, tasks: int, seed: int) -> float:
    """The part of rounds in which a later copy of a model, with so many answers changed, earns more than the model.

    Lane 0 is the original, published before; the last lane is the copy.
    """
    rng = np.random.default_rng(seed)
    models, seats = 10, 5
    task = make_task(world, seats, models)
    exact = FIRST_VALID + SPAN * np.floor(rng.uniform(0.6, 0.85, (tasks, models)) * world.examples) / world.examples
    exact[:, 0] = FIRST_VALID + SPAN * np.floor(rng.uniform(0.85, 0.9, tasks) * world.examples) / world.examples
    exact = np.floor(exact)
    exact[:, -1] = shift_answers(rng, world, exact[:, :1], answers)[:, 0] if answers else exact[:, 0]
    scores = read_scores(rng, world, exact, seats)
    if not answers:
        scores[:, :, -1] = scores[:, :, 0]
    ballot = everybody_reveals(rng, scores)
    ballot.first_rounds[:, -1] = 1
    shares = rule.settle(task, 1, ballot, None).trainer_shares
    return float((shares[:, -1] > shares[:, 0]).mean())
