"""One rank of the step benchmark: steps that only sleep, with live control around them; rank 0 prints its times."""

from __future__ import annotations

import json
import sys
import tempfile
import time
from contextlib import nullcontext
from pathlib import Path

import redis

from crossfade_shared.channels import Channels
from crossfade_shared.envelope import MixtureEnvelope
from crossfade_shared.ledger import Ledger, LedgerEntry
from crossfade_shared.mixture import Mixture
from crossfade_worker.mixing.agreement import Agreement
from crossfade_worker.mixing.exposure import Exposure
from crossfade_worker.mixing.journal import LedgerJournal
from crossfade_worker.mixing.last_known_good import LastKnownGood
from crossfade_worker.mixing.planner import Planner
from crossfade_worker.mixing.subscriber import MixtureSubscriber
from crossfade_worker.reporting.history import applied_report, step_report
from crossfade_worker.reporting.link import Link, NoLink, RedisLink
from crossfade_worker.reporting.telemetry import TelemetrySender
from crossfade_worker.world import World, join_world

NUM_SOURCES = 8
BATCH_SEQUENCES = 64
SEQUENCE_LENGTH = 2048
TOKENS_PER_STEP = BATCH_SEQUENCES * SEQUENCE_LENGTH
STEPS_PER_CHANGE = 20
SETTLING_STEPS = 20
KEY = b"step benchmark"
RUN = "bench"


def main(redis_url: str, num_steps: int, step_seconds: float) -> None:
    """Run `num_steps` and print, on rank 0, the microseconds that live control took in each."""
    with (
        join_world("cpu") as world,
        tempfile.TemporaryDirectory() as folder,
        redis.Redis.from_url(redis_url) as client,
        _link(redis_url, Path(folder)) if world.is_leader else nullcontext(NoLink(attempt=1)) as link,
    ):
        journal = LedgerJournal(Path(folder) / "ledger.jsonl")
        quiet, changing = _measure(world, link, client, journal=journal, num_steps=num_steps, step_seconds=step_seconds)
    if world.is_leader:
        print(json.dumps({"quiet_microseconds": quiet, "change_microseconds": changing}))  # noqa: T201 - for our parent


def _measure(
    world: World, link: Link, client: redis.Redis, *, journal: LedgerJournal, num_steps: int, step_seconds: float
) -> tuple[list[float], list[float]]:
    ledger = Ledger([LedgerEntry(0, 0, _mixture(0))])
    agreement = Agreement(
        ledger,
        newest=link.newest,
        record=journal.append,
        tokens_per_step=TOKENS_PER_STEP,
        first_free_step=0,
        group=world.cpu_group,
    )
    num_rows = dict.fromkeys(_mixture(0).sources, 10**6)
    planner = Planner(num_rows, seed=0, batch_sequences=BATCH_SEQUENCES)
    exposure = Exposure(num_rows, sequence_length=SEQUENCE_LENGTH)
    quiet: list[float] = []
    changing: list[float] = []
    agreement.announce(0)
    for step in range(num_steps):
        if world.is_leader and step % STEPS_PER_CHANGE == 0:
            _publish(client, version=1 + step // STEPS_PER_CHANGE)
        began = time.perf_counter()
        decision = agreement.conclude(step)
        if decision.adoption:
            link.report(applied_report(decision.adoption))
        agreement.announce(step + 1)
        entry = ledger.entry_at(step)
        agreed = time.perf_counter()
        planner.next_plan(entry.mixture)
        time.sleep(step_seconds)
        trained = time.perf_counter()
        link.report(
            step_report(
                step=step,
                version=entry.version,
                source_tokens=exposure.tokens(planner.state),
                phase="stable",
                loss=2.0,
                source_losses=dict.fromkeys(planner.sources, 2.0),
                gradient_norm=1.0,
                learning_rate=1e-3,
                seconds=step_seconds,
            )
        )
        spent = (agreed - began + time.perf_counter() - trained) * 1e6
        if step >= SETTLING_STEPS:
            (changing if decision.adoption else quiet).append(spent)
    agreement.finish()
    return quiet, changing


def _link(redis_url: str, folder: Path) -> RedisLink:
    sources = _mixture(0).sources
    subscriber = MixtureSubscriber(
        redis_url,
        run=RUN,
        key=KEY,
        sources=sources,
        last_known_good=LastKnownGood(folder / "last_known_good.json", run=RUN, key=KEY, sources=sources),
        on_refusal=lambda why: sys.exit(f"the benchmark's own mixture was refused: {why}"),
    )
    return RedisLink(subscriber, TelemetrySender(redis_url, run=RUN), attempt=1)


def _mixture(version: int) -> Mixture:
    """Give a mixture that differs from one version to the next."""
    return Mixture.from_weights({f"source-{number}": 1 + (number + version) % 5 for number in range(NUM_SOURCES)})


def _publish(client: redis.Redis, version: int) -> None:
    mixture = _mixture(version)
    envelope = MixtureEnvelope(run=RUN, version=version, weights_ppm=dict(mixture.weights_ppm), digest=mixture.digest)
    client.set(Channels(RUN).mixture, envelope.seal(KEY))
    client.publish(Channels(RUN).changed, version)


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), float(sys.argv[3]))
