"""`crossfade mix`: see and change the mixture of a run."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated

import typer

from crossfade_shared.client import Change
from crossfade_shared.client.answers import Difference, Version, VersionWithRealised
from crossfade_shared.commands.assignments import Assignments, read_numbers
from crossfade_shared.commands.option_groups import Connection, grouped
from crossfade_shared.commands.printing import percent, print_json, print_json_line, print_table, visible
from crossfade_shared.commands.steering import Steering, steer
from crossfade_shared.errors import ConflictError

app = typer.Typer(
    add_completion=False,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    help="See and change the mixture of a run.",
)

RunName = Annotated[str, typer.Argument(metavar="RUN", help="The run's name.")]
VersionNumber = Annotated[int, typer.Argument(metavar="VERSION", min=1, help="A version's number.")]
Reason = Annotated[str, typer.Option(help="Why; the history keeps it.")]


@app.command()
@grouped
def show(run: RunName, *, connection: Connection) -> None:
    """Show the current mixture, how far it has travelled, and the shares realised under it."""
    with connection.open() as client:
        current = client.mixture(run)
    if connection.as_json:
        return print_json(current)
    realised = current["realised"] or {}
    typer.echo(f"version {current['version']}  {_state(current)}  {_why(current)}")
    rows = [(name, percent(share), percent(realised.get(name))) for name, share in current["weights"].items()]
    return print_table(("source", "weight", "realised"), rows)


@app.command()
@grouped
def history(
    run: RunName,
    *,
    limit: Annotated[int | None, typer.Option(min=1, help="Only so many, the newest ones.")] = None,
    connection: Connection,
) -> None:
    """Show every version, newest first."""
    with connection.open() as client:
        versions = client.versions(run, limit=limit)
    if connection.as_json:
        return print_json(versions)
    rows = [
        (str(each["version"]), _state(each), _weights(each["weights"]), each["author"], each["reason"])
        for each in versions
    ]
    return print_table(("version", "state", "weights", "author", "reason"), rows)


@app.command()
@grouped
def diff(
    run: RunName,
    version: VersionNumber,
    *,
    base: Annotated[int | None, typer.Option(min=1, help="Another version; without it: the one before.")] = None,
    connection: Connection,
) -> None:
    """Show what differs between two versions."""
    with connection.open() as client:
        difference = client.difference(run, version, base=base)
    if connection.as_json:
        return print_json(difference)
    against = f"version {difference['base']}" if difference["base"] else "nothing"
    typer.echo(f"version {version} against {against}  {_why(difference)}")
    rows = [
        (each["name"], percent(each["base"]), percent(each["weight"]), _points(each["change"]))
        for each in difference["sources"]
    ]
    return print_table(("source", "before", "after", "points"), rows)


@app.command(name="set")
@grouped
def set_weights(
    run: RunName, numbers: Assignments, *, reason: Reason, steering: Steering, connection: Connection
) -> None:
    """Set weights: relative numbers if every source is named, else fractions of 1; the others share the rest."""
    given = read_numbers(numbers)

    def decide(current: VersionWithRealised) -> Change:
        if given.keys() >= current["weights"].keys():
            return Change.whole(given, reason=reason, **steering.options())
        return Change.reweigh(fix=given, reason=reason, **steering.options())

    steer(run, decide, steering, connection)


@app.command()
@grouped
def multiply(run: RunName, numbers: Assignments, *, reason: Reason, steering: Steering, connection: Connection) -> None:
    """Multiply some shares; the other sources share the rest in proportion."""
    change = Change.reweigh(multiply=read_numbers(numbers), reason=reason, **steering.options())
    steer(run, lambda _current: change, steering, connection)


@app.command()
@grouped
def restore(
    run: RunName,
    version: VersionNumber,
    *,
    reason: Annotated[str | None, typer.Option(help="Why; without it: restore version VERSION.")] = None,
    steering: Steering,
    connection: Connection,
) -> None:
    """Make a new version with the weights of an earlier one."""
    change = Change.restore(version, reason=reason, **steering.options())
    steer(run, lambda _current: change, steering, connection)


@app.command()
@grouped
def watch(
    run: RunName,
    version: Annotated[
        int | None, typer.Argument(metavar="VERSION", min=1, help="A version's number; without it: the newest.")
    ] = None,
    *,
    connection: Connection,
) -> None:
    """Tell how a version travels, until the workers apply it."""
    with connection.open() as client, client.follow(run) as events:
        seen: Version = client.version(run, version) if version else client.mixture(run)
        _tell(seen, as_json=connection.as_json)
        while seen["state"] not in {"applied", "superseded"}:
            event = next(events)
            if event["kind"] == "finished":
                raise ConflictError(f"training ended before it applied version {seen['version']}")
            if event["kind"] == "mixture" and event["data"]["version"] == seen["version"]:
                before, seen = seen, client.version(run, seen["version"])
                if seen["state"] != before["state"]:
                    _tell(seen, as_json=connection.as_json)
    if seen["state"] == "superseded":
        raise ConflictError(f"version {seen['version']} was never applied: a later one took its place")


def _tell(version: Version, *, as_json: bool) -> None:
    if as_json:
        return print_json_line(version)
    return typer.echo(f"version {version['version']}  {_state(version)}")


def _why(version: Version | Difference) -> str:
    return f"by {version['author']}: {visible(version['reason'])}"


def _state(version: Version) -> str:
    at = f" at step {version['effective_step']}" if version["state"] == "applied" else ""
    return f"{version['state']}{at}"


def _weights(weights: Mapping[str, float]) -> str:
    return " ".join(f"{name}={share:.4g}" for name, share in weights.items())


def _points(change: float | None) -> str:
    return "-" if change is None else f"{100 * change:+.4g}"
