"""What can go wrong with a local network. Each message says what to do next."""


class LocalnetError(Exception):
    """Any failure to run a local network."""


class NodeMissing(LocalnetError):
    """The node's program is not installed."""

    def __init__(self, program: str) -> None:
        super().__init__(
            f"{program} was not found in node_modules or on PATH: run 'make setup' in the project's folder"
        )
        self.program = program


class PortTaken(LocalnetError):
    """Another program listens on the port that was asked for."""

    def __init__(self, port: int) -> None:
        super().__init__(
            f"port {port} is in use, perhaps by another local network: stop that program, or choose another port "
            "(0 picks a free one)"
        )
        self.port = port


class NodeFailed(LocalnetError):
    """The node ended, or did not answer in time, while it was starting."""

    def __init__(self, program: str, reason: str, output: str) -> None:
        super().__init__(f"{program} {reason}; its last output:\n{output.strip() or '(none)'}")
        self.program = program
