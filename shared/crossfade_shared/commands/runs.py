"""`crossfade run`, `freeze`, `unfreeze` and `forecast`: runs as a whole."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from crossfade_shared.client.answers import Run
from crossfade_shared.commands.forecast_table import show_forecast
from crossfade_shared.commands.option_groups import Connection, grouped
from crossfade_shared.commands.printing import print_json, print_table, tokens, visible
from crossfade_shared.errors import UserError

app = typer.Typer(
    add_completion=False,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    help="Register and see runs.",
)
freeze_app = typer.Typer(add_completion=False, pretty_exceptions_enable=False, rich_markup_mode=None)
unfreeze_app = typer.Typer(add_completion=False, pretty_exceptions_enable=False, rich_markup_mode=None)
forecast_app = typer.Typer(add_completion=False, pretty_exceptions_enable=False, rich_markup_mode=None)

RunName = Annotated[str, typer.Argument(metavar="RUN", help="The run's name.")]
Reason = Annotated[str, typer.Option(help="Why; the run's history keeps it.")]
Description = Annotated[
    Path, typer.Argument(metavar="FILE", help="YAML or JSON: name, horizon_tokens, sources, mixture; - reads it here.")
]


@app.command()
@grouped
def create(file: Description, *, connection: Connection) -> None:
    """Register a run and print the key that signs its mixtures; it is shown this once."""
    body = _read(file)
    with connection.open() as client:
        run = client.create_run(body)
    if connection.as_json:
        return print_json(run)
    typer.echo(run["signing_key"])
    return typer.echo(
        f"run {run['name']} is registered; the line on standard output is its signing key, for training alone to read",
        err=True,
    )


@app.command(name="show")
@grouped
def show_run(run: RunName, *, connection: Connection) -> None:
    """Show a run, its sources and how far it is."""
    with connection.open() as client:
        found = client.run(run)
    if connection.as_json:
        return print_json(found)
    typer.echo(f"{found['name']}  {_progress(found)}  mixture version {found['version']}")
    if found["frozen"]:
        typer.echo(f"policies are frozen by {found['frozen']['by']}: {visible(found['frozen']['reason'])}")
    rows = [
        (source["name"], tokens(source["unique_tokens"]), f"{source['max_epochs']:g}", " ".join(source["capabilities"]))
        for source in found["sources"]
    ]
    print_table(("source", "unique tokens", "max epochs", "capabilities"), rows)
    if found["targets"]:
        goals = [(visible(goal["task"]), visible(goal["metric"]), f"{goal['value']:g}") for goal in found["targets"]]
        print_table(("task", "metric", "target"), goals)
    return None


@app.command(name="list")
@grouped
def list_runs(
    *,
    limit: Annotated[int | None, typer.Option(min=1, help="Only so many, the newest ones.")] = None,
    connection: Connection,
) -> None:
    """List the runs, newest first."""
    with connection.open() as client:
        runs = client.runs(limit=limit)
    if connection.as_json:
        return print_json(runs)
    rows = [(run["name"], str(run["version"]), "frozen" if run["frozen"] else "", _progress(run)) for run in runs]
    return print_table(("run", "version", "policies", "progress"), rows)


@freeze_app.command()
@grouped
def freeze(run: RunName, *, reason: Reason, connection: Connection) -> None:
    """Stop a run's policies at once; people may still change its mixture."""
    with connection.open() as client:
        _tell(client.freeze(run, reason=reason), "policies are frozen", connection)


@unfreeze_app.command()
@grouped
def unfreeze(run: RunName, *, reason: Reason, connection: Connection) -> None:
    """Let a run's policies go on."""
    with connection.open() as client:
        _tell(client.unfreeze(run, reason=reason), "policies go on", connection)


@forecast_app.command()
@grouped
def forecast(run: RunName, *, connection: Connection) -> None:
    """Show tokens and epochs of every source at the end of the run, if the mixture stays."""
    with connection.open() as client:
        found = client.forecast(run)
    if connection.as_json:
        return print_json(found)
    typer.echo(f"{tokens(found['tokens'])} of {tokens(found['horizon_tokens'])} tokens are trained on")
    return show_forecast(found)


def _tell(run: Run, news: str, connection: Connection) -> None:
    if connection.as_json:
        return print_json(run)
    return typer.echo(f"{run['name']}: {news}")


def _progress(run: Run) -> str:
    if run["step"] is None:
        return "not begun"
    phase = "finished" if run["finished_at"] else run["phase"] or "running"
    return f"step {run['step']}  {tokens(run['tokens'])} of {tokens(run['horizon_tokens'])} tokens  {phase}"


def _read(file: Path) -> dict[str, Any]:
    """Read what the controller is asked to register; it checks the fields itself."""
    import yaml  # noqa: PLC0415 - only this command waits for it to load

    try:
        body = yaml.safe_load(sys.stdin.read() if str(file) == "-" else file.read_text(encoding="utf-8"))
    except (OSError, ValueError, yaml.YAMLError) as error:
        raise UserError(f"{file} cannot be read as YAML or JSON: {error}", field="FILE") from None
    if not isinstance(body, dict):
        raise UserError(f"{file} holds no run; it needs name, horizon_tokens, sources and mixture", field="FILE")
    return body
