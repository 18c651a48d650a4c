"""From a function to a verb of the command line.

The function's parameters are the verb's; one whose type is a group of `options` stands for all options of the group,
and one of type Output receives where to write, along with `--json` and `--debug`.
"""

import inspect
import logging
import os
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import MISSING, Field, fields, is_dataclass
from inspect import Parameter, Signature
from typing import Annotated, Any, TypeVar, get_type_hints

import typer

from covey.cli.exits import MEANINGS, Exit
from covey.cli.output import Output

_Json = Annotated[bool, typer.Option("--json", help="Write the result as JSON.")]
_Debug = Annotated[bool, typer.Option("--debug", envvar="COVEY_DEBUG", help="Log what happens; show tracebacks.")]

F = TypeVar("F", bound=Callable[..., Exit | None])


def verb(app: typer.Typer, name: str | None = None, *, examples: str, hidden: bool = False) -> Callable[[F], F]:
    """Registers a function as a verb. `examples` are command lines, one per line."""

    def register(function: F) -> F:
        groups: dict[str, type] = {}
        parameters: list[Parameter] = []
        for parameter in inspect.signature(function, eval_str=True).parameters.values():
            if isinstance(parameter.annotation, type) and is_dataclass(parameter.annotation):
                groups[parameter.name] = parameter.annotation
                parameters += _spelt_out(parameter.annotation)
            elif parameter.annotation is not Output:
                parameters.append(parameter.replace(kind=Parameter.KEYWORD_ONLY))
        for option, annotation in (("as_json", _Json), ("debug", _Debug)):
            parameters.append(Parameter(option, Parameter.KEYWORD_ONLY, default=False, annotation=annotation))

        def run(**values: Any) -> None:
            out = Output(values.pop("as_json"))
            debug = values.pop("debug")
            _log(debug)
            arguments = {
                name: group(**{field.name: values.pop(field.name) for field in fields(group)})
                for name, group in groups.items()
            }
            raise typer.Exit(_outcome(lambda: function(**arguments, **values, out=out), out, debug))

        run.__name__ = function.__name__
        run.__doc__ = function.__doc__
        run.__signature__ = Signature(parameters)  # type: ignore[attr-defined]
        run.__annotations__ = {parameter.name: parameter.annotation for parameter in parameters}
        epilog = "\n\n".join(["Examples:", *(f"  {line.strip()}" for line in examples.strip().splitlines()), MEANINGS])
        app.command(name, epilog=epilog, hidden=hidden)(run)
        return function

    return register


def _spelt_out(group: type) -> Iterator[Parameter]:
    hints = get_type_hints(group, include_extras=True)
    for field in fields(group):
        yield Parameter(field.name, Parameter.KEYWORD_ONLY, default=_default(field), annotation=hints[field.name])


def _default(field: Field[Any]) -> Any:
    return field.default if field.default_factory is MISSING else field.default_factory()


def _outcome(work: Callable[[], Exit | None], out: Output, debug: bool) -> Exit:
    """Runs a verb; whatever goes wrong becomes two lines and a status."""
    try:
        return work() or Exit.OK
    except typer.Exit as done:
        return Exit(done.exit_code)
    except KeyboardInterrupt as stop:
        out.note(str(stop) or "stopped; start the same command again to go on")
        return Exit.INTERRUPTED
    except BrokenPipeError:
        # Whoever read our output has gone; what is left in the buffers must not fail again at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return Exit.OK
    except Exception as error:
        if debug:
            logging.getLogger("covey").exception("the command failed")
        from covey.cli.failures import explain

        failure = explain(error)
        with suppress(OSError):  # no room for it, say: the status tells
            out.failure(failure.what, failure.advice, type(error).__name__, failure.exit)
        return failure.exit


def _log(debug: bool) -> None:
    levels: Mapping[bool, int] = {True: logging.DEBUG, False: logging.ERROR}
    logging.basicConfig(stream=sys.stderr, format="%(asctime)s %(name)s %(levelname)s %(message)s")
    logging.getLogger("covey").setLevel(levels[debug])
