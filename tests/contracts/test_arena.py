"""Tasks from posting to the last wei, through the contracts as Brownie compiles, deploys and calls them."""

from types import SimpleNamespace

import brownie
import pytest

from covey.localnet import dev_keys
from covey.protocol.commitments import Domain, shards_hash
from covey.protocol.params import GWEI, MASK_UNITS
from covey.protocol.payouts import pools, share_of_vector
from covey.protocol.phases import Cause, Phase
from covey.protocol.settlement import tally_round
from covey.protocol.weights import weights
from covey.wallet import Signer
from tests.e2e.one_round import CREATOR, PARAMS, SHARDS, TRAINERS, VALIDATORS, VECTORS, OneRound, given

TASK = 1
QUOTAS = len(TRAINERS) * PARAMS.quota * PARAMS.relay_fee


@pytest.fixture(scope="module")
def people(accounts, arena, vault, ledger):
    signers = [Signer(key) for key in dev_keys(len(accounts))]
    assert [signer.address for signer in signers] == list(accounts)
    return OneRound(signers, vault.address, ledger.address, Domain(brownie.chain.id, arena.address), TASK)


@pytest.fixture(scope="module")
def play(accounts, token, vault, ledger, arena):
    """Sends steps; returns their receipts."""
    contracts = SimpleNamespace(token=token, vault=vault, ledger=ledger, arena=arena)

    def send(steps):
        return [
            getattr(getattr(contracts, step.contract), step.function)(*step.arguments, {"from": accounts[step.sender]})
            for step in steps
        ]

    return send


@pytest.fixture(scope="module")
def posted(play, people):
    """The task, posted, and members that are ready to join."""
    play(people.funding())
    play(people.depositing(CREATOR, PARAMS.bounty + PARAMS.bond))
    (receipt,) = play([people.creation()])
    return receipt


def sleep(seconds):
    brownie.chain.sleep(seconds)
    brownie.chain.mine()


def phase(arena):
    return Phase(arena.phaseOf(TASK)[0])


@pytest.fixture
def keeper(accounts):
    return accounts[9]


@pytest.fixture
def credit(ledger, accounts):
    """What an account can claim, by index."""
    return lambda account: ledger.creditOf(accounts[account])


def test_posting_a_task_charges_bounty_and_bond(posted, arena, ledger, credit):
    event = posted.events["TaskCreated"]
    assert tuple(event["params"]) == PARAMS.to_abi()
    assert ledger.bucketOf(arena, TASK) == PARAMS.bounty + PARAMS.bond
    assert credit(CREATOR) == 0
    assert bytes(arena.shardsHashOf(TASK)) == shards_hash(SHARDS)
    assert phase(arena) is Phase.ENROL


def test_what_enrol_refuses(posted, people, play, accounts, arena):
    trainer, *_ = people.enrolment()
    task, stake, x, y = trainer.arguments
    account = {"from": accounts[trainer.sender]}
    with brownie.reverts(revert_pattern="StakeTooSmall: .*"):
        arena.enrolTrainer(task, PARAMS.min_trainer_stake - 1, x, y, account)
    with brownie.reverts(revert_pattern="WrongPublicKey: .*"):
        arena.enrolTrainer(task, stake, y, x, account)
    with brownie.reverts(revert_pattern="UnknownTask: 2"):
        arena.enrolTrainer(2, stake, x, y, account)
    play([trainer])
    with brownie.reverts(revert_pattern="LockExists: .*"):
        play([trainer])
    with brownie.reverts(revert_pattern="NothingDue: 1"):
        arena.advance(TASK, account)


