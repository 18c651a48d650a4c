"""Workers: each role observes the chain, decides with a pure function, and acts.

task, view: what a task looks like at a moment, folded from its events. trainer, validator, keeper, creator: what each
role does next, as pure functions. training, validating, keeping, creating: how it does it. worker: the loop that runs
one of them. relay, couriers: how handles' messages travel. run: what the command line calls.
"""
