"""The step benchmark: what live control costs the training thread, with real Redis, real ranks and live changes."""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import tempfile
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from crossfade_shared.errors import UserError
from crossfade_shared.redis_server import embedded_redis

REFERENCE_STEP_SECONDS = 0.1
_SLEPT_SECONDS = 0.01  # shorter than the reference: less time for the broadcast, so no flattery
TIMEOUT_SECONDS = 300


@dataclass(frozen=True)
class ControlCost:
    """Time that rank 0's training thread spent on control in one step, in microseconds."""

    ranks: int
    quiet_median_microseconds: float
    """In steps under the mixture of the step before."""
    quiet_p99_microseconds: float
    change_median_microseconds: float
    """In steps that adopt a new version."""
    change_max_microseconds: float

    @property
    def share_of_step(self) -> float:
        """The median of quiet steps as a fraction of the reference step."""
        return self.quiet_median_microseconds / (REFERENCE_STEP_SECONDS * 1e6)

    def to_json(self) -> dict[str, Any]:
        """Give plain JSON values."""
        return {**asdict(self), "share_of_step": self.share_of_step}


def measure_control(ranks: int, *, num_steps: int) -> ControlCost:
    """Run a job of so many gloo ranks that does nothing but follow live changes, one in every twenty steps."""
    with tempfile.TemporaryDirectory() as folder, embedded_redis(Path(folder)) as redis_url:
        launcher = ["torch.distributed.run", "--standalone", "--nproc-per-node", str(ranks), "-m"] if ranks > 1 else []
        job = [*launcher, "crossfade_worker.bench.step_rank", redis_url, str(num_steps), str(_SLEPT_SECONDS)]
        ended = subprocess.run(
            [sys.executable, "-m", *job],
            capture_output=True,
            text=True,
            timeout=TIMEOUT_SECONDS,
            env={**os.environ, "OMP_NUM_THREADS": "1"},
            check=False,
        )
    if ended.returncode:
        raise UserError(f"the benchmark's job of {ranks} ranks failed:\n{ended.stderr[-2000:]}")
    measured = json.loads(ended.stdout.splitlines()[-1])
    quiet, changing = measured["quiet_microseconds"], measured["change_microseconds"]
    return ControlCost(
        ranks=ranks,
        quiet_median_microseconds=statistics.median(quiet),
        quiet_p99_microseconds=statistics.quantiles(quiet, n=100)[98],
        change_median_microseconds=statistics.median(changing),
        change_max_microseconds=max(changing),
    )
