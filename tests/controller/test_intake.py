"""From Redis to the database: each report once, in spite of crashes, zombies and garbage."""

from __future__ import annotations

import json
from typing import Any

import redis
from sqlalchemy import make_url
from tests.controller.faulty_wire import FaultyWire
from tests.controller.served import Controller, applied, begin, trained
from tests.eventually import eventually
from tests.redis_box import RedisBox

from crossfade_shared.channels import TELEMETRY_GROUP, Channels
from crossfade_shared.telemetry import CheckpointReport, DroppedReport


def checkpoint(step: int) -> CheckpointReport:
    return CheckpointReport(step=step, tokens=step, path=f"checkpoints/{step}")


def checkpoint_steps(controller: Controller, run: str) -> list[int]:
    return [event["data"]["step"] for event in controller.events(run, "checkpoint")]


def num_unacknowledged(redis_url: str, run: str) -> int:
    with redis.Redis.from_url(redis_url) as client:
        answer: Any = client.xpending(Channels(run).telemetry, TELEMETRY_GROUP)
        return int(answer["pending"])


def test_a_batch_that_is_sent_twice_is_stored_once(controller: Controller) -> None:
    run = controller.new_run()
    controller.report(run, 1, 0, begin(), checkpoint(0))
    controller.report(run, 1, 0, begin(), checkpoint(0))
    controller.report(run, 1, 1, checkpoint(1))
    eventually(lambda: 1 in checkpoint_steps(controller, run))
    assert checkpoint_steps(controller, run) == [0, 1]
    eventually(lambda: num_unacknowledged(controller.redis_url, run) == 0)


def test_a_controller_killed_between_store_and_acknowledgement_stores_once(
    rough_controller: Controller, redis_wire: FaultyWire
) -> None:
    run = rough_controller.new_run()
    with redis_wire.cut_at(b"XACK") as has_cut:
        rough_controller.report(run, 1, 0, begin(), checkpoint(0))
        assert has_cut.wait(10)
        assert checkpoint_steps(rough_controller, run) == [0]
        rough_controller.kill()
    assert num_unacknowledged(rough_controller.redis_url, run) == 1
    rough_controller.start()
    rough_controller.report(run, 1, 1, checkpoint(1))
    eventually(lambda: 1 in checkpoint_steps(rough_controller, run))
    assert checkpoint_steps(rough_controller, run) == [0, 1]
    eventually(lambda: num_unacknowledged(rough_controller.redis_url, run) == 0)


def test_reports_survive_a_kill_in_the_middle_of_the_intake(rough_controller: Controller) -> None:
    run = rough_controller.new_run()
    num_batches = 120
    for number in range(num_batches):
        rough_controller.report(run, 1, number, checkpoint(number))
        if number == num_batches // 2:
            rough_controller.kill()
    rough_controller.start()  # what was sent while it was away is there for it
    eventually(lambda: len(checkpoint_steps(rough_controller, run)) >= num_batches)
    assert checkpoint_steps(rough_controller, run) == list(range(num_batches))


def test_the_intake_goes_on_after_an_emptied_redis(rough_controller: Controller) -> None:
    run = rough_controller.new_run()
    rough_controller.report(run, 1, 0, checkpoint(0))
    eventually(lambda: checkpoint_steps(rough_controller, run) == [0])
    with redis.Redis.from_url(rough_controller.redis_url) as client:
        client.flushall()
    rough_controller.report(run, 1, 1, checkpoint(1))
    eventually(lambda: checkpoint_steps(rough_controller, run) == [0, 1])


def test_the_intake_goes_on_after_an_outage(rough_controller: Controller, redis_box: RedisBox) -> None:
    run = rough_controller.new_run()
    redis_box.stop()
    eventually(lambda: "taking in telemetry" in rough_controller.output)
    redis_box.start()
    rough_controller.report(run, 1, 0, checkpoint(0))
    eventually(lambda: checkpoint_steps(rough_controller, run) == [0])
    assert "taking in telemetry: it works again" in rough_controller.output


def test_what_is_stored_leaves_redis(controller: Controller) -> None:
    run = controller.new_run()
    num_batches = 400
    for number in range(num_batches):
        controller.report(run, 1, number, checkpoint(number))
    eventually(lambda: len(checkpoint_steps(controller, run)) == num_batches)
    with redis.Redis.from_url(controller.redis_url) as client:
        eventually(lambda: client.xlen(Channels(run).telemetry) < 200)  # Redis drops a hundred at a time
    controller.report(run, 1, num_batches, checkpoint(num_batches))
    eventually(lambda: num_batches in checkpoint_steps(controller, run))


REFUSE = {
    "sqlite": (
        "CREATE TRIGGER refuse BEFORE INSERT ON events WHEN NEW.run_id = {id} BEGIN SELECT RAISE(ABORT, 'no'); END",
    ),
    "postgresql": (
        "CREATE FUNCTION refuse() RETURNS trigger AS $$ BEGIN RAISE 'no'; END $$ LANGUAGE plpgsql",
        "CREATE TRIGGER refuse BEFORE INSERT ON events FOR EACH ROW WHEN (NEW.run_id = {id}) EXECUTE FUNCTION refuse()",
    ),
}
ALLOW = {"sqlite": ("DROP TRIGGER refuse",), "postgresql": ("DROP TRIGGER refuse ON events", "DROP FUNCTION refuse")}


