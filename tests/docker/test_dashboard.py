"""The Grafana dashboard shows what the controller really tells Prometheus."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from prometheus_client.parser import text_string_to_metric_families
from tests.controller.served import Controller, applied, begin, trained
from tests.docker.redis_users import GuardedRedis
from tests.eventually import eventually

GRAFANA = Path(__file__).parents[2] / "docker/grafana"
BOARD: dict[str, Any] = json.loads((GRAFANA / "dashboards/crossfade.json").read_text())
TARGETS = [(panel["title"], target) for panel in BOARD["panels"] for target in panel["targets"]]


@pytest.fixture(scope="module")
def labels(guarded: GuardedRedis, tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, set[str]]]:
    """The labels of every series that the controller tells of a run, by the name of the series."""
    folder = tmp_path_factory.mktemp("dashboard")
    controller = Controller(
        folder, database_url=f"sqlite:///{folder / 'controller.db'}", redis_url=guarded.url("controller")
    )
    controller.start()
    try:
        run = controller.new_run()
        controller.redis_url = guarded.url("worker")  # whose reports these are
        weights_ppm = controller.get(f"/v1/runs/{run}/mixture")["weights_ppm"]
        controller.report(run, 1, 0, begin(), trained(0), applied(1, weights_ppm, step=0))
        eventually(lambda: controller.get(f"/v1/runs/{run}/mixture")["state"] == "applied")
        families = text_string_to_metric_families(controller.http.get("/metrics").text)
        yield {sample.name: set(sample.labels) for family in families for sample in family.samples}
    finally:
        controller.stop()


@pytest.mark.parametrize("target", [target for _, target in TARGETS], ids=[title for title, _ in TARGETS])
def test_a_panel_asks_for_what_there_is(target: dict[str, str], labels: dict[str, set[str]]) -> None:
    names = re.findall(r"\bcrossfade_\w+", target["expr"])
    asked = set(re.findall(r"{{(\w+)}}", target["legendFormat"])) | set(re.findall(r"(\w+)=", target["expr"]))
    assert names
    assert set(names) <= labels.keys()
    assert all(asked <= labels[name] for name in names)


def test_every_panel_has_a_place_of_its_own_and_the_provisioned_source() -> None:
    source = yaml.safe_load((GRAFANA / "datasources/prometheus.yaml").read_text())["datasources"][0]
    assert {panel["datasource"]["uid"] for panel in BOARD["panels"]} == {source["uid"]}
    places = [
        {(x, y) for x in range(at["x"], at["x"] + at["w"]) for y in range(at["y"], at["y"] + at["h"])}
        for at in (panel["gridPos"] for panel in BOARD["panels"])
    ]
    assert len(set().union(*places)) == sum(map(len, places))
    assert len({panel["id"] for panel in BOARD["panels"]}) == len(BOARD["panels"])


def test_the_dashboard_shows_what_was_asked_of_it() -> None:
    shown = " ".join(target["expr"] for _, target in TARGETS)
    for name in (
        "source_weight",
        "mixture_version",
        "run_step",
        "run_tokens",
        "link_age_seconds",
        "http_requests_total",
    ):
        assert f"crossfade_{name}" in shown
