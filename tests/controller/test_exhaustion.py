"""A source that ran out: told once, written down as one version, whoever says it how often."""

from __future__ import annotations

from typing import Any

from tests.controller.served import Controller, begin
from tests.eventually import eventually

from crossfade_shared.telemetry import CapAheadReport, CheckpointReport, ExhaustedReport

MIXTURE = {"web": 0.6, "math": 0.3, "code": 0.1}


def new_run(controller: Controller) -> str:
    sources = [{"name": name, "unique_tokens": 1_000_000} for name in MIXTURE]
    return controller.new_run(sources=sources, mixture=MIXTURE)


def exhausted(step: int, *sources: str, ends_run: bool = False) -> ExhaustedReport:
    return ExhaustedReport(step=step, version=1, source_epochs=dict.fromkeys(sources, 4.0), ends_run=ends_run)


def versions(controller: Controller, run: str) -> list[dict[str, Any]]:
    """Give the versions once everything before a last report is taken in."""
    controller.report(run, 1, 99, CheckpointReport(step=99, tokens=99, path=""))
    eventually(lambda: controller.events(run, "checkpoint"))
    items: list[dict[str, Any]] = controller.get(f"/v1/runs/{run}/mixtures")["items"]
    return items


def test_the_weight_of_an_exhausted_source_goes_to_the_others_in_one_version(controller: Controller) -> None:
    run = new_run(controller)
    controller.report(run, 1, 0, begin(), exhausted(40, "math"))
    controller.report(run, 1, 1, exhausted(40, "math"))
    newest, first = versions(controller, run)
    assert (newest["author"], newest["version"], newest["base_version"]) == ("exhaustion", 2, 1)
    assert newest["reason"] == "math exhausted at step 40: all epochs given; the others share the weight"
    assert newest["weights_ppm"] == {"code": 142_857, "math": 0, "web": 857_143}
    assert first["version"] == 1
    assert [event["data"]["source_epochs"] for event in controller.events(run, "exhausted")] == [{"math": 4.0}] * 2


def test_two_sources_that_run_out_at_once_make_one_version(controller: Controller) -> None:
    run = new_run(controller)
    controller.report(run, 1, 0, begin(), exhausted(40, "math", "code"))
    newest, _ = versions(controller, run)
    assert newest["weights"] == {"code": 0, "math": 0, "web": 1}


def test_a_source_that_was_switched_off_meanwhile_needs_no_version(controller: Controller) -> None:
    run = new_run(controller)
    controller.post_version(run, 1, {"web": 1, "math": 0, "code": 1})
    controller.report(run, 1, 0, begin(), exhausted(40, "math"))
    assert [version["author"] for version in versions(controller, run)] == ["admin", "admin"]


def test_the_end_of_all_data_is_told_and_makes_no_version(controller: Controller) -> None:
    run = new_run(controller)
    controller.report(run, 1, 0, begin(), exhausted(40, "math", "code", "web", ends_run=True))
    controller.report(run, 1, 1, exhausted(40, "math", "code", "web"))
    assert len(versions(controller, run)) == 1
    assert [event["data"]["ends_run"] for event in controller.events(run, "exhausted")] == [True, False]


def test_a_cap_ahead_is_told(controller: Controller) -> None:
    run = new_run(controller)
    warning = CapAheadReport(step=30, version=1, source="math", expected_step=40)
    controller.report(run, 1, 0, begin(), warning)
    (event,) = eventually(lambda: controller.events(run, "cap_ahead"))
    assert (event["data"]["source"], event["data"]["expected_step"]) == ("math", 40)


def test_a_source_that_is_none_is_refused(controller: Controller) -> None:
    run = new_run(controller)
    controller.report(run, 1, 0, begin(), exhausted(40, "maths"))
    assert len(versions(controller, run)) == 1
    assert [event["data"]["why"] for event in controller.events(run, "refused")] == [
        "the workers ran out of maths, which is no source"
    ]
