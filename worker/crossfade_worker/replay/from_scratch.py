"""A second opinion: the plans of a run computed once more, by another process, for another number of ranks."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from crossfade_shared.errors import UserError
from crossfade_worker.mixing.planner import BatchPlan
from crossfade_worker.replay.course import Course, open_course
from crossfade_worker.replay.settings import load_replayed
from crossfade_worker.replay.verify import logged_by_step
from crossfade_worker.stream_settings import sequences_of_rank


@dataclass(frozen=True)
class SecondOpinion:
    """How a run's logged plans compare with those of another world size."""

    world_size: int
    num_batches: int
    differing_steps: tuple[int, ...]
    """Logged steps whose plan is another one, for any rank or attempt."""


def replay_from_scratch(run_yaml: Path, *, world_size: int) -> SecondOpinion:
    """Have another process plan the run as `world_size` ranks do, and compare with what was logged.

    Raises `UserError` if there is nothing to replay or so many ranks cannot share a batch.
    """
    settings = load_replayed(run_yaml)
    sequences_of_rank(settings.batch_sequences, world_size, field="--world-size")
    logged = logged_by_step(settings)
    command = [sys.executable, "-m", __name__, str(run_yaml), str(world_size), str(max(logged) + 1)]
    answer = subprocess.run(command, check=False, capture_output=True, text=True)
    if answer.returncode:
        raise UserError(f"the other process failed:\n{answer.stderr}")
    digests = dict(enumerate(answer.stdout.split()))
    differing = (step for step, lines in logged.items() if any(record.plan != digests.get(step) for _, record in lines))
    return SecondOpinion(world_size, len(logged), tuple(sorted(differing)))


def plan_digests(course: Course, *, world_size: int, num_steps: int) -> Iterator[str]:
    """Give the digest of each global batch, put together from the shares that each rank's own planner gives it."""
    ranks = [course.batches(num_steps) for _ in range(world_size)]
    for steps in zip(*ranks, strict=True):
        shares = [plan.part(rank, world_size) for rank, (_, _, plan) in enumerate(steps)]
        sources, rows = (np.concatenate([getattr(share, name) for share in shares]) for name in ("sources", "rows"))
        yield BatchPlan(sources, rows).digest()


def _main(run_yaml: str, world_size: str, num_steps: str) -> None:
    course = open_course(load_replayed(Path(run_yaml)))
    for digest in plan_digests(course, world_size=int(world_size), num_steps=int(num_steps)):
        sys.stdout.write(digest + "\n")


if __name__ == "__main__":
    _main(*sys.argv[1:])
