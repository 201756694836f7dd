"""Reports on the wire."""

from __future__ import annotations

import json
import math

import pytest
from pydantic import ValidationError

from crossfade_shared.telemetry import AppliedReport, Report, StepReport, decode_reports, encode_reports

STEP = StepReport(
    step=3,
    tokens=4096,
    version=2,
    phase="stable",
    loss=2.5,
    learning_rate=1e-3,
    gradient_norm=None,
    seconds=0.1,
    source_loss={"web": 2.5, "math": None},
    source_tokens={"web": 4000, "math": 96},
)
REPORTS: list[Report] = [STEP, AppliedReport(version=2, digest="d", effective_steps={0: 3, 1: 3})]


def test_reports_survive_the_wire() -> None:
    assert decode_reports(encode_reports(REPORTS)) == REPORTS


def test_what_is_not_finite_becomes_null_on_the_wire() -> None:
    wire = encode_reports([STEP.model_copy(update={"loss": math.nan})])
    assert json.loads(wire)[0]["loss"] is None


def test_a_step_of_an_older_worker_tells_no_utilisation() -> None:
    body = json.loads(encode_reports([STEP]))
    del body[0]["mfu"]
    assert decode_reports(json.dumps(body).encode()) == [STEP]


def test_what_a_newer_worker_adds_is_left_out(caplog: pytest.LogCaptureFixture) -> None:
    body = json.loads(encode_reports(REPORTS))
    body[0]["new_field"] = 1
    body.insert(1, {"kind": "novelty", "anything": []})
    for _ in range(2):
        assert decode_reports(json.dumps(body).encode()) == REPORTS
    assert caplog.text.count("'novelty' come from a newer version") == 1


@pytest.mark.parametrize("wrong", [{"kind": "finished", "step": -1}, {"kind": 1}, {"kind": []}, {}, []])
def test_what_no_version_sends_is_refused(wrong: object) -> None:
    with pytest.raises(ValidationError):
        decode_reports(json.dumps([{"kind": "novelty"}, wrong]).encode())
