"""Mutation testing: small faults are put into the contracts and the protocol one at a time; the tests must notice each.

mutant: one fault. solidity, python: the faults of a source. forge, pytests: what the tests say to one.
record: what is known of each, in a file. report: the table, the rate and what survived. Run by `make mutation`.
"""
