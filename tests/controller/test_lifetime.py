"""One controller's life: it starts on what it finds, and ends when it is told to or killed, without losing anything."""

from __future__ import annotations

import re
import socket
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import psycopg
import pytest
import redis
from sqlalchemy import make_url
from tests.controller.served import Controller
from tests.eventually import eventually
from tests.redis_box import RedisBox

from crossfade_controller.command import serve
from crossfade_controller.server import open_socket
from crossfade_controller.settings import read_settings
from crossfade_shared import processes
from crossfade_shared.channels import Channels
from crossfade_shared.errors import UserError


def test_a_version_survives_a_kill_right_after_the_answer_and_is_published_later(
    rough_controller: Controller, redis_box: RedisBox
) -> None:
    run = rough_controller.new_run()
    redis_box.stop()  # so that nothing can be published before the kill
    made = rough_controller.post_version(run, 1).json()
    rough_controller.kill()
    redis_box.start()
    rough_controller.start()
    current = rough_controller.get(f"/v1/runs/{run}/mixture")
    assert (current["version"], current["digest"]) == (2, made["digest"])
    with redis.Redis.from_url(redis_box.url) as client:
        eventually(lambda: made["digest"].encode() in (client.get(Channels(run).mixture) or b""), patience_seconds=5)
    eventually(lambda: rough_controller.get(f"/v1/runs/{run}/mixture")["state"] == "published")


def test_it_says_where_it_is_and_what_it_did_to_the_database(rough_controller: Controller) -> None:
    assert re.search(r"brought from empty to revision \d{4}\n", rough_controller.output)
    assert f"page: {rough_controller.url}/" in rough_controller.output


@pytest.mark.parametrize("new_database", ["postgresql"], indirect=True, scope="session")
def test_without_its_database_it_says_so_and_goes_on_when_it_is_back(
    rough_controller: Controller, postgres: Any
) -> None:
    run = rough_controller.new_run()
    name = make_url(rough_controller.database_url).database
    with psycopg.connect(postgres.get_uri(), autocommit=True) as connection:
        connection.execute(f"ALTER DATABASE {name} ALLOW_CONNECTIONS false")
        connection.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s", [name])
        ready = rough_controller.http.get("/readyz")
        assert (ready.status_code, ready.json()["status"], ready.json()["database"]) == (503, "failed", "failed")
        refused = rough_controller.post_version(run, 1)
        assert (refused.status_code, refused.headers["Retry-After"]) == (503, "2")
        assert refused.headers["Content-Type"] == "application/problem+json"
        assert rough_controller.http.get("/livez").status_code == 200
        connection.execute(f"ALTER DATABASE {name} ALLOW_CONNECTIONS true")
    eventually(lambda: rough_controller.http.get("/readyz").status_code == 200)
    assert rough_controller.post_version(run, 1).json()["version"] == 2
    eventually(lambda: rough_controller.get(f"/v1/runs/{run}/mixture")["state"] == "published")


def test_it_ends_within_five_seconds_with_event_streams_open(rough_controller: Controller) -> None:
    run = rough_controller.new_run()
    said_before = len(rough_controller.output)  # other tests gave it reason to complain
    is_open, lines = threading.Event(), []

    def listen() -> None:
        with rough_controller.http.stream("GET", f"/v1/runs/{run}/events?after=0") as answer:
            for line in answer.iter_lines():
                lines.append(line)
                is_open.set()

    listener = threading.Thread(target=listen)
    listener.start()
    assert is_open.wait(10)
    assert rough_controller.terminate(patience_seconds=5) == 0
    listener.join(5)
    assert not listener.is_alive(), "the stream was not ended"
    assert any(line.startswith("retry: ") for line in lines[:2])
    assert "Traceback" not in rough_controller.output[said_before:]


def test_a_port_that_is_taken_is_named() -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        with pytest.raises(UserError, match=f"port {port} of 127.0.0.1 is taken; choose another with --port"):
            serve(port=port)


@pytest.mark.parametrize("host", ["nowhere.invalid", "192.0.2.1"])
def test_a_host_that_is_not_this_machine_is_named(host: str) -> None:
    with pytest.raises(UserError, match=r"is no address of this machine .* --host") as refusal:
        open_socket(host, 0)
    assert refusal.value.field == "host"


def test_a_variable_that_is_wrong_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CROSSFADE_MAX_OPEN_REQUESTS", "0")
    with pytest.raises(UserError, match=r"CROSSFADE_MAX_OPEN_REQUESTS: .* greater than or equal to 1") as refusal:
        read_settings()
    assert refusal.value.field == "CROSSFADE_MAX_OPEN_REQUESTS"


def test_a_port_is_taken_before_anything_is_served_on_it() -> None:
    with open_socket("127.0.0.1", 0) as listener:
        port = listener.getsockname()[1]
        with pytest.raises(UserError, match=f"port {port} of 127.0.0.1 is taken"):
            open_socket("127.0.0.1", port)


def test_what_is_no_redis_url_is_refused_before_anything_is_started() -> None:
    with pytest.raises(UserError, match="redis: 'localhost:6379' is no URL of a Redis") as refused:
        serve(port=0, database="none", redis="localhost:6379")
    assert refused.value.field == "redis"


def test_without_a_redis_url_it_brings_one_and_takes_it_along(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    log = tmp_path / "log"
    command = [sys.executable, "-m", "crossfade_controller", "--port", "0"]
    process = processes.start(command, log=log)
    eventually(lambda: "listening on" in log.read_text())
    folder = tmp_path / "runs" / "controller" / "redis"
    with redis.Redis.from_url(f"unix://{folder / 'redis.sock'}") as client:
        second = subprocess.run(command, capture_output=True, text=True, check=False)
        assert second.returncode == 2
        assert "another process runs a Redis in runs/controller/redis; end it" in second.stderr
        assert "Traceback" not in second.stderr
        assert client.ping()
    assert (tmp_path / "runs" / "controller" / "crossfade.db").exists()
    process.terminate()
    assert process.wait(10) == 0
    assert not (folder / "redis.sock").exists()
