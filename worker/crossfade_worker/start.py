"""Where an attempt begins: at the newest checkpoint, under the ledger that earlier attempts left."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from crossfade_shared.errors import UserError
from crossfade_shared.ledger import Ledger
from crossfade_worker.batch_log import batch_log_files
from crossfade_worker.checkpoint import LoopState, read_state
from crossfade_worker.checkpoint_folder import complete_checkpoints
from crossfade_worker.files import write_atomically
from crossfade_worker.leader import ask_leader
from crossfade_worker.mixing.journal import LedgerJournal
from crossfade_worker.run_directory import RunDirectory
from crossfade_worker.world import World

_STEPS_AHEAD = 2  # rank 0 may have logged step s while another rank had drawn s + 1 already


@dataclass(frozen=True)
class RunStart:
    """Where an attempt begins; the same on every rank."""

    attempt: int
    first_free_step: int
    """First step that no earlier attempt can have drawn: no new version takes effect before it."""
    ledger: Ledger | None
    """None for a run that never began."""
    checkpoint: Path | None
    state: LoopState | None
    """What the checkpoint says; None without one."""

    def to_json(self) -> dict[str, Any]:
        """Give plain JSON values."""
        return {
            "attempt": self.attempt,
            "first_free_step": self.first_free_step,
            "ledger": self.ledger.to_json() if self.ledger else None,
            "checkpoint": str(self.checkpoint) if self.checkpoint else None,
            "state": self.state.to_json() if self.state else None,
        }

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> RunStart:
        """Read what `to_json` wrote."""
        return cls(
            attempt=values["attempt"],
            first_free_step=values["first_free_step"],
            ledger=Ledger.from_json(values["ledger"]) if values["ledger"] else None,
            checkpoint=Path(values["checkpoint"]) if values["checkpoint"] else None,
            state=LoopState.from_json(values["state"]) if values["state"] else None,
        )


@contextmanager
def claim_run(directory: RunDirectory, identity: Mapping[str, Any], world: World) -> Iterator[RunStart]:
    """Hold the run's folder and give every rank the same start; rank 0 alone looks at the folder.

    Raises `UserError` on every rank alike, so that none is left waiting for another.
    """
    with ExitStack() as lock:

        def claim() -> dict[str, Any]:
            lock.enter_context(directory.locked())
            directory.journal.repair()
            return find_start(directory, identity).to_json()

        yield RunStart.from_json(ask_leader(claim, world))


def find_start(directory: RunDirectory, identity: Mapping[str, Any]) -> RunStart:
    """Look through a run's folder and say where the next attempt begins.

    It begins at the newest complete checkpoint, or at step 0 without one. Raises `UserError` if the run or its
    checkpoint was made of something else than `identity`, or if journal and checkpoint tell different histories.
    """
    _check_made_of(directory, identity)
    logs = batch_log_files(directory.batches)
    last_steps = [log.last_step() for log in logs if log.rank == 0]
    checkpoints = complete_checkpoints(directory.checkpoints)
    checkpoint = checkpoints[-1] if checkpoints else None
    state = read_state(checkpoint) if checkpoint else None
    if state:
        check_identity(state.identity, identity, what=str(checkpoint))
    return RunStart(
        attempt=max((log.attempt for log in logs), default=0) + 1,
        first_free_step=max((step + _STEPS_AHEAD for step in last_steps if step is not None), default=0),
        ledger=_known_ledger(directory.journal, state),
        checkpoint=checkpoint,
        state=state,
    )


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
    check_identity(made_of, identity, what=f"the run in {directory.path}")


def _known_ledger(journal: LedgerJournal, state: LoopState | None) -> Ledger | None:
    """Give the journal's ledger; what a power cut took from its end is taken from the checkpoint."""
    written = journal.read()
    if state is None:
        return written
    entries = list(written) if written else []
    kept = list(state.ledger)
    shorter = min(len(entries), len(kept))
    if entries[:shorter] != kept[:shorter]:
        raise UserError(
            f"{journal.path} and the newest checkpoint tell different histories; remove the one that is not this run's"
        )
    for entry in kept[len(entries) :]:
        journal.append(entry)
    return Ledger(entries + kept[len(entries) :])


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
