"""`--rewind-to`: which checkpoint a run goes back to, and where those it leaves behind are kept."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from crossfade_shared.errors import UserError
from crossfade_worker.launch import SlurmLaunch, num_torchrun_restarts
from crossfade_worker.records.checkpoint_folder import complete_checkpoints, step_of
from crossfade_worker.records.run_directory import RunDirectory


@dataclass(frozen=True)
class RewindTo:
    """Go back to the newest checkpoint at or before a step, and skip so many steps' batches from there."""

    step: int
    skip_steps: int = 0

    def is_done(self, directory: RunDirectory, *, attempt: int) -> bool:
        """Say whether this launch, now at an attempt, has done it: it may be started again with the same command."""
        first, job = attempt - num_torchrun_restarts(), SlurmLaunch.of_this_process()
        return any(
            earlier.rewound
            and earlier.start_step <= self.step
            and (earlier.number >= first or (job is not None and job.is_requeue_of(earlier.launch)))
            for earlier in directory.journal.attempts()
        )

    def checkpoint(self, directory: RunDirectory) -> Path:
        """Give the checkpoint to go back to; raises `UserError` naming those there are if none is old enough."""
        found = complete_checkpoints(directory.checkpoints)
        old_enough = [path for path in found if step_of(path) <= self.step]
        if not old_enough:
            there_are = f"there are those of steps {', '.join(str(step_of(path)) for path in found)}"
            raise UserError(
                f"--rewind-to {self.step}: {directory.checkpoints} holds no checkpoint of step {self.step} or before; "
                + (there_are if found else "it holds none at all"),
                field="--rewind-to",
            )
        return old_enough[-1]


def put_aside(directory: RunDirectory, *, after: Path, attempt: int) -> None:
    """Move what is newer than a checkpoint out of the way of the attempt that goes back to it: it will be made anew.

    Checkpoints and their scores then lie in the folder that `RunDirectory.left_by` names.
    """
    left = directory.left_by(attempt)
    for checkpoint in complete_checkpoints(directory.checkpoints):
        if step_of(checkpoint) > step_of(after):
            scores = directory.evaluations / f"{checkpoint.name}.json"
            for path in (scores, checkpoint):
                if path.exists():
                    place = left / path.relative_to(directory.path)
                    place.parent.mkdir(parents=True, exist_ok=True)
                    path.rename(place)
