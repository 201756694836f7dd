"""The intake: worker reports from the Redis streams into the database, each batch exactly once.

An entry is acknowledged after the commit that stored it, and leaves its stream some time after that. What was read
and not acknowledged, because this process was killed in between, is read first at the next start; a batch that was
stored after all is known by its attempt and sequence number.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Mapping
from typing import Annotated, cast

from pydantic import BaseModel, BeforeValidator, Field
from redis.asyncio import Redis
from redis.exceptions import ResponseError
from sqlalchemy.ext.asyncio import AsyncSession

from crossfade_controller.bodies import MAX_COUNT
from crossfade_controller.database import Database, now
from crossfade_controller.delivery import repository
from crossfade_controller.delivery.isolation import Isolation
from crossfade_controller.delivery.reports import ReportBook
from crossfade_controller.events.feed import Feed
from crossfade_controller.events.repository import record
from crossfade_controller.failpoints import failpoint
from crossfade_controller.invalid import in_one_line
from crossfade_controller.runs import repository as runs
from crossfade_controller.runs.models import Attempt, Run
from crossfade_shared.channels import TELEMETRY_GROUP, Channels
from crossfade_shared.telemetry import FORMAT, Report, decode_reports

_logger = logging.getLogger(__name__)
_CONSUMER = "controller"
_BATCHES_AT_ONCE = 100
_REPORTS_AT_ONCE = 800
"""Enough for one transaction: whoever makes a version waits for it on SQLite."""
_RECHECK_SECONDS = 5.0
"""How often to look for what another controller read and did not live to store."""
_WAIT_MILLISECONDS = 500
_UNACKNOWLEDGED, _NEW = "0", ">"

Entries = list[tuple[bytes, dict[bytes, bytes] | None]]


class Batch(BaseModel):
    """One entry of a stream."""

    format: str = FORMAT
    attempt: Annotated[int, Field(ge=1, le=MAX_COUNT)]
    sequence: Annotated[int, Field(ge=0, le=MAX_COUNT)]
    reports: Annotated[list[Report], BeforeValidator(decode_reports)]


class Intake:
    """Takes in the telemetry of all runs."""

    def __init__(self, database: Database, redis: Redis, feed: Feed) -> None:
        self._database = database
        self._redis = redis
        self._feed = feed
        self._isolation = Isolation()
        self._with_group: set[str] = set()
        self._caught_up: set[str] = set()
        """Runs of whose stream nothing is read and not acknowledged."""
        self._next_recheck = 0.0

    async def take_in(self) -> None:
        """Store what the streams hold, or wait a little for something to come."""
        async with self._database.read() as session:
            names = {name for name in await repository.run_names(session) if not self._isolation.rests(_task(name))}
        if not names:
            return await asyncio.sleep(_WAIT_MILLISECONDS / 1000)
        if time.monotonic() > self._next_recheck:
            self._next_recheck = time.monotonic() + _RECHECK_SECONDS
            self._caught_up.clear()
        caught_up, self._caught_up = self._caught_up, set()  # if this fails, something was read and not acknowledged
        for name in names - self._with_group:
            await self._make_group(name)
        for name, entries in await self._read({name: _NEW if name in caught_up else _UNACKNOWLEDGED for name in names}):
            if not await self._isolation.attempt(_task(name), self._store(name, entries)):
                caught_up.discard(name)
            elif not entries:
                caught_up.add(name)
        self._caught_up = caught_up
        return None

    async def _make_group(self, name: str) -> None:
        stream = Channels(name).telemetry
        try:
            await self._redis.xgroup_create(stream, TELEMETRY_GROUP, id="0", mkstream=True)
        except ResponseError as error:
            if str(error).startswith("WRONGTYPE"):
                _logger.warning("run %s: %s is no stream in Redis; it is removed", name, stream)
                await self._redis.delete(stream)
                return await self._make_group(name)
            if not str(error).startswith("BUSYGROUP"):
                raise
        self._with_group.add(name)
        return None

    async def _read(self, begins: Mapping[str, str]) -> list[tuple[str, Entries]]:
        """Give the entries of each run that has new ones or is asked for its unacknowledged ones."""
        by_stream = {Channels(name).telemetry: name for name in begins}
        try:
            answer = await self._redis.xreadgroup(
                TELEMETRY_GROUP,
                _CONSUMER,
                {stream: begins[name] for stream, name in by_stream.items()},
                count=_BATCHES_AT_ONCE,
                block=_WAIT_MILLISECONDS,
            )
        except ResponseError:
            self._with_group.clear()  # the streams were lost (FLUSHALL) or spoilt; the groups are made anew
            raise
        streams = cast("list[tuple[bytes, Entries]]", answer)  # as RESP2 has it
        return [(by_stream[stream.decode()], entries) for stream, entries in streams]

    async def _store(self, run_name: str, entries: Entries) -> None:
        """Store entries, some at a time, and acknowledge each of them after its transaction."""
        some: Entries = []
        batches: list[Batch] = []
        for entry_id, fields in entries:
            some.append((entry_id, fields))
            if batch := _decode(run_name, entry_id, fields):
                batches.append(batch)
            if sum(len(batch.reports) for batch in batches) >= _REPORTS_AT_ONCE:
                await self._store_some(run_name, [entry_id for entry_id, _ in some], batches)
                some, batches = [], []
        if some:
            await self._store_some(run_name, [entry_id for entry_id, _ in some], batches)

    async def _store_some(self, run_name: str, entry_ids: list[bytes], batches: list[Batch]) -> None:
        """Store batches in one transaction, acknowledge their entries, and tell the followers of the run."""
        async with self._database.write() as session:
            run = await runs.find(session, run_name, lock=True)
            book = ReportBook(session, run, await runs.sources_of(session, run))
            for batch in batches:
                await self._store_batch(session, run, book, batch)
            await book.close()
            failpoint("intake-before-commit")
        failpoint("intake-after-commit")
        book.count()
        # Workers read it when they start: one whose folder was lost numbers its attempt above those that were.
        await self._redis.set(Channels(run_name).attempt, run.attempt)
        await self._acknowledge(Channels(run_name).telemetry, entry_ids)
        if book.progress:
            self._feed.set_progress(run.id, book.progress)
        self._feed.announce(run.id)

    async def _acknowledge(self, stream: str, entry_ids: list[bytes]) -> None:
        await self._redis.xack(stream, TELEMETRY_GROUP, *entry_ids)
        # Entries are given out in their order, so what is older than the last of ours was given out too: to us, or to
        # another controller that may still have to store it.
        pending = await self._redis.xpending(stream, TELEMETRY_GROUP)
        oldest = min(entry_ids[-1], pending["min"] or entry_ids[-1], key=_place)
        await self._redis.xtrim(stream, minid=oldest.decode(), approximate=True)

    async def _store_batch(self, session: AsyncSession, run: Run, book: ReportBook, batch: Batch) -> None:
        if batch.format != FORMAT:
            return await _refuse_format(session, run, batch)
        if not await repository.is_first_sight(session, run.id, batch.attempt, batch.sequence):
            return None
        attempt = await session.get(Attempt, (run.id, batch.attempt))
        if attempt is None:
            attempt = Attempt(run_id=run.id, attempt=batch.attempt)
            session.add(attempt)
        if batch.attempt < run.attempt:
            return _fence_off(session, run, attempt)
        run.attempt = batch.attempt
        await book.write(attempt, batch.reports)
        return None


def _task(run_name: str) -> str:
    return f"taking in the telemetry of run {run_name}"


def _place(entry_id: bytes) -> tuple[int, ...]:
    """Give the milliseconds and the number within them, by which Redis orders entries."""
    return tuple(int(part) for part in entry_id.split(b"-"))


def _fence_off(session: AsyncSession, run: Run, attempt: Attempt) -> None:
    """Ignore an attempt that was followed by a later one, and say so once."""
    if attempt.fenced_at is None:
        attempt.fenced_at = now()
        why = f"attempt {attempt.attempt} still reports although attempt {run.attempt} has begun; it is ignored"
        record(session, run, "refused", attempt=attempt.attempt, why=why)


async def _refuse_format(session: AsyncSession, run: Run, batch: Batch) -> None:
    """Ignore what a worker of another major version reports, and say so at the first batch of its attempt."""
    if await session.get(Attempt, (run.id, batch.attempt)):
        return
    session.add(Attempt(run_id=run.id, attempt=batch.attempt))
    why = (
        f"attempt {batch.attempt} reports in {batch.format!r:.80}, this controller understands {FORMAT!r}; "
        "bring both to the same version"
    )
    record(session, run, "refused", attempt=batch.attempt, why=why)


def _decode(run_name: str, entry_id: bytes, fields: dict[bytes, bytes] | None) -> Batch | None:
    """Read an entry; what is no batch of reports is told and passed over."""
    try:
        told = {name.decode(): value for name, value in (fields or {}).items()}
        if told.get("format", FORMAT.encode()) != FORMAT.encode():
            told["reports"] = b"[]"  # whatever they look like there
        return Batch.model_validate(told)
    except ValueError as error:
        why = in_one_line(error)
        _logger.warning("run %s: telemetry entry %s is ignored: %s", run_name, entry_id.decode(), why)
        return None
