"""The connection that goes to SQLite's thread once a statement, beside what `sqlite3` itself says."""

from __future__ import annotations

import asyncio
import sqlite3
import threading
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from crossfade_controller.sqlite_connection import ROWS_AT_ONCE, SqliteConnection, SqliteCursor


def on_new(path: Path, work: Callable[[SqliteConnection], Awaitable[None]]) -> None:
    """Do some work on a connection to a new database."""

    async def run() -> None:
        connection = SqliteConnection.at(str(path / "crossfade.db"), isolation_level=None)
        await connection
        try:
            await work(connection)
        finally:
            await connection.close()

    asyncio.run(run())


async def ask(connection: SqliteConnection, statement: str, *parameters: object) -> SqliteCursor:
    cursor = connection.cursor()
    await cursor.execute(statement, parameters)
    return cursor


def test_a_statement_tells_what_sqlite_tells(tmp_path: Path) -> None:
    async def work(connection: SqliteConnection) -> None:
        made = await ask(connection, "CREATE TABLE points (step INTEGER PRIMARY KEY, value REAL)")
        assert made.description is None
        many = connection.cursor()
        await many.executemany("INSERT INTO points (value) VALUES (?)", [(0.5,), (1.5,)])
        assert (many.rowcount, many.description) == (2, None)
        one = await ask(connection, "INSERT INTO points (value) VALUES (?)", 2.5)
        assert (one.rowcount, one.lastrowid) == (1, 3)
        changed = await ask(connection, "UPDATE points SET value = value WHERE step > 1 RETURNING step")
        assert (changed.rowcount, len(await changed.fetchall())) == (2, 2)
        found = await ask(connection, "SELECT step, value FROM points ORDER BY step")
        assert [column[0] for column in found.description] == ["step", "value"]
        assert await found.fetchone() == (1, 0.5)
        assert await found.fetchall() == [(2, 1.5), (3, 2.5)]
        assert await found.fetchone() is None

    on_new(tmp_path, work)


@pytest.mark.parametrize("num_rows", [ROWS_AT_ONCE - 1, ROWS_AT_ONCE, 3 * ROWS_AT_ONCE + 1])
def test_more_rows_than_come_at_once_come_all_the_same(num_rows: int, tmp_path: Path) -> None:
    count = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ?) SELECT i FROM n"
    rows = [(number,) for number in range(1, num_rows + 1)]

    async def work(connection: SqliteConnection) -> None:
        whole = await ask(connection, count, num_rows)
        assert await whole.fetchall() == rows
        parts, pieces = await ask(connection, count, num_rows), list[Any]()
        while piece := await parts.fetchmany(1000):
            assert len(piece) <= 1000
            pieces += piece
        assert pieces == rows

    on_new(tmp_path, work)


def test_a_statement_that_is_left_holds_nothing_open(tmp_path: Path) -> None:
    async def work(connection: SqliteConnection) -> None:
        await ask(connection, "CREATE TABLE points (step INTEGER PRIMARY KEY)")
        await connection.cursor().executemany(
            "INSERT INTO points VALUES (?)", [(number,) for number in range(2 * ROWS_AT_ONCE)]
        )
        for ended in (False, True):
            left = await ask(connection, "SELECT step FROM points")
            assert await left.fetchone() == (0,)
            if ended:
                await left.close()
                await ask(connection, "DROP TABLE points")
            else:
                with pytest.raises(sqlite3.OperationalError, match="locked"):
                    await ask(connection, "DROP TABLE points")

    on_new(tmp_path, work)


def test_an_error_comes_back_and_the_connection_goes_on(tmp_path: Path) -> None:
    async def work(connection: SqliteConnection) -> None:
        with pytest.raises(sqlite3.OperationalError, match="no such table"):
            await ask(connection, "SELECT * FROM nowhere")
        assert await (await ask(connection, "SELECT 1")).fetchall() == [(1,)]

    on_new(tmp_path, work)


def test_only_a_transaction_is_rolled_back(tmp_path: Path) -> None:
    async def work(connection: SqliteConnection) -> None:
        seen: list[str] = []
        await connection.set_trace_callback(seen.append)
        await connection.rollback()
        assert seen == []
        await ask(connection, "BEGIN")
        await connection.rollback()
        assert seen == ["BEGIN", "ROLLBACK"]
        assert not connection.in_transaction

    on_new(tmp_path, work)


def test_work_is_done_on_one_thread_of_its_own(tmp_path: Path) -> None:
    async def work(connection: SqliteConnection) -> None:
        threads: set[threading.Thread] = set()
        for _ in range(3):
            await connection.run(lambda _: threads.add(threading.current_thread()))
        assert len(threads) == 1
        assert threads != {threading.current_thread()}

    on_new(tmp_path, work)