def test_a_run_that_the_database_refuses_does_not_keep_the_others_waiting(rough_controller: Controller) -> None:
    refused, welcome = rough_controller.new_run(), rough_controller.new_run()
    backend = make_url(rough_controller.database_url).get_backend_name()
    run_id = rough_controller.tamper(f"SELECT id FROM runs WHERE name = '{refused}'")
    rough_controller.tamper(*(statement.format(id=run_id) for statement in REFUSE[backend]))
    rough_controller.report(refused, 1, 0, checkpoint(0), DroppedReport(num_reports=7))
    what = f"taking in the telemetry of run {refused}: "
    eventually(lambda: what in rough_controller.output)
    for number in range(3):
        rough_controller.report(welcome, 1, number, checkpoint(number))
        eventually(lambda number=number: number in checkpoint_steps(rough_controller, welcome))
    assert rough_controller.output.count(what) == 1
    rough_controller.tamper(*ALLOW[backend])
    rough_controller.report(refused, 1, 1, checkpoint(1))
    eventually(lambda: checkpoint_steps(rough_controller, refused) == [0, 1])
    eventually(lambda: f"{what}it works again" in rough_controller.output)
    eventually(lambda: num_unacknowledged(rough_controller.redis_url, refused) == 0)
    told = rough_controller.http.get("/metrics").text  # of what was tried often and stored once
    assert f'crossfade_dropped_reports_total{{run="{refused}"}} 7.0' in told


def test_an_attempt_that_was_followed_by_a_later_one_is_fenced_off(controller: Controller) -> None:
    run = controller.new_run()
    controller.report(run, 1, 0, begin(), trained(0, loss=3.0))
    controller.report(run, 2, 0, begin(world_size=4), trained(0, loss=2.0))
    controller.report(run, 1, 1, trained(1, loss=99.0), checkpoint(1))
    controller.report(run, 1, 2, trained(2, loss=99.0))
    controller.report(run, 2, 1, trained(1, loss=1.0))
    eventually(lambda: controller.get(f"/v1/runs/{run}")["step"] == 1)
    curve = controller.get(f"/v1/runs/{run}/metrics", names="loss")["series"]["loss"]
    assert [point["mean"] for point in curve] == [2.0, 1.0]
    shown = controller.get(f"/v1/runs/{run}")
    assert (shown["attempt"], shown["world_size"]) == (2, 4)
    assert checkpoint_steps(controller, run) == []
    refusals = controller.events(run, "refused")
    assert [event["data"]["attempt"] for event in refusals] == [1]
    assert "attempt 2 has begun" in refusals[0]["data"]["why"]


BEYOND = {"kind": "attempt", "start_step": 2**53, "total_steps": 1, "tokens_per_step": 2**53, "world_size": 1}
NO_BATCHES: list[Any] = [
    {"nonsense": "1"},
    {"attempt": "1", "sequence": "0", "reports": "not JSON"},
    {"attempt": "1", "sequence": "0", "reports": '[{"rumour": "kind"}]'},
    {"attempt": "1", "sequence": "0", "reports": '[{"kind": "checkpoint", "step": -1, "tokens": 1, "path": ""}]'},
    {"attempt": "1", "sequence": "0", "reports": '[{"kind": "finished", "step": 1, "tokens": 1e30}]'},
    {"attempt": "1", "sequence": "0", "reports": '[{"kind":"applied","version":1,"digest":"","effective_steps":{}}]'},
    {"attempt": "1", "sequence": "0", "reports": json.dumps([BEYOND | {"rewound": True}])},
    {
        "attempt": "1",
        "sequence": "0",
        "reports": json.dumps([{"kind": "checkpoint", "source_epochs": {"\n0000 forged": ""}}]),
    },
    {"attempt": "0", "sequence": "0", "reports": "[]"},
    {"attempt": str(10**30), "sequence": "0", "reports": "[]"},
    {"attempt": b"\xff", "sequence": "0", "reports": "[]"},
    {b"\xff": b"\xff"},
]


def test_what_is_no_batch_of_reports_is_told_and_passed_over(controller: Controller) -> None:
    run = controller.new_run()
    with redis.Redis.from_url(controller.redis_url) as client:
        ids: list[Any] = [client.xadd(Channels(run).telemetry, entry) for entry in NO_BATCHES]
    controller.report(run, 1, 1, checkpoint(7))
    eventually(lambda: checkpoint_steps(controller, run) == [7])
    eventually(lambda: num_unacknowledged(controller.redis_url, run) == 0)
    for entry_id in ids:
        assert f"run {run}: telemetry entry {entry_id.decode()} is ignored" in controller.output
    assert "\n0000 forged" not in controller.output


