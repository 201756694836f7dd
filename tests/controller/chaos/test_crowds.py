"""Many versions at once, a reader who barely reads, and all who come back at once: the others notice nothing."""

from __future__ import annotations

import asyncio
import re
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import psutil
from tests.controller.chaos.checker import violations
from tests.controller.chaos.history import History
from tests.controller.chaos.people import Follower, Steerer, close
from tests.controller.served import Controller, begin, run_body
from tests.eventually import eventually
from tests.load.wire import request

from crossfade_shared.telemetry import CheckpointReport

NUM_VERSIONS = 150
NUM_STREAMS = 300
NUM_LONG_EVENTS = 800
LONG = "x" * 10_000
MOST_GROWTH_BYTES = 32 << 20


def held_bytes(controller: Controller) -> int:
    return int(psutil.Process(controller.process_id).memory_info().rss)


def test_a_burst_of_versions_is_logged_whole_and_followed_in_part(controller: Controller, tmp_path: Path) -> None:
    body, history = run_body(), History()
    key = bytes.fromhex(controller.http.post("/v1/runs", json=body).json()["signing_key"])
    run = body["name"]
    steerer, follower = Steerer(controller, run, history), Follower(controller, run, key, history, tmp_path)
    with follower.following():
        for _ in range(NUM_VERSIONS // 3):
            steerer.steer()
        before = held_bytes(controller)
        for _ in range(NUM_VERSIONS - NUM_VERSIONS // 3):
            steerer.steer()
        assert held_bytes(controller) - before < MOST_GROWTH_BYTES
        eventually(lambda: follower.version == NUM_VERSIONS + 1)
        close(controller, run, history)
    assert violations(history) == []
    assert len(history.log) == NUM_VERSIONS + 1
    assert 1 < len(history.seen) <= NUM_VERSIONS + 1


@contextmanager
def barely_reading(controller: Controller, run: str) -> Iterator[socket.socket]:
    """Ask for all events of a run and take next to nothing of them."""
    place = urlsplit(controller.url)
    with socket.socket() as reader:
        reader.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        reader.connect((str(place.hostname), int(place.port or 0)))
        reader.sendall(request("GET", f"/v1/runs/{run}/events?after=0"))
        yield reader


def read_all(controller: Controller, run: str, slow: socket.socket | None = None) -> None:
    """Follow a run through all its long events; who is slow takes a byte for every hundred of them."""
    num_read = 0
    with controller.http.stream("GET", f"/v1/runs/{run}/events?after=0") as stream:
        for line in stream.iter_lines():
            num_read += line == "event: checkpoint"
            if slow and num_read % 100 == 0:
                assert slow.recv(1)
            if num_read == NUM_LONG_EVENTS:
                return
    raise AssertionError("the stream ended before")


def test_who_reads_a_byte_at_a_time_holds_up_nobody_and_takes_no_memory(controller: Controller) -> None:
    run = controller.new_run()
    for sequence in range(NUM_LONG_EVENTS // 10):
        steps = range(sequence * 10, sequence * 10 + 10)
        reports = [CheckpointReport(step=step, tokens=step, path=LONG) for step in steps]
        controller.report(run, 1, sequence, *([begin()] if sequence == 0 else []), *reports)
    eventually(lambda: len(controller.events(run, "checkpoint")) == NUM_LONG_EVENTS)
    read_all(controller, run)
    before = held_bytes(controller)
    with barely_reading(controller, run) as slow:
        assert slow.recv(1)
        for _ in range(3):
            read_all(controller, run, slow)
        assert held_bytes(controller) - before < MOST_GROWTH_BYTES
        assert controller.post_version(run, 1).status_code == 201
    eventually(lambda: "crossfade_event_streams 0.0" in controller.http.get("/metrics").text)


def test_all_who_come_back_at_once_are_let_in_and_told_to_spread_next_time(controller: Controller) -> None:
    run = controller.new_run()

    async def come_at_once() -> list[int]:
        place = urlsplit(controller.url)
        connections = await asyncio.gather(
            *(asyncio.open_connection(place.hostname, place.port) for _ in range(NUM_STREAMS))
        )
        for _, writer in connections:
            writer.write(request("GET", f"/v1/runs/{run}/events?after=0"))
        heads = [await reader.readuntil(b"retry: ") + await reader.readline() for reader, _ in connections]
        assert (await asyncio.to_thread(controller.http.get, "/livez")).status_code == 200
        for _, writer in connections:
            writer.transport.abort()
        return [int(re.findall(rb"retry: (\d+)", head)[0]) for head in heads]

    for _ in range(2):  # all are cut off, and all come back
        waits = asyncio.run(come_at_once())
        assert len(waits) == NUM_STREAMS
        assert len(set(waits)) > NUM_STREAMS // 4
        assert 500 <= min(waits) < max(waits) <= 2500
    eventually(lambda: "crossfade_event_streams 0.0" in controller.http.get("/metrics").text)
