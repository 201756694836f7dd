"""The ledger on disk: a line for each attempt, before its first batch, and one for each version that it takes up.

A checkpoint carries the course too, but a run that was killed had drawn batches after its last checkpoint; the
journal knows under which versions, so that a resume draws them again as they were. An attempt's line holds the whole
course up to its first step, so that what a rewind leaves behind stays as it was, and can be replayed.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Self

from crossfade_shared.errors import UserError
from crossfade_shared.ledger import Ledger, LedgerEntry
from crossfade_worker.files import sync
from crossfade_worker.launch import SlurmLaunch
from crossfade_worker.mixing.course import Course


@dataclass(frozen=True)
class Attempt:
    """A process lifetime of a run, and what governs its batches from `start_step` on."""

    number: int
    start_step: int
    rewound: bool
    """Whether it left the attempts before it behind; otherwise it shares the versions of the ledger with them."""
    course: Course
    launch: SlurmLaunch | None = None

    def to_json(self) -> dict[str, Any]:
        """Give plain JSON values."""
        values: dict[str, Any] = {"attempt": self.number, "start_step": self.start_step, "rewound": self.rewound}
        launch = {"launch": self.launch.to_json()} if self.launch else {}
        return values | launch | self.course.to_json()

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> Self:
        """Read what `to_json` wrote; raises `ValueError`, `KeyError` or `TypeError` if it is damaged."""
        launch = SlurmLaunch.from_json(values["launch"]) if "launch" in values else None
        course = Course.from_json(values)
        return cls(int(values["attempt"]), int(values["start_step"]), bool(values["rewound"]), course, launch)


class LedgerJournal:
    """An append-only file of attempts and ledger entries."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def attempts(self) -> list[Attempt]:
        """Give all attempts, each with every version that governs its steps, those that later attempts took up too.

        A last line torn by a crash was never acted on and is left out. Raises `UserError` naming the line if a whole
        line is damaged.
        """
        attempts: list[Attempt] = []
        for number, line in enumerate(self._whole_lines().splitlines(), start=1):
            try:
                values = json.loads(line)
                if "attempt" in values:
                    attempts.append(Attempt.from_json(values))
                else:
                    attempts[-1].course.ledger.append(LedgerEntry.from_json(values))
            except (ValueError, KeyError, TypeError, IndexError) as error:
                raise UserError(
                    f"{self.path}, line {number}: not a ledger entry ({error}); restore the file from a copy, or "
                    "remove it to continue from the ledger of the last checkpoint"
                ) from error
        return _with_common_ledgers(attempts)

    def read(self) -> Ledger | None:
        """Give the ledger that the newest attempt follows, or None before the first one; raises as `attempts`."""
        attempts = self.attempts()
        return attempts[-1].course.ledger if attempts else None

    def repair(self) -> None:
        """Cut off a torn last line; only for the job that holds the run's folder."""
        if self.path.exists():
            os.truncate(self.path, len(self._whole_lines()))

    def begin(self, attempt: Attempt) -> None:
        """Write down that an attempt begins, so that it survives a power cut."""
        self._write(attempt.to_json())
        sync(self.path)

    def append(self, entry: LedgerEntry) -> None:
        """Write an entry so that it survives the death of this process.

        What a power cut may take is younger than the last checkpoint, which carries a ledger of its own.
        """
        self._write(entry.to_json())

    def _write(self, values: Mapping[str, Any]) -> None:
        with self.path.open("ab") as file:
            file.write(json.dumps(values, sort_keys=True).encode() + b"\n")

    def _whole_lines(self) -> bytes:
        content = self.path.read_bytes() if self.path.exists() else b""
        return content[: content.rfind(b"\n") + 1]


def _with_common_ledgers(attempts: list[Attempt]) -> list[Attempt]:
    """Give each attempt the ledger of the last one that went on from it: no step it drew has another version there."""
    common: list[Attempt] = []
    for attempt, later in zip(reversed(attempts), [None, *reversed(attempts)], strict=False):
        ledger = common[-1].course.ledger if later and not later.rewound else attempt.course.ledger
        common.append(replace(attempt, course=Course(ledger, attempt.course.turns)))
    return common[::-1]
