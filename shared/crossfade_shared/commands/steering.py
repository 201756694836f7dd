"""How a command changes a mixture: it shows what would become of the change, asks, and only then makes it."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Annotated, Any

import typer

from crossfade_shared.client import Change, ChangeOptions
from crossfade_shared.client.answers import Verdict, Version, VersionWithRealised
from crossfade_shared.client.refusals import error_of
from crossfade_shared.commands.forecast_table import show_forecast
from crossfade_shared.commands.option_groups import Connection
from crossfade_shared.commands.printing import percent, print_json, print_table
from crossfade_shared.errors import UserError


@dataclass(frozen=True, kw_only=True)
class Steering:
    """What every change may say, and whether it is asked for or made at once."""

    takes_effect: Annotated[str, typer.Option(help="next_step, step:N or tokens:N.")] = "next_step"
    override: Annotated[
        list[str] | None, typer.Option(help="A guard rail to pass over, or all; needs the scope approver. Repeatable.")
    ] = None
    evidence: Annotated[
        list[str] | None, typer.Option(help="What speaks for it; the history keeps it. Repeatable.")
    ] = None
    on_behalf_of: Annotated[
        str | None, typer.Option(envvar="CROSSFADE_ON_BEHALF_OF", help="For whom; the history keeps it.")
    ] = None
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask first.")] = False
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show what would become of it and change nothing.")] = False

    def options(self) -> ChangeOptions:
        """Give what goes into the change."""
        options = ChangeOptions(takes_effect=_takes_effect(self.takes_effect))
        if self.override:
            options["override"] = self.override
        if self.evidence:
            options["evidence"] = self.evidence
        if self.on_behalf_of:
            options["on_behalf_of"] = self.on_behalf_of
        return options


def steer(
    run: str, decide: Callable[[VersionWithRealised], Change], steering: Steering, connection: Connection
) -> None:
    """Decide by the current mixture, show the verdict, ask, send, and tell what was made.

    Raises what `Client.change_mixture` raises, before anybody is asked where the verdict foresees it, and `UserError`
    where nobody can be asked.
    """
    if not (steering.yes or steering.dry_run or sys.stdin.isatty()):
        raise UserError("standard input is no terminal, so nobody can be asked; add --yes to make the change unasked")
    with connection.open() as client:
        current = client.mixture(run)
        change = decide(current)
        verdict = client.preview(run, change)
        if steering.dry_run:
            return _tell_verdict(current, verdict, as_json=connection.as_json)
        _show(current, verdict, err=True)
        _raise_problem(verdict)
        _ask(yes=steering.yes)
        made = client.change_mixture(run, change, based_on=current["version"])
    return _tell(run, made, as_json=connection.as_json)


def _tell_verdict(current: Version, verdict: Verdict, *, as_json: bool) -> None:
    if as_json:
        print_json(verdict)
    else:
        _show(current, verdict, err=False)
    _raise_problem(verdict)


def _tell(run: str, made: Version, *, as_json: bool) -> None:
    if as_json:
        return print_json(made)
    typer.echo(f"version {made['version']}  {made['state']}")
    return typer.echo(f"`crossfade mix watch {run} {made['version']}` waits until the workers apply it", err=True)


def _show(current: Version, verdict: Verdict, *, err: bool) -> None:
    """Print the difference, what the guard rails did, and where it leads."""
    if verdict["weights"] is not None:
        _show_difference(current["weights"], verdict["weights"], verdict["asked_weights"], err=err)
    for finding in verdict["guardrails"]:
        typer.echo(f"guard rail {finding['rail']}: {finding['message']}", err=err)
    if verdict["forecast"]:
        show_forecast(verdict["forecast"], err=err)


def _show_difference(
    now: Mapping[str, float], new: Mapping[str, float], asked: Mapping[str, float] | None, *, err: bool
) -> None:
    bound = asked is not None and asked != new
    titles = ("source", "now", *(("asked",) if bound else ()), "new", "points")
    rows = [
        (
            name,
            percent(now.get(name)),
            *((percent((asked or {}).get(name)),) if bound else ()),
            percent(share),
            f"{100 * (share - now.get(name, 0)):+.4g}",
        )
        for name, share in new.items()
    ]
    print_table(titles, rows, err=err)


def _raise_problem(verdict: Verdict) -> None:
    if not verdict["valid"]:
        problem: Mapping[str, Any] = verdict["problem"] or {}
        raise error_of(int(problem.get("status", 422)), problem)


def _ask(*, yes: bool) -> None:
    """Ask on standard error; a no ends the command."""
    if yes:
        return
    typer.echo("Make this version? [y/N] ", nl=False, err=True)
    if sys.stdin.readline().strip().lower() not in {"y", "yes"}:
        raise typer.Abort


def _takes_effect(text: str) -> str | dict[str, int]:
    unit, _, number = text.partition(":")
    if text == "next_step":
        return text
    if unit not in {"step", "tokens"} or not number.isdecimal():
        raise UserError(f"--takes-effect {text!r} is not next_step, step:N or tokens:N", field="takes_effect")
    return {unit: int(number)}
