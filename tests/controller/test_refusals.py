"""Everything that is refused: a problem document that names the field and says what would be right."""

from __future__ import annotations

import gzip
import json
from typing import Any

import pytest
from tests.controller.served import Controller, run_body

# PostgreSQL alone, which takes fewer things than SQLite: what reaches it unrefused shows.
pytestmark = pytest.mark.parametrize("new_database", ["postgresql"], indirect=True, scope="session")

VERSION = {"weights": {"web": 0.5, "math": 0.5}, "reason": "a test"}
SCORE = {"task": "t", "metric": "acc", "version": "1", "value": 0.5, "stderr": 0.1, "num_samples": 10}
SCORES = {"step": 1, "tokens": 1000, "checkpoint": "sha256:00", "results": [SCORE]}


def check_problem(answer: Any, status: int, field: str | None) -> dict[str, Any]:
    assert answer.status_code == status, answer.text
    assert answer.headers["Content-Type"] == "application/problem+json"
    problem: dict[str, Any] = answer.json()
    assert problem["status"] == status
    assert problem["type"].startswith("urn:crossfade:problem:")
    assert problem["field"] == field, problem
    assert problem["title"]
    assert problem["detail"]
    return problem


@pytest.fixture(scope="module")
def run(controller: Controller) -> str:
    return controller.new_run()


@pytest.mark.parametrize(
    ("body", "field"),
    [
        (VERSION | {"weights": {"web": True, "math": 1}}, "weights.web"),
        (VERSION | {"weights": {"web": "0.5", "math": 0.5}}, "weights.web"),
        (VERSION | {"weights": {"web": None, "math": 0.5}}, "weights.web"),
        (VERSION | {"weights": {"web": -1, "math": 0.5}}, "weights.web"),
        (VERSION | {"weights": {"web": float("nan"), "math": 1}}, "weights.web"),
        (VERSION | {"weights": {"web": float("-inf"), "math": 1}}, "weights.web"),
        (VERSION | {"weights": {"web": 10**400, "math": 1}}, "weights.web"),
        (VERSION | {"weights": {"web": 1, "math": 1e-9}}, "weights.math"),
        (VERSION | {"weights": {"web": 1}}, "weights.math"),
        (VERSION | {"weights": {"web": 1, "math": 1, "poetry": 1}}, "weights.poetry"),
        (VERSION | {"weights": {"web": 0, "math": 0}}, "weights"),
        (VERSION | {"weights": {}}, "weights.math"),
        (VERSION | {"weights": [1, 2]}, "weights"),
        ({"reason": "no weights"}, "weights"),
        ({"weights": {"web": 1, "math": 1}}, "reason"),
        (VERSION | {"reason": ""}, "reason"),
        (VERSION | {"reason": " \n"}, "reason"),
        (VERSION | {"reason": "x" * 2001}, "reason"),
        (VERSION | {"reason": "zero \x00 byte"}, "reason"),
        (VERSION | {"reason": "half a \ud800 letter"}, "reason"),
        (VERSION | {"reazon": "misspelt"}, "reazon"),
        (VERSION | {"on_behalf_of": ""}, "on_behalf_of"),
        (VERSION | {"author": "ada"}, "author"),
        (VERSION | {"takes_effect": "now"}, "takes_effect"),
        (VERSION | {"takes_effect": {"step": -1}}, "takes_effect"),
        (VERSION | {"takes_effect": {"step": 1.5}}, "takes_effect"),
        (VERSION | {"takes_effect": {"step": True}}, "takes_effect"),
        (VERSION | {"takes_effect": {"step": 2**53 + 1}}, "takes_effect"),
        (VERSION | {"takes_effect": {"step": 1, "tokens": 1}}, "takes_effect"),
        ([], "body"),
    ],
)
def test_a_malformed_version(controller: Controller, run: str, body: Any, field: str) -> None:
    wire = json.dumps(body)
    headers = {"If-Match": '"1"', "Content-Type": "application/json"}
    answer = controller.http.post(f"/v1/runs/{run}/mixtures", content=wire, headers=headers)
    problem = check_problem(answer, 422, field)
    assert field.rpartition(".")[2] in problem["detail"]
    assert controller.get(f"/v1/runs/{run}")["version"] == 1


