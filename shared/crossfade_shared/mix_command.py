"""`crossfade mix`: see and change the mixture of a run. Results on standard output, notes on standard error."""

from __future__ import annotations

import getpass
import json
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any

import typer

from crossfade_shared.errors import UserError
from crossfade_shared.mixture import Mixture, check_name, complete_weights, reweigh
from crossfade_shared.rest import DEFAULT_CONTROLLER_URL, RestClient

app = typer.Typer(
    add_completion=False,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    help="See and change the mixture of a run.",
)


def _user_name() -> str:
    try:
        return getpass.getuser()
    except (OSError, KeyError, ImportError):  # nothing names this user: neither the environment nor the system
        return "anonymous"


RunName = Annotated[str, typer.Argument(metavar="RUN", help="The run's name.")]
Version = Annotated[int, typer.Argument(metavar="VERSION", min=1, help="A version's number.")]
Assignments = Annotated[list[str], typer.Argument(metavar="SOURCE=NUMBER", help="For example: math=0.14 code=0.2")]
Controller = Annotated[str, typer.Option(envvar="CROSSFADE_CONTROLLER", help="The controller's URL.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print the controller's answer as JSON.")]
Reason = Annotated[str, typer.Option(help="Why; the history keeps it.")]
Author = Annotated[
    str,
    typer.Option(
        envvar="CROSSFADE_AUTHOR",
        help="Who; the history keeps it.",
        default_factory=_user_name,
        show_default="your user name",
    ),
]
Yes = Annotated[bool, typer.Option("--yes", help="Do not ask first.")]
TakesEffect = Annotated[str, typer.Option(help="next_step, step:N or tokens:N.")]


@app.command()
def show(run: RunName, *, controller: Controller = DEFAULT_CONTROLLER_URL, as_json: AsJson = False) -> None:
    """Show the current mixture, how far it has travelled, and the shares realised under it."""
    with RestClient(controller) as rest:
        current = rest.get(f"{_path(run)}/mixture")
    if as_json:
        return _print_json(current)
    realised = current["realised"] or {}
    typer.echo(f"version {current['version']}  {_state(current)}  by {current['author']}: {current['reason']}")
    rows = [(name, _percent(share), _percent(realised.get(name))) for name, share in current["weights"].items()]
    return _print_table(("source", "weight", "realised"), rows)


@app.command()
def history(run: RunName, *, controller: Controller = DEFAULT_CONTROLLER_URL, as_json: AsJson = False) -> None:
    """Show every version, newest first."""
    with RestClient(controller) as rest:
        versions = list(_versions(rest, run))
    if as_json:
        return _print_json(versions)
    rows = [
        (str(each["version"]), _state(each), _weights(each["weights"]), each["author"], each["reason"])
        for each in versions
    ]
    return _print_table(("version", "state", "weights", "author", "reason"), rows)


@app.command()
def diff(
    run: RunName, version: Version, *, controller: Controller = DEFAULT_CONTROLLER_URL, as_json: AsJson = False
) -> None:
    """Show what a version changed against the version it is based on."""
    with RestClient(controller) as rest:
        changed = rest.get(f"{_path(run)}/mixtures/{version}/diff")
    if as_json:
        return _print_json(changed)
    base = f"version {changed['base_version']}" if changed["base_version"] else "nothing"
    typer.echo(f"version {version} against {base}  by {changed['author']}: {changed['reason']}")
    rows = [(each["source"], _percent(each["before"]), _percent(each["after"])) for each in changed["sources"]]
    return _print_table(("source", "before", "after"), rows)


@app.command(name="set")
def set_weights(
    run: RunName,
    numbers: Assignments,
    *,
    reason: Reason,
    author: Author,
    takes_effect: TakesEffect = "next_step",
    yes: Yes = False,
    controller: Controller = DEFAULT_CONTROLLER_URL,
    as_json: AsJson = False,
) -> None:
    """Set weights: relative numbers if every source is named, else fractions of 1; the others share the rest."""
    given, options = _numbers(numbers), _options(reason, author, takes_effect)

    def decide(before: Mixture) -> _Request:
        if given.keys() >= set(before.sources):
            after = Mixture.from_weights(complete_weights(given, before))
            return _Request(RestClient.post, "/mixtures", {"weights": given}, after)
        return _Request(RestClient.patch, "/mixture", {"set": given}, reweigh(before, fix=given))

    _change(run, decide, options, controller=controller, yes=yes, as_json=as_json)


@app.command()
def multiply(
    run: RunName,
    numbers: Assignments,
    *,
    reason: Reason,
    author: Author,
    takes_effect: TakesEffect = "next_step",
    yes: Yes = False,
    controller: Controller = DEFAULT_CONTROLLER_URL,
    as_json: AsJson = False,
) -> None:
    """Multiply some shares; the other sources share the rest in proportion."""
    given, options = _numbers(numbers), _options(reason, author, takes_effect)

    def decide(before: Mixture) -> _Request:
        return _Request(RestClient.patch, "/mixture", {"multiply": given}, reweigh(before, multiply=given))

    _change(run, decide, options, controller=controller, yes=yes, as_json=as_json)


