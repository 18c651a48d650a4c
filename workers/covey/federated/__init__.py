"""Federated learning: updates as integers, and aggregation that every machine repeats byte for byte.

`updates` turns the difference of two models into integers and bytes, `cohort` streams those of a round, `rules`
aggregate them, `server` makes a step of the aggregate, and a `plan` names all that in one text with one hash. `clients`
train, alone or side by side; `attacks` are what malicious ones do; `simulation` plays rounds without a chain, `grid`
all attacks against all rules. Nothing is imported here, so that `covey --help` does not wait for torch.
"""
