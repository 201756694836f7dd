"""Which launch of a run a process belongs to: Slurm and torchrun start the same command again after a failure."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Self


@dataclass(frozen=True)
class SlurmLaunch:
    """A job of Slurm, which keeps its number when it is put in the queue again."""

    job: str
    num_requeues: int

    @classmethod
    def of_this_process(cls) -> Self | None:
        """Give the job that this process runs in, or None outside of Slurm."""
        job = os.environ.get("SLURM_JOB_ID")
        return cls(job, int(os.environ.get("SLURM_RESTART_COUNT", "0"))) if job else None

    def is_requeue_of(self, earlier: SlurmLaunch | None) -> bool:
        """Say whether this is the same job, put in the queue again since; one job may well launch a run twice."""
        return earlier is not None and self.job == earlier.job and self.num_requeues > earlier.num_requeues

    def to_json(self) -> dict[str, Any]:
        """Give plain JSON values."""
        return asdict(self)

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> Self:
        """Read what `to_json` wrote; raises `KeyError`, `TypeError` or `ValueError` if it is damaged."""
        return cls(str(values["job"]), int(values["num_requeues"]))


def num_torchrun_restarts() -> int:
    """Give how often torchrun started its ranks again in this launch."""
    return int(os.environ.get("TORCHELASTIC_RESTART_COUNT", "0"))
