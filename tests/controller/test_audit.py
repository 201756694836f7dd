"""The audit: every change and every refused attempt, in one chain that shows what was done to it."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, create_engine
from tests.controller.served import Controller, run_body
from typer.testing import CliRunner

from crossfade_controller.audit.command import app as audit_app
from crossfade_controller.audit.repository import append
from crossfade_controller.database import database_url
from crossfade_controller.migration import migrate
from crossfade_controller.offline import opened
from crossfade_shared.errors import UnreachableError, UserError

NUM_WRITERS = 8
NUM_VERSIONS = 10


def lines(controller: Controller, run: str | None = None) -> list[dict[str, Any]]:
    """Give the lines so far, page by page."""
    found: list[dict[str, Any]] = []
    query: dict[str, Any] = {"limit": 100} | ({"run": run} if run else {})
    while True:
        page = controller.get("/v1/audit", **query)
        found += page["items"]
        if page["next_page"] is None:
            return found
        query["page"] = page["next_page"]


def verify(url: str, *options: str) -> Any:
    return CliRunner().invoke(audit_app, ["verify", "--database", url, *options])


@pytest.fixture
def kept(new_database: Any) -> Iterator[Engine]:
    """A database whose audit has four lines and may be spoilt."""
    url = new_database()
    migrate(url)

    async def write() -> None:
        async with opened(url) as database:
            for number in range(1, 5):
                async with database.write() as session:
                    await append(session, actor="ada", action="run.registered", run="kept", number=number)

    asyncio.run(write())
    parsed = database_url(url)
    engine = create_engine(parsed.set(drivername=parsed.drivername.replace("+aiosqlite", "")))
    yield engine
    engine.dispose()


def test_every_change_and_every_refused_attempt_is_a_line(controller: Controller) -> None:
    run = controller.new_run()
    controller.post_version(run, 1, reason="math lags")
    controller.http.post(f"/v1/runs/{run}:freeze", json={"reason": "look first"})
    with controller.client(scopes=["viewer"], run=run, name="curious") as curious:
        curious.post(f"/v1/runs/{run}/mixtures", json={"weights": {"web": 1}, "reason": "x"}, headers={"If-Match": "*"})
    written = lines(controller, run)
    assert [(line["actor"], line["action"]) for line in written] == [
        ("admin", "run.registered"),
        ("admin", "mixture.made"),
        ("admin", "mixture.made"),
        ("admin", "run.frozen"),
        ("admin", "token.created"),
        ("curious", "access.refused"),
    ]
    assert (written[2]["detail"]["version"], written[2]["detail"]["reason"]) == (2, "math lags")
    assert written[5]["detail"] == {
        "method": "POST",
        "path": "/v1/runs/{run}/mixtures",
        "why": "scope-missing",
    }


def test_a_token_that_is_over_is_kept_once_and_what_nobody_known_tries_is_only_counted(controller: Controller) -> None:
    run = controller.new_run()
    with controller.client(scopes=["viewer"], run=run, name=f"gone from {run}") as gone:
        token = next(each for each in controller.get("/v1/tokens")["items"] if each["run"] == run)
        controller.http.delete(f"/v1/tokens/{token['id']}")
        before = len(lines(controller))
        for _ in range(3):
            assert gone.get(f"/v1/runs/{run}").status_code == 401
        with controller.client_with("cf_" + "x" * 43) as unknown, controller.anonymous() as nobody:
            assert unknown.get(f"/v1/runs/{run}").status_code == 401
            assert nobody.delete(f"/v1/tokens/{token['id']}").status_code == 401
    (kept,) = lines(controller)[before:]
    assert (kept["actor"], kept["action"], kept["run"]) == (f"gone from {run}", "access.refused", run)
    assert kept["detail"] == {"method": "GET", "path": "/v1/runs/{run}", "why": "token-revoked"}
    told = controller.http.get("/metrics").text
    assert 'crossfade_http_requests_total{method="DELETE",route="/v1/tokens/{token_id}",status="401"}' in told


def test_what_was_not_done_leaves_no_line(controller: Controller) -> None:
    run = controller.new_run()
    before = len(lines(controller, run))
    assert controller.post_version(run, 7).status_code == 412
    assert controller.http.post("/v1/runs", json=run_body(name=run)).status_code == 409
    assert len(lines(controller, run)) == before


def test_writers_of_many_runs_at_once_keep_one_sound_chain(controller: Controller) -> None:
    names = [controller.new_run() for _ in range(NUM_WRITERS)]

    def write(run: str) -> list[int]:
        return [controller.post_version(run, base).status_code for base in range(1, NUM_VERSIONS)]

    with ThreadPoolExecutor(NUM_WRITERS) as writers:
        assert {status for statuses in writers.map(write, names) for status in statuses} == {201}
    written = lines(controller)
    assert [line["sequence"] for line in written] == list(range(1, len(written) + 1))
    assert all(line["previous_hash"] == before["hash"] for before, line in pairwise(written))
    checked = verify(controller.database_url)
    assert (checked.exit_code, checked.stdout.startswith(f"{len(written)} lines, none altered")) == (0, True)


@pytest.mark.parametrize(
    ("spoil", "named"),
    [
        (["UPDATE audit SET actor = 'eve' WHERE sequence = 3"], "line 3 was altered"),
        (["UPDATE audit SET at = '2020-01-01 00:00:00' WHERE sequence = 1"], "line 1 was altered"),
        (["UPDATE audit SET detail = '{}' WHERE sequence = 2"], "line 2 was altered"),
        (["DELETE FROM audit WHERE sequence = 2"], "line 2 is missing"),
        (["DELETE FROM audit WHERE sequence = 4"], "line 4 is missing"),
        (["DELETE FROM audit WHERE sequence <= 2"], "lines 1 to 2 are missing"),
        (
            [
                "DELETE FROM audit WHERE sequence = 2",
                "UPDATE audit SET sequence = 2 WHERE sequence = 3",
                "UPDATE audit SET sequence = 3 WHERE sequence = 4",
                "UPDATE audit_head SET sequence = 3",
            ],
            "line 2 does not follow line 1",
        ),
        (
            [
                "UPDATE audit SET sequence = 5 WHERE sequence = 4",
                "UPDATE audit SET sequence = 4 WHERE sequence = 3",
                "INSERT INTO audit SELECT 3, at, 'eve', action, run, detail, previous_hash, hash FROM audit "
                "WHERE sequence = 4",
                "UPDATE audit_head SET sequence = 5",
            ],
            "line 3 was altered",
        ),
        (
            [
                "INSERT INTO audit SELECT 5, at, actor, action, run, detail, hash, previous_hash FROM audit "
                "WHERE sequence = 4"
            ],
            "line 5 was inserted",
        ),
        (["DELETE FROM audit_head"], "the end of the chain is missing"),
    ],
)
def test_a_line_that_was_altered_removed_or_inserted_is_named(kept: Engine, spoil: list[str], named: str) -> None:
    url = kept.url.render_as_string(hide_password=False)
    assert verify(url).stdout.startswith("4 lines, none altered, removed or inserted")
    with kept.begin() as connection:
        for statement in spoil:
            connection.exec_driver_sql(statement)
    checked = verify(url)
    assert checked.exit_code == 1
    assert named in checked.stdout


@pytest.mark.parametrize("new_database", ["sqlite"], indirect=True, scope="session")  # the other lets nobody write it
@pytest.mark.parametrize("spoil", ["detail = '{'", "at = 'now'"])
def test_a_line_that_cannot_be_read_was_altered(kept: Engine, spoil: str) -> None:
    with kept.begin() as connection:
        connection.exec_driver_sql(f"UPDATE audit SET {spoil} WHERE sequence = 3")
    checked = verify(kept.url.render_as_string(), "--json")
    told = json.loads(checked.stdout)
    assert (checked.exit_code, told["is_sound"], told["num_lines"]) == (1, False, 4)
    assert "one of them was altered" in told["breaks"][-1]


def test_a_database_without_an_audit_is_told(tmp_path: Path) -> None:
    nowhere = tmp_path / "misspelt.db"
    missing = verify(f"sqlite:///{nowhere}").exception
    assert isinstance(missing, UserError)
    assert f"there is no database sqlite:///{nowhere}" in str(missing)
    assert not nowhere.exists()
    nowhere.touch()
    refused = verify(f"sqlite:///{nowhere}").exception
    assert isinstance(refused, UnreachableError)
    assert "`crossfade migrate` brings it to this version" in str(refused)
