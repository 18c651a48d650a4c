"""Off-line verification of a task's settlement.

Re-derives consensus, ranking, agreement, pay, slashes, refunds, quotas and burns of an Arena's task, draws, decisions,
pay, slashes and reputations of an Alliance's (`alliance`), from chain logs alone, and compares them with what the chain
did, to the wei. It is a second reading of docs/protocol.md and docs/alliance.md: it shares no code with the rest of
Covey and needs nothing but Python's standard library, so the folder also runs where it is copied to:

    python verify bundle.json
"""
