"""What a worker is told when it starts."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from covey.chain.deployment import Deployment
from covey.chain.sender import SendPolicy
from covey.learning.data import Dataset
from covey.learning.task import Limits, TrainOptions
from covey.learning.trainers import Trainer
from covey.protocol.params import TaskParams
from covey.roles.strategies import TrainerStrategy, ValidatorStrategy
from covey.wallet import Signer


@dataclass(frozen=True)
class Notice:
    """Something that a worker's user may want to know.

    `kind` is "did" (a deed was done), "training" (an epoch is over), "trained", "waits", "failed" (a deed; it is
    tried again), "trouble" (with the chain; it goes on by itself), "usage" (of the machine and the chain, since the
    worker started), "info" or "over"; `facts` is what the text says, for machines.
    """

    kind: str
    text: str
    task: int | None = None
    facts: Mapping[str, object] = field(default_factory=dict)


Report = Callable[[Notice], None]


@dataclass(frozen=True)
class WorkerConfig:
    """What every worker needs.

    `rpc` lists endpoints in order of preference, `store` is as in `covey.storage.open_store`; `folder` is this worker's
    own: its journal and what it fetched.
    """

    deployment: Deployment
    rpc: tuple[str, ...]
    signer: Signer
    store: str
    folder: Path
    sending: SendPolicy = field(default_factory=SendPolicy)


@dataclass(frozen=True)
class TrainerConfig:
    """`stake` in gwei (None: the task's minimum). Times in seconds.

    `relays` are tried in turn, each for `relay_patience`; when all of them failed, or there are none, the trainer's
    own account sends the handle's messages if `send_itself`, which shows whose handle it is. `trainer` replaces the
    built-in training that `options` describe. `reserve` is the time it leaves for its messages before a deadline;
    after `patience` it does what keepers left undone.
    """

    worker: WorkerConfig
    task: int
    options: TrainOptions
    trainer: Trainer | None = None
    stake: int | None = None
    relays: tuple[str, ...] = ()
    relay_patience: int = 10
    send_itself: bool = True
    strategy: TrainerStrategy = TrainerStrategy.HONEST
    reserve: int = 15
    patience: int = 30


@dataclass(frozen=True)
class ValidatorConfig:
    """`stake` in gwei (None: the task's minimum); `device` as in `covey.learning.devices`; `patience` as in
    `TrainerConfig`."""

    worker: WorkerConfig
    task: int
    stake: int | None = None
    device: str = "auto"
    strategy: ValidatorStrategy = ValidatorStrategy.HONEST
    patience: int = 30


@dataclass(frozen=True)
class RelayConfig:
    """Where a keeper's relay listens, and its limits.

    `per_minute` messages are taken from one address, of one handle; at most `queue` wait to be sent. `max_body` in
    bytes, `timeout` in seconds for reading a request.
    """

    host: str = "127.0.0.1"
    port: int = 8600
    per_minute: int = 60
    queue: int = 256
    max_body: int = 16_384
    timeout: float = 10.0


@dataclass(frozen=True)
class KeeperConfig:
    """`tasks` of the Arena and `alliances` (None: all) are kept; accounts have `courtesy` seconds to conclude or
    collect themselves before the keeper does it. It ends when all of them are finished."""

    worker: WorkerConfig
    tasks: frozenset[int] | None = None
    relay: RelayConfig | None = None
    courtesy: int = 20
    alliances: frozenset[int] | None = frozenset()


@dataclass(frozen=True)
class TaskPlan:
    """A task to post. `reference` names it among its creator's own: posting it again finds the one that is there.

    `params` gives the rules, once the shards are known.
    """

    reference: str
    title: str
    family: str
    data: Dataset
    rounds: int
    params: Callable[[tuple[Dataset, ...]], TaskParams]
    limits: Limits = field(default_factory=Limits)


@dataclass(frozen=True)
class CreatorConfig:
    """`models` is the folder for the models that were paid for; `patience` as in `TrainerConfig`."""

    worker: WorkerConfig
    task: int
    models: Path
    patience: int = 30
