"""Whether a bundle is what a node has. Without a node, a bundle shows that it is consistent, not that it happened."""

from __future__ import annotations

from .alliance.export import export_alliance
from .bundle import AllianceBundle, ArenaBundle, TaskBundle
from .export import export
from .report import Report
from .rpc import Node

_GROUP = "the node has the same"


def compare(bundle: TaskBundle, node: Node, report: Report) -> None:
    """Export the task again, up to the bundle's last block, and compare. Raises NodeError."""
    found = _exported(bundle, node)
    report.equal(_GROUP, "chain", found.chain_id, bundle.chain_id)
    report.equal(_GROUP, "contracts", found.contracts, bundle.contracts)
    if isinstance(bundle, ArenaBundle) and isinstance(found, ArenaBundle):
        report.equal(_GROUP, "vault", found.clock, bundle.clock)
    blocks = {block.number: block for block in found.blocks}
    for block in bundle.blocks:
        report.equal(_GROUP, f"block {block.number}", blocks.pop(block.number, None), block)
    logs = {(log.block, log.index): log for log in found.logs}
    for log in bundle.logs:
        report.equal(_GROUP, f"log {log.index} of block {log.block}", logs.pop((log.block, log.index), None), log)
    report.equal(_GROUP, "logs that the bundle lacks", [], sorted(logs))


def _exported(bundle: TaskBundle, node: Node) -> TaskBundle:
    if isinstance(bundle, AllianceBundle):
        return export_alliance(node, bundle.contracts.alliance, bundle.task, bundle.first, bundle.last)
    return export(node, bundle.contracts.arena, bundle.task, bundle.first, bundle.last)
