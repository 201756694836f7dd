"""Training jobs as processes: started by torchrun, killed as a power cut would."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

import psutil

from crossfade_shared import processes
from crossfade_worker.records.batch_log import BatchRecord, batch_log_files


class TrainingJob:
    """A run trained by several gloo ranks of this machine."""

    def __init__(self, run_yaml: Path, *, ranks: int) -> None:
        self._run_yaml = run_yaml
        self._ranks = ranks
        self._log = run_yaml.with_suffix(".log")
        self._process: subprocess.Popen[bytes] | None = None

    def start(self, *options: str) -> None:
        launcher = ["torch.distributed.run", "--standalone", "--nproc-per-node", str(self._ranks)]
        command = [sys.executable, "-m", *launcher, "-m", "crossfade_worker.train", str(self._run_yaml), *options]
        self._process = processes.start(command, log=self._log, environment={"OMP_NUM_THREADS": "1"})

    def kill(self) -> None:
        """End launcher and ranks at once."""
        assert self._process
        family = [psutil.Process(self._process.pid), *psutil.Process(self._process.pid).children(recursive=True)]
        for member in family:
            member.send_signal(signal.SIGKILL)
        psutil.wait_procs(family)
        self._process.wait()

    def kill_launcher(self) -> list[psutil.Process]:
        """End the launcher alone, at once, and give the ranks it leaves behind."""
        assert self._process
        ranks = psutil.Process(self._process.pid).children(recursive=True)
        self._process.kill()
        self._process.wait()
        return ranks

    def stop(self) -> None:
        """Ask launcher and ranks to end, as a scheduler does."""
        assert self._process
        self._process.send_signal(signal.SIGTERM)
        self._process.wait(60)

    def wait(self) -> int:
        assert self._process
        return self._process.wait(120)

    def close(self) -> None:
        if self._process and self._process.poll() is None:
            self.kill()

    @property
    def output(self) -> str:
        return self._log.read_text()


def logged(directory: Path) -> dict[tuple[int, int], list[BatchRecord]]:
    """Give the batch logs of a run by (attempt, rank)."""
    return {(file.attempt, file.rank): list(file.records()) for file in batch_log_files(directory / "batches")}


def last_logged_step(directory: Path) -> int:
    """Give the newest step that rank 0 has drawn, -1 before the first."""
    return max(
        (records[-1].step for (_, rank), records in logged(directory).items() if rank == 0 and records), default=-1
    )
