"""From the database to Redis: the newest version gets there and stays, whatever happens to Redis."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import redis
from tests.controller.served import Controller, run_body
from tests.eventually import eventually
from tests.redis_box import RedisBox

from crossfade_shared.channels import Channels
from crossfade_shared.envelope import EnvelopeError, MixtureEnvelope, open_envelope


class Subscriber:
    """Looks into Redis as a worker does, with the key of its run."""

    def __init__(self, controller: Controller) -> None:
        body = run_body()
        self.run = body["name"]
        self.key = bytes.fromhex(controller.http.post("/v1/runs", json=body).json()["signing_key"])
        self.channels = Channels(self.run)
        self.redis = redis.Redis.from_url(controller.redis_url)

    def version(self) -> int | None:
        """Give the version that Redis holds, or None if it holds no valid one."""
        try:
            return self.envelope().version
        except (EnvelopeError, redis.RedisError):
            return None

    def envelope(self) -> MixtureEnvelope:
        wire = self.redis.get(self.channels.mixture)
        return open_envelope(wire or b"", run=self.run, key=self.key)


@pytest.fixture
def subscriber(rough_controller: Controller) -> Iterator[Subscriber]:
    made = Subscriber(rough_controller)
    yield made
    made.redis.close()


def test_a_version_is_published_sealed_and_announced(rough_controller: Controller, subscriber: Subscriber) -> None:
    eventually(lambda: subscriber.version() == 1)
    with subscriber.redis.pubsub(ignore_subscribe_messages=True) as listening:
        listening.subscribe(subscriber.channels.changed)
        listening.get_message(timeout=1)
        made = rough_controller.post_version(subscriber.run, 1, takes_effect={"step": 7}).json()
        message = eventually(lambda: listening.get_message(timeout=1))
        assert message["data"] == b"2"
    envelope = subscriber.envelope()
    assert (envelope.version, envelope.weights_ppm, envelope.digest) == (2, made["weights_ppm"], made["digest"])
    assert (envelope.author, envelope.reason, envelope.earliest_step(1000)) == ("admin", "a test", 7)
    state = eventually(
        lambda: (now := rough_controller.get(f"/v1/runs/{subscriber.run}/mixture"))["state"] == "published" and now
    )
    assert state["published_at"]


def test_what_was_committed_while_redis_was_down_is_published_when_it_is_back(
    rough_controller: Controller, subscriber: Subscriber, redis_box: RedisBox
) -> None:
    eventually(lambda: subscriber.version() == 1)
    redis_box.stop()
    assert rough_controller.post_version(subscriber.run, 1).status_code == 201
    assert rough_controller.post_version(subscriber.run, 2).status_code == 201
    ready = rough_controller.http.get("/readyz")
    assert (ready.status_code, ready.json()) == (200, {"status": "degraded", "database": "ok", "redis": "failed"})
    assert rough_controller.http.get("/livez").json() == {"status": "ok"}
    assert rough_controller.get(f"/v1/runs/{subscriber.run}/mixture")["state"] == "accepted"
    redis_box.start()
    eventually(lambda: subscriber.version() == 3)
    eventually(lambda: rough_controller.get(f"/v1/runs/{subscriber.run}/mixtures/2")["state"] == "published")
    eventually(lambda: rough_controller.get("/readyz")["status"] == "ok")


def test_an_emptied_redis_is_filled_again(rough_controller: Controller, subscriber: Subscriber) -> None:
    rough_controller.post_version(subscriber.run, 1)
    eventually(lambda: subscriber.version() == 2)
    subscriber.redis.flushall()
    eventually(lambda: subscriber.version() == 2, patience_seconds=5)


def test_an_old_dump_is_overwritten(rough_controller: Controller, subscriber: Subscriber) -> None:
    eventually(lambda: subscriber.version() == 1)
    old: Any = subscriber.redis.get(subscriber.channels.mixture)
    rough_controller.post_version(subscriber.run, 1)
    eventually(lambda: subscriber.version() == 2)
    subscriber.redis.set(subscriber.channels.mixture, old)
    eventually(lambda: subscriber.version() == 2, patience_seconds=5)


def test_what_is_no_valid_envelope_is_replaced(rough_controller: Controller) -> None:
    spoil: dict[str, Callable[[bytes], bytes]] = {
        "garbage": lambda wire: b"\x00garbage",
        "half": lambda wire: wire[: len(wire) // 2],
        "deep": lambda wire: b"[" * 5000,
        "deep, but readable": lambda wire: wire[:-1] + b',"more":' + b"[" * 980 + b"]" * 980 + b"}",
        "a higher version claimed": lambda wire: json.dumps({"version": 10**9}).encode(),
        "forged": lambda wire: wire.replace(b'"version":1', b'"version":9'),
    }
    subscribers = {kind: Subscriber(rough_controller) for kind in spoil}
    for kind, subscriber in subscribers.items():
        eventually(lambda subscriber=subscriber: subscriber.version() == 1)
        good: Any = subscriber.redis.get(subscriber.channels.mixture)
        subscriber.redis.set(subscriber.channels.mixture, spoil[kind](good))
    for kind, subscriber in subscribers.items():
        eventually(lambda subscriber=subscriber: subscriber.version() == 1, patience_seconds=5)
        assert f"run {subscriber.run}: Redis held no valid mixture" in rough_controller.output, kind
        subscriber.redis.close()


def test_a_run_that_cannot_be_published_does_not_keep_the_others_waiting(
    rough_controller: Controller, redis_box: RedisBox
) -> None:
    redis_box.stop()  # so that nothing is published before one version is spoilt
    spoilt, sound = Subscriber(rough_controller), Subscriber(rough_controller)
    of_spoilt = f"version = 1 AND run_id = (SELECT id FROM runs WHERE name = '{spoilt.run}')"
    rough_controller.tamper(f"UPDATE mixtures SET weights_ppm = '{{\"web\": 1}}' WHERE {of_spoilt}")
    redis_box.start()
    eventually(lambda: sound.version() == 1)
    sound.redis.flushall()
    eventually(lambda: sound.version() == 1, patience_seconds=5)  # repaired
    for what in (f"publishing version 1 of run {spoilt.run}", f"keeping version 1 of run {spoilt.run} in Redis"):
        eventually(lambda what=what: f"{what}: weights_ppm sum to 1;" in rough_controller.output)
    weights = '{"math": 100000, "web": 900000}'
    rough_controller.tamper(f"UPDATE mixtures SET weights_ppm = '{weights}' WHERE {of_spoilt}")
    eventually(lambda: spoilt.version() == 1)
    eventually(lambda: f"version 1 of run {spoilt.run}: it works again" in rough_controller.output)
    assert rough_controller.output.count(f"publishing version 1 of run {spoilt.run}: weights_ppm sum") == 1
    for subscriber in (spoilt, sound):
        subscriber.redis.close()


def test_a_key_of_another_type_is_replaced(rough_controller: Controller, subscriber: Subscriber) -> None:
    eventually(lambda: subscriber.version() == 1)
    subscriber.redis.delete(subscriber.channels.mixture)
    subscriber.redis.lpush(subscriber.channels.mixture, "a list")
    eventually(lambda: subscriber.version() == 1, patience_seconds=5)


def test_a_lower_version_never_overwrites_a_higher_one(rough_controller: Controller, subscriber: Subscriber) -> None:
    """Two controllers may publish at once; the later writer may hold the lower version."""
    eventually(lambda: subscriber.version() == 1)
    later = subscriber.envelope().model_copy(update={"version": 5}).seal(subscriber.key)
    subscriber.redis.set(subscriber.channels.mixture, later)
    rough_controller.post_version(subscriber.run, 1)
    eventually(lambda: rough_controller.get(f"/v1/runs/{subscriber.run}/mixture")["state"] == "published")
    assert subscriber.version() == 5
