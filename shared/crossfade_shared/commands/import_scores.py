"""`crossfade import`: scores that somebody else measured."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import typer

from crossfade_shared.client import Client
from crossfade_shared.commands.option_groups import Connection, grouped
from crossfade_shared.commands.printing import print_json
from crossfade_shared.errors import UnauthorisedError, UnreachableError, UserError
from crossfade_shared.lm_eval_results import LmEvalResults, read_lm_eval, step_in

MAX_SCORES = 1000
"""As many as the controller takes at once."""

app = typer.Typer(
    add_completion=False,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    help="Store scores that were measured elsewhere.",
)


@app.callback()
def _group() -> None:
    """Keep `lm-eval` a word of its own, beside importers to come."""


@dataclass(frozen=True, kw_only=True)
class Place:
    """Where on the run's way the scores were measured; without an option it is what the file itself tells."""

    step: Annotated[
        int | None, typer.Option(min=0, help="Steps trained; without it: as the model's or the file's name tells.")
    ] = None
    tokens: Annotated[
        int | None, typer.Option(min=0, help="Tokens trained; without it: the step by the run's tokens per step.")
    ] = None
    checkpoint: Annotated[
        str | None, typer.Option(help="Names the checkpoint; without it: the model that the file names.")
    ] = None


@app.command(name="lm-eval")
@grouped
def import_lm_eval(
    paths: Annotated[list[Path], typer.Argument(metavar="FILE", help="Results files, or folders that hold some.")],
    *,
    run: Annotated[str, typer.Option(metavar="RUN", help="The run that the checkpoint belongs to.")],
    place: Place,
    connection: Connection,
) -> None:
    """Store the scores in results files of lm-eval; storing them again changes nothing."""
    files = {path: read_lm_eval_file(path) for path in _files(paths)}
    stored = []
    with connection.open() as client:
        for path, results in files.items():
            with _naming(path):
                stored.append(_post(client, run, path, results, place))
            if not connection.as_json:
                _tell(stored[-1])
    if connection.as_json:
        print_json(stored)


def read_lm_eval_file(path: Path) -> LmEvalResults:
    """Read a results file; raises `UserError` with its name where it is none."""
    try:
        document = json.loads(path.read_text(encoding="utf-8-sig"))
    except (OSError, ValueError, RecursionError) as error:
        raise UserError(f"{path} cannot be read as JSON: {error}", field="FILE") from None
    with _naming(path):
        return read_lm_eval(document if isinstance(document, dict) else {})


@contextmanager
def _naming(path: Path) -> Iterator[None]:
    """Say in every refusal which file it is about; who cannot come in at all has to mend something else."""
    try:
        yield
    except (UnreachableError, UnauthorisedError):
        raise
    except UserError as error:
        raise type(error)(f"{path}: {error}", field=error.field, problem=error.problem) from error


def _files(paths: Iterable[Path]) -> Iterator[Path]:
    """Give the files named, and below folders those that lm-eval calls results."""
    for path in paths:
        if not path.is_dir():
            yield path
            continue
        found = sorted(path.rglob("*results*.json"))
        if not found:
            raise UserError(f"there is no results file (*results*.json) below {path}", field="FILE")
        yield from found


def _post(client: Client, run: str, path: Path, results: LmEvalResults, place: Place) -> dict[str, Any]:
    """Send the scores of one file, and say what was made of it."""
    for skipped in results.skipped:
        typer.echo(f"{path}: {skipped}", err=True)
    step = _step(path, results, place)
    tokens = _tokens(client, run, step) if place.tokens is None else place.tokens
    body = {"step": step, "tokens": tokens, "checkpoint": place.checkpoint or results.checkpoint or path.name}
    num_new = 0
    for first in range(0, len(results.scores), MAX_SCORES):
        part = results.scores[first : first + MAX_SCORES]
        num_new += client.post_scores(run, {**body, "results": part})["num_new"]
    return {"file": str(path), **body, "num_results": len(results.scores), "num_new": num_new}


def _tell(stored: dict[str, Any]) -> None:
    new = f"{stored['num_new']} of them new"
    typer.echo(f"{stored['file']}: {stored['num_results']} scores of step {stored['step']}, {new}")


def _step(path: Path, results: LmEvalResults, place: Place) -> int:
    known = (place.step, results.step, step_in(str(path)))
    step = next((step for step in known if step is not None), None)
    if step is None:
        raise UserError("it does not tell at which step its model was; add --step", field="step")
    return step


def _tokens(client: Client, run: str, step: int) -> int:
    tokens_per_step = client.run(run)["tokens_per_step"]
    if tokens_per_step is None:
        raise UserError(f"run {run} was not told its tokens per step by any worker yet; add --tokens", field="tokens")
    return step * tokens_per_step
