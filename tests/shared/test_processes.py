"""Child processes and the embedded Redis end with us, however we end."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

import psutil
import pytest
import redis
from tests.eventually import eventually

from crossfade_shared import processes
from crossfade_shared.errors import UnreachableError, UserError
from crossfade_shared.redis_server import embedded_redis


def is_gone(pid: int) -> bool:
    return not psutil.pid_exists(pid) or psutil.Process(pid).status() == psutil.STATUS_ZOMBIE


def test_redis_is_a_real_server_and_ends_with_its_block(tmp_path: Path) -> None:
    with embedded_redis(tmp_path) as url:
        client = redis.Redis.from_url(url)
        client.set("key", "value")
        pid = int(client.info("server")["process_id"])
        assert client.eval("return redis.call('GET', KEYS[1])", 1, "key") == b"value"
        client.close()
    assert is_gone(pid)
    assert not (tmp_path / "redis.sock").exists()


def test_redis_keeps_its_data_over_a_restart(tmp_path: Path) -> None:
    for expected in (None, b"1"):
        with embedded_redis(tmp_path) as url, redis.Redis.from_url(url) as client:
            assert client.get("key") == expected
            client.set("key", "1")


def test_a_folder_with_a_long_name_is_no_obstacle(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with tempfile.TemporaryDirectory() as short:
        monkeypatch.setattr("tempfile.tempdir", short)
        with embedded_redis(tmp_path / ("d" * 120)) as url, redis.Redis.from_url(url) as client:
            assert client.ping()
        assert list(Path(short).iterdir()) == []


def test_a_second_redis_in_one_folder_is_refused_and_the_first_unharmed(tmp_path: Path) -> None:
    with embedded_redis(tmp_path) as url, redis.Redis.from_url(url) as client:
        client.set("key", "1")
        with pytest.raises(UserError, match=r"another process runs a Redis in .*; end it"), embedded_redis(tmp_path):
            pass
        client.set("key", "2")
    with embedded_redis(tmp_path) as url, redis.Redis.from_url(url) as client:
        assert client.get("key") == b"2"


def test_redis_that_cannot_start_says_why(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("crossfade_shared.redis_server.get_binary_path", lambda: "/bin/false")
    with pytest.raises(UnreachableError, match="did not start"), embedded_redis(tmp_path):
        pass


def test_children_end_when_their_parent_is_killed(tmp_path: Path) -> None:
    script = (
        "import sys, time, pathlib, redis\n"
        "from crossfade_shared.redis_server import embedded_redis\n"
        "with embedded_redis(pathlib.Path(sys.argv[1])) as url:\n"
        "    client = redis.Redis.from_url(url)\n"
        "    client.set('key', 'kept')\n"
        "    print(client.info('server')['process_id'], flush=True)\n"
        "    time.sleep(60)\n"
    )
    with subprocess.Popen([sys.executable, "-c", script, str(tmp_path)], stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout is not None
        child = int(parent.stdout.readline())
        assert psutil.pid_exists(child)
        parent.send_signal(signal.SIGKILL)
        parent.wait()
    with embedded_redis(tmp_path) as url, redis.Redis.from_url(url) as client:  # waits until the other has left
        eventually(lambda: is_gone(child))
        assert client.get("key") == b"kept"


def test_a_child_that_will_not_end_is_killed(tmp_path: Path) -> None:
    log = tmp_path / "log"
    script = (
        "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('ready', flush=True); time.sleep(60)"
    )
    process = processes.start([sys.executable, "-c", script], log=log)
    eventually(log.read_text)
    assert processes.stop(process, patience_seconds=0.2) == -signal.SIGKILL
    assert not psutil.pid_exists(process.pid)


def test_a_child_gets_its_own_environment_and_log(tmp_path: Path) -> None:
    log = tmp_path / "log"
    process = processes.start(
        [sys.executable, "-c", "import os; print(os.environ['EXTRA'], os.getsid(0) == os.getpid())"],
        log=log,
        environment={"EXTRA": "given"},
    )
    assert process.wait() == 0
    assert log.read_text().split() == ["given", "True"]
    assert os.getsid(0) != process.pid
