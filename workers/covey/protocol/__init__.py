"""The rules of docs/protocol.md as pure integer Python: no I/O, no clock, no float that decides anything.

params, schedule, phases: what a task waits for. commitments, lanes, ring, rings: what is hashed, packed and signed.
weights, consensus, ranking, payouts, settlement: one round's result. faults, conclusion: what accounts get and lose.
alliance: the rules of federated rounds.
The contracts are tested against this code, and the workers decide by it.
"""
