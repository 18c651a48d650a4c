"""Who takes part in a local network, and how each of them behaves."""

import itertools
from dataclasses import dataclass, replace
from typing import Final

TASK: Final = 1
"""Number of the task that a local network begins with."""

TOKEN: Final = 10**18

JOIN: Final = ("fl", "join")
"""The verb of an alliance's clients."""

_MODELS: Final = (
    ("linear", "{}"),
    ("mlp", '{"hidden": [32]}'),
    ("mlp", '{"hidden": [128]}'),
    ("cnn", '{"channels": [16], "hidden": 64}'),
)


@dataclass(frozen=True)
class Person:
    """One account and its process. `arguments` follow the verb; amounts in wei: `stake` is locked, `credit` is charged.

    Nobody but the `faulty` is expected to be slashed; `note` says what is special about those who don't work honestly.
    """

    name: str
    verb: tuple[str, ...]
    arguments: tuple[str, ...] = ()
    stake: int = 0
    credit: int = 0
    faulty: bool = False
    note: str = ""


@dataclass(frozen=True)
class Cast:
    """`delegations` are (delegator, operator, wei), by name; delegators run no process. `clients` are an alliance's."""

    creators: tuple[Person, ...]
    keeper: Person
    trainers: tuple[Person, ...]
    validators: tuple[Person, ...]
    delegators: tuple[Person, ...] = ()
    delegations: tuple[tuple[str, str, int], ...] = ()
    clients: tuple[Person, ...] = ()

    @property
    def creator(self) -> Person:
        """Who posts the task that the network begins with."""
        return self.creators[0]

    @property
    def workers(self) -> tuple[Person, ...]:
        """Those that wait for the Arena's task: trainers, validators and the keeper."""
        return (*self.trainers, *self.validators, self.keeper)

    @property
    def everybody(self) -> tuple[Person, ...]:
        return (*self.creators, *self.workers, *self.delegators, *self.clients)


def trainer(name: str, model: str, hyper: str, seed: int, stake: int) -> Person:
    """An honest trainer; `stake` in tokens."""
    arguments = ("--model", model, "--hyper", hyper, "--seed", str(seed))
    return Person(name, ("train",), arguments, stake * TOKEN, credit=20 * TOKEN)


def validator(name: str, stake: int) -> Person:
    """An honest validator; `stake` in tokens."""
    return Person(name, ("validate",), stake=stake * TOKEN)


def client(name: str, seed: int) -> Person:
    """An honest client of an alliance, that votes on two fifths of its few examples."""
    training = ("--epochs", "5", "--batch-size", "16", "--learning-rate", "0.1", "--held-out", "0.4")
    return Person(name, JOIN, (*training, "--seed", str(seed)), credit=100 * TOKEN)


def behaving(person: Person, strategy: str, note: str, faulty: bool = False) -> Person:
    """The same, with another strategy."""
    return replace(person, arguments=(*person.arguments, "--strategy", strategy), note=note, faulty=faulty)


_CREATOR: Final = Person("creator", ("task", "create"), credit=2_000 * TOKEN)
_KEEPER: Final = Person("keeper", ("keep",), ("--courtesy", "4s"))

DEMO_CAST: Final = Cast(
    creators=(_CREATOR,),
    keeper=_KEEPER,
    trainers=(
        trainer("linear", "linear", "{}", 11, 200),
        trainer("small-mlp", "mlp", '{"hidden": [32]}', 12, 150),
        trainer("large-mlp", "mlp", '{"hidden": [256]}', 13, 300),
        trainer("cnn", "cnn", '{"channels": [16], "hidden": 64}', 14, 250),
        behaving(trainer("free-rider", "linear", "{}", 15, 200), "untrained", "submits random weights"),
        behaving(trainer("malformer", "linear", "{}", 16, 200), "malformed", "publishes bytes that are no model", True),
    ),
    validators=(
        validator("validator-1", 400),
        validator("validator-2", 300),
        validator("validator-3", 300),
        validator("validator-4", 200),
        behaving(validator("lazy", 300), "lazy", "reports last round's consensus without scoring"),
        behaving(validator("silent", 200), "silent", "commits and never reveals", True),
    ),
    delegators=(Person("delegator", ()),),
    delegations=(("delegator", "validator-2", 100 * TOKEN),),
    clients=(
        *(client(f"client-{i}", 20 + i) for i in range(1, 9)),
        behaving(client("idler", 29), "free-rider", "publishes updates of zeros, without training"),
        behaving(client("poisoner", 30), "poisoner", "publishes the opposite of what it learned, votes likewise", True),
    ),
)
"""Four honest trainers and validators and eight honest clients, and those who would rather not work."""


def honest_cast(workers: int, models: tuple[str, ...], seed: int) -> Cast:
    """`workers` trainers, as many validators (three at least), a creator and a keeper."""
    choices = [choice for choice in _MODELS if choice[0] in models]
    trainers = tuple(
        trainer(f"trainer-{i}", *choice, seed + i, 200)
        for i, choice in zip(range(1, workers + 1), itertools.cycle(choices), strict=False)
    )
    validators = tuple(validator(f"validator-{i}", 200) for i in range(1, max(3, workers) + 1))
    return Cast((_CREATOR,), _KEEPER, trainers, validators)
