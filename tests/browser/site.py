"""A controller in a process of its own, fed through its two doors: REST for people, the Redis stream for workers."""

import re
import signal
import sys
import time
from pathlib import Path

import redis

from crossfade_shared import processes
from crossfade_shared.channels import Channels
from crossfade_shared.rest import RestClient
from crossfade_shared.telemetry import AppliedReport, AttemptReport, Report, StepReport, encode_reports

SOURCES = ("code", "docs", "math", "web")
FIRST_MIXTURE = {"code": 0.3, "docs": 0.3, "math": 0.1, "web": 0.3}
TOKENS_PER_STEP = 16_384
TOTAL_STEPS = 600
_START_SECONDS = 30.0


class Site:
    """Starts, kills and restarts the controller at one address, and makes runs in it."""

    def __init__(self, directory: Path, redis_url: str) -> None:
        self.redis_url = redis_url
        self.url = ""
        self._directory = directory
        self._port = 0

    def start(self) -> None:
        """Start the controller, at the address it had before if it ran already, and wait until it listens."""
        log = self._directory / "controller.log"
        log.write_bytes(b"")
        database = f"sqlite:///{self._directory / 'crossfade.db'}"
        self._process = processes.start(
            [
                *(sys.executable, "-m", "crossfade_controller", "--port", str(self._port)),
                *("--database", database, "--redis", self.redis_url),
            ],
            log=log,
        )
        deadline = time.monotonic() + _START_SECONDS
        while not (found := re.search(r"listening on (http://\S+:(\d+))", log.read_text())):
            if self._process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(f"the controller did not start:\n{log.read_text()}")
            time.sleep(0.05)
        self.url, self._port = found[1], int(found[2])

    def kill(self) -> None:
        """End the controller as a power cut would."""
        self._process.send_signal(signal.SIGKILL)
        self._process.wait()

    def stop(self) -> None:
        """End the controller."""
        processes.stop(self._process)

    def make_run(self, name: str) -> None:
        """Register a run with four sources."""
        sources = [{"name": source, "unique_tokens": 4_000_000} for source in SOURCES]
        horizon = TOTAL_STEPS * TOKENS_PER_STEP
        body = {"name": name, "horizon_tokens": horizon, "sources": sources, "mixture": FIRST_MIXTURE}
        with RestClient(self.url) as rest:
            rest.post("/v1/runs", body)

    def change(self, run: str, multiply: dict[str, float], *, author: str, reason: str) -> int:
        """Upsample, and give the new version."""
        with RestClient(self.url) as rest:
            current = rest.get(f"/v1/runs/{run}/mixture")["version"]
            body = {"multiply": multiply, "author": author, "reason": reason}
            return int(rest.patch(f"/v1/runs/{run}/mixture", body, if_match=current)["version"])

    def post_scores(self, run: str, step: int) -> None:
        """Post what an evaluator finds at a checkpoint."""
        results = []
        for place, source in enumerate(SOURCES):
            same = {"task": f"heldout_{source}", "version": "1", "num_samples": 100, "source": source}
            progress = step / TOTAL_STEPS
            results += [
                {**same, "metric": "acc_norm", "value": 0.3 + 0.05 * place + 0.2 * progress, "stderr": 0.04},
                {**same, "metric": "bits_per_byte", "value": 2.6 - 0.2 * place - 0.8 * progress, "stderr": 0.05},
            ]
        body = {"step": step, "tokens": step * TOKENS_PER_STEP, "checkpoint": f"step-{step:08}", "results": results}
        with RestClient(self.url) as rest:
            rest.post(f"/v1/runs/{run}/benchmarks", body)


class Reporter:
    """Reports on a run as rank 0 of two does, in the wire form of workers."""

    def __init__(self, site: Site, run: str) -> None:
        self._site = site
        self._run = run
        self._redis = redis.Redis.from_url(site.redis_url)
        self._sequence = 0
        self._consumed = dict.fromkeys(SOURCES, 0)
        self.next_step = 0

    def begin(self) -> None:
        """Report the beginning of the first attempt, under the first mixture."""
        self._send(AttemptReport(start_step=0, total_steps=TOTAL_STEPS, tokens_per_step=TOKENS_PER_STEP, world_size=2))
        self.apply(1)

    def apply(self, version: int) -> int:
        """Report that both ranks take a version with the next step, and give that step."""
        with RestClient(self._site.url) as rest:
            digest = rest.get(f"/v1/runs/{self._run}/mixtures/{version}")["digest"]
        steps = {0: self.next_step, 1: self.next_step}
        self._send(AppliedReport(version=version, digest=digest, effective_steps=steps))
        return self.next_step

    def train(self, num_steps: int, version: int) -> None:
        """Report steps that were drawn under a version, with losses that fall."""
        with RestClient(self._site.url) as rest:
            weights = rest.get(f"/v1/runs/{self._run}/mixtures/{version}")["weights"]
        self._send(*(self._step(version, weights) for _ in range(num_steps)))

    def close(self) -> None:
        """Give the connection back."""
        self._redis.close()

    def _step(self, version: int, weights: dict[str, float]) -> StepReport:
        step = self.next_step
        self.next_step += 1
        loss = 3.0 + 6.0 * 0.5 ** (step / 60)
        for source, share in weights.items():
            self._consumed[source] += round(share * TOKENS_PER_STEP)
        return StepReport(
            step=step,
            tokens=self.next_step * TOKENS_PER_STEP,
            version=version,
            phase="stable",
            loss=loss,
            learning_rate=0.003,
            gradient_norm=1.0,
            seconds=0.4,
            source_loss={source: loss + 0.3 * (place - 1.5) for place, source in enumerate(SOURCES)},
            source_tokens=dict(self._consumed),
        )

    def _send(self, *reports: Report) -> None:
        fields = {"attempt": 1, "sequence": self._sequence, "reports": encode_reports(list(reports))}
        self._sequence += 1
        self._redis.xadd(Channels(self._run).telemetry, fields)