@pytest.mark.parametrize(
    ("wire", "content_type", "status", "field"),
    [
        ('{"weights": {"web": 1e400, "math": 1}, "reason": "x"}', "application/json", 422, "weights.web"),
        ('{"weights": {"web": 1, "web": 2, "math": 1}, "reason": "x"}', "application/json", 400, "web"),
        ('{"weights": {"web": 1, "math"', "application/json", 400, None),
        ("not JSON", "application/json", 400, None),
        ("[" * 100_000, "application/json", 400, None),
        ("\xff", "application/json", 400, None),
        ("", "application/json", 422, "body"),
        (json.dumps(VERSION), "text/plain", 415, "Content-Type"),
        (json.dumps(VERSION), "application/x-www-form-urlencoded", 415, "Content-Type"),
        ('{"reason": "' + "x" * (1 << 20) + '"}', "application/json", 413, None),
    ],
)
def test_a_body_that_is_no_proper_json(
    *, controller: Controller, run: str, wire: str, content_type: str, status: int, field: str | None
) -> None:
    headers = {"If-Match": '"1"', "Content-Type": content_type}
    answer = controller.http.post(f"/v1/runs/{run}/mixtures", content=wire.encode("latin-1"), headers=headers)
    check_problem(answer, status, field)


def test_a_body_that_is_nested_as_deeply_as_can_be_read_is_refused_all_the_same(
    controller: Controller, run: str
) -> None:
    headers = {"Content-Type": "application/json", "If-Match": '"1"'}
    for depth in range(900, 1000):
        nested = '{"a": ' * depth + "1" + "}" * depth
        for path, body in (("benchmarks", {"results": {"t": ...}}), ("mixtures", {"weights": ..., "reason": "x"})):
            wire = json.dumps(body, default=lambda _: "here").replace('"here"', nested)
            answer = controller.http.post(f"/v1/runs/{run}/{path}", content=wire, headers=headers)
            assert answer.status_code in {400, 422}, (depth, answer.text)


@pytest.mark.parametrize("encoding", ["gzip", "deflate, gzip", "br"])
def test_a_packed_body_is_refused_however_small(controller: Controller, run: str, encoding: str) -> None:
    packed = gzip.compress(json.dumps(VERSION | {"reason": "x" * (1 << 24)}).encode())
    headers = {"If-Match": '"1"', "Content-Type": "application/json", "Content-Encoding": encoding}
    answer = controller.http.post(f"/v1/runs/{run}/mixtures", content=packed, headers=headers)
    check_problem(answer, 415, "Content-Encoding")


@pytest.mark.parametrize(
    ("if_match", "status"),
    [(None, 428), ('"7"', 412), ("1", 422), ('W/"1"', 422), ('"one"', 422), ('"0"', 422), ("*", 422)],
)
def test_a_base_that_is_missing_stale_or_none(
    controller: Controller, run: str, if_match: str | None, status: int
) -> None:
    headers = {} if if_match is None else {"If-Match": if_match}
    answer = controller.http.post(f"/v1/runs/{run}/mixtures", json=VERSION, headers=headers)
    problem = check_problem(answer, status, "If-Match")
    if status == 412:
        assert (problem["current_version"], answer.headers["ETag"]) == (1, '"1"')


