"""Task families, data, artefacts, training and scoring.

A family (`families`) says which architectures exist; an architecture is a list of `layers`; `train` fits one to a
`data.Dataset`; `artefact` turns the result into the one byte string it has; `scoring` counts what a whole round of
artefacts gets right. Nothing is imported here, so that `covey --help` does not wait for torch.
"""
