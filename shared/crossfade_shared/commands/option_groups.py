"""Options that several commands share, as dataclasses: each field is an option of every command that takes it."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import MISSING, Field, dataclass, fields, is_dataclass
from pathlib import Path
from typing import Annotated, Any, get_type_hints

import typer

from crossfade_shared.client import DEFAULT_CONTROLLER_URL, Client
from crossfade_shared.client.credentials import token_from


@dataclass(frozen=True, kw_only=True)
class Connection:
    """Which controller, as whom, and how its answer is printed."""

    controller: Annotated[str, typer.Option(envvar="CROSSFADE_CONTROLLER", help="The controller's URL.")] = (
        DEFAULT_CONTROLLER_URL
    )
    token_file: Annotated[Path | None, typer.Option(help="File that holds the token; without it: CROSSFADE_TOKEN.")] = (
        None
    )
    as_json: Annotated[bool, typer.Option("--json", help="Print the controller's answer as JSON.")] = False

    def open(self) -> Client:
        """Make the client; it connects at its first call."""
        return Client(self.controller, token=token_from(self.token_file))


def grouped(command: Callable[..., None]) -> Callable[..., None]:
    """Give a command whose parameters that are dataclasses are replaced by their fields."""
    hints = get_type_hints(command, include_extras=True)
    groups: dict[str, Any] = {name: hint for name, hint in hints.items() if is_dataclass(hint)}
    parameters: list[inspect.Parameter] = []
    for parameter in inspect.signature(command).parameters.values():
        group = groups.get(parameter.name)
        parameters += _options_of(group) if group else [parameter.replace(annotation=hints[parameter.name])]

    def run(**values: Any) -> None:  # noqa: ANN401 - whatever typer read
        for name, group in groups.items():
            values[name] = group(**{field.name: values.pop(field.name) for field in fields(group)})
        command(**values)

    run.__name__, run.__doc__ = command.__name__, command.__doc__
    run.__annotations__ = {parameter.name: parameter.annotation for parameter in parameters}
    run.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
    return run


def _options_of(group: Any) -> list[inspect.Parameter]:  # noqa: ANN401 - a dataclass
    hints = get_type_hints(group, include_extras=True)
    return [
        inspect.Parameter(
            field.name, inspect.Parameter.KEYWORD_ONLY, default=_default(field), annotation=hints[field.name]
        )
        for field in fields(group)
    ]


def _default(field: Field[Any]) -> Any:  # noqa: ANN401 - of any option
    return inspect.Parameter.empty if field.default is MISSING else field.default
