"""A run as long as they get: a million steps, ten sources, twenty benchmarks, thirty versions."""

from __future__ import annotations

import math
import sqlite3
from collections.abc import Iterator
from pathlib import Path

from tests.browser.site import Reporter, Site

from crossfade_controller.metrics.models import Rollup
from crossfade_controller.metrics.rollups import WIDTHS
from crossfade_shared.telemetry import AttemptReport

RUN = "million"
NUM_STEPS = 1_000_000
TOKENS_PER_STEP = 2_000_000
SOURCES = tuple(f"source{number}" for number in range(10))
TASKS = tuple(f"{name}_{number}" for name in ("gsm8k", "mmlu", "hellaswag", "humaneval") for number in range(5))
NUM_CHECKPOINTS = 100
NUM_VERSIONS = 30


class MillionSteps(Site):
    """A controller that keeps such a run."""

    def __init__(self, directory: Path, redis_url: str) -> None:
        super().__init__(directory, redis_url)
        self.reporter = Reporter(self, RUN, sources=SOURCES, tokens_per_step=TOKENS_PER_STEP)

    def fill(self) -> None:
        """Make the run: its curves straight into the tables, the rest through the doors that everybody uses."""
        sources = [{"name": name, "unique_tokens": 10**12, "capabilities": ["knowledge"]} for name in SOURCES]
        body = {"name": RUN, "horizon_tokens": NUM_STEPS * TOKENS_PER_STEP * 2, "sources": sources}
        self.http.post("/v1/runs", json={**body, "mixture": dict.fromkeys(SOURCES, 0.1)}).raise_for_status()
        self.stop()
        self._write_curves()
        self.start()
        self.reporter.send(
            AttemptReport(start_step=0, total_steps=2 * NUM_STEPS, tokens_per_step=TOKENS_PER_STEP, world_size=8)
        )
        self.reporter.apply(1)
        self._make_versions()
        for checkpoint in range(1, NUM_CHECKPOINTS + 1):
            self._post_scores(checkpoint * NUM_STEPS // NUM_CHECKPOINTS)
        self.reporter.next_step = NUM_STEPS - 8
        self.reporter.train(8, version=NUM_VERSIONS)

    def _write_curves(self) -> None:
        with sqlite3.connect(self.database_url.removeprefix("sqlite:///")) as connection:
            (run_id,) = connection.execute("SELECT id FROM runs WHERE name = ?", (RUN,)).fetchone()
            columns = [column.name for column in Rollup.__table__.columns]
            places = ", ".join("?" * len(columns))
            insert = f"INSERT INTO rollups ({', '.join(columns)}) VALUES ({places})"
            for width in WIDTHS:
                connection.executemany(insert, ((run_id, width, *row) for row in _rollups(width)))
        connection.close()

    def _make_versions(self) -> None:
        for version in range(2, NUM_VERSIONS + 1):
            self.change(RUN, {SOURCES[version % len(SOURCES)]: 1.3}, author="ada", reason=f"change {version}")
            self.reporter.next_step = version * NUM_STEPS // (NUM_VERSIONS + 1)
            self.reporter.apply(version)

    def _post_scores(self, step: int) -> None:
        share = step / NUM_STEPS
        same = {"metric": "acc", "version": "1", "num_samples": 1000, "stderr": 0.015}
        results = [{**same, "task": task, "value": 0.25 + share * 0.02 * place} for place, task in enumerate(TASKS)]
        body = {"step": step, "tokens": step * TOKENS_PER_STEP, "checkpoint": f"step-{step}", "results": results}
        self.http.post(f"/v1/runs/{RUN}/benchmarks", json=body).raise_for_status()


def _rollups(width: int) -> Iterator[tuple[object, ...]]:
    """Give the buckets of every curve at one level, in the order of the table's key and columns."""
    curves = ["gradient_norm", "learning_rate", "loss"]
    curves += [f"source_loss/{source}" for source in SOURCES]
    curves += [f"source_tokens/{source}" for source in SOURCES]
    for name in [*curves, "step_seconds"]:
        is_count = name.startswith("source_tokens")
        for step in range(0, NUM_STEPS - 8, width):
            last = min(step + width, NUM_STEPS - 8) - 1
            value = (last + 1) * TOKENS_PER_STEP / len(SOURCES) if is_count else _loss(last)
            number = last - step + 1
            spread = 0 if is_count else 0.03 * value
            tokens = ((step + 1) * TOKENS_PER_STEP, (last + 1) * TOKENS_PER_STEP)
            yield name, step, step, last, *tokens, number, value * number, value - spread, value + spread


def _loss(step: int) -> float:
    return 2 + 8 / math.sqrt(1 + step / 500) + 0.05 * math.sin(step / 37)
