"""What every update goes through, compiled for the processor that runs it. All is exact, so that what compiles it, and
how, changes no byte; but for rough inner products, which say by how much they may be off.
"""
