"""covey fl grid and covey fl simulate: federations without a chain."""

from pathlib import Path
from typing import Annotated

import typer

from covey.cli.command import verb
from covey.cli.output import Output
from covey.cli.settings import json_object

app = typer.Typer()


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
    covey fl simulate --data table.csv --server fedadam --proximal 0.01 --plot curve.svg --json""",
)
def simulate(
    out: Output,
    data: Annotated[str, typer.Option(help="digits, breast-cancer, or a path as for 'covey task create'.")] = "digits",
    label: Annotated[str | None, typer.Option(help="Label column of a CSV file. Default: the last.")] = None,
    architecture: Annotated[str, typer.Option(help="linear, mlp or cnn.")] = "linear",
    clients: Annotated[int, typer.Option(min=1, max=1_000_000, help="Clients in all.")] = 100,
    per_round: Annotated[int, typer.Option(min=1, max=1024, help="Clients drawn for a round.")] = 10,
    rounds: Annotated[int, typer.Option(min=1, max=100_000, help="Rounds.")] = 50,
    split: Annotated[str, typer.Option(help="How data are spread: iid, dirichlet or shards.")] = "iid",
    rule: Annotated[str, typer.Option(help="Aggregation rule.")] = "fedavg",
    rule_set: Annotated[str, typer.Option("--rule-set", metavar="JSON", help="The rule's parameters.")] = "{}",
    mixing: Annotated[
        int, typer.Option(min=0, max=4999, help="Nearest-neighbour mixing first: basis points of clients left out.")
    ] = 0,
    server: Annotated[str, typer.Option(help="Server step: plain, momentum or fedadam.")] = "plain",
    epochs: Annotated[int, typer.Option(min=1, max=1000, help="Of a client in a round.")] = 2,
    batch_size: Annotated[int, typer.Option(min=1, max=65_536, help="Of a client.")] = 16,
    learning_rate: Annotated[float, typer.Option(min=1e-9, max=10, help="Of a client.")] = 0.1,
    proximal: Annotated[float, typer.Option(min=0, max=100, help="FedProx's mu.")] = 0.0,
    attack: Annotated[str | None, typer.Option(help="What malicious clients do.")] = None,
    attackers: Annotated[int, typer.Option(min=0, help="How many of all clients are malicious.")] = 0,
    every: Annotated[int, typer.Option(min=1, help="Test after every so many rounds.")] = 10,
    processes: Annotated[int, typer.Option(min=1, max=256, help="That train side by side.")] = 1,
    seed: Annotated[int, typer.Option(min=0, max=2**63 - 1, help="All luck follows from it.")] = 0,
    plot: Annotated[Path | None, typer.Option(help="SVG file for the learning curve.")] = None,
) -> None:
    """A federation without a chain, on the same client and aggregation code."""
    from covey.cli.acts import simulations
    from covey.federated.clients import LocalOptions

    settings = json_object("--rule-set", rule_set, '{"share": 2000}')
    plan = {"rule": {**settings, "name": rule}, "mixing": mixing, "server": {"name": server}}
    options = LocalOptions(epochs, batch_size, learning_rate, proximal, seed)
    wanted = simulations.Wanted(
        data, label, architecture, clients, per_round, rounds, split, plan, options, attack, attackers, every, seed
    )
    simulations.run(wanted, processes, plot, out)
