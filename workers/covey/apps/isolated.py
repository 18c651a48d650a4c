"""A user's app in a process of its own: it may hang, crash or print, and the worker with its keys goes on."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import weakref
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from covey.apps.app import AppError, Evaluated, Parameters, Trained, checked_evaluation, checked_training
from covey.apps.messages import BadMessage, Message, receive, send

_LOADING: Final = 600.0
"""Seconds in which an app has to begin."""

_OWN: Final = "COVEY_"
"""What the names of the worker's own settings begin with, of which some are secret: an app does not get them."""


@dataclass(frozen=True)
class Source:
    """An app and its part of the data, as `loading.load_app` takes them; `index` and `count` of the partition."""

    path: Path
    data: Path | None = None
    samples: int = 1
    index: int = 0
    count: int = 1
    config: Mapping[str, bool | int | float | str] = field(default_factory=dict)


class IsolatedApp:
    """Runs the app at `source`, which is stopped for good if it takes more than `limit` seconds for a training or an
    evaluation. The process ends with this object, or with the program. Raises AppError, here and after.
    """

    def __init__(self, source: Source, limit: float) -> None:
        self._limit = limit
        self._socket, theirs = socket.socketpair()
        with theirs:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "covey.apps.host", str(theirs.fileno())],
                stdin=subprocess.DEVNULL,
                pass_fds=[theirs.fileno()],
                env={name: value for name, value in os.environ.items() if not name.startswith(_OWN)},
                start_new_session=True,
            )
        self._end = weakref.finalize(self, _end, self._process, self._socket)
        given = {
            "path": str(source.path),
            "data": None if source.data is None else str(source.data),
            "samples": source.samples,
            "partition": [source.index, source.count],
            "config": dict(source.config),
        }
        self._ask("start", Message(given), _LOADING)

    def train(self, parameters: Parameters, round: int) -> Trained:
        answer = self._ask("train", Message({"do": "train", "round": round}, parameters), self._limit)
        return checked_training(parameters, answer.arrays, answer.words.get("samples"))

    def evaluate(self, parameters: Parameters, round: int) -> Evaluated:
        answer = self._ask("evaluate", Message({"do": "evaluate", "round": round}, parameters), self._limit)
        return checked_evaluation(answer.words.get("loss"), answer.words.get("samples"))

    def _ask(self, what: str, message: Message, limit: float) -> Message:
        if not self._end.alive:
            raise AppError("the app was stopped: start again")
        try:
            send(self._socket, message, limit)
            answer = receive(self._socket, limit)
        except TimeoutError:
            self._end()
            raise AppError(
                f"the app's {what} took more than {limit:.0f} s and was stopped: make it faster, or allow more "
                "with --time-limit"
            ) from None
        except BadMessage as error:
            with suppress(subprocess.TimeoutExpired):
                self._process.wait(1)
            self._end()
            raise AppError(f"the app's process ended in its {what}{_why(self._process)}: {error}") from error
        if "error" in answer.words:
            raise AppError(str(answer.words["error"]))
        return answer


def _end(process: subprocess.Popen[bytes], own: socket.socket) -> None:
    """With whatever the app started, unless that went its own way."""
    own.close()
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def _why(process: subprocess.Popen[Any]) -> str:
    status = process.returncode
    if status is None:
        return ""
    return f" (killed by {signal.Signals(-status).name})" if status < 0 else f" (status {status})"
