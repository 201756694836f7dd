"""Who may do what in Redis: real users in a real server, with the real controller and the real link of a worker."""

from __future__ import annotations

from pathlib import Path

import pytest
import redis
from redis.exceptions import AuthenticationError, NoPermissionError
from tests.controller.served import Controller, begin, run_body
from tests.docker.redis_users import GuardedRedis
from tests.eventually import eventually

from crossfade_worker.records.run_directory import RunDirectory
from crossfade_worker.reporting.link import open_link
from crossfade_worker.streaming.settings import SourcesOfRun

MIXTURE, ATTEMPT, TELEMETRY = (f"crossfade:other:{name}" for name in ("mixture", "attempt", "telemetry"))


def test_a_change_and_a_report_travel_between_controller_and_worker(guarded: GuardedRedis, tmp_path: Path) -> None:
    controller = Controller(
        tmp_path / "controller",
        database_url=f"sqlite:///{tmp_path / 'controller.db'}",
        redis_url=guarded.url("controller"),
    )
    controller.start()
    try:
        registered = controller.http.post("/v1/runs", json=run_body()).json()
        run = registered["name"]
        (tmp_path / "signing_key").write_text(registered["signing_key"])
        settings = SourcesOfRun.model_validate(
            {
                "run": run,
                "directory": tmp_path / "run",
                "corpus": tmp_path,
                "mixture": {"web": 0.9, "math": 0.1},
                "control": {"redis_url": guarded.url("worker"), "signing_key_file": tmp_path / "signing_key"},
            }
        )
        settings.directory.mkdir()
        with open_link(settings, ["web", "math"], RunDirectory(settings.directory), attempt=1, is_leader=True) as link:
            assert controller.post_version(run, based_on=1).status_code == 201
            newest = eventually(lambda: (found := link.newest()) and found.version == 2 and found)
            assert newest.weights_ppm == {"web": 600_000, "math": 400_000}
            link.report(begin())
            eventually(lambda: controller.get(f"/v1/runs/{run}")["world_size"] == 2)
        assert controller.get("/readyz") == {"status": "ok", "database": "ok", "redis": "ok"}
        assert "no permissions" not in controller.output
    finally:
        controller.stop()


@pytest.mark.parametrize(
    "command",
    [
        ("SET", MIXTURE, "forged"),
        ("SET", ATTEMPT, "9"),
        ("DEL", MIXTURE),
        ("PUBLISH", "crossfade:other:changed", "9"),
        ("EVAL", "return redis.call('SET', KEYS[1], 'forged')", "1", MIXTURE),
        ("GET", "somebody:else"),
        ("XADD", MIXTURE, "*", "reports", "forged"),
        ("XRANGE", TELEMETRY, "-", "+"),
        ("XTRIM", TELEMETRY, "MAXLEN", "0"),
        ("XREADGROUP", "GROUP", "controller", "worker", "STREAMS", TELEMETRY, ">"),
        ("SUBSCRIBE", "somebody:else"),
        ("KEYS", "*"),
        ("FLUSHALL",),
        ("CONFIG", "GET", "*"),
        ("ACL", "LIST"),
    ],
    ids=lambda command: " ".join(command[:2]),
)
def test_a_worker_may_only_read_the_mixture_and_append_telemetry(guarded: GuardedRedis, command: tuple[str]) -> None:
    with guarded.client("worker") as worker, pytest.raises(NoPermissionError):
        worker.execute_command(*command)


@pytest.mark.parametrize(
    "command",
    [
        ("GET", "somebody:else"),
        ("EVAL", "return redis.call('FLUSHALL')", "0"),
        ("PUBLISH", "somebody:else", "1"),
        ("KEYS", "*"),
        ("FLUSHALL",),
        ("CONFIG", "SET", "dir", "/"),
        ("ACL", "LIST"),
        ("SHUTDOWN",),
    ],
    ids=lambda command: " ".join(command[:2]),
)
def test_the_controller_keeps_to_its_own_keys_and_administers_nothing(
    guarded: GuardedRedis, command: tuple[str]
) -> None:
    with guarded.client("controller") as controller, pytest.raises((NoPermissionError, redis.ResponseError)) as refusal:
        controller.execute_command(*command)
    assert "permission" in str(refusal.value)


def test_nobody_comes_in_without_a_password(guarded: GuardedRedis) -> None:
    with redis.Redis(unix_socket_path=str(guarded.socket)) as nobody, pytest.raises(AuthenticationError):
        nobody.get(MIXTURE)
    with (
        redis.Redis(unix_socket_path=str(guarded.socket), username="worker", password="guessed") as guesser,
        pytest.raises(AuthenticationError),
    ):
        guesser.get(MIXTURE)


def test_the_health_check_may_only_ping(guarded: GuardedRedis) -> None:
    assert guarded.answers()
    with (
        redis.Redis(unix_socket_path=str(guarded.socket), username="health", password="none") as health,
        pytest.raises(NoPermissionError),
    ):
        health.get(MIXTURE)
