"""A toy run whose version 1 changes the mixture and begins the decay at step 8, over four steps."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import redis
from tests.toy import KEY, SEQUENCE_LENGTH, run_values, write_run

from crossfade_shared.channels import Channels
from crossfade_shared.envelope import AtStep, MixtureEnvelope
from crossfade_shared.mixture import Mixture
from crossfade_shared.telemetry import Report, StepReport, decode_reports

BEGIN, NUM_STEPS = 8, 4
ANNEALED = Mixture.from_weights({"web": 0.2, "code": 0.3, "math": 0.5})
PEAK = 0.01
TOKENS_PER_STEP = 8 * SEQUENCE_LENGTH


def publish_anneal(url: str) -> None:
    envelope = MixtureEnvelope(
        run="toy",
        version=1,
        weights_ppm=dict(ANNEALED.weights_ppm),
        digest=ANNEALED.digest,
        takes_effect=AtStep(step=BEGIN),
        decay_tokens=NUM_STEPS * TOKENS_PER_STEP,
    )
    with redis.Redis.from_url(url) as client:
        client.set(Channels("toy").mixture, envelope.seal(KEY))


def annealed_run(folder: Path, corpus: Path, url: str | None) -> Path:
    control = {"control": {"signing_key_file": "signing_key", "redis_url": url}} if url else {}
    return write_run(folder, run_values(corpus, **control))


def steps_reported(url: str) -> list[StepReport]:
    with redis.Redis.from_url(url) as client:
        entries: Any = client.xrange(Channels("toy").telemetry)
    reports: list[Report] = [report for _, fields in entries for report in decode_reports(fields[b"reports"])]
    return [report for report in reports if isinstance(report, StepReport)]


def check_course(steps: list[StepReport]) -> None:
    """Mixture, phase and learning rate change at the same step, and the run ends with the decay."""
    assert [report.step for report in steps] == list(range(BEGIN + NUM_STEPS))
    assert [report.version for report in steps] == [0] * BEGIN + [1] * NUM_STEPS
    assert [report.phase for report in steps] == ["warm-up"] * 2 + ["stable"] * (BEGIN - 2) + ["decay"] * NUM_STEPS
    assert [report.learning_rate for report in steps[BEGIN - 1 :]] == [PEAK, PEAK, 0.75 * PEAK, 0.5 * PEAK, 0.25 * PEAK]