def test_a_stream_key_of_another_type_is_replaced(rough_controller: Controller) -> None:
    run = rough_controller.new_run()
    rough_controller.report(run, 1, 1, checkpoint(1))
    eventually(lambda: checkpoint_steps(rough_controller, run) == [1])
    with redis.Redis.from_url(rough_controller.redis_url) as client:
        client.set(Channels(run).telemetry, "a string")
        eventually(lambda: client.type(Channels(run).telemetry) == b"stream")
    rough_controller.report(run, 1, 2, checkpoint(3))
    eventually(lambda: checkpoint_steps(rough_controller, run) == [1, 3])


def test_versions_that_were_never_made_or_say_otherwise_are_refused(controller: Controller) -> None:
    run = controller.new_run()
    controller.report(run, 1, 0, applied(7, {"web": 1_000_000}, 3), applied(1, {"web": 1_000_000}, 3), checkpoint(1))
    eventually(lambda: checkpoint_steps(controller, run) == [1])
    told = [event["data"]["why"] for event in controller.events(run, "refused")]
    assert ["never made" in told[0], "other weights" in told[1]] == [True, True]
    assert controller.get(f"/v1/runs/{run}/mixture")["effective_step"] is None


def test_a_resumed_attempt_may_apply_a_version_at_another_step(controller: Controller) -> None:
    run = controller.new_run()
    weights = controller.get(f"/v1/runs/{run}/mixture")["weights_ppm"]
    controller.report(run, 1, 0, begin(), applied(1, weights, 120))
    controller.report(run, 2, 0, begin(), applied(1, weights, 101))
    current = eventually(lambda: (now := controller.get(f"/v1/runs/{run}/mixture"))["effective_step"] == 101 and now)
    assert current["effective_steps"] == {"0": 101, "1": 101}


def test_a_resumed_attempt_that_tells_its_ledger_again_changes_nothing(controller: Controller) -> None:
    run = controller.new_run()
    weights = controller.get(f"/v1/runs/{run}/mixture")["weights_ppm"]
    controller.report(run, 1, 0, begin(), applied(1, weights, 7))
    shown = eventually(lambda: controller.get(f"/v1/runs/{run}/mixture")["applied_at"])
    controller.report(run, 2, 0, begin(world_size=1), applied(1, weights, 7, ranks=1), checkpoint(8))
    eventually(lambda: 8 in checkpoint_steps(controller, run))
    mixture = controller.get(f"/v1/runs/{run}/mixture")
    assert (mixture["applied_at"], mixture["effective_steps"]) == (shown, {"0": 7, "1": 7})
    states = [event["data"]["state"] for event in controller.events(run, "mixture")]
    assert states.count("applied") == 1


def test_a_rewound_run_stands_where_it_went_back_to(controller: Controller) -> None:
    """What the controller shows of the run ends there; what happened stays among the events."""
    run = controller.new_run()
    weights = controller.get(f"/v1/runs/{run}/mixture")["weights_ppm"]
    assert controller.post_version(run, 1).status_code == 201
    changed = controller.get(f"/v1/runs/{run}/mixture")["weights_ppm"]
    steps = [trained(step, loss=3.0) for step in range(6)]
    controller.report(run, 1, 0, begin(), applied(1, weights, 0), *steps, applied(2, changed, 4))
    rewound = begin().model_copy(update={"start_step": 3, "rewound": True, "skipped_tokens": {"web": 512}})
    controller.report(run, 2, 0, rewound, applied(1, weights, 0), checkpoint(3))
    eventually(lambda: checkpoint_steps(controller, run) == [3])
    shown = controller.get(f"/v1/runs/{run}")
    assert (shown["attempt"], shown["start_step"], shown["step"]) == (2, 3, 2)
    curve = controller.get(f"/v1/runs/{run}/metrics", names="loss", x="step")["series"]["loss"]
    assert [point["step"] for point in curve] == [0, 1, 2]
    assert controller.get(f"/v1/runs/{run}/mixture")["effective_step"] is None
    answer = controller.post_version(run, 2, takes_effect={"step": 5})
    assert answer.status_code == 201  # nobody has trained on step 5 on this course
    controller.report(run, 2, 1, applied(2, changed, 3), trained(3, loss=1.0))
    eventually(lambda: controller.get(f"/v1/runs/{run}")["step"] == 3)
    versions = {item["version"]: item for item in controller.get(f"/v1/runs/{run}/mixtures")["items"]}
    assert [versions[number]["effective_step"] for number in (1, 2)] == [0, 3]
    began, went_back = (event["data"] for event in controller.events(run, "attempt"))
    assert (began["rewound"], began["skipped_tokens"]) == (False, {})
    assert (went_back["attempt"], went_back["start_step"], went_back["rewound"]) == (2, 3, True)
    assert went_back["skipped_tokens"] == {"web": 512}
    assert [
        event["data"]["effective_step"]
        for event in controller.events(run, "mixture")
        if "effective_step" in event["data"]
    ] == [0, 4, 3]
