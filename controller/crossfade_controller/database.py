"""The database: sessions that read, sessions that write, and the few things SQLite and PostgreSQL do differently."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, nullcontext
from copy import copy
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection, DateTime, Dialect, MetaData, TypeDecorator, event, make_url
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import URL
from sqlalchemy.exc import ArgumentError
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker, create_async_engine
from sqlalchemy.orm import DeclarativeBase

from crossfade_controller.outages import OUTAGES, UnknownOutcomeError, in_time
from crossfade_controller.sqlite_connection import SqliteConnection
from crossfade_shared.errors import UserError

BUSY_TIMEOUT_MILLISECONDS = 10_000
JOURNAL_BYTES = 64 << 20
"""The write-ahead log is cut back to this after a burst."""
_POSTGRESQL_PATIENCE = {  # a server that fell silent is given up, so that what waits for it is told so
    "connect_timeout": 5,
    "keepalives_idle": 5,
    "keepalives_interval": 2,
    "keepalives_count": 3,
    "tcp_user_timeout": 10_000,
    "options": "-c lock_timeout=10s -c statement_timeout=30s -c idle_in_transaction_session_timeout=30s",
}
_DRIVERS = {
    "sqlite": "sqlite+aiosqlite",
    "sqlite+aiosqlite": "sqlite+aiosqlite",
    "postgres": "postgresql+psycopg",
    "postgresql": "postgresql+psycopg",
    "postgresql+psycopg": "postgresql+psycopg",
}
_WRITES = "crossfade_writes"


class Base(DeclarativeBase):
    """The parent of every table."""

    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "fk": "fk_%(table_name)s_%(column_0_N_name)s",
            "pk": "pk_%(table_name)s",
        }
    )


class UtcTime(TypeDecorator[datetime]):
    """A moment in UTC; SQLite keeps no time zone, so it is given back on reading."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002 - SQLAlchemy's own
        """Give the moment with its time zone."""
        return None if value is None else value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


def now() -> datetime:
    """Give the present moment in UTC."""
    return datetime.now(UTC)


def database_url(text: str) -> URL:
    """Read a database URL and choose its driver; raises `UserError` for a database we do not know."""
    accepted = "use sqlite:///path/to/file.db or postgresql://user:password@host/name"
    try:
        url = make_url(text)
    except ArgumentError:
        raise UserError(f"{text!r} is no database URL; {accepted}", field="database") from None
    if url.drivername not in _DRIVERS or url.database in {None, "", ":memory:"}:
        raise UserError(f"{url.render_as_string()} is no database we can keep runs in; {accepted}", field="database")
    url = url.set(drivername=_DRIVERS[url.drivername])
    if url.get_backend_name() == "postgresql":  # a server without an encoding of its own would give bytes for text
        url = url.update_query_dict({"client_encoding": "utf8"})
    return url


def shown_url(text: str) -> str:
    """Give a database URL as it was written, but for its password."""
    return make_url(text).render_as_string()


class Database:
    """Sessions on one database. A session that writes holds SQLite's one write lock from its first statement on."""

    def __init__(self, url: str) -> None:
        self._url = database_url(url)
        is_postgresql = self._url.get_backend_name() == "postgresql"
        self._engine = create_async_engine(
            self._url,
            hide_parameters=True,  # a signing key must not reach a log with the statement that failed
            pool_pre_ping=is_postgresql,
            connect_args=_POSTGRESQL_PATIENCE if is_postgresql else {"async_creator_fn": SqliteConnection.at},
        )
        if self._engine.dialect.name == "sqlite":
            event.listen(self._engine.sync_engine, "connect", configure_sqlite)
            event.listen(self._engine.sync_engine, "begin", _begin_sqlite)
            # SQLite's own queue for writers is a lottery with sleeps; ours is first come, first served.
            self._turn: asyncio.Lock | nullcontext[None] = asyncio.Lock()
            readers = self._engine  # a transaction of SQLite sees one state anyway
        else:
            self._turn = nullcontext()
            readers = self._engine.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)
        self._readers = async_sessionmaker(readers, expire_on_commit=False)
        self._writers = async_sessionmaker(self._engine.execution_options(**{_WRITES: True}), expire_on_commit=False)
        self._patience_seconds: float | None = None

    def within(self, seconds: float) -> Database:
        """Give the same database to those who cannot wait: a session that lasts longer raises `SlowDatabaseError`."""
        hurried = copy(self)
        hurried._patience_seconds = seconds  # noqa: SLF001 - of its own kind
        return hurried

    @asynccontextmanager
    async def read(self) -> AsyncIterator[AsyncSession]:
        """Give a session that sees one state of the database and changes nothing."""
        async with in_time(self._patience_seconds), self._readers() as session:
            yield session

    @asynccontextmanager
    async def write(self) -> AsyncIterator[AsyncSession]:
        """Give a session in one transaction, committed at the end and rolled back by any exception.

        Raises `UnknownOutcomeError` where the database goes away before it says that the commit is made.
        """
        is_at_commit = False
        try:
            async with in_time(self._patience_seconds), self._turn, self._writers() as session:
                yield session
                await session.flush()
                is_at_commit = True
                await session.commit()
        except OUTAGES as error:
            if is_at_commit:
                raise UnknownOutcomeError(str(error)) from error
            raise

    async def close(self) -> None:
        """Give all connections back."""
        await self._engine.dispose()


def insert_into(session: AsyncSession, table: type[Base]) -> postgresql.Insert | sqlite.Insert:
    """Give an INSERT that knows ON CONFLICT, which both databases write alike."""
    dialect = session.get_bind().dialect.name
    return postgresql.insert(table) if dialect == "postgresql" else sqlite.insert(table)


def configure_sqlite(connection: Any, _record: object) -> None:  # noqa: ANN401 - a driver's connection
    """Set a new SQLite connection up: write-ahead log, foreign keys, and no transactions of the driver's own."""
    connection.isolation_level = None
    cursor = connection.cursor()
    for pragma in (
        "journal_mode = WAL",
        "synchronous = FULL",  # NORMAL may lose the last commits in a power cut: versions that were acknowledged
        "foreign_keys = ON",
        f"busy_timeout = {BUSY_TIMEOUT_MILLISECONDS}",
        f"journal_size_limit = {JOURNAL_BYTES}",
    ):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _begin_sqlite(connection: Connection) -> None:
    # A transaction that reads first and writes later can fail half-way; IMMEDIATE takes the write lock at once.
    writes = connection.get_execution_options().get(_WRITES, False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")
