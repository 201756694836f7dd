"""Who may do what: tokens, scopes, runs, and the way in."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from tests.controller.served import START_SECONDS, Controller, run_body
from tests.eventually import eventually
from typer.testing import CliRunner

from crossfade_controller.auth.command import app as token_app
from crossfade_controller.command import serve
from crossfade_controller.database import now
from crossfade_shared import processes
from crossfade_shared.errors import UserError

VERSION = {"weights": {"web": 0.5, "math": 0.5}, "reason": "a test"}
SCORE = {"task": "t", "metric": "acc", "version": "1", "value": 0.5, "stderr": 0.1, "num_samples": 10}
SCORES = {"step": 1, "tokens": 1000, "checkpoint": "sha256:00", "results": [SCORE]}
ON_ONE = {"If-Match": '"1"'}


def changes(run: str) -> dict[str, tuple[str, str, Any, dict[str, str]]]:
    """Give by the scope that it needs one change."""
    path = f"/v1/runs/{run}"
    return {
        "evaluator": ("POST", f"{path}/benchmarks", SCORES, {}),
        "operator": ("POST", f"{path}:freeze", {"reason": "a test"}, {}),
        "policy": ("POST", f"{path}/mixtures", VERSION, ON_ONE),
        "approver": ("PUT", f"{path}/guardrails", {}, {}),
        "admin": ("POST", "/v1/tokens", {"name": "ada", "scopes": ["viewer"]}, {}),
    }


@pytest.mark.parametrize("scope", ["viewer", "evaluator", "operator", "policy", "approver", "admin"])
def test_a_token_may_do_what_its_scopes_say_and_no_more(controller: Controller, scope: str) -> None:
    run = controller.new_run()
    with controller.client(scopes=[scope]) as client:
        assert client.get(f"/v1/runs/{run}").status_code == 200
        for needed, (method, path, body, headers) in changes(run).items():
            answer = client.request(method, path, json=body, headers=headers)
            allowed = scope in {needed, "admin"} or (needed == "policy" and scope in {"operator", "approver"})
            if allowed:
                assert answer.status_code in {200, 201}, (needed, answer.text)
            else:
                assert (answer.status_code, answer.json()["field"]) == (403, "Authorization"), needed
                assert needed in answer.json()["needed"]


def test_without_a_token_one_reads_and_changes_nothing(controller: Controller) -> None:
    run = controller.new_run()
    with controller.anonymous() as nobody:
        assert nobody.get(f"/v1/runs/{run}/mixture").status_code == 200
        assert nobody.get("/v1/whoami").json() == {
            "name": "anonymous",
            "scopes": ["viewer"],
            "run": None,
            "anonymous": True,
        }
        for method, path, body, headers in changes(run).values():
            answer = nobody.request(method, path, json=body, headers=headers)
            assert (answer.status_code, answer.headers["WWW-Authenticate"]) == (401, "Bearer")
            assert answer.headers["Content-Type"] == "application/problem+json"
        assert nobody.get("/v1/audit").status_code == 401
    assert controller.get(f"/v1/runs/{run}")["version"] == 1


@pytest.mark.parametrize("given", ["Bearer", "Basic YTpi", "cf_x", "Bearer cf_" + "x" * 43, "Bearer é"])
def test_a_token_that_is_none_is_refused_even_for_reading(controller: Controller, given: str) -> None:
    with controller.anonymous() as client:
        answer = client.get("/v1/runs", headers={"Authorization": given.encode()})
    assert (answer.status_code, answer.json()["field"]) == (401, "Authorization")


def test_a_token_bound_to_a_run_reaches_that_run_alone(controller: Controller) -> None:
    run, other = controller.new_run(), controller.new_run()
    with controller.client(scopes=["admin"], run=run, name="bound") as bound:
        assert bound.get("/v1/whoami").json()["run"] == run
        assert [each["name"] for each in bound.get("/v1/runs").json()["items"]] == [run]
        assert bound.post(f"/v1/runs/{run}/mixtures", json=VERSION, headers=ON_ONE).status_code == 201
        assert {line["run"] for line in bound.get("/v1/audit", params={"run": other}).json()["items"]} == {run}
        for method, path in (("GET", f"/v1/runs/{other}"), ("GET", "/v1/tokens"), ("POST", "/v1/runs")):
            answer = bound.request(method, path, json=run_body() if method == "POST" else None)
            assert (answer.status_code, answer.json()["type"]) == (403, "urn:crossfade:problem:bound-to-another-run")


def test_a_revoked_token_is_refused_at_once(controller: Controller) -> None:
    with controller.client(scopes=["operator"], name="gone") as client:
        assert client.get("/v1/runs").status_code == 200
        token = next(each for each in controller.get("/v1/tokens")["items"] if each["name"] == "gone")
        for _ in range(2):  # a second time changes nothing
            revoked = controller.http.delete(f"/v1/tokens/{token['id']}").json()
            assert revoked["revoked_at"]
        answer = client.get("/v1/runs")
    assert (answer.status_code, "was revoked" in answer.json()["detail"]) == (401, True)
    assert controller.http.delete("/v1/tokens/999999").status_code == 404


def test_a_token_expires(controller: Controller) -> None:
    body = {"name": "brief", "scopes": ["viewer"], "expires_in_days": 0.5 / 86400}
    made = controller.http.post("/v1/tokens", json=body).json()
    with controller.client_with(made["token"]) as client:
        eventually(lambda: client.get("/v1/runs").status_code == 401)
        assert "expired" in client.get("/v1/runs").json()["detail"]


def test_a_secret_is_shown_once_and_stored_nowhere(controller: Controller) -> None:
    made = controller.http.post("/v1/tokens", json={"name": "ada", "scopes": ["viewer", "viewer"]}).json()
    assert re.fullmatch(r"cf_[A-Za-z0-9_-]{43}", made["token"])
    assert made["scopes"] == ["viewer"]
    days = (now().fromisoformat(made["expires_at"]) - now().fromisoformat(made["created_at"])).total_seconds() / 86400
    assert round(days, 2) == 90
    listed = controller.http.get("/v1/tokens").text + controller.http.get("/v1/audit?limit=1000").text
    assert made["token"] not in listed


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"name": ""}, "name"),
        ({"name": "two\nlines"}, "name"),
        ({"name": "x" * 101}, "name"),
        ({"scopes": []}, "scopes"),
        ({"scopes": ["king"]}, "scopes.0"),
        ({"run": "nobody"}, "run"),
        ({"run": "\x00"}, "run"),
        ({"expires_in_days": 0}, "expires_in_days"),
        ({"expires_in_days": 1e9}, "expires_in_days"),
        ({"secret": "mine"}, "secret"),
    ],
)
def test_a_malformed_token(controller: Controller, change: dict[str, Any], field: str) -> None:
    answer = controller.http.post("/v1/tokens", json={"name": "ada", "scopes": ["viewer"], **change})
    assert (answer.status_code, answer.json()["field"]) == (422, field)


def test_the_author_of_a_version_is_the_token_whatever_the_body_says(controller: Controller) -> None:
    run = controller.new_run()
    with controller.client(scopes=["policy"], name="follow the losses") as policy:
        answer = policy.post(f"/v1/runs/{run}/mixtures", json=VERSION | {"on_behalf_of": "ada"}, headers=ON_ONE)
    assert (answer.json()["author"], answer.json()["on_behalf_of"]) == ("follow the losses", "ada")


def test_the_first_start_prints_an_admin_token_once(tmp_path: Path, redis_url: str) -> None:
    log = tmp_path / "log"
    command = [sys.executable, "-m", "crossfade_controller", "--port", "0", "--redis", redis_url]
    options = ["--database", f"sqlite:///{tmp_path / 'crossfade.db'}"]
    for start in (1, 2):
        process = processes.start([*command, *options], log=log)
        try:
            eventually(
                lambda start=start: log.read_text().count("listening on") == start, patience_seconds=START_SECONDS
            )
        finally:
            processes.stop(process)
    assert len(re.findall(r"admin token: cf_[A-Za-z0-9_-]{43} ", log.read_text())) == 1


@pytest.mark.parametrize("host", ["0.0.0.0", "::"])
def test_an_address_that_others_reach_needs_a_token_first(
    tmp_path: Path, host: str, redis_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    database = f"sqlite:///{tmp_path / 'crossfade.db'}"
    with pytest.raises(UserError, match="there is no token that works; set CROSSFADE_ADMIN_TOKEN") as refusal:
        serve(host=host, port=0, database=database, redis=redis_url)
    assert refusal.value.field == "host"
    monkeypatch.setenv("CROSSFADE_ADMIN_TOKEN", "guess me")
    with pytest.raises(UserError, match="at least 16 visible ASCII characters"):
        serve(host=host, port=0, database=database, redis=redis_url)


def test_one_that_others_reach_lets_nobody_read_without_a_token(tmp_path: Path, redis_url: str) -> None:
    database = f"sqlite:///{tmp_path / 'crossfade.db'}"
    made = CliRunner().invoke(token_app, ["create", "ada", "--scope", "viewer", "--database", database, "--json"])
    assert made.exit_code == 0, made.output
    log = tmp_path / "log"
    command = [sys.executable, "-m", "crossfade_controller", "--host", "0.0.0.0", "--port", "0"]
    command += ["--allowed-host", "Me"]
    process = processes.start([*command, "--redis", redis_url, "--database", database], log=log)
    try:
        heard = eventually(
            lambda: re.search(r"listening on http://0\.0\.0\.0:(\d+)", log.read_text()), patience_seconds=START_SECONDS
        )
        port = heard[1]
        ask = ["curl", "-s", "-o", "/dev/null", "-w", "%{http_code}", f"http://127.0.0.1:{port}/v1/runs"]
        token = ["-H", f"Authorization: Bearer {json.loads(made.stdout)['token']}"]
        hosts = ([*token, "-H", f"Host: {host}"] for host in ("me", "192.0.2.7", "me.evil.example"))
        asked = [subprocess.check_output([*ask, *more], text=True) for more in ([], token, *hosts)]
        assert asked == ["401", "200", "200", "200", "400"]
    finally:
        processes.stop(process)


def test_the_command_makes_lists_and_revokes(tmp_path: Path) -> None:
    database = ["--database", f"sqlite:///{tmp_path / 'new' / 'crossfade.db'}"]

    def token(*arguments: str) -> Any:
        return CliRunner().invoke(token_app, [*arguments, *database])

    made = token("create", "ada", "--scope", "operator", "--scope", "approver", "--days", "7")
    assert re.fullmatch(r"cf_[A-Za-z0-9_-]{43}\n", made.stdout)
    assert "ada  approver,operator  all runs  expires on" in token("list").stdout
    assert "revoked" in token("revoke", "1").stderr
    assert json.loads(token("revoke", "1", "--json").stdout) == json.loads(token("list", "--json").stdout)[0]
    for wrong, field in ((("create", "ada", "--scope", "king"), "scopes.0"), (("revoke", "7"), "token_id")):
        refused = token(*wrong).exception
        assert isinstance(refused, UserError)
        assert refused.field == field
