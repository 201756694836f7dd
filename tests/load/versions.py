"""Versions made with compare-and-set on one run, each on the one before."""

from __future__ import annotations

import json
import time

from tests.controller.served import Controller
from tests.load.figures import Bound, Figure, milliseconds
from tests.load.place import SOURCES, new_run
from tests.load.wire import Connection, request

SECONDS = 10.0


def weights(number: int) -> dict[str, float]:
    """Give weights that differ a little from those of the number before."""
    return {name: 1.0 + 0.05 * (position == number % len(SOURCES)) for position, name in enumerate(SOURCES)}


async def measure(controller: Controller) -> list[Figure]:
    """Measure how many versions are made a second by one writer who follows the ETag."""
    run = new_run(controller)
    connection = await Connection.open(controller.url)
    durations: list[float] = []
    start = time.monotonic()
    while (sent := time.monotonic()) < start + SECONDS:
        based_on = 1 + len(durations)
        body = json.dumps({"weights": weights(based_on), "reason": "load"}).encode()
        status, answer = await connection.ask(
            request("POST", f"/v1/runs/{run}/mixtures", body, If_Match=f'"{based_on}"')
        )
        assert status == 201, answer
        durations.append(time.monotonic() - sent)
    spent = time.monotonic() - start
    connection.close()
    assert controller.get(f"/v1/runs/{run}/mixture")["version"] == 1 + len(durations)
    return [
        Figure(name="versions", value=len(durations) / spent, unit="/s", bound=Bound(must=100, aim=300)),
        milliseconds("versions, median", durations, 0.5),
        milliseconds("versions, p99", durations, 0.99),
    ]
