"""Three rules by which scores become ranks and pay: Covey's, FLock's and Bittensor's.

Each takes the same ballots and says who gets which part of the trainers' and of the validators' pool.
"""

from covey.lab.rules.ballot import Ballot, Outcome, Rule
from covey.lab.rules.covey import CoveyRule
from covey.lab.rules.flock import FlockRule
from covey.lab.rules.yuma import YumaRule

RULES: dict[str, Rule] = {rule.name: rule for rule in (CoveyRule(), FlockRule(), YumaRule())}

__all__ = ["RULES", "Ballot", "CoveyRule", "FlockRule", "Outcome", "Rule", "YumaRule"]
