"""covey fl grid, simulate and simulate-app: federations without a chain."""

from pathlib import Path
from typing import Annotated

import typer

from covey.cli.command import verb
from covey.cli.federation import Federation
from covey.cli.output import Output
from covey.cli.settings import scalars

app = typer.Typer()

AppConfig = Annotated[
    list[str] | None,
    typer.Option("--config", metavar="NAME=VALUE", help="What a Flower app's own server would send with a round."),
]


@verb(
    app,
    examples="""covey fl grid
    covey fl grid --rule fedavg --rule "nnm + fedavg" --attack sign-flip --split dirichlet --rounds 10
    covey fl grid --plots docs/figures/federated --tables docs/federated.md""",
)
def grid(
    out: Output,
    rule: Annotated[list[str] | None, typer.Option(help="May be given several times. Default: all.")] = None,
    attack: Annotated[list[str] | None, typer.Option(help="May be given several times. Default: all.")] = None,
    split: Annotated[list[str] | None, typer.Option(help="iid or dirichlet. Default: both.")] = None,
    rounds: Annotated[int, typer.Option(min=1, max=1000, help="Rounds of each simulation.")] = 15,
    seed: Annotated[int, typer.Option(min=0, help="All luck follows from it.")] = 1,
    plots: Annotated[Path | None, typer.Option(help="Folder to draw plots into, as SVG.")] = None,
    tables: Annotated[Path | None, typer.Option(help="Markdown file whose tables to replace by these.")] = None,
) -> None:
    """All attacks against all aggregation rules, on the digits, with clients alike and unlike."""
    from covey.cli.acts import simulations
    from covey.federated.grid import Study

    names = {"rule": rule or [], "attack": attack or [], "split": split or []}
    simulations.grid(Study(rounds=rounds, seed=seed), names, plots, tables, out)


@verb(
    app,
    examples="""covey fl simulate
    covey fl simulate --clients 500 --per-round 20 --split iid --rounds 100 --every 10
    covey fl simulate --clients 20 --per-round 20 --rule multi-krum --mixing 2000 --attack alie --attackers 4
    covey fl simulate --data table.csv --server fedadam --proximal 0.01 --plot curve.svg --json
    covey fl simulate --clients 1000 --processes 16 --ray auto""",
)
def simulate(
    federation: Federation,
    out: Output,
    data: Annotated[str, typer.Option(help="digits, breast-cancer, or a path as for 'covey task create'.")] = "digits",
    label: Annotated[str | None, typer.Option(help="Label column of a CSV file. Default: the last.")] = None,
    architecture: Annotated[str, typer.Option(help="linear, mlp or cnn.")] = "linear",
    split: Annotated[str, typer.Option(help="How data are spread: iid, dirichlet or shards.")] = "iid",
    epochs: Annotated[int, typer.Option(min=1, max=1000, help="Of a client in a round.")] = 2,
    batch_size: Annotated[int, typer.Option(min=1, max=65_536, help="Of a client.")] = 16,
    learning_rate: Annotated[float, typer.Option(min=1e-9, max=10, help="Of a client.")] = 0.1,
    proximal: Annotated[float, typer.Option(min=0, max=100, help="FedProx's mu.")] = 0.0,
    device: Annotated[str, typer.Option(help="auto, cpu, cuda or cuda:INDEX.")] = "cpu",
    attack: Annotated[str | None, typer.Option(help="What malicious clients do.")] = None,
    attackers: Annotated[int, typer.Option(min=0, help="How many of all clients are malicious.")] = 0,
) -> None:
    """A federation without a chain, on the same client and aggregation code."""
    from covey.cli.acts import simulations
    from covey.learning.local import LocalOptions

    options = LocalOptions(epochs, batch_size, learning_rate, proximal, federation.seed, device)
    wanted = simulations.Wanted(data, label, architecture, split, options, attack, attackers)
    simulations.run(wanted, federation, out)


@verb(
    app,
    "simulate-app",
    examples="""covey fl simulate-app quickstart-pytorch/ --start model.safetensors --names names.json
    covey fl simulate-app app/ --start model.safetensors --names names.json --clients 1000 --processes 8
    covey fl simulate-app app/ --start model.safetensors --names names.json --config lr=0.01 --rule trimmed-mean""",
)
def simulate_app(
    folder: Annotated[Path, typer.Argument(help="A Flower app's folder; it cuts its own data for the clients.")],
    start: Annotated[Path, typer.Option(help="The model to begin with: a .safetensors file.")],
    names: Annotated[Path, typer.Option(help="JSON list of its tensors, in the order of the app's model.")],
    federation: Federation,
    out: Output,
    data: Annotated[Path | None, typer.Option(help="What the app finds as data-path in its run configuration.")] = None,
    config: AppConfig = None,
) -> None:
    """A Flower app, unchanged, as all clients of a federation without a chain."""
    from covey.cli.acts import simulations

    wanted = simulations.WantedApp(folder, data, scalars("--config", config or [], "lr=0.01"), start, names)
    simulations.run_app(wanted, federation, out)