def test_a_task_with_too_few_members_gives_everything_back(
    posted, people, play, accounts, arena, vault, credit, keeper
):
    trainer, *_ = people.enrolment()
    play([trainer])
    sleep(PARAMS.lengths.enrol)
    ended = arena.advance(TASK, {"from": keeper}).events["TaskEnded"]
    assert ended["cause"] == Cause.TOO_FEW_MEMBERS
    arena.concludeTrainer(TASK, 0, {"from": keeper})
    arena.finish(TASK, {"from": keeper})
    assert phase(arena) is Phase.FINISHED
    assert vault.stakeOf(accounts[trainer.sender])["locked"] == 0
    assert credit(trainer.sender) == PARAMS.quota * PARAMS.relay_fee
    assert credit(CREATOR) == PARAMS.bounty + PARAMS.bond - PARAMS.keeper_fee


def test_a_whole_round(posted, people, play, accounts, arena, vault, ledger, credit, keeper):
    play(people.enrolment())
    sleep(PARAMS.lengths.enrol)
    arena.advance(TASK, {"from": keeper})
    assert phase(arena) is Phase.DRAW_RINGS
    arena.advance(TASK, {"from": keeper})
    seed = bytes(arena.seedOf(TASK))

    for steps, expected in (
        (people.masks(seed), Phase.SUBMIT),
        (people.submissions(), Phase.PUBLISH),
        (people.publications(), Phase.POST_KEY),
        ([people.key()], Phase.SCORE),
        (people.commitments(), Phase.REVEAL),
        (people.reveals(), Phase.SETTLE),
    ):
        play(steps)
        assert phase(arena) is expected

    result, found = people.result(), people.witness()
    wrong = (found.vectors, found.medians, found.winners[::-1])
    with brownie.reverts():
        arena.settle(TASK, wrong, {"from": keeper})
    settled = arena.settle(TASK, (found.vectors, found.medians, found.winners), {"from": keeper}).events["RoundSettled"]
    assert settled["counted"] == result.counted
    assert settled["passMark"] == result.pass_mark
    assert settled["winners"] == tuple(given().lanes[lane].handle for lane in result.winners)

    assert phase(arena) is Phase.OPEN
    play(people.openings())
    play(people.deliveries())
    arena.tally(TASK, 0, {"from": keeper})
    for member in range(len(TRAINERS)):
        arena.concludeTrainer(TASK, member, {"from": accounts[0]})
    for member in range(len(VALIDATORS)):
        arena.concludeValidator(TASK, member, {"from": accounts[0]})
    arena.claimRelay(TASK, accounts[CREATOR], {"from": keeper})
    arena.finish(TASK, {"from": keeper})
    assert phase(arena) is Phase.FINISHED

    expected = expected_pay(people)
    assert {account: credit(account) for account in expected} == expected
    assert ledger.creditOf(keeper) == 4 * PARAMS.keeper_fee
    assert ledger.bucketOf(arena, TASK) == 0
    everybody = (CREATOR, *TRAINERS, *VALIDATORS)
    assert sum(map(credit, everybody)) + ledger.creditOf(keeper) == PARAMS.bounty + PARAMS.bond + QUOTAS
    for account, stake in (TRAINERS | VALIDATORS).items():
        assert vault.stakeOf(accounts[account])["locked"] == 0
        assert vault.stakeOf(accounts[account])["ownTokens"] == stake * GWEI


def expected_pay(people):
    """What the protocol gives each member, in wei, by account."""
    pool, result = pools(PARAMS, [*TRAINERS.values()], [*VALIDATORS.values()]), people.result()
    by_handle = tally_round(PARAMS, given(), result, pool.trainers[0], dict(enumerate(TRAINERS.values())))
    returned = (PARAMS.quota - MASK_UNITS - 2) * PARAMS.relay_fee
    pay = {account: by_handle[handle] + returned for handle, account in enumerate(TRAINERS)}
    vectors = [vector.scores for vector in given().vectors]
    for account, weight in zip(VALIDATORS, weights([*VALIDATORS.values()]), strict=True):
        v = vectors.index(VECTORS[account])
        pay[account] = share_of_vector(result.vector_pays[v], weight, given().vectors[v].weight)
    return pay