@app.command()
def restore(
    run: RunName,
    version: Version,
    *,
    reason: Annotated[str | None, typer.Option(help="Why; without it: restore version VERSION.")] = None,
    author: Author,
    takes_effect: TakesEffect = "next_step",
    yes: Yes = False,
    controller: Controller = DEFAULT_CONTROLLER_URL,
    as_json: AsJson = False,
) -> None:
    """Make a new version with the weights of an earlier one."""
    options = _options(reason or f"restore version {version}", author, takes_effect)
    with RestClient(controller) as rest:
        current = rest.get(f"{_path(run)}/mixture")
        earlier = rest.get(f"{_path(run)}/mixtures/{version}")
        _confirm(Mixture(current["weights_ppm"]), Mixture(earlier["weights_ppm"]), yes=yes)
        made = rest.post(f"{_path(run)}/mixtures/{version}:restore", options, if_match=current["version"])
    _tell(made, run, as_json=as_json)


@dataclass(frozen=True)
class _Request:
    """What is asked of the controller, below the run's path, and the mixture it makes."""

    send: Callable[..., Any]
    path: str
    body: Mapping[str, Any]
    after: Mixture


def _change(
    run: str,
    decide: Callable[[Mixture], _Request],
    options: Mapping[str, Any],
    *,
    controller: str,
    yes: bool,
    as_json: bool,
) -> None:
    """Decide by the current mixture, ask, send, and tell what was made."""
    with RestClient(controller) as rest:
        current = rest.get(f"{_path(run)}/mixture")
        before = Mixture(current["weights_ppm"])
        request = decide(before)
        _confirm(before, request.after, yes=yes)
        made = request.send(rest, _path(run) + request.path, {**request.body, **options}, if_match=current["version"])
    _tell(made, run, as_json=as_json)


def _path(run: str) -> str:
    return f"/v1/runs/{check_name(run, field='RUN')}"


def _versions(rest: RestClient, run: str) -> Iterator[Any]:
    query: dict[str, str] = {}
    while True:
        page = rest.get(f"{_path(run)}/mixtures", **query)
        yield from page["items"]
        if page["next_page"] is None:
            return
        query = {"page": page["next_page"]}


def _numbers(assignments: Sequence[str]) -> dict[str, float]:
    """Read `math=0.14 code=0.2`."""
    numbers: dict[str, float] = {}
    for assignment in assignments:
        name, _, text = assignment.partition("=")
        try:
            number = float(text)
        except ValueError:
            raise UserError(f"{assignment!r} is not SOURCE=NUMBER; write it like math=0.14", field=name) from None
        if name in numbers:
            raise UserError(f"{name!r} is given twice; give it once", field=name)
        numbers[name] = number
    return numbers


def _options(reason: str, author: str, takes_effect: str) -> dict[str, Any]:
    unit, _, number = takes_effect.partition(":")
    if takes_effect == "next_step":
        return {"reason": reason, "author": author}
    if unit not in {"step", "tokens"} or not number.isdecimal():
        raise UserError(f"--takes-effect {takes_effect!r} is not next_step, step:N or tokens:N", field="takes_effect")
    return {"reason": reason, "author": author, "takes_effect": {unit: int(number)}}


def _confirm(before: Mixture, after: Mixture, *, yes: bool) -> None:
    """Show the difference and ask, on standard error; a no ends the command."""
    rows = [
        (name, _percent(share), _percent(after.weights[name]), f"{100 * (after.weights[name] - share):+.4g}")
        for name, share in before.weights.items()
    ]
    _print_table(("source", "now", "new", "points"), rows, err=True)
    if yes:
        return
    typer.echo("Make this version? [y/N] ", nl=False, err=True)
    if sys.stdin.readline().strip().lower() not in {"y", "yes"}:
        raise typer.Abort


def _tell(made: Mapping[str, Any], run: str, *, as_json: bool) -> None:
    if as_json:
        return _print_json(made)
    typer.echo(f"version {made['version']}  {_state(made)}")
    return typer.echo(f"`crossfade mix show {run}` tells when the workers have applied it", err=True)


def _state(version: Mapping[str, Any]) -> str:
    at = f" at step {version['effective_step']}" if version["state"] == "applied" else ""
    return f"{version['state']}{at}"


def _weights(weights: Mapping[str, float]) -> str:
    return " ".join(f"{name}={share:.4g}" for name, share in weights.items())


def _percent(share: float | None) -> str:
    return "-" if share is None else f"{100 * share:.2f} %"


def _print_table(titles: Sequence[str], rows: Sequence[Sequence[str]], *, err: bool = False) -> None:
    """Print aligned columns; the last one is left ragged."""
    widths = [max(len(row[column]) for row in (titles, *rows)) for column in range(len(titles))]
    for row in (titles, *rows):
        typer.echo("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip(), err=err)


def _print_json(value: object) -> None:
    typer.echo(json.dumps(value, indent=2))
