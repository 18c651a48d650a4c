"""Tasks that take every path, played on a real Arena until nothing is left to do."""

from dataclasses import replace

from tests.workers.verify.world import PARAMS, TOKEN, Run, World, with_params

BILLION = 10**9
"""gwei in a token."""

SCORES = {"t0": 9_000, "t1": 9_501, "t2": 20_007, "t3": 0, "t4": 12_345}
SMALL = with_params(rounds=1, keeper_fee=TOKEN // 10, quota=10)


def start(run: Run, trainers: int, validators: int) -> Run:
    """A task with members t0, t1, … and v0, v1, … of uneven stakes."""
    run.create()
    for i in range(trainers):
        run.enrol_trainer(f"t{i}", run.world.operator((100 + i) * BILLION + i), (90 + i) * BILLION + 7 * i)
    for i in range(validators):
        run.enrol_validator(f"v{i}", run.world.operator((60 + 7 * i) * BILLION), (50 + 7 * i) * BILLION + 1)
    return run


def masked(run: Run, trainers: int, validators: int) -> Run:
    """As `start`, up to the end of Mask."""
    start(run, trainers, validators).draw_rings()
    run.mask()
    return run


def finish(run: Run, *settled: int) -> Run:
    """Winners deliver in the rounds that were settled, everything is paid and fetched."""
    for round in settled:
        run.deliver(round, *run.winners(round))
    run.tally(*settled)
    run.conclude()
    run.claim_relays()
    run.finish()
    return run


def models(run: Run, round: int, *names: str) -> dict[str, bytes]:
    """A model of each trainer named, all if none is."""
    return {name: f"{name} in round {round}".encode() for name in names or run.trainers}


def completed(world: World) -> Run:
    """Three rounds with nearly everything that can happen in a task that completes."""
    run = Run(world, with_params(max_trainers=5, max_validators=5)).create()
    people = {name: world.operator(100 * BILLION + i) for i, name in enumerate(SCORES)}
    delegators = [world.delegator(people["t2"], 31 * TOKEN + i) for i in range(3)]
    for name in ("t0", "t1", "t2"):
        run.enrol_trainer(name, people[name], 90 * BILLION + len(run.trainers))
    # A third of t3's pool asks out in the epoch of its lock, so that its slash reaches exits too. t4 evicts a loser,
    # and locks everything that it has.
    run.enrol_trainer("loser", world.operator(50 * BILLION), 50 * BILLION)
    run.enrol_trainer("t3", people["t3"], 60 * BILLION + 1)
    leaving = people["t3"].cold.address
    world.send(leaving, world.vault.functions.requestExit(leaving, 33 * TOKEN + 1))
    run.enrol_trainer("t4", people["t4"], 100 * BILLION)
    for i in range(5):
        person = world.operator((60 + 7 * i) * BILLION + 3 * i)
        if i == 0:
            world.delegator(person, 13 * TOKEN + 1)
        run.enrol_validator(f"v{i}", person, (50 + 7 * i) * BILLION + 1)
    world.delegator(people["t2"], TOKEN)  # too late to earn from this task
    run.draw_rings()
    run.mask()

    # Round 0: all replace their commitments, v1 disagrees, v3 never reveals, v4 misses one model by a little.
    run.submit(0, dict.fromkeys(SCORES, b"a first thought"), last=False)
    run.submit(0, models(run, 0))
    run.publish(0, "t4", "t2", "t0", "t3", "t1")
    run.post_key(0)
    wrong, near = dict.fromkeys(SCORES, 15_000), {**SCORES, "t1": 9_502}
    votes = {"v0": SCORES, "v1": wrong, "v2": SCORES, "v3": SCORES, "v4": near}
    run.score(0, votes, mute=["v3"], order=["v4", "v1", "v0", "v2"])
    run.settle(0)
    world.send(run.keeper, run.arena.claimRelay(run.task, run.relays[0]))

    # Round 1: t2 publishes its model of round 0 again, t0 does not publish, t4 passes, v4 commits nothing.
    run.submit(1, {**models(run, 1, "t0", "t1", "t3"), "t2": b"t2 in round 0"})
    run.publish(1, "t3", "t2", "t1", first_rounds={"t2": 0})
    world.warp(run.schedule.publish_end(1))
    run.post_key(1)
    high = {**SCORES, "t1": 20_010}
    run.score(1, {"v0": high, "v1": high, "v2": wrong})
    run.settle(1)

    # Round 2: all agree but v2, who calls the data set invalid. t4 stays hidden, t1 does not deliver in round 1.
    run.play_round(2, models(run, 2), {"v0": SCORES, "v1": SCORES, "v2": None})
    run.open("t0", "t1", "t2", "t3")
    for round, names in ((0, ("t2", "t1")), (1, ("t2",)), (2, ("t2", "t1"))):
        run.deliver(round, *names)
    run.tally(2, 0, 1)
    run.close_delivery()
    run.conclude()
    run.claim_delegation(people["t2"], delegators[0])
    run.claim_delegation(people["t2"], delegators[1])
    run.finish()
    run.claim_delegation(people["t2"], delegators[2])
    run.claim_relays()
    return run


def float_scores(world: World) -> Run:
    """A tolerance, ties within the resolution, a validator who repeats the winner's score."""
    params = with_params(rounds=2, epsilon=50, k1=2, k2=1, mu=500, gamma=0, delta=333_333)
    run = masked(Run(world, params), 4, 4)
    scores = {"t0": 9_000, "t1": 9_100, "t2": 9_200, "t3": 3_001}
    noisy = {name: score + 40 for name, score in scores.items()}
    run.play_round(0, models(run, 0), {"v0": scores, "v1": noisy, "v2": scores, "v3": noisy})
    repeated = dict.fromkeys(scores, run.guess)
    run.play_round(1, models(run, 1), {"v0": scores, "v1": repeated, "v2": scores, "v3": noisy})
    run.open()
    return finish(run, 0, 1)


def worthless(world: World) -> Run:
    """No model beats the baseline: nobody wins, nobody is paid, and the next round has no winner to guess."""
    run = masked(Run(world, with_params(rounds=2)), 2, 3)
    bad, better = {"t0": 3_000, "t1": 2}, {"t0": 3_001, "t1": 3_000}
    run.play_round(0, models(run, 0), dict.fromkeys(run.validators, bad))
    run.play_round(1, models(run, 1), dict.fromkeys(run.validators, better))
    run.open()
    return finish(run, 1)


def no_weight_left(world: World) -> Run:
    """Ranks weigh so much less than the one above that the only opened winner's weight is zero."""
    run = masked(Run(world, with_params(rounds=1, q=1, k1=5)), 5, 3)
    scores = {f"t{i}": 20_000 - 1_000 * i for i in range(5)}
    run.play_round(0, models(run, 0), dict.fromkeys(run.validators, scores))
    run.open("t4")
    run.deliver(0, "t4")
    run.tally(0)
    run.close_delivery()
    run.conclude()
    run.finish()
    return run


def too_few(world: World) -> Run:
    run = start(Run(world), 1, 3)
    run.close_enrol()
    return finish(run)


def seed_too_late(world: World) -> Run:
    run = start(Run(world), 2, 3)
    run.close_enrol()
    world.warp((run.schedule.enrol_end + run.schedule.mask_end) // 2)
    run.advance()
    return finish(run)


def seed_drawn_anew(world: World) -> Run:
    """The block that was to give the seed is forgotten before somebody asks for it."""
    run = start(Run(world, replace(SMALL, lengths=replace(PARAMS.lengths, mask=2_000))), 2, 3)
    run.close_enrol()
    world.rpc("anvil_mine", hex(300))
    run.advance()
    run.advance()
    world.warp(run.schedule.mask_end)
    run.advance()
    return finish(run)


def key_missing(world: World) -> Run:
    """The creator posts no key in round 1: what is left is burnt, but round 0 stays paid."""
    run = masked(Run(world), 3, 3)
    run.play_round(0, models(run, 0), dict.fromkeys(run.validators, SCORES))
    run.submit(1, models(run, 1))
    run.publish(1, "t0", "t2")
    world.warp(run.schedule.key_end(1))
    run.advance()
    run.open()
    return finish(run, 0)


def quorum_missed(world: World) -> Run:
    """Two of four validators are absent, in two ways."""
    run = masked(Run(world, SMALL), 2, 4)
    run.submit(0, models(run, 0))
    run.publish(0)
    run.post_key(0)
    run.score(0, {"v0": SCORES, "v1": SCORES, "v2": SCORES}, mute=["v2"])
    world.warp(run.schedule.reveal_end(0))
    run.advance()
    run.open()
    return finish(run)


def data_invalid(world: World) -> Run:
    run = masked(Run(world, SMALL), 2, 3)
    run.submit(0, models(run, 0))
    run.publish(0)
    run.post_key(0)
    run.score(0, {"v0": SCORES, "v1": None, "v2": None})
    run.advance()
    run.open()
    return finish(run)


def none_opened(world: World) -> Run:
    """One trainer never masks, the other never opens."""
    run = start(Run(world, SMALL), 2, 3)
    run.draw_rings()
    run.mask("t1")
    world.warp(run.schedule.mask_end)
    run.play_round(0, models(run, 0, "t1"), dict.fromkeys(run.validators, SCORES))
    run.close_open()
    run.tally(0)
    run.conclude()
    run.finish()
    return run


def silence(world: World) -> Run:
    """Nobody masks, so that every round is empty."""
    run = start(Run(world, with_params(rounds=2)), 2, 3)
    run.draw_rings()
    world.warp(run.schedule.mask_end)
    run.advance()
    run.advance()
    return finish(run)


def expired(world: World) -> Run:
    """Nobody concludes before the locks run out: faults burn nothing any more."""
    run = masked(Run(world, SMALL), 2, 3)
    run.play_round(0, models(run, 0), {"v0": SCORES, "v1": SCORES, "v2": SCORES}, mute=["v0"])
    run.open("t1")
    run.tally(0)
    world.warp(run.schedule.reveal_end(0) + 3 * run.params.lengths.open + 1)
    hidden = run.trainers["t0"].cold.address
    world.send(run.keeper, world.vault.functions.expire(world.arena.address, hidden, run.task))
    run.conclude()
    run.finish()
    return run


def running(world: World) -> Run:
    """A task that is still going on."""
    run = masked(Run(world), 2, 3)
    run.play_round(0, models(run, 0), dict.fromkeys(run.validators, SCORES))
    run.submit(1, models(run, 1, "t0"))
    return run


def free(world: World) -> Run:
    """No fees, no bond, and a bounty of a few wei."""
    run = masked(Run(world, with_params(rounds=1, bounty=7, bond=0, keeper_fee=0, relay_fee=0, quota=8)), 3, 3)
    run.play_round(0, models(run, 0), dict.fromkeys(run.validators, SCORES))
    run.open()
    return finish(run, 0)


STORIES = {
    story.__name__: story
    for story in (
        completed,
        float_scores,
        worthless,
        no_weight_left,
        too_few,
        seed_too_late,
        seed_drawn_anew,
        key_missing,
        quorum_missed,
        data_invalid,
        none_opened,
        silence,
        expired,
        running,
        free,
    )
}
