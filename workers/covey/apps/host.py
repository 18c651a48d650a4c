"""The process of an app: `python -m covey.apps.host SOCKET`, a file descriptor. Ends when the worker does.

What the app prints goes to standard error, as a worker's standard output is the worker's own.
"""

from __future__ import annotations

import os
import select
import signal
import socket
import sys
import threading
from pathlib import Path
from typing import Any

from covey.apps.app import App, AppError, Partition
from covey.apps.loading import load_app
from covey.apps.messages import BadMessage, Message, receive, send


def main(descriptor: int) -> None:
    os.dup2(2, 1)
    with socket.socket(fileno=descriptor) as worker:
        threading.Thread(target=_end_with, args=(worker,), daemon=True).start()
        try:
            app = _loaded(receive(worker).words)
            send(worker, Message({}))
            while True:
                send(worker, _answer(app, receive(worker)))
        except AppError as error:
            send(worker, Message({"error": str(error)}))
        except BadMessage:
            pass  # the worker is gone


def _end_with(worker: socket.socket) -> None:
    """Ends this process and what the app started, once the worker is gone, whatever the app is doing."""
    line = select.poll()
    line.register(worker, select.POLLHUP)
    line.poll()
    os.killpg(0, signal.SIGKILL)


def _loaded(given: Any) -> App:
    data = None if given["data"] is None else Path(given["data"])
    return load_app(Path(given["path"]), data, given["samples"], Partition(*given["partition"]), given["config"])


def _answer(app: App, asked: Message) -> Message:
    try:
        if asked.words["do"] == "train":
            trained = app.train(asked.arrays, asked.words["round"])
            return Message({"samples": trained.samples}, trained.parameters)
        evaluated = app.evaluate(asked.arrays, asked.words["round"])
        return Message({"loss": evaluated.loss, "samples": evaluated.samples})
    except AppError as error:
        return Message({"error": str(error)})


if __name__ == "__main__":
    main(int(sys.argv[1]))
