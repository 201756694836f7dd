"""What tests of streams share: a small stream, versions in Redis, and what must have been drawn."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import redis
from tests.eventually import eventually
from tests.toy import KEY, MIXTURE, SEQUENCE_LENGTH

from crossfade_shared.channels import Channels
from crossfade_shared.envelope import MixtureEnvelope
from crossfade_shared.ledger import Ledger
from crossfade_shared.mixture import Mixture
from crossfade_shared.telemetry import Report, decode_reports
from crossfade_worker.mixing.planner import Planner
from crossfade_worker.records.run_directory import RunDirectory
from crossfade_worker.streaming.mixture_stream import MixtureStream
from crossfade_worker.streaming.settings import StreamSettings
from crossfade_worker.streaming.step_batch import StepBatch

TOTAL_STEPS = 30


def settings_of(folder: Path, corpus: Path, *, redis_url: str | None = None, **changes: Any) -> StreamSettings:
    folder.mkdir(exist_ok=True)
    (folder / "signing_key").write_text(KEY.hex())
    values = {
        "run": "toy",
        "directory": folder / "run",
        "corpus": corpus,
        "mixture": MIXTURE,
        "total_steps": TOTAL_STEPS,
        "sequence_length": SEQUENCE_LENGTH,
        "batch_sequences": 8,
        "control": {"redis_url": redis_url, "signing_key_file": folder / "signing_key"},
    }
    return StreamSettings.model_validate(values | changes)


def publish(url: str, version: int, weights: dict[str, float]) -> None:
    mixture = Mixture.from_weights(weights)
    ppm = dict(mixture.weights_ppm)
    envelope = MixtureEnvelope(run="toy", version=version, weights_ppm=ppm, digest=mixture.digest)
    with redis.Redis.from_url(url) as client:
        client.set(Channels("toy").mixture, envelope.seal(KEY))
        client.publish(Channels("toy").changed, version)


def wait_for(stream: MixtureStream, version: int) -> None:
    """Wait until rank 0 holds a version."""
    eventually(lambda: (newest := stream._parts.link.newest()) and newest.version >= version, pause_seconds=0.005)


def reports(url: str) -> list[Report]:
    with redis.Redis.from_url(url) as client:
        entries: Any = client.xrange(Channels("toy").telemetry)
    return [report for _, fields in entries for report in decode_reports(fields[b"reports"])]


def rows_of(batch: StepBatch) -> list[tuple[int, int]]:
    plan = batch.rows.plan
    return list(zip(plan.sources.tolist(), plan.rows.tolist(), strict=True))


def expected_rows(stream: MixtureStream, ledger: Ledger, num_steps: int) -> list[list[tuple[int, int]]]:
    """What seed, sources and ledger alone say (A4)."""
    planner = Planner(stream._parts.reader.num_rows, seed=0, batch_sequences=8)
    plans = [planner.next_plan(ledger.mixture_at(step)) for step in range(num_steps)]
    return [list(zip(plan.sources.tolist(), plan.rows.tolist(), strict=True)) for plan in plans]


def ledger_of(settings: StreamSettings) -> Ledger:
    ledger = RunDirectory(settings.directory).journal.read()
    assert ledger is not None
    return ledger
