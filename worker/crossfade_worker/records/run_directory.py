"""The run's folder: what is where, and who holds it."""

from __future__ import annotations

from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path

from crossfade_worker.files import held
from crossfade_worker.mixing.journal import LedgerJournal


@dataclass(frozen=True)
class RunDirectory:
    """Names of what a run keeps on disk."""

    path: Path

    @property
    def checkpoints(self) -> Path:
        """Folder of checkpoints."""
        return self.path / "checkpoints"

    @property
    def batches(self) -> Path:
        """Folder of batch logs."""
        return self.path / "batches"

    @property
    def evaluations(self) -> Path:
        """Folder of scores."""
        return self.path / "evaluations"

    def left_by(self, attempt: int) -> Path:
        """Folder of the checkpoints and scores that an attempt left behind when it went back."""
        return self.path / f"left-by-attempt-{attempt:04d}"

    @property
    def last_known_good(self) -> Path:
        """File with the newest envelope seen."""
        return self.path / "last_known_good.json"

    @property
    def journal(self) -> LedgerJournal:
        """The ledger on disk."""
        return LedgerJournal(self.path / "ledger.jsonl")

    @property
    def identity(self) -> Path:
        """File with what the run is made of."""
        return self.path / "identity.json"

    def locked(self) -> AbstractContextManager[None]:
        """Hold the folder for this job; raises `UserError` if another one is training in it."""
        return held(
            self.path / "run.lock",
            f"another job is training in {self.path}; stop it first, or give this run a `directory` of its own",
        )
