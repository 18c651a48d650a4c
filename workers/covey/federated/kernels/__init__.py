"""Exact sums over many updates, compiled for the processor that runs them. Each takes a chunk and gives integers, so
that what compiles them, and how, changes no result.
"""
