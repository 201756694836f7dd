"""The processes of the demo: each ends with its block, and with this process however it ends."""

from __future__ import annotations

import re
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from crossfade_shared import processes
from crossfade_shared.errors import UnreachableError
from crossfade_worker.demo.place import DemoPlace, DemoRun

PREFERRED_PORT = 8321
START_SECONDS = 60.0
TRAINING_PATIENCE_SECONDS = 60.0  # to finish the step and write a checkpoint
_LISTENING = re.compile(r"listening on (http://\S+)")


@dataclass(frozen=True)
class Service:
    """A process of the demo and what it says."""

    name: str
    process: subprocess.Popen[bytes]
    log: Path

    def check(self) -> bool:
        """Say whether it still runs; raises `UnreachableError` with the end of its log if it failed."""
        code = self.process.poll()
        if code:
            raise UnreachableError(f"the {self.name} ended with exit code {code}; {self.log} ends with:\n{self.tail()}")
        return code is None

    def tail(self) -> str:
        """Give the end of its log."""
        return self.log.read_text(errors="replace")[-2000:]


@contextmanager
def running_controller(place: DemoPlace, redis_url: str, *, token: str) -> Iterator[str]:
    """Run the controller with its page, and an admin token; gives its address."""
    arguments = ("--port", str(_port()), "--database", place.database_url, "--redis", redis_url)
    module, environment = ("crossfade_controller", *arguments), {"CROSSFADE_ADMIN_TOKEN": token}
    with _service("controller", module, place.logs, environment=environment) as controller:
        yield _address(controller)


@contextmanager
def running_training(place: DemoPlace, run: DemoRun, *, ranks: int) -> Iterator[Service]:
    """Run the training job, under torchrun where it has several ranks."""
    torchrun = ("torch.distributed.run", "--standalone", "--nproc-per-node", str(ranks), "-m") if ranks > 1 else ()
    module = (*torchrun, "crossfade_worker.train", str(run.yaml_path))
    with _service("training", module, place.logs, patience_seconds=TRAINING_PATIENCE_SECONDS) as training:
        yield training


@contextmanager
def running_evaluator(place: DemoPlace, run: DemoRun, *, token: str) -> Iterator[Service]:
    """Run the evaluator until the run's last checkpoint is scored."""
    module = ("crossfade_shared.command_line", "evaluate", str(run.yaml_path), "--watch")
    with _service("evaluator", module, place.logs, environment={"CROSSFADE_TOKEN": token}) as evaluator:
        yield evaluator


@contextmanager
def _service(
    name: str,
    module: Sequence[str],
    logs: Path,
    *,
    environment: Mapping[str, str] | None = None,
    patience_seconds: float = 10.0,
) -> Iterator[Service]:
    log = logs / f"{name}.log"
    log.unlink(missing_ok=True)
    process = processes.start((sys.executable, "-m", *module), log=log, environment=environment)
    try:
        yield Service(name, process, log)
    finally:
        processes.stop(process, patience_seconds=patience_seconds)


def _port() -> int:
    """Give the usual port, or 0 for any free one if somebody has it."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", PREFERRED_PORT))
        except OSError:
            return 0
    return PREFERRED_PORT


def _address(controller: Service) -> str:
    deadline = time.monotonic() + START_SECONDS
    while controller.check() and time.monotonic() < deadline:
        if match := _LISTENING.search(controller.log.read_text()):
            return match[1]
        time.sleep(0.05)
    raise UnreachableError(f"the controller did not start in {START_SECONDS:.0f} s; its log says:\n{controller.tail()}")
