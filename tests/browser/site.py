"""A controller in a process of its own, fed through its two doors: REST for people, the Redis stream for workers."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from tests.controller.served import Controller

from crossfade_shared.telemetry import AppliedReport, AttemptReport, Report, StepReport

SOURCES = ("code", "docs", "math", "web")
FIRST_MIXTURE = {"code": 0.3, "docs": 0.3, "math": 0.1, "web": 0.3}
TOKENS_PER_STEP = 16_384
TOTAL_STEPS = 600


class Site(Controller):
    """A controller with a page to look at, and runs made in it by name."""

    def __init__(self, directory: Path, redis_url: str) -> None:
        super().__init__(directory, database_url=f"sqlite:///{directory / 'crossfade.db'}", redis_url=redis_url)

    def make_run(self, name: str, **more: Any) -> None:
        """Register a run with four sources."""
        sources = [{"name": source, "unique_tokens": 4_000_000} for source in SOURCES]
        horizon = TOTAL_STEPS * TOKENS_PER_STEP
        body = {"name": name, "horizon_tokens": horizon, "sources": sources, "mixture": FIRST_MIXTURE, **more}
        self.http.post("/v1/runs", json=body).raise_for_status()

    def make_begun_run(self, name: str, **more: Any) -> "Reporter":
        """Register a run and report that training began."""
        self.make_run(name, **more)
        reporter = Reporter(self, name)
        reporter.begin()
        return reporter

    def make_trained_run(self, name: str) -> "Reporter":
        """Make a run in which version 2 took effect after 200 of 300 steps, with scores of three checkpoints."""
        reporter = self.make_begun_run(name)
        reporter.train(200, version=1)
        reporter.apply(self.change(name, {"math": 2.0}, author="ada", reason="math lags behind"))
        reporter.train(100, version=2)
        for step in (100, 200, 300):
            self.post_scores(name, step)
        return reporter

    def token(self, *scopes: str, name: str = "ada") -> str:
        """Make a token with these scopes."""
        answer = self.http.post("/v1/tokens", json={"name": name, "scopes": list(scopes)})
        return str(answer.raise_for_status().json()["token"])

    def change(self, run: str, multiply: dict[str, float], *, author: str, reason: str) -> int:
        """Upsample as somebody with a token of their own, and give the new version."""
        mixture = f"/v1/runs/{run}/mixture"
        body = {"multiply": multiply, "reason": reason}
        headers = {"If-Match": f'"{self.get(mixture)["version"]}"'}
        with self.client(scopes=["operator"], name=author) as client:
            return int(client.patch(mixture, json=body, headers=headers).raise_for_status().json()["version"])

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
        self.http.post(f"/v1/runs/{run}/benchmarks", json=body).raise_for_status()


class Reporter:
    """Reports on a run as rank 0 of two does, in the wire form of workers."""

    def __init__(
        self, site: Site, run: str, *, sources: Sequence[str] = SOURCES, tokens_per_step: int = TOKENS_PER_STEP
    ) -> None:
        self._site = site
        self._run = run
        self._tokens_per_step = tokens_per_step
        self._sequence = 0
        self._consumed = dict.fromkeys(sources, 0)
        self.next_step = 0
        self.mfu: float | None = 0.412

    def begin(self) -> None:
        """Report the beginning of the first attempt, under the first mixture."""
        self.send(AttemptReport(start_step=0, total_steps=TOTAL_STEPS, tokens_per_step=TOKENS_PER_STEP, world_size=2))
        self.apply(1)

    def apply(self, version: int) -> int:
        """Report that both ranks take a version with the next step, and give that step."""
        digest = self._version(version)["digest"]
        steps = {0: self.next_step, 1: self.next_step}
        self.send(AppliedReport(version=version, digest=digest, effective_steps=steps))
        return self.next_step

    def train(self, num_steps: int, version: int) -> None:
        """Report steps that were drawn under a version, with losses that fall."""
        weights = self._version(version)["weights"]
        self.send(*(self._step(version, weights) for _ in range(num_steps)))

    def send(self, *reports: Report) -> None:
        """Report anything."""
        self._site.report(self._run, 1, self._sequence, *reports)
        self._sequence += 1

    def _version(self, version: int) -> Any:
        return self._site.get(f"/v1/runs/{self._run}/mixtures/{version}")

    def _step(self, version: int, weights: dict[str, float]) -> StepReport:
        step = self.next_step
        self.next_step += 1
        loss = 3.0 + 6.0 * 0.5 ** (step / 60)
        for source, share in weights.items():
            self._consumed[source] += round(share * self._tokens_per_step)
        return StepReport(
            step=step,
            tokens=self.next_step * self._tokens_per_step,
            version=version,
            phase="stable",
            loss=loss,
            learning_rate=0.003,
            gradient_norm=1.0,
            seconds=0.4,
            mfu=self.mfu,
            source_loss={source: loss + 0.3 * (place - 1.5) for place, source in enumerate(self._consumed)},
            source_tokens=dict(self._consumed),
        )
