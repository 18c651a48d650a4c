"""Verifying a task's settlement, from the chain or from a bundle."""

from dataclasses import dataclass
from pathlib import Path

from covey.cli import options
from covey.cli.acts.session import connect, signer_of
from covey.cli.exits import Exit
from covey.cli.failures import CliError
from covey.cli.output import Output
from covey.journal import Secret
from covey.verify.alliance.export import export_alliance
from covey.verify.bundle import MAX_BUNDLE_BYTES, AllianceBundle, ArenaBundle, TaskBundle, read_bundle, write_bundle
from covey.verify.check import verify
from covey.verify.compare import compare
from covey.verify.export import export
from covey.verify.report import text, to_json
from covey.verify.rpc import Node


@dataclass(frozen=True)
class Rescoring:
    """Whose secret opens the models, the store they are in, and where to score them."""

    secret: Secret
    store: str
    device: str


def rescoring(account: options.Account, place: options.Place, content: options.Content, device: str) -> Rescoring:
    """Raises what `signer_of` raises."""
    return Rescoring(signer_of(account, place).worker_secret(), store_of(place, content), device)


def store_of(place: options.Place, content: options.Content) -> str:
    """The store that is named, or else this machine's."""
    return content.store or f"dir:{place.home / 'store'}"


def from_chain(network: options.Network, task: int, alliance: bool, out: Output) -> TaskBundle:
    """Of the Arena's task, or the Alliance's. Raises NodeError, DeploymentError."""
    what = "alliance" if alliance else "task"
    with connect(network) as connection, out.step(f"reading {what} {task} from the chain"):
        node, deployment = Node(network.rpc[0]), connection.deployment
        if alliance:
            return export_alliance(node, deployment.addresses.alliance.lower(), task, deployment.block)
        return export(node, deployment.addresses.arena.lower(), task, deployment.block)


def from_file(path: Path) -> TaskBundle:
    """Raises BundleError, OSError."""
    with path.open("rb") as file:
        return read_bundle(file.read(MAX_BUNDLE_BYTES + 1))


def judge(
    bundle: TaskBundle,
    against: options.Network | None,
    rescoring: Rescoring | None,
    recomputing: str | None,
    every: bool,
    out: Output,
) -> Exit:
    """The verdict; also compares with a node (`against`), scores models again, and aggregates again what a store
    (`recomputing`) has of an alliance's updates.

    Raises NodeError, CliError and what `rescore` and `recompute` raise.
    """
    report = verify(bundle)
    if against is not None:
        with out.step("comparing the bundle with the chain"):
            compare(bundle, Node(against.rpc[0]), report)
    if rescoring is not None:
        if not isinstance(bundle, ArenaBundle):
            raise CliError("--rescore is for tasks of the Arena", "use --recompute", Exit.USAGE)
        with out.step("scoring the models again"):
            # Loads torch, which verifying alone does without.
            from covey.storage import open_store
            from covey.verify.rescore import rescore

            rescore(bundle, open_store(rescoring.store), rescoring.secret, rescoring.device, report)
    if recomputing is not None:
        if not isinstance(bundle, AllianceBundle):
            raise CliError("--recompute is for alliances", "use --rescore", Exit.USAGE)
        with out.step("aggregating the updates again"):
            from covey.storage import open_store
            from covey.verify.recompute import recompute

            recompute(bundle, open_store(recomputing), report)
    if out.as_json:
        print(to_json(report))
    else:
        out.say(text(report, every).rstrip())
    return Exit.OK if report.passed else Exit.FAILED


def save(bundle: TaskBundle, path: Path, out: Output) -> None:
    path.write_bytes(write_bundle(bundle))
    out.note(f"the bundle is in {path}: 'covey verify {path}' needs no node")
