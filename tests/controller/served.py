"""A controller in a process of its own, and what people and workers say to it."""

from __future__ import annotations

import re
import signal
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from itertools import count
from pathlib import Path
from typing import Any

import httpx2
import redis
from sqlalchemy import create_engine, make_url
from tests.eventually import PATIENCE_SECONDS, eventually

from crossfade_shared import processes
from crossfade_shared.channels import Channels
from crossfade_shared.mixture import Mixture
from crossfade_shared.telemetry import AppliedReport, AttemptReport, Report, StepReport, encode_reports

START_SECONDS = 30.0
TOKENS_PER_STEP = 1000
ADMIN_TOKEN = "cf_the-admin-token-of-the-tests"
_bytecode = tempfile.TemporaryDirectory(prefix="crossfade-bytecode-")
_compiled_once = {"PYTHONDONTWRITEBYTECODE": "", "PYTHONPYCACHEPREFIX": _bytecode.name}
_names = (f"run-{number}" for number in count())


class Controller:
    """One controller that can be killed and started again at the same address."""

    def __init__(self, directory: Path, *, database_url: str, redis_url: str) -> None:
        directory.mkdir(parents=True, exist_ok=True)
        self.log = directory / "controller.log"
        self.database_url = database_url
        self.redis_url = redis_url
        self.program = ["-m", "crossfade_controller"]
        """What Python runs."""
        self.options: list[str] = []
        """What else it is started with."""
        self.url = ""
        self._port = 0
        self._process: subprocess.Popen[bytes] | None = None

    def start(self, **environment: str) -> None:
        """Start, unless it runs, and wait until it listens."""
        if self._process and self._process.poll() is None:
            return
        seen = len(self.output)
        command = [sys.executable, *self.program, "--port", str(self._port)]
        options = ["--database", self.database_url, "--redis", self.redis_url]
        self._process = processes.start(
            [*command, *options, *self.options],
            log=self.log,
            environment={"CROSSFADE_ADMIN_TOKEN": ADMIN_TOKEN, **_compiled_once, **environment},
        )
        found = eventually(
            lambda: re.search(r"listening on (\S+:(\d+))\n", self.output[seen:]) or self._check_runs(),
            patience_seconds=START_SECONDS,
        )
        self.url = found[1]
        self.http = self.client_with(ADMIN_TOKEN)
        self._port = int(found[2])

    @property
    def output(self) -> str:
        return self.log.read_text() if self.log.exists() else ""

    @property
    def process_id(self) -> int:
        assert self._process
        return self._process.pid

    def wait_for_death(self) -> int:
        """Wait until it ends by itself, and give its exit code."""
        assert self._process
        code = self._process.wait(PATIENCE_SECONDS)
        self.http.close()
        return code

    def kill(self) -> None:
        """End it as a power cut would."""
        assert self._process
        self._process.send_signal(signal.SIGKILL)
        self._process.wait()
        self.http.close()

    def terminate(self, *, patience_seconds: float) -> int:
        """Ask it to end, and give its exit code."""
        assert self._process
        self._process.send_signal(signal.SIGTERM)
        code = self._process.wait(patience_seconds)
        self.http.close()
        return code

    def stop(self) -> None:
        if self._process and self._process.poll() is None:
            processes.stop(self._process)
            self.http.close()

    def client_with(self, token: str) -> httpx2.Client:
        headers = {"Authorization": f"Bearer {token}"}
        return httpx2.Client(base_url=self.url, timeout=PATIENCE_SECONDS, headers=headers)

    def client(self, *, scopes: Sequence[str], run: str | None = None, name: str = "ada") -> httpx2.Client:
        """Make a token and give a client that brings it."""
        answer = self.http.post("/v1/tokens", json={"name": name, "scopes": list(scopes), "run": run})
        assert answer.status_code == 201, answer.text
        return self.client_with(answer.json()["token"])

    def anonymous(self) -> httpx2.Client:
        """Give a client without a token."""
        return httpx2.Client(base_url=self.url, timeout=PATIENCE_SECONDS)

    def new_run(self, **changes: Any) -> str:
        """Register a run with two sources and give its name."""
        body = run_body(**changes)
        answer = self.http.post("/v1/runs", json=body)
        assert answer.status_code == 201, answer.text
        return str(body["name"])

    def get(self, path: str, **query: Any) -> Any:
        answer = self.http.get(path, params=query)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def post_version(
        self, run: str, based_on: int, weights: dict[str, float] | None = None, **more: Any
    ) -> httpx2.Response:
        headers = {"If-Match": f'"{based_on}"', **more.pop("headers", {})}
        body = {"weights": weights or {"web": 0.6, "math": 0.4}, "reason": "a test", **more}
        return self.http.post(f"/v1/runs/{run}/mixtures", json=body, headers=headers)

    def report(self, run: str, attempt: int, sequence: int, *reports: Report) -> None:
        """Send a batch of reports as a worker does."""
        wire: dict[Any, Any] = {"attempt": attempt, "sequence": sequence, "reports": encode_reports(list(reports))}
        with redis.Redis.from_url(self.redis_url) as client:
            client.xadd(Channels(run).telemetry, wire)

    def tamper(self, *statements: str) -> Any:
        """Do to the database what the controller never does, and give the first value that the last one finds."""
        url = make_url(self.database_url)
        if url.get_backend_name() == "postgresql":
            url = url.set(drivername="postgresql+psycopg")
        engine = create_engine(url)
        with engine.begin() as connection:
            for statement in statements:
                answer = connection.exec_driver_sql(statement)
            found = answer.scalar() if answer.returns_rows else None
        engine.dispose()
        return found

    def events(self, run: str, kind: str | None = None) -> list[dict[str, Any]]:
        """Give the events so far."""
        answer = self.http.get(f"/v1/runs/{run}/events?limit=1000", headers={"Accept": "application/json"})
        return [event for event in answer.json()["items"] if kind in {None, event["kind"]}]

    def _check_runs(self) -> None:
        assert self._process
        assert self._process.poll() is None, f"the controller did not start:\n{self.output}"


def run_body(**changes: Any) -> dict[str, Any]:
    return {
        "name": next(_names),
        "horizon_tokens": 1_000_000,
        "sources": [{"name": "web", "unique_tokens": 900_000}, {"name": "math", "unique_tokens": 300_000}],
        "mixture": {"web": 0.9, "math": 0.1},
        **changes,
    }


def begin(world_size: int = 2, start_step: int = 0) -> AttemptReport:
    return AttemptReport(start_step=start_step, total_steps=100, tokens_per_step=TOKENS_PER_STEP, world_size=world_size)


def trained(step: int, *, loss: float | None = 2.0, math: int = 0) -> StepReport:
    """Report a step; `math` of all tokens so far were mathematics."""
    tokens = (step + 1) * TOKENS_PER_STEP
    return StepReport(
        step=step,
        tokens=tokens,
        version=1,
        phase="stable",
        loss=loss,
        learning_rate=0.001,
        gradient_norm=1.0,
        seconds=0.5,
        mfu=0.4,
        source_loss={"web": 2.5, "math": 1.5},
        source_tokens={"web": tokens - math, "math": math},
    )


def applied(version: int, weights_ppm: dict[str, int], step: int, ranks: int = 2) -> AppliedReport:
    digest = Mixture(weights_ppm).digest
    return AppliedReport(version=version, digest=digest, effective_steps=dict.fromkeys(range(ranks), step))
