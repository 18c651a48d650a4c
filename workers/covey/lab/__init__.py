"""Attack economics: what every way to behave earns and costs, under Covey's rule, FLock's and Bittensor's.

world: how good models are, and what a shard of data makes of them. task: the task, in the protocol's own parameters.
rules: the three rules; Covey's is the protocol's, to the wei. strategies: ways to behave. trial: a strategy played
against honest work on the same tasks, data and luck. findings: what comes of it, in figures and with its bounds.
sweeps: how far the figures depend on the parameters. report, plots: how they are shown.

Everything follows from a seed; numpy is all it needs.
"""
