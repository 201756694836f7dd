"""Whatever is sent, the answer is one that the interface describes, and never a failure of the controller."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, settings
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)
from tests.controller.served import ADMIN_TOKEN, Controller, run_body

from crossfade_controller.app import create_app
from crossfade_controller.settings import Settings

# PostgreSQL alone, which takes fewer things than SQLite: what reaches it unrefused shows.
pytestmark = pytest.mark.parametrize("new_database", ["postgresql"], indirect=True, scope="session")
CHECKS = [not_a_server_error, status_code_conformance, content_type_conformance, response_schema_conformance]
NUM_EXAMPLES = 10  # an operation, beside those at the bounds of every field
SCORE = {"task": "t", "metric": "acc", "version": "1", "value": 0.5, "stderr": 0.1, "num_samples": 10}
VERSION = {"weights": {"web": 0.5, "math": 0.5}, "reason": "a test", "takes_effect": "next_step", "evidence": []}
GOOD_BODIES: dict[str, dict[str, Any]] = {
    "/v1/runs": run_body(name="fuzzed"),
    "/v1/runs/{run}/mixtures": VERSION,
    "/v1/runs/{run}/mixture": {"multiply": {"math": 2}, "reason": "a test", "takes_effect": {"step": 10}},
    "/v1/runs/{run}/benchmarks": {"step": 1, "tokens": 1000, "checkpoint": "sha256:00", "results": [SCORE]},
}
schema = schemathesis.openapi.from_dict(create_app(Settings(database_url="sqlite:///none.db")).openapi())


@pytest.fixture(scope="module")
def fuzzed(new_database: Any, redis_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Controller]:
    """A controller of its own: it is left full of odd runs."""
    served = Controller(tmp_path_factory.mktemp("fuzzed"), database_url=new_database(), redis_url=redis_url)
    served.start()
    served.run = served.new_run()
    yield served
    served.stop()
    assert "Traceback" not in served.output


def reach_deeper(case: schemathesis.Case, run: str) -> None:
    """Let a request pass the first checks: a run that there is, a current version, a good body but for one part."""
    if "run" in case.path_parameters:
        case.path_parameters["run"] = run
    if "If-Match" in case.headers:
        case.headers["If-Match"] = '"1"'
    good = GOOD_BODIES.get(case.path)
    if good and isinstance(case.body, dict):
        odd = sorted(good)[len(repr(case.body)) // 2 % len(good)]
        case.body = good | ({odd: case.body[odd]} if odd in case.body else {})


@schema.parametrize()
@settings(max_examples=NUM_EXAMPLES, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
def test_every_answer_is_a_described_one(case: schemathesis.Case, fuzzed: Controller) -> None:
    if len(repr(case.body)) % 2 == 0:
        reach_deeper(case, fuzzed.run)
    headers = {"Authorization": f"Bearer {ADMIN_TOKEN}"}
    if case.path.endswith("/events"):
        headers["Accept"] = "application/json"  # the other answer has no end
    answer = case.call(base_url=fuzzed.url, headers=headers, timeout=60)
    case.validate_response(answer, checks=CHECKS)
