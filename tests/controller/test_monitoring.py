"""What is told from outside of how the controller does: Prometheus, health, and the bounds at its edge."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from prometheus_client.parser import text_string_to_metric_families
from tests.controller.served import Controller, applied, begin, trained
from tests.eventually import eventually
from tests.redis_box import RedisBox

from crossfade_shared.telemetry import DroppedReport, RefusedReport

Series = dict[tuple[str, ...], float]


def scrape(controller: Controller) -> dict[str, Series]:
    """Give every series by its name and the values of its labels."""
    found: dict[str, Series] = {}
    for family in text_string_to_metric_families(controller.http.get("/metrics").text):
        for sample in family.samples:
            found.setdefault(sample.name, {})[tuple(sample.labels.values())] = sample.value
    return found


def test_prometheus_is_told_of_a_run(controller: Controller) -> None:
    run = controller.new_run()
    first = controller.get(f"/v1/runs/{run}/mixture")
    controller.post_version(run, 1, {"web": 3, "math": 1})
    controller.report(run, 1, 0, begin(), applied(1, first["weights_ppm"], 0), trained(0), DroppedReport(num_reports=7))
    controller.report(run, 1, 1, RefusedReport(why="a bit flipped"), RefusedReport(why="another"))
    told = eventually(
        lambda: (
            (now := scrape(controller))["crossfade_mixture_version"].get((run, "published")) == 2.0
            and (run, "applied") in now["crossfade_mixture_version"]
            and (run,) in now.get("crossfade_refused_envelopes_total", {})
            and now
        )
    )
    assert told["crossfade_mixture_version"][run, "accepted"] == 2
    assert told["crossfade_mixture_version"][run, "applied"] == 1
    assert (told["crossfade_source_weight"][run, "web"], told["crossfade_run_tokens"][run,]) == (0.75, 1000)
    assert (told["crossfade_dropped_reports_total"][run,], told["crossfade_refused_envelopes_total"][run,]) == (7, 2)
    assert told["crossfade_publish_lag_seconds"][run,] == 0
    assert 0 <= told["crossfade_link_age_seconds"][run,] < 60
    eventually(lambda: scrape(controller)["crossfade_intake_backlog_batches"][run,] == 0)
    assert told["crossfade_up"] == {("database",): 1, ("redis",): 1}


def test_requests_are_counted_by_route_and_what_clients_make_up_is_one_series(controller: Controller) -> None:
    before = len(scrape(controller)["crossfade_http_requests_total"])
    for number in range(20):
        controller.http.request("PROPFIND", f"/made/up/{number}")
        controller.http.get(f"/v1/runs/nobody-{number}")
    told = scrape(controller)["crossfade_http_requests_total"]
    assert told["OTHER", "none", "404"] >= 20
    assert told["GET", "/v1/runs/{run}", "404"] >= 20
    assert len(told) <= before + 3


def test_without_redis_it_is_degraded_and_says_which_part(rough_controller: Controller, redis_box: RedisBox) -> None:
    run = rough_controller.new_run()
    redis_box.stop()
    ready = rough_controller.http.get("/readyz")
    assert (ready.status_code, ready.json()) == (200, {"status": "degraded", "database": "ok", "redis": "failed"})
    assert rough_controller.post_version(run, 1).status_code == 201
    told = scrape(rough_controller)
    assert told["crossfade_up"] == {("database",): 1, ("redis",): 0}
    assert told["crossfade_publish_lag_seconds"][run,] > 0
    redis_box.start()
    eventually(lambda: scrape(rough_controller)["crossfade_publish_lag_seconds"][run,] == 0)


@pytest.mark.parametrize("path", ["/", "/livez", "/v1/runs", "/nowhere", "/static/page.css", "/metrics"])
def test_every_answer_is_guarded(controller: Controller, path: str) -> None:
    headers = controller.http.get(path).headers
    policy = headers["Content-Security-Policy"]
    assert "default-src 'self'" in policy
    assert "frame-ancestors 'none'" in policy
    assert "unsafe" not in policy
    assert (headers["X-Content-Type-Options"], headers["Referrer-Policy"]) == ("nosniff", "no-referrer")
    assert "no-cache" in headers["Cache-Control"]
    assert "Server" not in headers


@pytest.fixture
def narrow(tmp_path: Path, redis_url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Controller]:
    """A controller that lets three requests be open at once."""
    monkeypatch.setenv("CROSSFADE_MAX_OPEN_REQUESTS", "3")
    served = Controller(tmp_path, database_url=f"sqlite:///{tmp_path / 'crossfade.db'}", redis_url=redis_url)
    served.start()
    yield served
    served.stop()


def test_too_many_open_at_once_are_sent_away_for_a_moment(narrow: Controller) -> None:
    run = narrow.new_run()
    with ExitStack() as streams:
        for _ in range(3):
            answer: Any = streams.enter_context(narrow.http.stream("GET", f"/v1/runs/{run}/events"))
            assert answer.status_code == 200
        refused = narrow.http.get("/v1/runs")
        assert (refused.status_code, refused.headers["Retry-After"]) == (429, "1")
        assert refused.headers["Content-Type"] == "application/problem+json"
        assert narrow.http.get("/livez").status_code == 200
    eventually(lambda: narrow.http.get("/v1/runs").status_code == 200)
