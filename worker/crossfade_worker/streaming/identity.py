"""What a run is made of: it must be equal for a resume to draw the same batches."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from crossfade_shared.errors import UserError
from crossfade_worker.data.shards import Corpus
from crossfade_worker.files import write_atomically
from crossfade_worker.streaming.settings import StreamSettings


def identity_of(settings: StreamSettings, corpus: Corpus) -> dict[str, Any]:
    """Give what must be equal for a resume; caps are not in it, because they may change at one."""
    return {
        "run": settings.run,
        "seed": settings.seed,
        "batch_sequences": settings.batch_sequences,
        "sequence_length": settings.sequence_length,
        "vocab_size": corpus.vocab_size,
        "sources": {name: source.fingerprint for name, source in corpus.sources.items()},
    }


def hold_against(path: Path, identity: Mapping[str, Any]) -> None:
    """Write down what a new run is made of; hold an old one against it, even if it has no checkpoint yet.

    Raises `UserError` naming the first difference, or the file if it cannot be read.
    """
    if not path.exists():
        write_atomically(path, json.dumps(identity, indent=1).encode())
        return
    try:
        made_of = json.loads(path.read_bytes())
    except ValueError as error:
        raise UserError(f"{path} cannot be read ({error}); restore it from a copy") from error
    check_identity(made_of, identity, origin=f"the run in {path.parent}")


def check_identity(made_of: Mapping[str, Any], given: Mapping[str, Any], *, origin: str, field: str = "") -> None:
    """Raise `UserError` naming the first difference between what a checkpoint was made of and what is given now."""
    for name in sorted(made_of.keys() | given.keys()):
        place = f"{field}.{name}" if field else name
        before, now = made_of.get(name), given.get(name)
        if isinstance(before, dict) and isinstance(now, dict):
            check_identity(before, now, origin=origin, field=place)
        elif before != now:
            raise UserError(
                f"{place} is {now!r}, but {origin} was made with {before!r}; resume with what it was made with, or "
                "start a new run in a `directory` of its own",
                field=place,
            )
