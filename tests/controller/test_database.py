"""Sessions: who reads sees one state, and what is committed outlives a power cut."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from sqlalchemy import func, select, text
from sqlalchemy.exc import DBAPIError

from crossfade_controller.database import Database
from crossfade_controller.migration import migrate
from crossfade_controller.runs.models import Run


def on(url: str, work: Callable[[Database], Awaitable[None]]) -> None:
    """Bring a database to this version and work on it."""
    migrate(url)

    async def run() -> None:
        database = Database(url)
        try:
            await work(database)
        finally:
            await database.close()

    asyncio.run(run())


def new_run(name: str) -> Run:
    return Run(name=name, mode="advise", horizon_tokens=1, signing_key=b"k" * 32, version=0)


def test_a_reader_sees_one_state_while_others_write(new_database: Any) -> None:
    num_runs = select(func.count()).select_from(Run)

    async def work(database: Database) -> None:
        async with database.read() as reader:
            assert await reader.scalar(num_runs) == 0
            async with database.write() as writer:
                writer.add(new_run("later"))
            assert await reader.scalar(num_runs) == 0
        async with database.read() as reader:
            assert await reader.scalar(num_runs) == 1

    on(new_database(), work)


@pytest.mark.parametrize("new_database", ["postgresql"], indirect=True, scope="session")
def test_a_reader_changes_nothing(new_database: Any) -> None:
    async def work(database: Database) -> None:
        async with database.read() as reader:
            reader.add(new_run("never"))
            with pytest.raises(DBAPIError, match="read-only transaction"):
                await reader.flush()
            await reader.rollback()
        async with database.write() as writer:  # the connection is as good as new
            writer.add(new_run("made"))

    on(new_database(), work)


@pytest.mark.parametrize("new_database", ["sqlite"], indirect=True, scope="session")
def test_sqlite_waits_for_the_disk_at_every_commit(new_database: Any) -> None:
    async def work(database: Database) -> None:
        async with database.write() as writer:
            assert await writer.scalar(text("PRAGMA synchronous")) == 2

    on(new_database(), work)
