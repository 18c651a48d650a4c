"""A relay: sends handles' messages on chain, for the relay fee.

It takes the call itself (POST, the bytes of the transaction's data), so that a client trusts it with nothing: it can
only send the message or not. What it takes is bounded in size, rate and number, and simulated before it costs gas.
"""

from __future__ import annotations

import asyncio
import queue
import socket
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Final, Self

import uvicorn
from eth_hash.auto import keccak
from fastapi import FastAPI, HTTPException, Request
from starlette.concurrency import run_in_threadpool

from covey.chain.abi import decode_arguments
from covey.chain.contract import Call, Contract
from covey.chain.errors import ChainError, ContractError
from covey.chain.wire import Malformed
from covey.journal import JournalFull
from covey.roles.config import Notice, RelayConfig
from covey.roles.context import Context
from covey.roles.couriers import MESSAGES_PATH
from covey.roles.errors import RelayPortTaken

_FUNCTIONS: Final = ("registerHandle", "submit", "publish")
_MAX_SENDERS: Final = 10_000
"""Addresses and handles whose rate is remembered."""

_MINUTE: Final = 60.0
_PATIENCE: Final = 0.5
"""Seconds between looks at whether to close."""


@dataclass(frozen=True)
class Message:
    """A call that a handle signed. `handle` names who it is from, as far as the message says."""

    call: Call
    task: int
    handle: str

    @property
    def key(self) -> str:
        """Of the intent to send it."""
        return f"{self.task}/relay/{keccak(self.call.data).hex()[:32]}"


def read_message(arena: Contract, body: bytes) -> Message:
    """The message whose call's data are `body`. Raises Malformed."""
    for name in _FUNCTIONS:
        (element,) = arena.interface.functions[name]
        if element.digest[:4] == body[:4]:
            return Message(Call(arena.address, body, element), *_sender(name, decode_arguments(element, body[4:])))
    raise Malformed(f"no call of {', '.join(_FUNCTIONS)}")


class RateLimit:
    """At most `per_minute` per name, by token buckets; forgets the longest unused names."""

    def __init__(self, per_minute: int) -> None:
        self._rate = per_minute / _MINUTE
        self._most = float(per_minute)
        self._buckets: OrderedDict[str, tuple[float, float]] = OrderedDict()
        self._lock = threading.Lock()

    def take(self, name: str, now: float) -> bool:
        """Whether one more is within the limit."""
        with self._lock:
            tokens, at = self._buckets.pop(name, (self._most, now))
            tokens = min(self._most, tokens + (now - at) * self._rate)
            allowed = tokens >= 1
            self._buckets[name] = (tokens - allowed, now)
            if len(self._buckets) > _MAX_SENDERS:
                self._buckets.popitem(last=False)
            return allowed


