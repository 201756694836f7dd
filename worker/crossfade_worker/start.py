"""Where an attempt begins: under the ledger that earlier attempts left, at a state that is of this same run."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from crossfade_shared.envelope import MixtureEnvelope
from crossfade_shared.errors import UserError
from crossfade_shared.ledger import Ledger, LedgerEntry
from crossfade_shared.mixture import Mixture
from crossfade_worker.batch_log import batch_log_files
from crossfade_worker.files import write_atomically
from crossfade_worker.leader import ask_leader
from crossfade_worker.run_directory import RunDirectory
from crossfade_worker.stream_settings import StreamSettings
from crossfade_worker.world import Ranks

_STEPS_AHEAD = 2  # rank 0 may have logged step s while another rank had drawn s + 1 already


@dataclass(frozen=True)
class RunStart:
    """What earlier attempts left behind; the same on every rank."""

    attempt: int
    first_free_step: int
    """First step that no earlier attempt can have drawn: no new version takes effect before it."""
    ledger: Ledger | None
    """As the journal has it; None for a run that never began."""

    def to_json(self) -> dict[str, Any]:
        """Give plain JSON values."""
        return {
            "attempt": self.attempt,
            "first_free_step": self.first_free_step,
            "ledger": self.ledger.to_json() if self.ledger else None,
        }

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> RunStart:
        """Read what `to_json` wrote."""
        return cls(
            attempt=values["attempt"],
            first_free_step=values["first_free_step"],
            ledger=Ledger.from_json(values["ledger"]) if values["ledger"] else None,
        )


@contextmanager
def claim_run(directory: RunDirectory, identity: Mapping[str, Any], ranks: Ranks) -> Iterator[RunStart]:
    """Hold the run's folder and give every rank the same start; rank 0 alone looks at the folder.

    Raises `UserError` on every rank alike, so that none is left waiting for another.
    """
    with ExitStack() as lock:

        def claim() -> dict[str, Any]:
            lock.enter_context(directory.locked())
            directory.journal.repair()
            return find_start(directory, identity).to_json()

        yield RunStart.from_json(ask_leader(claim, ranks))


def find_start(directory: RunDirectory, identity: Mapping[str, Any]) -> RunStart:
    """Look through a run's folder for what earlier attempts left.

    Raises `UserError` if it cannot be read or if the run was made of something else than `identity`.
    """
    _check_made_of(directory, identity)
    logs = batch_log_files(directory.batches)
    last_steps = [log.last_step() for log in logs if log.rank == 0]
    return RunStart(
        attempt=max((log.attempt for log in logs), default=0) + 1,
        first_free_step=max((step + _STEPS_AHEAD for step in last_steps if step is not None), default=0),
        ledger=directory.journal.read(),
    )


def first_entry(settings: StreamSettings, newest: MixtureEnvelope | None) -> LedgerEntry:
    """Begin a run's history: under the newest version that is due at once, else under the configured mixture."""
    if newest is not None and newest.earliest_step(settings.tokens_per_step) == 0:
        return LedgerEntry(newest.version, 0, newest.mixture, newest.decay_steps(settings.tokens_per_step))
    return LedgerEntry(0, 0, Mixture.from_weights(settings.mixture))


def join_histories(written: Ledger | None, loaded: Ledger, *, journal: Path, origin: str) -> Ledger:
    """Give the longer of the journal's ledger and a loaded one: a power cut may have taken the end of the journal.

    Raises `UserError` unless the shorter one is its beginning.
    """
    if written is None:
        return loaded
    shorter = min(len(written), len(loaded))
    if list(written)[:shorter] != list(loaded)[:shorter]:
        raise UserError(f"{journal} and {origin} tell different histories; remove the one that is not this run's")
    return max(written, loaded, key=len)


def _check_made_of(directory: RunDirectory, identity: Mapping[str, Any]) -> None:
    """Write down what a new run is made of; hold an old one against it, even if it has no checkpoint yet."""
    path = directory.identity
    if not path.exists():
        write_atomically(path, json.dumps(identity, indent=1).encode())
        return
    try:
        made_of = json.loads(path.read_bytes())
    except ValueError as error:
        raise UserError(f"{path} cannot be read ({error}); restore it from a copy") from error
    check_identity(made_of, identity, origin=f"the run in {directory.path}")


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
