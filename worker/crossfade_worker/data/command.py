"""`crossfade data`: text to token shards."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import Progress
from rich.table import Table

from crossfade_worker.data.prepare import prepare_corpus
from crossfade_worker.data.settings import load_corpus_settings
from crossfade_worker.data.shards import Corpus

app = typer.Typer(no_args_is_help=True, help="Text to token shards.")


@app.callback()
def _group() -> None:
    """Keep `prepare` a subcommand: more will stand beside it."""


@app.command()
def prepare(
    settings: Annotated[Path, typer.Argument(metavar="CORPUS.yaml", help="What the corpus is made of.")],
    processes: Annotated[int | None, typer.Option(min=1, help="Tokenising processes; one a core if left out.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Make a corpus, go on with an interrupted one, or show the one that is there."""
    errors = Console(stderr=True)
    with Progress(console=errors, disable=not errors.is_terminal) as progress:
        corpus = prepare_corpus(load_corpus_settings(settings), progress=progress, num_processes=processes)
    if as_json:
        typer.echo(json.dumps(_summary(corpus)))
    else:
        Console().print(_table(corpus))


def _summary(corpus: Corpus) -> dict[str, object]:
    return {
        "directory": str(corpus.directory),
        "fingerprint": corpus.fingerprint,
        "vocab_size": corpus.vocab_size,
        "sources": {
            name: {
                "num_tokens": source.num_tokens,
                "num_documents": source.num_documents,
                "num_text_bytes": source.num_text_bytes,
                "fingerprint": source.fingerprint,
            }
            for name, source in corpus.sources.items()
        },
    }


def _table(corpus: Corpus) -> Table:
    table = Table("source", title=f"{corpus.directory}  fingerprint {corpus.fingerprint[:12]}")
    for column in ("tokens", "documents", "held out", "duplicates", "bytes a token"):
        table.add_column(column, justify="right")
    for name, source in corpus.sources.items():
        table.add_row(
            name,
            f"{source.num_tokens:,}",
            f"{source.num_documents:,}",
            f"{source.num_held_out_documents:,}",
            f"{source.num_duplicates:,}",
            f"{source.num_text_bytes / source.num_tokens:.2f}",
        )
    return table
