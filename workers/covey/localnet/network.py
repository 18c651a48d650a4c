"""Starting a node, waiting until it answers, and making sure that it ends."""

import itertools
import socket
import tempfile
import time
from pathlib import Path
from typing import IO

import httpx

from covey.closing import Closing
from covey.localnet.accounts import dev_keys
from covey.localnet.children import Child, spawn, stop
from covey.localnet.errors import NodeFailed, PortTaken
from covey.localnet.nodes import DEFAULTS, Node, Settings, command

_START_TIMEOUT = 60.0  # seconds: ganache takes several on a busy machine
_TAIL = 2_000  # characters of output shown when a start fails
_PORT_TRIES = 3


class Localnet(Closing):
    """A running local network; use it as a context manager, or call `close`.

        with Localnet(settings=Settings(block_time=1)) as net:
            gateway = Gateway([net.url])

    `port` 0 picks a free one. `log` keeps the node's output.
    Raises NodeMissing, PortTaken, NodeFailed.
    """

    def __init__(
        self,
        node: Node = Node.ANVIL,
        *,
        settings: Settings = DEFAULTS,
        port: int = 0,
        log: Path | None = None,
    ) -> None:
        self.node = node
        self.settings = settings
        self._log: IO[bytes] = log.open("w+b") if log else tempfile.TemporaryFile()  # noqa: SIM115
        self._ids = itertools.count(1)
        try:
            self.port, self._process = self._start(port)
        except BaseException:
            self._log.close()
            raise
        self.keys = dev_keys(self.settings.accounts, self.settings.mnemonic)
        self._client = httpx.Client(timeout=30.0, trust_env=False)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def rpc(self, method: str, *params: object) -> object:
        """Calls the node directly, for its own verbs (evm_mine, anvil_reorg, ...). Raises NodeFailed."""
        body = {"jsonrpc": "2.0", "id": next(self._ids), "method": method, "params": params}
        answer = self._client.post(self.url, json=body).json()
        if "error" in answer:
            raise NodeFailed(self.node, f"refused {method}: {answer['error']}", "")
        result: object = answer["result"]
        return result

    def mine(self, blocks: int = 1) -> None:
        """Mines `blocks` blocks at once."""
        for _ in range(blocks):
            self.rpc("evm_mine")

    def close(self) -> None:
        """Ends the node and everything that it started. May be called twice."""
        self._client.close()
        stop(self._process)
        self._log.close()

    def _start(self, port: int) -> tuple[int, Child]:
        if port:
            if not _is_free(port):
                raise PortTaken(port)
            return port, self._launch(port)
        # Between choosing a free port and the node's taking it, another program can: try a few.
        for attempt in range(_PORT_TRIES):
            chosen = free_port()
            try:
                return chosen, self._launch(chosen)
            except NodeFailed:
                if attempt == _PORT_TRIES - 1 or _is_free(chosen):
                    raise
        raise AssertionError("unreachable")

    def _launch(self, port: int) -> Child:
        arguments = command(self.node, port, self.settings)
        process = spawn(arguments, self._log)
        try:
            self._await_answer(process, port)
        except BaseException:
            stop(process)
            raise
        return process

    def _await_answer(self, process: Child, port: int) -> None:
        deadline = time.monotonic() + _START_TIMEOUT
        body = {"jsonrpc": "2.0", "id": 0, "method": "eth_chainId", "params": []}
        while time.monotonic() < deadline:
            if process.poll() is not None:
                raise NodeFailed(self.node, "ended at once", self._tail())
            try:
                answer = httpx.post(f"http://127.0.0.1:{port}", json=body, timeout=1.0, trust_env=False)
                if int(answer.json()["result"], 16) == self.settings.chain_id:
                    return
            except (httpx.HTTPError, ValueError, KeyError):
                pass
            time.sleep(0.05)
        raise NodeFailed(self.node, f"did not answer within {_START_TIMEOUT:.0f} s", self._tail())

    def _tail(self) -> str:
        self._log.seek(0)
        return self._log.read().decode(errors="replace")[-_TAIL:]


def free_port() -> int:
    """A TCP port on 127.0.0.1 that nobody used a moment ago."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
        return True
