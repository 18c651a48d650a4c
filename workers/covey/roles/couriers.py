"""How a handle's messages get on chain: through relays, in turn, or from the trainer's own account."""

from __future__ import annotations

from dataclasses import dataclass

from eth_hash.auto import keccak
from urllib3.exceptions import HTTPError

from covey.chain.contract import Call
from covey.roles.context import Context
from covey.roles.decision import Act
from covey.roles.errors import RelayError, RelayRefused, RelayUnavailable
from covey.roles.outcome import Local, Outcome
from covey.roles.view import View
from covey.web import Server

MESSAGES_PATH = "/v1/messages"
_TIMEOUT = 10.0
_CONNECT_TIMEOUT = 3.0
_MAX_REASON = 500


@dataclass(frozen=True)
class _Try:
    """How many relays had their turn, and until when the last one has."""

    relays: int
    until: int


class Couriers:
    """Sends each message through one relay after the other until it is on chain.

    A relay has `patience` seconds to get a message it took on chain. When all had their turn, the worker's account
    sends it if `send_itself`; else they have another.
    """

    def __init__(self, context: Context, relays: tuple[str, ...], patience: int, send_itself: bool) -> None:
        self._context = context
        self._relays = relays
        self._patience = patience
        self._send_itself = send_itself
        self._tries: dict[bytes, _Try] = {}

    def send(self, view: View, act: Act, call: Call) -> Outcome:
        """Begins, or goes on, sending a message. Raises RelayError when no relay takes it, ChainError."""
        message = keccak(call.data)
        before = self._tries.get(message, _Try(0, 0))
        if view.now < before.until:
            return Local.PENDING
        for turn in range(before.relays, len(self._relays)):
            try:
                _post(self._relays[turn], call.data)
            except RelayError as error:
                self._context.inform(view.state.task, f"{act}: {error}")
                continue
            self._context.inform(view.state.task, f"{act}: {self._relays[turn]} took it")
            self._tries[message] = _Try(turn + 1, view.now + self._patience)
            return Local.PENDING
        if self._send_itself:
            self._context.inform(
                view.state.task, f"{act}: sent from {self._context.address}, which shows whose handle it is"
            )
            return self._context.send(act, view.state.task, call)
        self._tries.pop(message, None)
        raise RelayError("no relay took the message: name others, or let the trainer's account send it")


def _post(relay: str, message: bytes) -> None:
    """Hands a message to a relay. Raises RelayUnavailable, RelayRefused."""
    try:
        server = Server(relay.rstrip("/"), timeout=_TIMEOUT, connect_timeout=_CONNECT_TIMEOUT)
        with server.ask("POST", MESSAGES_PATH, message) as response:
            reason = response.read(_MAX_REASON).decode(errors="replace")
    except HTTPError as error:
        raise RelayUnavailable(f"the relay {relay} can't be reached ({error})") from error
    if response.status >= 500:
        raise RelayUnavailable(f"the relay {relay} answers HTTP {response.status}")
    if response.status >= 300:
        raise RelayRefused(f"the relay {relay} refuses the message: {reason}")
