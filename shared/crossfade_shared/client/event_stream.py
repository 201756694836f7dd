"""Server-sent events of a run, followed over lost connections without missing any."""

from __future__ import annotations

import json
import random
import time
from collections.abc import Iterable, Iterator
from itertools import chain
from typing import Self

from crossfade_shared.client.answers import Event
from crossfade_shared.client.refusals import error_of, problem_in
from crossfade_shared.client.transport import Request, Transport
from crossfade_shared.closing import Closing
from crossfade_shared.errors import UnreachableError

SILENCE_SECONDS = 45.0
"""Three of the controller's pings: a connection that is silent for so long is dead."""
RETRY_SECONDS = (0.5, 1.5)
"""Least and most: all who lost a controller at once do not come back at once."""
PROGRESS = "step"


def read_events(lines: Iterable[bytes]) -> Iterator[Event | int]:
    """Give the events on a wire, and the number of each place the wire names without an event.

    Source: WHATWG HTML, "Server-sent events", 9.2.6; every event of ours has one line of data.
    """
    fields: dict[str, str] = {}
    for raw in lines:
        line = raw.decode("utf-8", "replace").rstrip("\r\n")
        if line:
            name, _, value = line.partition(":")
            fields[name] = value.removeprefix(" ")
            continue
        if "data" in fields:
            yield _event(fields)
        elif fields.get("id", "").isdecimal():
            yield int(fields["id"])
        fields = {}


def _event(fields: dict[str, str]) -> Event:
    body = json.loads(fields["data"])
    if "id" in fields:
        return Event(id=body["id"], kind=body["kind"], data=body["data"], created_at=body["created_at"])
    return Event(id=None, kind=fields.get("event", PROGRESS), data=body, created_at=None)


class EventStream(Closing):
    """What happens to a run, as it happens: an iterator without end, and a context manager that ends it.

    After a lost connection it goes on behind the last event it gave, so none is missed and none comes twice. Iterating
    raises `UnreachableError` where the controller stayed away for `patience_seconds`.
    """

    def __init__(self, transport: Transport, path: str, *, after: int | None, patience_seconds: float) -> None:
        """Connect at once and read where the stream begins, so that whatever happens after this is told."""
        self._transport = transport
        self._path = path
        self._after = after
        self._patience_seconds = patience_seconds
        self._closed = False
        told = read_events(self._connect())
        if (first := next(told, None)) is None:
            raise UnreachableError("the controller ended the event stream before it began; try again")
        self._events = self._follow(chain([first], told))

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> Event:
        return next(self._events)

    def interrupt(self) -> None:
        """End the stream, also while another thread waits for its next event."""
        self._closed = True
        self._transport.interrupt()

    def close(self) -> None:
        """End the stream and give its connection back."""
        self._closed = True
        self._transport.close()

    def _follow(self, told: Iterator[Event | int]) -> Iterator[Event]:
        while not self._closed:
            try:
                for each in told:
                    if isinstance(each, int):
                        self._after = each
                        continue
                    self._after = self._after if each["id"] is None else each["id"]
                    yield each
            except UnreachableError:
                pass  # tried again below, for as long as patience lasts
            if not self._closed:
                told = read_events(self._reconnect())

    def _reconnect(self) -> Iterator[bytes]:
        deadline = time.monotonic() + self._patience_seconds
        while True:
            self._transport.close()
            time.sleep(random.uniform(*RETRY_SECONDS))  # noqa: S311 - spreads reconnects
            try:
                return self._connect()
            except UnreachableError:
                if time.monotonic() > deadline:
                    raise

    def _connect(self) -> Iterator[bytes]:
        headers = {"Accept": "text/event-stream"}
        if self._after is not None:
            headers["Last-Event-ID"] = str(self._after)
        response = self._transport.open(Request(method="GET", path=self._path, headers=headers))
        if response.status != 200:
            problem = problem_in(response.read())
            self._transport.close()
            raise error_of(response.status, problem)
        return self._transport.lines(response)
