"""An Alliance task's public description: what its `uri` on chain points to."""

from __future__ import annotations

from typing import Annotated, Final, Literal

from pydantic import Field

from covey.roles.description import Document, Title

MAX_MODEL: Final = 2**30
"""Bytes."""

_Name = Annotated[str, Field(min_length=1, max_length=200)]


class AllianceDescription(Document):
    """What a task's parameters and terms don't say.

    `model_size`: bytes of every model of the task, which all have the same tensors. `names` of a plain model's tensors,
    in the order in which apps without names expect them; none, if it is a Covey artefact. `classes` are the labels in
    the order of a Covey model's outputs, so that clients who hold only some of them agree on what these mean.
    """

    version: Literal[1] = 1
    title: Title
    model_size: Annotated[int, Field(gt=0, le=MAX_MODEL)]
    names: Annotated[tuple[_Name, ...], Field(max_length=4096)] = ()
    classes: Annotated[tuple[_Name, ...], Field(max_length=4096)] = ()
