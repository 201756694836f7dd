"""The Python client, synchronous and asynchronous, against a real controller."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

import pytest
from tests.controller.served import ADMIN_TOKEN, Controller, begin, run_body, trained
from tests.controller.test_benchmarks import BODY, RESULT
from tests.eventually import eventually

from crossfade_shared.client import Change, Client
from crossfade_shared.client.answers import Target
from crossfade_shared.client.asynchronous import AsyncClient
from crossfade_shared.errors import ConflictError, UnauthorisedError


@pytest.fixture
def client(controller: Controller) -> Iterator[Client]:
    with Client(controller.url, token=ADMIN_TOKEN) as client:
        yield client


def test_a_run_from_its_registration_to_its_history(client: Client) -> None:
    created = client.create_run(run_body(guardrails={"ceilings": {"math": 0.4}}))
    run = created["name"]
    assert client.run(run)["sources"][1]["name"] == "math"
    assert client.runs(limit=1)[0]["name"] == run
    change = Change.reweigh(multiply={"math": 5}, reason="math lags")
    verdict = client.preview(run, change)
    assert (verdict["valid"], verdict["guardrails"][0]["rail"], client.mixture(run)["version"]) == (True, "ceiling", 1)
    made = client.change_mixture(run, change, based_on=1, idempotency_key="once")
    assert made["weights"] == verdict["weights"] == {"math": 0.4, "web": 0.6}
    assert client.change_mixture(run, change, based_on=1, idempotency_key="once")["version"] == 2
    with pytest.raises(ConflictError) as stale:
        client.change_mixture(run, Change.restore(1), based_on=1)
    assert stale.value.problem["current_version"] == 2
    client.change_mixture(run, Change.restore(1, reason="too much"), based_on=2)
    client.change_mixture(run, Change.whole({"web": 3, "math": 1}, reason="more"), based_on=3)
    assert [each["version"] for each in client.versions(run)] == [4, 3, 2, 1]
    assert client.version(run, 3)["weights"] == client.version(run, 1)["weights"]
    assert client.difference(run, 4, base=1)["total_variation"] == pytest.approx(0.15)
    assert client.forecast(run)["sources"][0]["epochs_at_end"] > 0
    assert {line["run"] for line in client.audit(run=run, limit=3)} == {run}


def test_scores_curves_and_events(client: Client, controller: Controller) -> None:
    run = controller.new_run()
    controller.report(run, 1, 0, begin(), trained(0), trained(1, loss=1.5))
    eventually(lambda: client.run(run)["step"] == 1)
    assert client.post_scores(run, {**BODY, "results": [RESULT]})["num_new"] == 1
    assert client.scores(run, task=RESULT["task"])[0]["value"] == RESULT["value"]
    assert client.curves(run, ["loss"], x="step", points=1)["series"]["loss"][0]["min"] == 1.5
    events = client.events(run)
    assert {"mixture", "attempt", "benchmark"} <= {event["kind"] for event in events}
    assert client.events(run, after=events[0]["id"] or 0) == events[1:]
    with client.follow(run, after=events[0]["id"]) as stream:
        assert [next(each for each in stream if each["id"]) for _ in events[1:]] == events[1:]


def test_freezing_tokens_and_who_we_are(client: Client, controller: Controller) -> None:
    run = controller.new_run()
    assert client.whoami()["anonymous"] is False
    assert (client.freeze(run, reason="a spike")["frozen"] or {})["reason"] == "a spike"
    assert client.unfreeze(run, reason="over")["frozen"] is None
    assert client.set_guardrails(run, {"ceilings": {"math": 0.2}}) == client.guardrails(run)
    goal: Target = {"task": "gsm8k", "metric": "exact_match", "value": 0.5}
    assert client.set_targets(run, [goal]) == client.targets(run) == client.run(run)["targets"] == [goal]
    made = client.create_token("looker", scopes=["viewer"], run=run)
    with Client(controller.url, token=made["token"]) as looker:
        assert looker.whoami() == {"name": "looker", "scopes": ["viewer"], "run": run, "anonymous": False}
        with pytest.raises(UnauthorisedError, match="operator"):
            looker.freeze(run, reason="x")
    assert client.tokens(limit=1)[0]["id"] == made["id"]
    assert client.revoke_token(made["id"])["revoked_at"]


def test_a_stream_goes_on_over_a_restart(rough_controller: Controller) -> None:
    controller = rough_controller
    run = controller.new_run()
    with Client(controller.url, token=ADMIN_TOKEN, patience_seconds=60) as client:
        eventually(lambda: len(client.events(run)) == 2)
        with client.follow(run) as stream:
            controller.kill()
            controller.start()
            controller.post_version(run, 1)
            states = [next(each for each in stream if each["id"])["data"]["state"] for _ in range(2)]
    assert states == ["accepted", "published"]


def test_asynchronous_calls_run_at_once_and_events_end_with_their_block(controller: Controller) -> None:
    run = controller.new_run()
    eventually(lambda: len(controller.events(run)) == 2)

    async def steer() -> tuple[list[int], list[str]]:
        async with AsyncClient(controller.url, token=ADMIN_TOKEN, num_connections=4) as client:
            async with await client.follow(run) as events:
                await client.change_mixture(run, Change.whole({"web": 1, "math": 0}, reason="off"), based_on=1)
                states = [(await anext(events))["data"]["state"] for _ in range(2)]
            seen = await asyncio.gather(*(client.mixture(run) for _ in range(20)))
            with pytest.raises(ConflictError):
                await client.change_mixture(run, Change.restore(1), based_on=1)
            return [each["version"] for each in seen], states

    versions, states = asyncio.run(steer())
    assert (versions, states) == ([2] * 20, ["accepted", "published"])


def test_a_wait_for_events_can_be_cancelled(controller: Controller) -> None:
    run = controller.new_run()
    eventually(lambda: len(controller.events(run)) == 2)

    async def wait() -> None:
        async with AsyncClient(controller.url, token=ADMIN_TOKEN) as client, await client.follow(run) as events:
            with pytest.raises(TimeoutError):
                await asyncio.wait_for(anext(events), 0.2)

    asyncio.run(wait())
