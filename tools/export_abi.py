#!/usr/bin/env python3
"""Copies interfaces and bytecode from forge's output into the package: an installed Covey deploys without a compiler.

tools/run python tools/export_abi.py           compile, then write what changed
tools/run python tools/export_abi.py --check   compile, then exit 1 if the package's copies are not those of the sources
"""

import argparse
import json
import subprocess
import sys
from pathlib import Path

from covey.chain.artefacts import CONTRACTS

ROOT = Path(__file__).resolve().parent.parent
PACKAGED = ROOT / "workers/covey/chain/abi"


def build_folder() -> Path:
    config = json.loads(subprocess.run(["forge", "config", "--json"], cwd=ROOT, check=True, capture_output=True).stdout)
    return ROOT / config["out"]


def exported(compiled: Path) -> str:
    """The package's copy of one of forge's artefacts."""
    document = json.loads(compiled.read_text())
    if document["bytecode"]["linkReferences"]:
        raise SystemExit(f"{compiled.stem} needs linking: keep library functions internal")
    copy = {"abi": document["abi"], "bytecode": document["bytecode"]["object"]}
    return json.dumps(copy, sort_keys=True, separators=(",", ":")) + "\n"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--check", action="store_true", help="write nothing")
    check = parser.parse_args().check
    subprocess.run(["forge", "build", "contracts", "--quiet"], cwd=ROOT, check=True)
    out = build_folder()
    PACKAGED.mkdir(exist_ok=True)
    stale = []
    for name in CONTRACTS:
        text, copy = exported(out / f"{name}.sol" / f"{name}.json"), PACKAGED / f"{name}.json"
        if not copy.exists() or copy.read_text() != text:
            stale.append(name)
            if not check:
                copy.write_text(text)
    if stale:
        print(f"{'not up to date' if check else 'written'}: {', '.join(stale)}")
    return 1 if check and stale else 0


if __name__ == "__main__":
    sys.exit(main())
