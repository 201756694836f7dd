"""A connection to SQLite on a thread of its own, to which a statement goes and comes back once.

aiosqlite goes there for the cursor, for the statement, for its rows and to close it, and each of those four ways costs
more than a small statement itself.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from typing import Any

import aiosqlite

ROWS_AT_ONCE = 4096
"""The rows that come back with the statement; those who read more than that go for the rest."""


class SqliteConnection(aiosqlite.Connection):
    """An `aiosqlite.Connection` for SQLAlchemy's asynchronous engine."""

    @classmethod
    def at(cls, path: str, **settings: Any) -> SqliteConnection:  # noqa: ANN401 - whatever `sqlite3.connect` takes
        """Give a connection that opens when it is awaited; it does not keep the process from ending."""
        connection = cls(partial(sqlite3.connect, path, **settings), iter_chunk_size=ROWS_AT_ONCE)
        connection._thread.daemon = True
        return connection

    def cursor(self) -> SqliteCursor:  # type: ignore[override] # SQLAlchemy only enters it
        """Give a cursor; nothing is opened before its statement."""
        return SqliteCursor(self)

    async def rollback(self) -> None:
        """Roll back, where there is anything to: every connection that goes back to its pool is asked to."""
        if self.in_transaction:
            await super().rollback()

    async def run(self, work: Callable[[sqlite3.Connection], None]) -> None:
        """Do some work on the connection's thread."""
        await self._execute(work, self._conn)  # type: ignore[no-untyped-call]


class SqliteCursor:
    """One statement and what it found, in the form that SQLAlchemy's asynchronous engine asks for."""

    description: Any = None
    rowcount = -1
    lastrowid: int | None = None
    arraysize = 1

    def __init__(self, connection: SqliteConnection) -> None:
        self._connection = connection
        self._rows: list[Any] = []
        self._unfinished: sqlite3.Cursor | None = None

    async def __aenter__(self) -> SqliteCursor:
        """Give itself."""
        return self

    async def execute(self, statement: str, parameters: Iterable[Any] = ()) -> None:
        """Run a statement and fetch its first rows."""
        await self._connection.run(lambda connection: self._keep(connection.execute(statement, tuple(parameters))))

    async def executemany(self, statement: str, parameters: Iterable[Sequence[Any]]) -> None:
        """Run a statement for each of many parameters."""
        await self._connection.run(lambda connection: self._keep(connection.executemany(statement, parameters)))

    async def fetchone(self) -> Any:  # noqa: ANN401 - a row
        """Give the next row, or None."""
        return next(iter(await self.fetchmany(1)), None)

    async def fetchmany(self, size: int | None = None) -> Sequence[Any]:
        """Give the next rows."""
        wanted = size or self.arraysize
        if len(self._rows) < wanted:
            await self._fetch(lambda cursor: cursor.fetchmany(max(wanted, ROWS_AT_ONCE)))
        given, self._rows = self._rows[:wanted], self._rows[wanted:]
        return given

    async def fetchall(self) -> Sequence[Any]:
        """Give all rows that are left."""
        await self._fetch(sqlite3.Cursor.fetchall)
        given, self._rows = self._rows, []
        return given

    async def close(self) -> None:
        """Give back what is still open; most statements are finished when they come back."""
        if self._unfinished is not None:
            await self._connection.run(lambda _: self._finish())

    def _keep(self, cursor: sqlite3.Cursor) -> None:
        """On the connection's thread: keep what the statement found."""
        self._unfinished = cursor
        self._rows = cursor.fetchmany(ROWS_AT_ONCE) if cursor.description else []
        self.description, self.rowcount, self.lastrowid = cursor.description, cursor.rowcount, cursor.lastrowid
        if len(self._rows) < ROWS_AT_ONCE:
            self._finish()

    async def _fetch(self, fetch: Callable[[sqlite3.Cursor], Sequence[Any]]) -> None:
        if (cursor := self._unfinished) is not None:
            await self._connection.run(lambda _: self._rows.extend(fetch(cursor)))

    def _finish(self) -> None:
        if self._unfinished is not None:
            self._unfinished.close()
            self._unfinished = None
