"""The ledger on disk: one line for each version, written before the first batch under it is drawn.

A checkpoint carries the ledger too, but a run that was killed had drawn batches after its last checkpoint; the
journal knows under which versions, so that a resume draws them again as they were.
"""

from __future__ import annotations

import json
import os
from pathlib import Path

from crossfade_shared.errors import UserError
from crossfade_shared.ledger import Ledger, LedgerEntry


class LedgerJournal:
    """An append-only file of ledger entries."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def read(self) -> Ledger | None:
        """Give the ledger on disk, or None; a last line torn by a crash was never acted on and is left out.

        Raises `UserError` naming the line if a whole line is damaged.
        """
        ledger: Ledger | None = None
        for number, line in enumerate(self._whole_lines().splitlines(), start=1):
            try:
                entry = LedgerEntry.from_json(json.loads(line))
                if ledger:
                    ledger.append(entry)
                else:
                    ledger = Ledger([entry])
            except (ValueError, KeyError, TypeError) as error:
                raise UserError(
                    f"{self.path}, line {number}: not a ledger entry ({error}); restore the file from a copy, or "
                    "remove it to continue from the ledger of the last checkpoint"
                ) from error
        return ledger

    def repair(self) -> None:
        """Cut off a torn last line; only for the job that holds the run's folder."""
        if self.path.exists():
            os.truncate(self.path, len(self._whole_lines()))

    def append(self, entry: LedgerEntry) -> None:
        """Write an entry so that it survives the death of this process.

        What a power cut may take is younger than the last checkpoint, which carries a ledger of its own.
        """
        with self.path.open("ab") as file:
            file.write(json.dumps(entry.to_json(), sort_keys=True).encode() + b"\n")

    def _whole_lines(self) -> bytes:
        content = self.path.read_bytes() if self.path.exists() else b""
        return content[: content.rfind(b"\n") + 1]