class Relay:
    """The HTTP endpoint and the threads that send; use it as a context manager."""

    def __init__(self, context: Context, config: RelayConfig) -> None:
        self._context = context
        self._config = config
        self._queue: queue.Queue[Message] = queue.Queue(config.queue)
        self._sent: queue.Queue[Message] = queue.Queue(config.queue)
        self._closing = threading.Event()
        self._by_address = RateLimit(config.per_minute)
        self._by_handle = RateLimit(config.per_minute)
        self._server = uvicorn.Server(
            uvicorn.Config(
                self._app(),
                host=config.host,
                port=config.port,
                log_level="warning",
                access_log=False,
                ws="none",
                limit_concurrency=config.queue,
                timeout_keep_alive=int(config.timeout),
            )
        )
        self._threads: tuple[threading.Thread, ...] = ()

    def __enter__(self) -> Self:
        """Raises RelayPortTaken."""
        sockets = [self._listen()]
        self._threads = (
            threading.Thread(target=self._server.run, args=(sockets,), daemon=True, name="relay http"),
            threading.Thread(target=self._send_all, daemon=True, name="relay sender"),
            threading.Thread(target=self._follow_all, daemon=True, name="relay receipts"),
        )
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.should_exit = True
        self._closing.set()
        for thread in self._threads:
            thread.join(timeout=self._config.timeout)

    def _listen(self) -> socket.socket:
        try:
            return socket.create_server((self._config.host, self._config.port))
        except OSError as error:
            raise RelayPortTaken(self._config.host, self._config.port, str(error.strerror or error)) from error

    def _app(self) -> FastAPI:
        app = FastAPI(title="Covey relay", docs_url=None, redoc_url=None, openapi_url=None)

        @app.post(MESSAGES_PATH, status_code=202)
        async def take(request: Request) -> dict[str, str]:
            client = request.client.host if request.client else "?"
            if not self._by_address.take(client, time.monotonic()):
                raise HTTPException(429, "too many messages from this address: wait a minute")
            body = await self._read(request)
            message = await run_in_threadpool(self._check, body)
            try:
                self._queue.put_nowait(message)
            except queue.Full:
                raise HTTPException(503, "the relay is busy: try again, or use another") from None
            return {"accepted": message.key}

        return app

    async def _read(self, request: Request) -> bytes:
        body = bytearray()
        try:
            async with asyncio.timeout(self._config.timeout):
                async for chunk in request.stream():
                    body += chunk
                    if len(body) > self._config.max_body:
                        raise HTTPException(413, f"a message has at most {self._config.max_body} bytes")
        except TimeoutError:
            raise HTTPException(408, f"the message did not arrive within {self._config.timeout:g} s") from None
        return bytes(body)

    def _check(self, body: bytes) -> Message:
        """Raises HTTPException for what the chain would not take, or takes too often."""
        try:
            message = read_message(self._context.contracts.arena, body)
        except Malformed as error:
            raise HTTPException(400, f"not a message: {error}") from error
        if not self._by_handle.take(message.handle, time.monotonic()):
            raise HTTPException(429, "too many messages of this handle: wait a minute")
        try:
            self._context.gateway.read(message.call, sender=self._context.sender.address)
        except ContractError as error:
            raise HTTPException(422, f"the chain would refuse it: {error}") from error
        except ChainError as error:
            raise HTTPException(503, "the relay can't reach the chain: try again, or use another") from error
        return message

    # Sending ----------------------------------------------------------------------------------------------------------

    def _send_all(self) -> None:
        """Sends what is in the queue at once, so that a message never waits for another's block."""
        for message in self._taken_from(self._queue):
            if self._attempt(message, self._submit):
                self._sent.put(message)

    def _follow_all(self) -> None:
        """Sees to it that what was sent gets on chain."""
        for message in self._taken_from(self._sent):
            self._attempt(message, self._wait)

    def _taken_from(self, messages: queue.Queue[Message]) -> Iterator[Message]:
        while not self._closing.is_set():
            with suppress(queue.Empty):
                yield messages.get(timeout=_PATIENCE)

    def _submit(self, message: Message) -> None:
        self._context.sender.submit(message.key, message.call)

    def _wait(self, message: Message) -> None:
        receipt = self._context.sender.wait(message.key)
        facts = {"transaction": "0x" + receipt.transaction.hex(), "gas": receipt.gas_used}
        text = f"relayed {message.call.function.name} of {message.handle}"
        self._context.report(Notice("did", text, message.task, facts))

    def _attempt(self, message: Message, deed: Callable[[Message], None]) -> bool:
        """Failures are the client's to mend: it sees that its message is not on chain."""
        try:
            deed(message)
        except (ChainError, JournalFull) as error:
            text = f"{message.call.function.name} of {message.handle}: {error}"
            self._context.report(Notice("failed", text, message.task))
            return False
        return True


def _sender(function: str, values: tuple[Any, ...]) -> tuple[int, str]:
    """Task and handle that a message is from."""
    if function == "registerHandle":
        return values[0], values[2]
    task, index = values[0]["task"], values[0]["index"]
    return task, f"{task}/{index}"
