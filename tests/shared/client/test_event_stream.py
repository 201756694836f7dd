"""Events: read from the wire, and followed over connections that break."""

from __future__ import annotations

import json
from typing import Any

import pytest
from tests.shared.client.scripted import DROP, Answer, scripted

from crossfade_shared.client import Client, event_stream
from crossfade_shared.client.event_stream import read_events
from crossfade_shared.errors import UnauthorisedError, UnreachableError


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(event_stream, "RETRY_SECONDS", (0.01, 0.02))


def event(number: int) -> dict[str, Any]:
    return {"id": number, "kind": "mixture", "data": {"version": number}, "created_at": "2026-01-01T00:00:00Z"}


def wire(*numbers: int) -> bytes:
    return b"".join(
        f"event: mixture\ndata: {json.dumps(event(number))}\nid: {number}\n\n".encode() for number in numbers
    )


def part(content: bytes) -> Answer:
    """Some of a stream, after which the connection ends."""
    return Answer(200, content, {"Content-Type": "text/event-stream", "Connection": "close"})


def test_what_is_on_the_wire() -> None:
    progress = b'event: step\r\ndata: {"step": 3}\r\n\r\n'
    lines = (b"retry: 1000\nid: 6\n\n: ping\n\n" + wire(7) + progress + b"data: {").splitlines(keepends=True)
    assert list(read_events(lines)) == [
        6,
        event(7),
        {"id": None, "kind": "step", "data": {"step": 3}, "created_at": None},
    ]


def test_a_broken_connection_is_resumed_after_the_last_event() -> None:
    answers = [part(b"id: 4\n\n"), part(wire(5, 6) + b'data: {"half'), DROP, Answer(503, {}), part(wire(7))]
    with scripted(answers) as server, Client(server.url) as client, client.follow("r") as events:
        assert [next(events)["id"] for _ in range(3)] == [5, 6, 7]
    places = [headers.get("Last-Event-ID") for _, _, headers in server.asked]
    assert places == [None, "4", "6", "6", "6"]


def test_a_stream_begins_where_it_is_told() -> None:
    with (
        scripted([part(wire(3))]) as server,
        Client(server.url, token="cf_t") as client,
        client.follow("r", after=2) as events,
    ):
        assert next(events) == event(3)
    assert server.asked[0][2].items() >= {"Last-Event-ID": "2", "Authorization": "Bearer cf_t"}.items()


def test_a_stream_that_cannot_begin_or_go_on_is_said() -> None:
    with (
        scripted([Answer(401, {"detail": "no token"})]) as server,
        Client(server.url) as client,
        pytest.raises(UnauthorisedError, match="no token"),
    ):
        client.follow("r")
    with scripted([part(wire(1))]) as server, Client(server.url, patience_seconds=0.1) as client:
        events = client.follow("r")
        next(events)
    with events, pytest.raises(UnreachableError):
        next(events)
