"""What breaks the rules of the protocol. Each message says what to do next."""


class ProtocolError(ValueError):
    """A value that the protocol does not allow."""


class ParamOutOfRange(ProtocolError):
    """A task's parameter is outside its range (docs/protocol.md or docs/alliance.md, section 2). `name` is its name."""

    def __init__(self, name: str, value: int, low: int, high: int) -> None:
        super().__init__(f"{name} is {value:,}: choose a value from {low:,} to {high:,}")
        self.name = name


class BadVector(ProtocolError):
    """Not a packed vector of scores."""


class NotSettleable(ProtocolError):
    """No validator revealed a vector, so there is nothing to settle by: `advance` ends the task."""
