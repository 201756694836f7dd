"""A second opinion: every batch of a run computed once more, by another process, for another number of ranks."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import asdict, dataclass
from pathlib import Path

from crossfade_shared.errors import UserError
from crossfade_worker.replay.settings import load_replayed
from crossfade_worker.replay.verify import replay_run
from crossfade_worker.streaming.settings import sequences_of_rank


@dataclass(frozen=True)
class SecondOpinion:
    """How a run's logged plans and tokens compare with those of another world size."""

    world_size: int
    num_batches: int
    differing_steps: tuple[int, ...]
    """Logged steps whose plan, tokens or mixture is another one, for any rank or attempt."""


def replay_from_scratch(run_yaml: Path, *, world_size: int) -> SecondOpinion:
    """Have another process draw the run as `world_size` ranks do, and compare with what was logged.

    Raises `UserError` if there is nothing to replay or so many ranks cannot share a batch.
    """
    sequences_of_rank(load_replayed(run_yaml).batch_sequences, world_size, field="--world-size")
    command = [sys.executable, "-m", __name__, str(run_yaml), str(world_size)]
    answer = subprocess.run(command, check=False, capture_output=True, text=True)
    if answer.returncode:
        raise UserError(f"the other process failed:\n{answer.stderr}")
    values = json.loads(answer.stdout)
    return SecondOpinion(values["world_size"], values["num_batches"], tuple(values["differing_steps"]))


def _main(run_yaml: str, world_size: str) -> None:
    found = replay_run(load_replayed(Path(run_yaml)), world_size=int(world_size))
    differing = sorted({mismatch.step for mismatch in found.mismatches})
    opinion = SecondOpinion(int(world_size), found.num_batches, tuple(differing))
    sys.stdout.write(json.dumps(asdict(opinion)))


if __name__ == "__main__":
    _main(*sys.argv[1:])
