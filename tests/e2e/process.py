"""Entry of a worker process in tests: `process.py CONFIG.json` runs one role and appends its notices, a JSON object a
line, to the file that the configuration names. Exit status: 0 over, 3 refused (the last notice says why), 130
interrupted."""

import json
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Any

from covey.apps.app import App
from covey.apps.isolated import IsolatedApp, Source
from covey.apps.own import OwnApp
from covey.chain.deployment import Deployment
from covey.chain.errors import ChainError
from covey.chain.sender import SendPolicy
from covey.learning.architectures import Cnn, Linear, Mlp
from covey.learning.data import load
from covey.learning.local import LocalOptions
from covey.learning.task import TrainOptions
from covey.roles.alliance.config import AppMaker, ClientConfig, ClientStrategy
from covey.roles.alliance.description import AllianceDescription
from covey.roles.alliance.models import GlobalModel
from covey.roles.config import (
    CreatorConfig,
    KeeperConfig,
    Notice,
    RelayConfig,
    Report,
    TrainerConfig,
    ValidatorConfig,
    WorkerConfig,
)
from covey.roles.errors import RoleError
from covey.roles.run import ended_by_signals, run_client, run_creator, run_keeper, run_trainer, run_validator
from covey.roles.strategies import TrainerStrategy, ValidatorStrategy
from covey.wallet import Signer

ARCHITECTURES = {"linear": Linear(), "mlp": Mlp(hidden=(32,)), "cnn": Cnn(channels=(8,), hidden=32)}


def main(path: Path) -> int:
    given = json.loads(path.read_text())
    report = reporter(Path(given["notices"]))
    worker = WorkerConfig(
        deployment=Deployment.load(Path(given["deployment"])),
        rpc=(given["rpc"],),
        signer=Signer.from_hex(given["key"]),
        store=given["store"],
        folder=Path(given["folder"]),
        sending=SendPolicy(timeout=6.0, patience=2),  # a reorganised anvil forgets transactions: notice soon
    )
    try:
        with ended_by_signals():
            run(given["role"], worker, given["options"], report)
    except KeyboardInterrupt:
        return 130
    except (RoleError, ChainError) as error:
        report(Notice("refused", str(error)))
        return 3
    return 0


def run(role: str, worker: WorkerConfig, options: dict[str, Any], report: Report) -> None:
    match role:
        case "trainer":
            architecture = ARCHITECTURES[options.pop("architecture")]
            training = TrainOptions(architecture, epochs=options.pop("epochs"), seed=options.pop("seed"), device="cpu")
            strategy = TrainerStrategy(options.pop("strategy"))
            relays = tuple(options.pop("relays"))
            run_trainer(TrainerConfig(worker, options=training, strategy=strategy, relays=relays, **options), report)
        case "validator":
            strategy = ValidatorStrategy(options.pop("strategy"))
            run_validator(ValidatorConfig(worker, strategy=strategy, device="cpu", **options), report)
        case "keeper":
            relay = RelayConfig(port=options["port"]) if "port" in options else None
            tasks, alliances = (frozenset({n} if n else ()) for n in (options["task"], options["alliance"]))
            run_keeper(KeeperConfig(worker, tasks, relay, options["courtesy"], alliances), report)
        case "client":
            data, app, seed = options.pop("data"), options.pop("app"), options.pop("seed")
            strategy = ClientStrategy(options.pop("strategy"))
            make = own_training(data, seed) if app is None else users_training(app)
            run_client(ClientConfig(worker, app=make, strategy=strategy, **options), report)
        case "creator":
            run_creator(CreatorConfig(worker, options["task"], Path(options["models"])), report)
        case _:
            raise ValueError(role)


def own_training(path: str, seed: int) -> AppMaker:
    data = load(path)
    training = LocalOptions(seed=seed, learning_rate=0.002, device="cpu")

    def make(model: GlobalModel, description: AllianceDescription) -> App:
        assert model.own is not None
        return OwnApp(model.own, data, training)

    return make


def users_training(given: dict[str, Any]) -> AppMaker:
    limit = given.pop("limit", 600.0)
    paths = {name: Path(given[name]) for name in ("path", "data") if name in given}
    app = IsolatedApp(Source(**(given | paths)), limit)
    return lambda model, description: app


def reporter(path: Path) -> Report:
    file = path.open("a", buffering=1)
    return lambda notice: print(json.dumps(asdict(notice)), file=file)


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
