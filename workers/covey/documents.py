"""What is wrong with a document from outside, in a line."""

from pydantic import ValidationError


def first_fault(error: ValidationError, whole: str) -> str:
    """The first thing that is wrong, and where; `whole` names the document itself. Shows nothing of its content."""
    first = error.errors(include_url=False, include_input=False, include_context=False)[0]
    return f"{'.'.join(map(str, first['loc'])) or whole}: {first['msg']}"[:200]
