"""Workers and a controller of different versions: what was added is passed over, another major version is refused."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import redis
from tests.controller.chaos.history import History
from tests.controller.chaos.people import Follower
from tests.controller.served import Controller, begin, run_body, trained
from tests.controller.test_intake import num_unacknowledged
from tests.eventually import eventually

from crossfade_shared.channels import Channels
from crossfade_shared.envelope import FORMAT, MixtureEnvelope, open_envelope
from crossfade_shared.telemetry import FORMAT as FORMAT_OF_REPORTS
from crossfade_shared.telemetry import CheckpointReport, RefusedReport, Report, encode_reports

CHECKPOINT = CheckpointReport(step=0, tokens=1, path="checkpoints/0")


def bodies(*reports: Report) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(encode_reports(list(reports)))
    return found


def send(controller: Controller, run: str, sequence: int, reports: object, **more: Any) -> None:
    wire = {"attempt": 1, "sequence": sequence, "reports": json.dumps(reports), **more}
    with redis.Redis.from_url(controller.redis_url) as client:
        client.xadd(Channels(run).telemetry, wire)  # type: ignore[arg-type] # a narrower type of the same


def test_an_older_worker_is_understood_without_what_it_does_not_tell(controller: Controller) -> None:
    run = controller.new_run()
    attempt, step = bodies(begin(), trained(0))
    for added_later in ("rewound", "skipped_tokens"):
        del attempt[added_later]
    step.pop("mfu", None)
    send(controller, run, 0, [attempt, step])
    eventually(lambda: controller.get(f"/v1/runs/{run}")["step"] == 0)


def test_what_a_newer_worker_adds_is_passed_over(controller: Controller) -> None:
    run = controller.new_run()
    attempt, step, checkpoint = bodies(begin(), trained(0), CHECKPOINT)
    novelty = {"kind": "novelty", "more": {}}
    send(
        controller, run, 0, [attempt | {"mood": "good"}, novelty, step, checkpoint], format=FORMAT_OF_REPORTS, host="a"
    )
    eventually(lambda: controller.events(run, "checkpoint"))
    assert controller.get(f"/v1/runs/{run}")["step"] == 0
    assert controller.events(run, "refused") == []


def test_a_worker_of_another_major_version_is_refused_once_and_clearly(controller: Controller) -> None:
    run = controller.new_run()
    for sequence in range(3):
        send(controller, run, sequence, {"by": "another scheme"}, format="crossfade.telemetry/2")
    eventually(lambda: controller.events(run, "refused"))
    eventually(lambda: num_unacknowledged(controller.redis_url, run) == 0)
    (refused,) = controller.events(run, "refused")
    told = "attempt 1 reports in 'crossfade.telemetry/2', this controller understands 'crossfade.telemetry/1'"
    assert told in refused["data"]["why"]
    assert (controller.get(f"/v1/runs/{run}")["attempt"], controller.get(f"/v1/runs/{run}")["step"]) == (None, None)


def test_a_worker_takes_a_newer_controllers_mixture_but_no_other_major_version(
    controller: Controller, tmp_path: Path
) -> None:
    class Newer(MixtureEnvelope):
        policy: str = "losses"

    body, history = run_body(), History()
    key = bytes.fromhex(controller.http.post("/v1/runs", json=body).json()["signing_key"])
    run = body["name"]
    follower = Follower(controller, run, key, history, tmp_path)
    with redis.Redis.from_url(controller.redis_url) as client, follower.following():

        def publish(wire: bytes) -> None:
            client.set(Channels(run).mixture, wire)
            client.publish(Channels(run).changed, "")

        eventually(lambda: follower.version == 1)
        held: Any = client.get(Channels(run).mixture)
        newer = open_envelope(held, run=run, key=key).model_copy(update={"version": 2})
        foreign = newer.model_copy(update={"version": 3}).seal(key).replace(FORMAT.encode(), b"crossfade.mixture/2")
        publish(foreign)
        (why,) = eventually(lambda: follower.refusals)
        publish(Newer(**newer.model_dump()).seal(key))
        eventually(lambda: follower.version == 2)
    assert "'crossfade.mixture/2', and 'crossfade.mixture/1' is the one understood here" in why
    controller.report(run, 1, 0, begin(), RefusedReport(why=why))
    (refused,) = eventually(lambda: controller.events(run, "refused"))
    assert refused["data"]["why"] == why
