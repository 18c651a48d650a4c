"""The command: verify a task from a bundle, or from a node."""

from __future__ import annotations

import argparse
import re
import sys
from collections.abc import Sequence
from pathlib import Path

from .alliance.export import export_alliance
from .bundle import MAX_BUNDLE_BYTES, TaskBundle, read_bundle, write_bundle
from .check import verify
from .compare import compare
from .export import export
from .report import text, to_json
from .rpc import Node, NodeError
from .strict import BundleError

_EXAMPLES = """
examples:
  python -m covey.verify bundle.json
  python -m covey.verify bundle.json --rpc http://127.0.0.1:8545
  python -m covey.verify 7 --rpc http://127.0.0.1:8545 --arena 0x… --export bundle.json
  python -m covey.verify 7 --rpc http://127.0.0.1:8545 --alliance 0x…

'covey verify' also scores the models again, which takes more than Python alone.

exit status:
  0  the chain did what the rules demand
  1  it did not, by one wei or more, or its logs contradict each other
  2  nothing could be verified: no such file, not a bundle, no node
"""

AGREES, DIFFERS, UNREADABLE = 0, 1, 2

_TASK = re.compile("[0-9]{1,77}")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; returns the exit status."""
    options = _parser().parse_args(arguments)
    try:
        if _TASK.fullmatch(options.source):
            bundle = _fetch(options)
            report = verify(bundle)
        else:
            bundle = _load(Path(options.source))
            report = verify(bundle)
            if options.rpc:
                compare(bundle, Node(options.rpc), report)
        if options.export:
            Path(options.export).write_bytes(write_bundle(bundle))
    except (BundleError, NodeError, OSError) as error:
        print(f"cannot verify: {error}", file=sys.stderr)
        return UNREADABLE
    print(to_json(report) if options.json else text(report, options.every), end="")
    return AGREES if report.passed else DIFFERS


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="covey verify",
        description="Re-derive a task's settlement from chain logs alone and compare every wei.",
        epilog=_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("source", help="a bundle, or a task's number (with --rpc, and --arena or --alliance)")
    parser.add_argument("--rpc", metavar="URL", help="node to read the task from, or to compare the bundle with")
    contract = parser.add_mutually_exclusive_group()
    contract.add_argument("--arena", metavar="ADDRESS", help="address of the Arena")
    contract.add_argument("--alliance", metavar="ADDRESS", help="address of the Alliance")
    parser.add_argument(
        "--from-block", type=int, default=0, metavar="N", help="block of the first contract's deployment, or less"
    )
    parser.add_argument("--export", metavar="FILE", help="write what was read as a bundle")
    parser.add_argument("--every", action="store_true", help="print every single check")
    parser.add_argument("--json", action="store_true", help="print the report as JSON")
    return parser


def _load(path: Path) -> TaskBundle:
    with path.open("rb") as file:
        return read_bundle(file.read(MAX_BUNDLE_BYTES + 1))


def _fetch(options: argparse.Namespace) -> TaskBundle:
    contract = str(options.arena or options.alliance).lower()
    if not options.rpc or not re.fullmatch("0x[0-9a-f]{40}", contract):
        raise NodeError(
            "a task is read from a node: name it with --rpc URL, and the contract with --arena or --alliance ADDRESS"
        )
    export_from = export if options.arena else export_alliance
    return export_from(Node(options.rpc), contract, int(options.source), max(0, options.from_block))
