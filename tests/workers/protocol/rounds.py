"""Random rounds that reach every rule: ties, extremes, malformed models, unopened handles, lone validators."""

from dataclasses import dataclass
from random import Random

from covey.protocol import weights
from covey.protocol.lanes import TOP
from covey.protocol.params import DEMO, PPM, TaskParams
from covey.protocol.ranking import Lane
from covey.protocol.settlement import RevealedVector, RoundInput

WHOLE_SHARE = 65_535
MAX_STAKE = 2**64 - 1
MAX_AMOUNT = 2**96 - 1


@dataclass(frozen=True)
class Round:
    """A round to settle. `vector_of` has each validator's vector, `opened_by` the trainer of each opened handle."""

    params: TaskParams
    round: int
    given: RoundInput
    validator_stakes: tuple[int, ...]
    validators_delegated: tuple[int, ...]
    vector_of: tuple[int, ...]
    trainer_stakes: tuple[int, ...]
    trainers_delegated: tuple[int, ...]
    opened_by: dict[int, int]

    @property
    def weights(self) -> tuple[int, ...]:
        return weights.weights(self.validator_stakes)

    @property
    def opened_stakes(self) -> dict[int, int]:
        return {handle: self.trainer_stakes[trainer] for handle, trainer in self.opened_by.items()}


def random_round(random: Random) -> Round:
    params = random_params(random)
    models = random.choice([1, 2, 15, 16, 17, random.randint(1, 40)])
    scores, vector_of = random_vectors(random, models, random.randint(1, 9), params)
    stakes = random_stakes(random, len(vector_of))
    vector_weights = [0] * len(scores)
    for vector, weight in zip(vector_of, weights.weights(stakes), strict=True):
        vector_weights[vector] += weight
    first_reveals = random.sample(range(1, 97), len(scores))
    vectors = zip(scores, vector_weights, first_reveals, strict=True)

    trainers = models + random.randint(0, 4)
    handles = random.sample(range(trainers), models)
    share = random.choice([0, 0.5, 1, 1])
    opened = [handle for handle in range(trainers) if random.random() < share]
    return Round(
        params=params,
        round=random.randrange(params.rounds),
        given=RoundInput(
            vectors=tuple(RevealedVector(*vector) for vector in vectors),
            lanes=tuple(Lane(handle, random.choice([0, 0, random.randrange(8)])) for handle in handles),
            shard_key=random.randbytes(32),
            guess=random.choice([0, random.randint(1, TOP), *scores[0][:1]]),
        ),
        validator_stakes=stakes,
        validators_delegated=tuple(random_share(random) for _ in stakes),
        vector_of=vector_of,
        trainer_stakes=random_stakes(random, trainers),
        trainers_delegated=tuple(random_share(random) for _ in range(trainers)),
        opened_by=dict(zip(opened, random.sample(range(trainers), len(opened)), strict=True)),
    )


def random_params(random: Random) -> TaskParams:
    def rate(high: int = PPM, low: int = 0) -> int:
        return random.choice([low, high, random.randint(low, high)])

    bounty = random.choice([0, 10**6, 10**21, MAX_AMOUNT, random.randint(0, MAX_AMOUNT)])
    return TaskParams(
        rounds=random.randint(1, 8),
        min_trainer_stake=1,
        min_validator_stake=1,
        k1=random.choice([1, 3, 8, 256]),
        k2=random.choice([1, 2, 96]),
        gamma=rate(PPM // 2),
        delta=rate(),
        q=rate(low=1),
        sigma=rate(),
        tau=random.choice([0, 300_000, 500_000, PPM]),
        epsilon=random.choice([0, 0, 1, 50, 4096]),
        mu=random.choice([1, 100, 772, 32_765]),
        baseline=random.choice([2, 2, 3277, 3277, 20_000, TOP - 1]),
        bounty=bounty,
        bond=0,
        keeper_fee=random.choice([0, min(10**15, bounty // 2000)]),
        relay_fee=0,
        quota=100,
        lengths=DEMO,
    )


def random_vectors(
    random: Random, models: int, validators: int, params: TaskParams
) -> tuple[list[tuple[int, ...]], tuple[int, ...]]:
    """Distinct vectors, and which of them each validator gives. Most are near a common truth, some are arbitrary."""
    landmarks = [0, 1, params.baseline, params.baseline + 1, 10_000, 25_000, TOP]
    truth = [random.choice([*landmarks, random.randint(0, TOP)]) for _ in range(models)]

    def vector() -> tuple[int, ...]:
        spread = random.choice([0, 0, 1, 60, 5000, TOP])
        constant = random.choice([None, None, None, random.choice(landmarks)])
        return tuple(
            max(0, min(TOP, score + random.randint(-spread, spread))) if constant is None else constant
            for score in truth
        )

    index: dict[tuple[int, ...], int] = {}
    given = [index.setdefault(vector(), len(index)) for _ in range(validators)]
    return list(index), tuple(given)


def random_stakes(random: Random, count: int) -> tuple[int, ...]:
    high = random.choice([1, 1000, 10**12, MAX_STAKE])
    return tuple(random.choice([1, high, high, random.randint(1, high)]) for _ in range(count))


def random_share(random: Random) -> int:
    return random.choice([0, WHOLE_SHARE, random.randint(0, WHOLE_SHARE)])
