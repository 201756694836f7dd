"""The run's folder: what is where, and who holds it."""

from __future__ import annotations

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from crossfade_shared.errors import UserError
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
    def last_known_good(self) -> Path:
        """File with the newest envelope seen."""
        return self.path / "last_known_good.json"

    @property
    def journal(self) -> LedgerJournal:
        """The ledger on disk."""
        return LedgerJournal(self.path / "ledger.jsonl")

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Hold the folder for this job; raises `UserError` if another one is training in it."""
        self.path.mkdir(parents=True, exist_ok=True)
        with (self.path / "run.lock").open("w") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise UserError(
                    f"another job is training in {self.path}; stop it first, or give this run a `directory` of its own",
                    field="directory",
                ) from None
            yield
