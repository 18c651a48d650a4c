"""Task families by name. To add one: a module with a `Family`, and its name here."""

from collections.abc import Mapping

from covey.learning.errors import UnknownFamilyError
from covey.learning.families.base import Family
from covey.learning.families.image_classification import ImageClassification
from covey.learning.families.tabular import Tabular

FAMILIES: Mapping[str, Family] = {family.name: family for family in (ImageClassification(), Tabular())}


def family_of(name: str) -> Family:
    """The family of that name. Raises UnknownFamilyError."""
    try:
        return FAMILIES[name]
    except KeyError:
        raise UnknownFamilyError(f"unknown family {name!r}; known are {', '.join(FAMILIES)}") from None
