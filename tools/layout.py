#!/usr/bin/env python3
"""Keeps contracts/layout.json: where every contract stores what, and how large its code is.

Storage is read by tools and by eth_getStorageAt, and an engine's modules write the engine's by delegatecall: a variable
that moves must be seen in review. Reads forge's output; compiles nothing.

tools/run python tools/layout.py           write the file
tools/run python tools/layout.py --check   exit 1 if it differs from the compiled contracts
"""

import argparse
import difflib
import json
import sys
from pathlib import Path
from typing import Any

from export_abi import ROOT, build_folder

from covey.chain.artefacts import CONTRACTS, ENGINES

SNAPSHOT = ROOT / "contracts/layout.json"
LARGEST = 24_576
"""Bytes of code that a contract may have (EIP-170)."""


def artefact(path: Path) -> dict[str, Any]:
    if not path.exists():
        raise SystemExit(f"{path.relative_to(ROOT)} is missing: run forge build first")
    document: dict[str, Any] = json.loads(path.read_text())
    return document


def code_size(document: dict[str, Any]) -> int:
    return len(document["deployedBytecode"]["object"].removeprefix("0x")) // 2


def storage(document: dict[str, Any]) -> dict[str, list[str]]:
    """Variables of the contract and of every struct it stores, as "slot, byte: type name". Numbers of the compiler's
    syntax tree, which change with any edit, stay out."""
    layout = document["storageLayout"]
    types = layout["types"] or {}

    def places(variables: list[dict[str, Any]]) -> list[str]:
        return [f"{v['slot']}, {v['offset']}: {types[v['type']]['label']} {v['label']}" for v in variables]

    structs = {t["label"]: places(t["members"]) for t in types.values() if "members" in t}
    return {"variables": places(layout["storage"]), **dict(sorted(structs.items()))}


def snapshot() -> dict[str, Any]:
    out = build_folder()
    documents = {name: artefact(out / f"{name}.sol" / f"{name}.json") for name in CONTRACTS}
    layouts = {name: storage(document) for name, document in documents.items()}
    for engine, modules in ENGINES.items():
        for module in modules:
            if layouts.pop(module) != layouts[engine]:
                raise SystemExit(f"{module} does not share {engine}'s storage layout: state belongs into {engine}State")
    sizes = {name: code_size(document) for name, document in documents.items()}
    for name, size in sizes.items():
        if size > LARGEST:
            raise SystemExit(f"{name} has {size:,} bytes of code, {size - LARGEST:,} more than a contract may have")
    return {"code bytes": sizes, "storage": layouts}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--check", action="store_true", help="write nothing")
    compiled = json.dumps(snapshot(), indent=2, ensure_ascii=False) + "\n"
    if not parser.parse_args().check:
        SNAPSHOT.write_text(compiled)
        return 0
    noted = SNAPSHOT.read_text()
    if noted == compiled:
        return 0
    name = SNAPSHOT.relative_to(ROOT)
    differences = difflib.unified_diff(noted.splitlines(), compiled.splitlines(), str(name), "compiled", "", "", 1, "")
    print("\n".join(differences))
    print(f"\nStorage or code size changed. If that is meant, run: make layout, and commit {name}", file=sys.stderr)
    return 1


if __name__ == "__main__":
    sys.exit(main())
