"""The subscriber over a real Redis: newest valid version, never back, never disturbed (D1, D2, D4, D6)."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import redis
from tests.eventually import eventually
from tests.toy import KEY

from crossfade_shared.channels import Channels
from crossfade_shared.envelope import MixtureEnvelope
from crossfade_shared.mixture import Mixture
from crossfade_shared.redis_server import embedded_redis
from crossfade_worker.mixing.last_known_good import LastKnownGood
from crossfade_worker.mixing.subscriber import POLL_SECONDS, MixtureSubscriber

SOURCES = ("math", "web")
CHANNELS = Channels("toy")


def envelope(version: int, *, run: str = "toy", sources: tuple[str, ...] = SOURCES) -> MixtureEnvelope:
    mixture = Mixture.from_weights(dict.fromkeys(sources, 1))
    return MixtureEnvelope(run=run, version=version, weights_ppm=dict(mixture.weights_ppm), digest=mixture.digest)


def publish(url: str, wire: bytes, *, notify: bool = True) -> None:
    with redis.Redis.from_url(url) as client:
        client.set(CHANNELS.mixture, wire)
        if notify:
            client.publish(CHANNELS.changed, "")


@contextmanager
def subscribed(url: str, folder: Path, refusals: list[str] | None = None) -> Iterator[MixtureSubscriber]:
    subscriber = MixtureSubscriber(
        url,
        run="toy",
        key=KEY,
        sources=SOURCES,
        last_known_good=LastKnownGood(folder / "last_known_good.json", run="toy", key=KEY, sources=SOURCES),
        on_refusal=(refusals if refusals is not None else []).append,
    )
    subscriber.start(patience_seconds=3.0)
    try:
        yield subscriber
    finally:
        subscriber.stop()


def version_of(subscriber: MixtureSubscriber) -> int | None:
    return subscriber.newest.version if subscriber.newest else None


def test_it_begins_with_what_is_published_and_follows_notifications(redis_url: str, tmp_path: Path) -> None:
    publish(redis_url, envelope(3).seal(KEY))
    with subscribed(redis_url, tmp_path) as subscriber:
        assert version_of(subscriber) == 3
        publish(redis_url, envelope(4).seal(KEY))
        eventually(lambda: version_of(subscriber) == 4)


def test_a_lost_notification_is_made_up_for_by_polling(redis_url: str, tmp_path: Path) -> None:
    with subscribed(redis_url, tmp_path) as subscriber:
        assert version_of(subscriber) is None
        publish(redis_url, envelope(1).seal(KEY), notify=False)
        eventually(lambda: version_of(subscriber) == 1)


def test_it_never_goes_back(redis_url: str, tmp_path: Path) -> None:
    publish(redis_url, envelope(5).seal(KEY))
    with subscribed(redis_url, tmp_path) as subscriber:
        publish(redis_url, envelope(4).seal(KEY))
        publish(redis_url, envelope(6).seal(KEY))
        eventually(lambda: version_of(subscriber) == 6)
        publish(redis_url, envelope(5).seal(KEY))
        with redis.Redis.from_url(redis_url) as client:
            client.flushall()
        time.sleep(2 * POLL_SECONDS)
        assert version_of(subscriber) == 6


def test_what_is_not_a_valid_envelope_is_refused_once_and_reported(redis_url: str, tmp_path: Path) -> None:
    refusals: list[str] = []
    publish(redis_url, envelope(1).seal(KEY))
    with subscribed(redis_url, tmp_path, refusals) as subscriber:
        for wire, reason in (
            (envelope(9).seal(b"forged"), "signature"),
            (b'{"half', "not readable as JSON"),
            (envelope(9, run="other").seal(KEY), "belongs to run"),
            (envelope(9, sources=("math", "poetry")).seal(KEY), "no source 'poetry'"),
        ):
            number = len(refusals)
            publish(redis_url, wire)
            eventually(lambda number=number: len(refusals) > number)
            publish(redis_url, wire)
            assert reason in refusals[-1]
            assert version_of(subscriber) == 1
        publish(redis_url, envelope(2).seal(KEY))
        eventually(lambda: version_of(subscriber) == 2)
        assert len(refusals) == 4


def test_it_survives_an_outage_and_an_empty_return(tmp_path: Path) -> None:
    folder = tmp_path / "redis"
    with embedded_redis(folder) as url:
        publish(url, envelope(1).seal(KEY))
    with subscribed(url, tmp_path) as subscriber:
        assert version_of(subscriber) is None
        with embedded_redis(folder):
            eventually(lambda: version_of(subscriber) == 1)
        for file in (folder / "appendonlydir").iterdir():
            file.unlink()
        with embedded_redis(folder):
            publish(url, envelope(2).seal(KEY))
            eventually(lambda: version_of(subscriber) == 2)


def test_with_redis_down_it_begins_with_the_last_known_good(redis_url: str, tmp_path: Path) -> None:
    publish(redis_url, envelope(7).seal(KEY))
    with subscribed(redis_url, tmp_path):
        pass
    with subscribed("unix:///nowhere/redis.sock", tmp_path) as subscriber:
        assert version_of(subscriber) == 7


def test_a_torn_last_known_good_is_no_obstacle(redis_url: str, tmp_path: Path) -> None:
    (tmp_path / "last_known_good.json").write_bytes(envelope(7).seal(KEY)[:50])
    publish(redis_url, envelope(2).seal(KEY))
    with subscribed(redis_url, tmp_path) as subscriber:
        assert version_of(subscriber) == 2
