"""FLock's and Bittensor's rules give the figures that their own sources give."""

from random import Random

import numpy as np
import pytest

from covey.lab.rules import flock, yuma
from covey.lab.world import Reals
from covey.protocol import scores as protocol_scores

# FLock whitepaper of January 2025, "Example": what is assumed ...
EMISSION, SIGMA, DELTA = 309_157.68, 0.4, 0.1
NODES, OWN_STAKES, DELEGATED = (0.501435, 0.498565), (3000, 3500), (1000, 0)
VALIDATORS, VALIDATOR_STAKES = (0.472768, 0.280226, 0.247006), (3000, 6000, 3000)


def test_flock_s_worked_example_to_the_token() -> None:
    """The emission of 309,157.68 to two nodes, their delegator and three validators, by the formulas of the example."""
    nodes, validators = flock.pools(EMISSION, 0, sum(OWN_STAKES), sum(VALIDATOR_STAKES))
    assert (round(nodes), round(validators)) == (108_623, 200_535)

    staked = [own + delegated for own, delegated in zip(OWN_STAKES, DELEGATED, strict=True)]
    a, b = (nodes * share for share in flock.scored_shares(NODES, staked))
    assert (round(a), round(b)) == (58_087, 50_536)
    kept = a * flock.kept(SIGMA, 3000, 1000)
    assert (round(kept), round(a - kept)) == (49_374, 8_713)
    assert [round(part) for part in (kept * DELTA, kept * (1 - DELTA), b * DELTA, b * (1 - DELTA))] == [
        4_937,
        44_437,
        5_054,
        45_482,
    ]
    shares = flock.scored_shares(VALIDATORS, VALIDATOR_STAKES)
    assert [round(validators * share) for share in shares] == [74_054, 87_789, 38_691]
    assert flock.kept(SIGMA, 3000, 0) == 1


def test_flock_s_printed_figures_follow_with_its_own_roundings() -> None:
    """The source prints pools of 108,623.7 and 200,534.0 and shares to three digits, and goes on with those."""
    nodes, validators = 108_623.7, 200_534.0
    assert abs(nodes - flock.pools(EMISSION, 0, 6500, 12_000)[0]) < 1
    assert abs(validators - flock.pools(EMISSION, 0, 6500, 12_000)[1]) < 1
    shares = [round(share, 3) for share in flock.scored_shares(VALIDATORS, VALIDATOR_STAKES)]
    assert shares == [0.369, 0.438, 0.193]
    assert [round(validators * share) for share in shares] == [73_997, 87_834, 38_703]
    # Of the nodes it prints 58,084 and 50,539, 3.4 tokens off its own formula; the rest follows from these.
    a, b = 58_084, 50_539
    assert abs(nodes * flock.scored_shares(NODES, (4000, 3500))[0] - a) < 4
    assert a + b == int(nodes)
    kept = round(a * flock.kept(SIGMA, 3000, 1000))
    assert kept == 49_371
    assert round(a * (1 - flock.kept(SIGMA, 3000, 1000)), 1) == 8_712.6
    assert [round(part, 1) for part in (kept * 0.1, kept * 0.9, b * 0.1, b * 0.9)] == [
        4_937.1,
        44_433.9,
        5_053.9,
        45_485.1,
    ]


def test_flock_s_first_whitepaper_s_ranks() -> None:
    """q = 0.85 and three nodes of equal stake: 0.39, 0.33, 0.28."""
    assert flock.trainer_shares(np.ones((1, 3)), 0.85)[0].round(2).tolist() == [0.39, 0.33, 0.28]


def test_flock_s_shares_are_the_protocol_s() -> None:
    random = Random(5)
    for _ in range(50):
        scores = [[random.random() for _ in range(random.randint(1, 9))]]
        scores += [[random.random() for _ in scores[0]] for _ in range(random.randint(1, 7))]
        stakes = [random.uniform(1, 1000) for _ in scores]
        sensitivity, exponent = random.choice([0, 1, 10, 300]), random.choice([0.5, 1, 2])
        shares = flock.validator_shares(np.array([scores]), np.array([stakes]), sensitivity, exponent)[0]
        assert shares.tolist() == pytest.approx(
            protocol_scores.flock_shares(scores, stakes, sensitivity, exponent), abs=1e-12
        )


# subtensor's test of bonds over a sequence of epochs: four validators of stakes 1 to 4 weigh four miners alike, then
# one after another stops; its published dividends.
STAKES = np.array([[0.1, 0.2, 0.3, 0.4]])
WEIGHTS = np.array([16_383, 32_767, 49_149, 65_535]) / 163_834
DIVIDENDS = [
    [0.1, 0.2, 0.3, 0.4],
    [0.0899967, 0.2022211, 0.3033344, 0.4044477],
    [0.0809936, 0.1819996, 0.3158593, 0.4211475],
]


def voters(silent: int) -> Reals:
    weights = np.repeat(WEIGHTS[None, None, :], 4, axis=1)
    weights[:, :silent] = 0
    return weights


def test_yuma_s_published_bonds_and_dividends() -> None:
    bonds = None
    for silent, dividends in enumerate(DIVIDENDS):
        result = yuma.epoch(voters(silent), STAKES, bonds, kappa=0.5, penalty=1.0, pace=0.1)
        assert result.dividends[0].tolist() == pytest.approx(dividends, abs=1e-5)  # its bonds are kept in 16 bits
        assert result.incentives[0].tolist() == pytest.approx(WEIGHTS.tolist(), abs=1e-8)
        bonds = result.bonds


def test_yuma_has_no_consensus_below_kappa() -> None:
    """With 40 % of the stake voting, no weight is supported, as in subtensor's fourth epoch."""
    result = yuma.epoch(voters(3), STAKES, None, kappa=0.5, penalty=1.0, pace=0.1)
    assert not result.consensus.any()
    assert not result.incentives.any()


def test_yuma_clips_to_the_weight_that_half_of_the_stake_supports() -> None:
    weights = np.array([[[0.9, 0.1], [0.5, 0.5], [0.2, 0.8]]])
    assert yuma.supported_weights(weights, np.array([[0.2, 0.3, 0.5]]), 0.5).tolist() == [[0.5, 0.8]]
    assert yuma.supported_weights(weights, np.array([[0.2, 0.29, 0.51]]), 0.5).tolist() == [[0.2, 0.8]]
    assert yuma.supported_weights(weights, np.array([[0.2, 0.3, 0.5]]), 0.6).tolist() == [[0.2, 0.5]]


def test_yuma_pays_a_clipped_validator_less() -> None:
    weights = np.array([[[0.5, 0.5], [0.5, 0.5], [1.0, 0.0]]])
    result = yuma.epoch(weights, np.array([[0.3, 0.3, 0.4]]), None, kappa=0.5, penalty=1.0, pace=0.1)
    assert result.dividends[0, 2] < 0.4 * 0.75
    unclipped = yuma.epoch(weights, np.array([[0.3, 0.3, 0.4]]), None, kappa=0.5, penalty=0.0, pace=0.1)
    assert unclipped.dividends[0, 2] > result.dividends[0, 2]