@pytest.mark.parametrize("key", ["", "two words", "x" * 256])
def test_a_malformed_idempotency_key(controller: Controller, run: str, key: str) -> None:
    answer = controller.post_version(run, 1, headers={"Idempotency-Key": key})
    check_problem(answer, 422, "Idempotency-Key")


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"set": {"math": 1.5}, "reason": "x"}, "set"),
        ({"multiply": {"math": 20}, "reason": "x"}, "multiply"),
        ({"multiply": {"poetry": 2}, "reason": "x"}, "multiply.poetry"),
        ({"set": {"math": "0.2"}, "reason": "x"}, "set.math"),
        ({"set": {"math": 0.2}, "multiply": {"math": 2}, "reason": "x"}, "set.math"),
        ({"reason": "neither"}, "multiply"),
        ({"set": {"math": 0.2}}, "reason"),
    ],
)
def test_a_malformed_reweighing(controller: Controller, run: str, body: Any, field: str) -> None:
    answer = controller.http.patch(f"/v1/runs/{run}/mixture", json=body, headers={"If-Match": "*"})
    check_problem(answer, 422, field)


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"name": "Capital"}, "name"),
        ({"name": ""}, "name"),
        ({"name": "x" * 65}, "name"),
        ({"name": 7}, "name"),
        ({"horizon_tokens": 0}, "horizon_tokens"),
        ({"horizon_tokens": 1e6}, "horizon_tokens"),
        ({"horizon_tokens": 2**53 + 1}, "horizon_tokens"),
        ({"mode": "reckless"}, "mode"),
        ({"sources": []}, "sources"),
        ({"sources": [{"name": "web", "unique_tokens": 0}]}, "sources.0.unique_tokens"),
        ({"sources": [{"name": "<b>", "unique_tokens": 1}]}, "sources.0.name"),
        ({"sources": [{"name": "web", "unique_tokens": 1, "max_epochs": 0}]}, "sources.0.max_epochs"),
        ({"sources": [{"name": "web", "unique_tokens": 1}] * 2}, "sources"),
        ({"sources": [{"name": f"s{n}", "unique_tokens": 1} for n in range(257)]}, "sources"),
        ({"mixture": {"web": 1}}, "mixture.math"),
        ({"mixture": {"web": 1, "math": 1, "poetry": 1}}, "mixture.poetry"),
        ({"mixture": {"web": 0, "math": 0}}, "mixture"),
        ({"owner": "me"}, "owner"),
        ({"guardrails": {"floors": {"poetry": 0.1}}}, "guardrails.floors.poetry"),
        ({"guardrails": {"floors": {"web": 0.7, "math": 0.7}}}, "guardrails.floors.math"),
    ],
)
def test_a_malformed_run(controller: Controller, change: dict[str, Any], field: str) -> None:
    check_problem(controller.http.post("/v1/runs", json=run_body(**change)), 422, field)


def test_a_run_name_that_is_taken(controller: Controller, run: str) -> None:
    check_problem(controller.http.post("/v1/runs", json=run_body(name=run)), 409, "name")


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"step": -1}, "step"),
        ({"tokens": 2**53 + 1}, "tokens"),
        ({"checkpoint": ""}, "checkpoint"),
        ({"results": []}, "results"),
        ({"results": [SCORE | {"value": float("inf")}]}, "results.0.value"),
        ({"results": [SCORE | {"value": "high"}]}, "results.0.value"),
        ({"results": [SCORE | {"value": None}]}, "results.0.flag"),
        ({"results": {"t": 0.5}}, "results"),
        ({"results": [SCORE | {"stderr": "unknown"}]}, "results.0.stderr"),
        ({"results": [SCORE | {"stderr": -0.1}]}, "results.0.stderr"),
        ({"results": [SCORE | {"num_samples": 0}]}, "results.0.num_samples"),
        ({"results": [SCORE | {"source": "poetry"}]}, "results.0.source"),
        ({"results": [SCORE, SCORE | {"metrc": "acc"}]}, "results.1.metrc"),
    ],
)
def test_malformed_scores(controller: Controller, run: str, change: dict[str, Any], field: str) -> None:
    wire = json.dumps(SCORES | change)
    headers = {"Content-Type": "application/json"}
    answer = controller.http.post(f"/v1/runs/{run}/benchmarks", content=wire, headers=headers)
    check_problem(answer, 422, field)
    assert controller.get(f"/v1/runs/{run}/benchmarks")["items"] == []


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("names=loss,lost", "names"),
        ("names=", "names"),
        ("names=source_loss/", "names"),
        ("names=source_loss/UPPER", "names"),
        ("x=time", "x"),
        ("points=0", "points"),
        ("points=2001", "points"),
        ("from=-1", "from"),
        ("to=much", "to"),
        ("from=10&to=9", "to"),
        ("points=5&points=6", "points"),
        ("name=loss", "name"),
    ],
)
def test_a_malformed_question_for_curves(controller: Controller, run: str, query: str, field: str) -> None:
    check_problem(controller.http.get(f"/v1/runs/{run}/metrics?{query}"), 422, field)


