"""Which contracts a mutant of a Solidity file ends up in, and which tests run them: the nearest and quickest first."""

import posixpath
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from tools.mutation.compiler import Target

_IMPORT = re.compile(r'^import .*"(\.[^"]+)";', re.MULTILINE)


@dataclass(frozen=True)
class Stage:
    """Tests, as a pattern of files in tests/forge, and the contracts that get their mutated code before these run.

    Tests of gas have no place here, as mutants are compiled the quickest way; nor have the engines' random histories,
    which take longer than all others together.
    """

    targets: tuple[Target, ...]
    tests: str

    @property
    def pattern(self) -> str:
        return f"tests/forge/{self.tests}.t.sol"


_CUSTODY = (Target.of("contracts/custody/Ledger.sol"), Target.of("contracts/custody/StakeVault.sol"))
_ARENA = tuple(
    Target.of(f"contracts/arena/{name}.sol")
    for name in ("Arena", "Tasks", "Enrolment", "Handles", "Scoring", "Settlement", "Conclusion")
)
_ALLIANCE = tuple(
    Target.of(f"contracts/alliance/{name}.sol") for name in ("Alliance", "Membership", "Rounds", "Settling")
)

STAGES = (
    Stage((Target("tests/forge/Bitmaps.t.sol", "BitmapsTest"),), "Bitmaps"),
    Stage((Target("tests/forge/Weights.t.sol", "WeightsTest"),), "Weights"),
    Stage((Target.of("tests/forge/RingHarness.sol"),), "{RingSignature,Rings}"),
    Stage((Target("tests/forge/Roles.t.sol", "RolesTest"),), "Roles"),
    Stage((Target("tests/forge/RewardCurve.t.sol", "RewardCurveTest"),), "RewardCurve"),
    Stage((Target.of("tests/forge/SettlementHarness.sol"),), "{RewardCurve,ScoreMatrix,Ranking}"),
    Stage(_CUSTODY, "{StakeVault,StakeVaultSlash,StakeVaultCorners,Ledger,CustodyTokens}"),
    Stage(_CUSTODY, "{StakeVaultInvariants,LedgerInvariants}"),
    Stage(_ALLIANCE, "Alliance{Life,Money,Places,Refusals,Attacks}"),
    Stage(_ARENA, "Arena{Life,Phases,Scores,Messages,Refusals,Attacks,Limits,Corners}"),
)


def stages(tree: Path, path: str) -> Iterator[Stage]:
    """Those whose contracts are made of the file."""
    for stage in STAGES:
        targets = tuple(target for target in stage.targets if path in _sources(tree, target.path))
        if targets:
            yield replace(stage, targets=targets)


def _sources(tree: Path, path: str) -> frozenset[str]:
    """The file and all that it imports, of the project's own."""
    found: set[str] = set()
    waiting = [path]
    while waiting:
        source = waiting.pop()
        if source not in found:
            found.add(source)
            imports = _IMPORT.findall((tree / source).read_text())
            waiting += [posixpath.normpath(posixpath.join(posixpath.dirname(source), name)) for name in imports]
    return frozenset(found)
