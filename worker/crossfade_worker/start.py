"""Where an attempt begins: at the newest checkpoint, under the ledger that earlier attempts left."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from crossfade_shared.errors import UserError
from crossfade_shared.ledger import Ledger
from crossfade_worker.batch_log import batch_log_files
from crossfade_worker.checkpoint import read_state
from crossfade_worker.checkpoint_folder import complete_checkpoints
from crossfade_worker.mixing.agreement import share_json
from crossfade_worker.mixing.journal import LedgerJournal
from crossfade_worker.run_directory import RunDirectory
from crossfade_worker.world import World

_STEPS_AHEAD = 2  # rank 0 may have logged step s while another rank had drawn s + 1 already


@dataclass(frozen=True)
class RunStart:
    """Where an attempt begins; the same on every rank."""

    attempt: int
    checkpoint: Path | None
    first_free_step: int
    """First step that no earlier attempt can have drawn: no new version takes effect before it."""
    ledger: Ledger | None
    """None for a run that never began."""

    def to_json(self) -> dict[str, Any]:
        """Give plain JSON values."""
        return {
            "attempt": self.attempt,
            "checkpoint": str(self.checkpoint) if self.checkpoint else None,
            "first_free_step": self.first_free_step,
            "ledger": self.ledger.to_json() if self.ledger else None,
        }

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> RunStart:
        """Read what `to_json` wrote."""
        return cls(
            attempt=values["attempt"],
            checkpoint=Path(values["checkpoint"]) if values["checkpoint"] else None,
            first_free_step=values["first_free_step"],
            ledger=Ledger.from_json(values["ledger"]) if values["ledger"] else None,
        )


@contextmanager
def claim_run(directory: RunDirectory, identity: Mapping[str, Any], world: World) -> Iterator[RunStart]:
    """Hold the run's folder and give every rank the same start; rank 0 alone looks at the folder.

    Raises `UserError` on every rank alike, so that none is left waiting for another.
    """
    with ExitStack() as lock:
        found: dict[str, Any] = {}
        if world.is_leader:
            try:
                lock.enter_context(directory.locked())
                found = {"start": find_start(directory, identity).to_json()}
            except UserError as error:
                found = {"mistake": str(error), "field": error.field}
        found = share_json(found, world.cpu_group)
        if "mistake" in found:
            raise UserError(found["mistake"], field=found["field"])
        yield RunStart.from_json(found["start"])


def find_start(directory: RunDirectory, identity: Mapping[str, Any]) -> RunStart:
    """Look through a run's folder and say where the next attempt begins.

    It begins at the newest complete checkpoint, or at step 0 without one. Raises `UserError` if the checkpoint was
    made of something else than `identity`, or if journal and checkpoint tell different histories.
    """
    logs = batch_log_files(directory.batches)
    last_steps = [log.last_step() for log in logs if log.rank == 0]
    first_free_step = max((step + _STEPS_AHEAD for step in last_steps if step is not None), default=0)
    checkpoints = complete_checkpoints(directory.checkpoints)
    return RunStart(
        attempt=max((log.attempt for log in logs), default=0) + 1,
        checkpoint=checkpoints[-1] if checkpoints else None,
        first_free_step=first_free_step,
        ledger=_known_ledger(directory.journal, checkpoints[-1] if checkpoints else None, identity),
    )


def _known_ledger(journal: LedgerJournal, checkpoint: Path | None, identity: Mapping[str, Any]) -> Ledger | None:
    written = journal.read()
    if checkpoint is None:
        return written
    state = read_state(checkpoint)
    check_identity(state.identity, identity, what=str(checkpoint))
    if written is None:
        for entry in state.ledger:
            journal.append(entry)
        return state.ledger
    if list(written)[: len(state.ledger)] != list(state.ledger):
        raise UserError(
            f"{journal.path} and {checkpoint} tell different histories; remove the one that is not this run's"
        )
    return written


def check_identity(made_of: Mapping[str, Any], given: Mapping[str, Any], *, what: str, field: str = "") -> None:
    """Raise `UserError` naming the first difference between what a checkpoint was made of and what is given now."""
    for name in sorted(made_of.keys() | given.keys()):
        place = f"{field}.{name}" if field else name
        before, now = made_of.get(name), given.get(name)
        if isinstance(before, dict) and isinstance(now, dict):
            check_identity(before, now, what=what, field=place)
        elif before != now:
            raise UserError(
                f"{place} is {now!r}, but {what} was made with {before!r}; resume with what it was made with, or "
                "start a new run in a `directory` of its own",
                field=place,
            )
