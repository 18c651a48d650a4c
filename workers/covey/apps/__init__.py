"""What a federated client trains with: Covey's own families, a Flower app or a FLock model, behind one interface.

`loading.load_app` finds out which of them a path holds. An app is its user's own code and runs with the user's rights:
Covey never loads one from the network. Nothing is imported here, so that `covey --help` does not wait for torch.
"""
