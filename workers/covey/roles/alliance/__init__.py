"""Clients of the Alliance: federated rounds, decided and done as the Arena's roles are.

state, view: what a task looks like at a moment, folded from its events. client, keeper: what each role does next, as
pure functions. taking_part, keeping: how it does it. models: the global model and updates as bytes. judging: what a
voter finds. errands: calls that need no more than the task's state. posting: how a task begins.
"""
