"""Finds out what kind of app a path holds, and loads it: the user's own code, from the user's own disk."""

from __future__ import annotations

import importlib
import importlib.util
import inspect
import sys
import tomllib
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

from covey.apps.app import App, AppError, Partition
from covey.apps.flock import METHODS, FlockApp

if TYPE_CHECKING:
    from flwr.clientapp import ClientApp


def load_app(
    path: Path, data: Path | None, samples: int, partition: Partition, config: Mapping[str, Any] | None = None
) -> App:
    """The app at `path`: a folder with a Flower app's pyproject.toml, or a Python file with a FLock model.

    `data` and `samples` (how many examples it holds) are for FLock models; `partition` and `data` (`data-path` in the
    app's run configuration) for Flower apps, `config` for what their own server would send with a round. Raises
    AppError.
    """
    if path.is_dir():
        try:
            return _flower_app(path, data, partition, config or {})
        except ImportError as error:
            raise AppError("Flower is not installed: pip install 'covey[flower]'") from error
    if path.suffix == ".py" and path.is_file():
        if data is None:
            raise AppError("a FLock model needs data: say --data PATH")
        return FlockApp(_flock_model(path), data, samples)
    raise AppError(f"{path} is neither a Flower app's folder nor a Python file with a FLock model")


def _flower_app(folder: Path, data: Path | None, partition: Partition, config: Mapping[str, Any]) -> App:
    from covey.apps.flower import FlowerApp

    app, run_config = _client_app(folder.resolve())
    return FlowerApp(app, run_config if data is None else {**run_config, "data-path": str(data)}, partition, config)


@cache
def _client_app(folder: Path) -> tuple[ClientApp, Mapping[str, Any]]:
    """A Flower app's code and run configuration: a process that plays many clients loads them once."""
    try:
        project = tomllib.loads((folder / "pyproject.toml").read_text(encoding="utf-8"))
        flower: Mapping[str, Any] = project["tool"]["flwr"]["app"]
        reference: str = flower["components"]["clientapp"]
    except (OSError, UnicodeError, tomllib.TOMLDecodeError, KeyError, TypeError) as error:
        raise AppError(f"{folder}/pyproject.toml names no Flower clientapp: {error!r}") from error
    from flwr.clientapp import ClientApp

    module, _, name = str(reference).partition(":")
    app = _attribute(folder, module, name)
    if not isinstance(app, ClientApp):
        raise AppError(f"{reference} is {type(app).__name__}, not a Flower ClientApp")
    return app, dict(_flat(flower.get("config", {})))


def _flock_model(file: Path) -> Any:
    module = _guarded_import(file.parent, file.name, lambda: _run_file(file))
    models = [
        member
        for _, member in inspect.getmembers(module, inspect.isclass)
        if member.__module__ == module.__name__ and all(callable(getattr(member, name, None)) for name in METHODS)
    ]
    if len(models) != 1:
        raise AppError(f"{file} holds {len(models)} classes with {', '.join(METHODS)}; write one")
    try:
        return models[0]()
    except Exception as error:  # whatever a user's code raises
        raise AppError(f"{models[0].__name__}() failed: {type(error).__name__}: {error}") from error


def _attribute(folder: Path, module: str, name: str) -> object:
    if not name.isidentifier():
        raise AppError(f"{module}:{name} names no object: write package.module:app")
    try:
        return getattr(_guarded_import(folder, module, lambda: importlib.import_module(module)), name)
    except AttributeError as error:
        raise AppError(f"{module} has no {name}") from error


def _run_file(file: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location(f"covey_app_{file.stem}", file)
    if spec is None or spec.loader is None:
        raise ImportError(f"{file} is no Python source")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def _guarded_import(folder: Path, what: str, load: Callable[[], ModuleType]) -> ModuleType:
    """Runs `load` where modules beside the app can be imported."""
    with _importable(folder):
        try:
            return load()
        except Exception as error:  # whatever a user's code raises
            raise AppError(f"cannot import {what} from {folder}: {type(error).__name__}: {error}") from error


@contextmanager
def _importable(folder: Path) -> Iterator[None]:
    path = str(folder.resolve())
    sys.path.insert(0, path)
    try:
        yield
    finally:
        sys.path.remove(path)


def _flat(config: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    """Nested tables by dotted names, as Flower hands them to apps."""
    for name, value in config.items():
        if isinstance(value, Mapping):
            yield from _flat(value, f"{prefix}{name}.")
        else:
            yield f"{prefix}{name}", value
