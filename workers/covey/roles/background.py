"""One long piece of work at a time, beside the loop that must not miss a deadline."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Generic, TypeVar

T = TypeVar("T")


class Background(Generic[T]):
    """Runs one function at a time in a thread that ends with the process; calls `done` after each."""

    def __init__(self, done: Callable[[], None]) -> None:
        self._done = done
        self._name: T | None = None
        self._error: Exception | None = None

    @property
    def busy_with(self) -> T | None:
        """What is being done now."""
        return self._name

    def start(self, name: T, work: Callable[[], object]) -> None:
        """Begins `work`. Raises what the last piece of work raised, once, instead."""
        if self._error is not None:
            error, self._error = self._error, None
            raise error
        if self._name is not None:
            return
        self._name = name
        threading.Thread(target=self._run, args=(work,), daemon=True, name=f"work {name}").start()

    def _run(self, work: Callable[[], object]) -> None:
        try:
            work()
        except Exception as error:
            self._error = error
        finally:
            self._name = None
            self._done()
