"""From the commit of a version to a worker that holds it: a real subscriber, in a thread of this process."""

from __future__ import annotations

import asyncio
import tempfile
import time
from pathlib import Path

from tests.controller.served import Controller
from tests.load.figures import Bound, Figure, milliseconds
from tests.load.place import SOURCES, run_body
from tests.load.versions import weights

from crossfade_worker.mixing.last_known_good import LastKnownGood
from crossfade_worker.mixing.subscriber import MixtureSubscriber

NUM_VERSIONS = 200
PAUSE_SECONDS = 0.02


async def measure(controller: Controller) -> list[Figure]:
    """Measure from the moment the answer to the change is in to the moment the worker holds it."""
    body = run_body()
    key = bytes.fromhex(controller.http.post("/v1/runs", json=body).json()["signing_key"])
    run, durations = str(body["name"]), []
    with tempfile.TemporaryDirectory() as folder:
        kept = LastKnownGood(Path(folder) / "mixture.json", run=run, key=key, sources=SOURCES)
        subscriber = MixtureSubscriber(
            controller.redis_url, run=run, key=key, sources=SOURCES, last_known_good=kept, on_refusal=print
        )
        subscriber.start(patience_seconds=5)
        for base in range(1, 1 + NUM_VERSIONS):
            answer = controller.post_version(run, base, weights(base))
            committed = time.monotonic()
            assert answer.status_code == 201, answer.text
            while subscriber.newest is None or subscriber.newest.version <= base:
                assert time.monotonic() < committed + 30, "the worker was not told"
                await asyncio.sleep(0.0002)
            durations.append(time.monotonic() - committed)
            await asyncio.sleep(PAUSE_SECONDS)
        subscriber.stop()
    return [
        milliseconds("commit to worker, median", durations, 0.5),
        milliseconds("commit to worker, p99", durations, 0.99, Bound(must=500, aim=100, at_most=True)),
    ]
