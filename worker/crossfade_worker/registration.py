"""`crossfade register RUN.yaml`: make a run known to its controller, and keep the secrets that it shows once."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any

import typer

from crossfade_shared.client import Client
from crossfade_shared.errors import UnreachableError, UserError
from crossfade_worker.config import RunConfig, load_run_config
from crossfade_worker.data.shards import Corpus, open_corpus

app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)


@app.command()
def _register(
    run_yaml: Annotated[Path, typer.Argument(help="The run's configuration.", metavar="RUN.yaml")],
    evaluator_token: Annotated[
        Path | None,
        typer.Option(help="Make a token as well that may post the scores of this run alone, and write it here."),
    ] = None,
) -> None:
    """Register a run with what its configuration and its corpus say, and write its signing key where they name it.

    What is there already stays: run it again after it was interrupted.
    """
    config = load_run_config(run_yaml)
    with Client(_setting(config, "controller_url")) as client:
        register_run(config, client)
        typer.echo(
            f"run {config.run} is registered at {client.url}; its signing key: {config.control.signing_key_file}"
        )
        if evaluator_token:
            make_evaluator_token(config, client, evaluator_token)
            typer.echo(f"the token of its evaluator: {evaluator_token}")


def register_run(config: RunConfig, client: Client) -> None:
    """Register a run and write its signing key to the file that `control` names, which only this user can read.

    Nothing happens where the key is there and the controller knows the run. Raises `UserError` naming the setting that
    is missing, the source that the corpus has not, or a key of a run that the controller does not know. Where
    the controller refuses, no key file is left.
    """
    key_file: Path = _setting(config, "signing_key_file")
    if key_file.exists():
        _check_known(config, client, key_file)
    else:
        body = registration(config, open_corpus(config.corpus))
        _write_secret(key_file, lambda: client.create_run(body)["signing_key"], field="control.signing_key_file")


def make_evaluator_token(config: RunConfig, client: Client, path: Path) -> None:
    """Write a new token that may post scores of this run and change nothing else, unless the file is there."""
    name = f"evaluator of {config.run}"
    if not path.exists():
        _write_secret(
            path,
            lambda: client.create_token(name, scopes=["evaluator"], run=config.run)["token"],
            field="evaluator_token",
        )


def registration(config: RunConfig, corpus: Corpus) -> dict[str, Any]:
    """Give the body of `POST /v1/runs`: the run as its configuration and its corpus describe it."""
    return {
        "name": config.run,
        "horizon_tokens": config.training.total_steps * config.tokens_per_step,
        "sources": [_source(name, config, corpus) for name in config.mixture],
        "mixture": config.mixture,
    }


def _source(name: str, config: RunConfig, corpus: Corpus) -> dict[str, Any]:
    if name not in corpus.sources:
        raise UserError(
            f"mixture.{name}: the corpus has no such source; it has {', '.join(sorted(corpus.sources))}",
            field=f"mixture.{name}",
        )
    source: dict[str, Any] = {"name": name, "unique_tokens": corpus.sources[name].num_tokens}
    if name in config.epochs:
        source["max_epochs"] = config.epochs[name].max_epochs
    return source


def _setting(config: RunConfig, name: str) -> Any:  # noqa: ANN401 - a text or a path
    value = getattr(config.control, name)
    if value is None:
        raise UserError(
            f"control.{name} is missing: RUN.yaml names the controller and the file for the run's signing key",
            field=f"control.{name}",
        )
    return value


def _check_known(config: RunConfig, client: Client, key_file: Path) -> None:
    try:
        client.run(config.run)
    except UnreachableError:
        raise
    except UserError as error:
        raise UserError(
            f"control.signing_key_file: {key_file} is there, from an earlier registration, but the controller says: "
            f"{error}; remove the file to register the run anew, or name the controller that knows it",
            field="control.signing_key_file",
        ) from None


def _write_secret(path: Path, ask: Callable[[], str], *, field: str) -> None:
    """Write what `ask` gives to a new file of this user alone; the file is made first and is gone if asking fails."""
    try:
        file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except OSError as error:
        raise UserError(f"{field}: {path} cannot be written ({error.strerror})", field=field) from error
    with os.fdopen(file, "w") as secret:
        try:
            secret.write(ask())
        except BaseException:
            path.unlink()
            raise
