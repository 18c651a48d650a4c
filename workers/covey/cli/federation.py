"""The options that all simulations of federations share."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import typer

from covey.cli.settings import json_object


@dataclass(frozen=True)
class Federation:
    """How many clients, which rounds, and on what they are played."""

    clients: Annotated[int, typer.Option(min=1, max=1_000_000, help="Clients in all.")] = 100
    per_round: Annotated[int, typer.Option(min=1, max=1024, help="Clients drawn for a round.")] = 10
    rounds: Annotated[int, typer.Option(min=1, max=100_000, help="Rounds.")] = 50
    rule: Annotated[str, typer.Option(help="Aggregation rule.")] = "fedavg"
    rule_set: Annotated[str, typer.Option("--rule-set", metavar="JSON", help="The rule's parameters.")] = "{}"
    mixing: Annotated[
        int, typer.Option(min=0, max=4999, help="Nearest-neighbour mixing first: basis points of clients left out.")
    ] = 0
    server: Annotated[str, typer.Option(help="Server step: plain, momentum or fedadam.")] = "plain"
    every: Annotated[int, typer.Option(min=1, help="Test after every so many rounds.")] = 10
    processes: Annotated[int, typer.Option(min=1, max=256, help="That train side by side.")] = 1
    ray: Annotated[
        str | None,
        typer.Option(metavar="ADDRESS", help="Train on that Ray cluster; 'local' for one on this machine."),
    ] = None
    seed: Annotated[int, typer.Option(min=0, max=2**63 - 1, help="All luck follows from it.")] = 0
    plot: Annotated[Path | None, typer.Option(help="SVG file for the learning curve.")] = None

    def plan(self) -> dict[str, Any]:
        """As `covey.federated.plan.plan_of` takes it. Raises CliError."""
        settings = json_object("--rule-set", self.rule_set, '{"share": 2000}')
        return {"rule": {**settings, "name": self.rule}, "mixing": self.mixing, "server": {"name": self.server}}