@pytest.mark.parametrize("query", ["validate_onyl=true", "validate_only=true&validate_only=false", "Validate_only=1"])
def test_a_misspelt_question_changes_nothing(controller: Controller, run: str, query: str) -> None:
    headers = {"If-Match": '"1"'}
    answer = controller.http.post(f"/v1/runs/{run}/mixtures?{query}", json=VERSION, headers=headers)
    check_problem(answer, 422, query.partition("=")[0])
    check_problem(
        controller.http.post(f"/v1/runs/{run}:freeze?{query}", json={"reason": "x"}), 422, query.partition("=")[0]
    )
    assert controller.get(f"/v1/runs/{run}")["version"] == 1


@pytest.mark.parametrize("page", ["", "2", "YWZ0ZXI6LTE", "YWZ0ZXI6MQ==", "!!!", "é"])
def test_a_forged_page_token(controller: Controller, run: str, page: str) -> None:
    lists = ("/v1/runs", f"/v1/runs/{run}/mixtures", f"/v1/runs/{run}/benchmarks", "/v1/tokens", "/v1/audit")
    for path in lists:
        check_problem(controller.http.get(path, params={"page": page}), 400, "page")


def test_a_page_token_of_another_list(controller: Controller, run: str) -> None:
    controller.new_run()
    token = controller.get("/v1/runs", limit=1)["next_page"]
    assert controller.get("/v1/runs", page=token)["items"]
    for path in ("/v1/audit", f"/v1/runs/{run}/mixtures"):
        check_problem(controller.http.get(path, params={"page": token}), 400, "page")


@pytest.mark.parametrize(
    "path", ["", "/mixture", "/mixtures", "/mixtures/1", "/mixtures/1/diff", "/benchmarks", "/metrics", "/events"]
)
@pytest.mark.parametrize("name", ["nobody", "UPPER", "%00", "x" * 300])
def test_an_unknown_run_is_told_which_runs_exist(controller: Controller, path: str, name: str) -> None:
    newest = controller.new_run()
    problem = check_problem(controller.http.get(f"/v1/runs/{name}{path}"), 404, "run")
    assert newest in problem["detail"]


@pytest.mark.parametrize("version", ["2", "99999999999999"])
def test_an_unknown_version(controller: Controller, run: str, version: str) -> None:
    for path in ("", "/diff"):
        answer = controller.http.get(f"/v1/runs/{run}/mixtures/{version}{path}")
        check_problem(answer, 404, "version")
    answer = controller.http.post(f"/v1/runs/{run}/mixtures/{version}:restore", headers={"If-Match": '"1"'})
    check_problem(answer, 404, "version")


def test_paths_methods_and_hosts_that_are_none(controller: Controller) -> None:
    check_problem(controller.http.get("/v2/runs"), 404, None)
    check_problem(controller.http.get("/v1/runs/"), 404, None)
    check_problem(controller.http.delete("/v1/runs"), 405, None)
    check_problem(controller.http.get("/livez", headers={"Host": "evil.example"}), 400, "Host")
    check_problem(controller.http.get("/v1/runs/x/mixtures/one"), 422, "version")


def test_too_many_scores_at_once(controller: Controller, run: str) -> None:
    many = {f"t{number}": {"acc,none": 0.5} for number in range(1001)}
    for body in (SCORES | {"results": [SCORE | {"task": task} for task in many]}, {"results": many}):
        check_problem(controller.http.post(f"/v1/runs/{run}/benchmarks", json=body), 413, "results")


def test_an_event_stream_resumed_from_nowhere(controller: Controller, run: str) -> None:
    answer = controller.http.get(f"/v1/runs/{run}/events", headers={"Last-Event-ID": "the last one"})
    check_problem(answer, 422, "Last-Event-ID")
