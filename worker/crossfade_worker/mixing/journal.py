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
        """Give the ledger on disk, or None; a line torn by a crash was never acted on and is cut off.

        Raises `UserError` naming the line if a whole line is damaged.
        """
        if not self.path.exists():
            return None
        content = self.path.read_bytes()
        whole = content[: content.rfind(b"\n") + 1]
        if len(whole) < len(content):
            os.truncate(self.path, len(whole))
        entries = []
        for number, line in enumerate(whole.splitlines(), start=1):
            try:
                entries.append(LedgerEntry.from_json(json.loads(line)))
            except (ValueError, KeyError, TypeError) as error:
                raise UserError(
                    f"{self.path}, line {number}: not a ledger entry ({error}); restore the file from a copy, or "
                    "remove it to continue from the ledger of the last checkpoint"
                ) from error
        return Ledger(entries) if entries else None

    def append(self, entry: LedgerEntry) -> None:
        """Write an entry so that it survives the death of this process."""
        with self.path.open("ab") as file:
            file.write(json.dumps(entry.to_json(), sort_keys=True).encode() + b"\n")
