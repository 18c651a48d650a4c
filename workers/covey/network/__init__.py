"""A whole Covey network on this machine: a node, contracts, accounts, and every worker a process of its own.

`cast.py` says who takes part; `network.py` runs them; `gas.py` counts what their transactions cost.
"""

from covey.network.cast import DEMO_CAST, TASK, Cast, Person, honest_cast
from covey.network.network import Network, NetworkError, Worker

__all__ = ["DEMO_CAST", "TASK", "Cast", "Network", "NetworkError", "Person", "Worker", "honest_cast"]
