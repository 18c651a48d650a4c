"""The Alliance's rules (docs/alliance.md) as pure integer Python: no I/O, no clock, no float that decides anything.

params, phases: what a task waits for. bitmaps, commitments, draw: what is hashed and who proposes. votes, payouts,
reputation, places, settlement: one round's result, and what it means for every client.
The contract is tested against this code, and the workers decide by it.
"""
