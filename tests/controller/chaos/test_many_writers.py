"""A thousand writers on one run, on two controllers where the database lets two share it: a chain, no gap, no fork."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

from sqlalchemy import make_url
from tests.controller.chaos.checker import violations
from tests.controller.chaos.history import History, Write
from tests.controller.chaos.people import close
from tests.controller.served import Controller
from tests.load.wire import Connection, request

NUM_WRITERS = 1000
NUM_CONNECTIONS = 32


async def write_once(connection: Connection, run: str, write: Write) -> None:
    """Look at what is current, and change it if it still is."""
    _, current = await connection.ask(request("GET", f"/v1/runs/{run}/mixture"))
    write.based_on = json.loads(current)["version"]
    weights = {"web": 0.9 + 0.001 * (write.based_on % 7), "math": 0.1}
    body = json.dumps({"weights": weights, "reason": write.reason}).encode()
    headers = {"If_Match": f'"{write.based_on}"', "Idempotency_Key": write.key}
    status, answer = await connection.ask(request("POST", f"/v1/runs/{run}/mixtures", body, **headers))
    if status == 201:
        write.answered(json.loads(answer))
    else:
        assert status == 412, answer
        write.outcome = "failed"


async def write_all(urls: list[str], run: str, writes: list[Write]) -> None:
    connections = [await Connection.open(urls[number % len(urls)]) for number in range(NUM_CONNECTIONS)]

    async def work(connection: Connection, mine: list[Write]) -> None:
        for write in mine:
            await write_once(connection, run, write)
        connection.close()

    await asyncio.gather(
        *(work(connection, writes[number::NUM_CONNECTIONS]) for number, connection in enumerate(connections))
    )


def test_of_a_thousand_writers_one_wins_on_each_version(controller: Controller, tmp_path: Path) -> None:
    run = controller.new_run()
    controllers = [controller]
    if make_url(controller.database_url).get_backend_name() == "postgresql":
        second: Any = Controller(tmp_path, database_url=controller.database_url, redis_url=controller.redis_url)
        second.start()
        controllers.append(second)
    history = History()
    history.writes = [Write(key=f"key-{number}", based_on=0, reason=f"write {number}") for number in range(NUM_WRITERS)]
    asyncio.run(write_all([each.url for each in controllers], run, history.writes))
    close(controller, run, history)
    for each in controllers[1:]:
        each.stop()
    assert violations(history) == []
    num_winners = sum(write.outcome == "ok" for write in history.writes)
    assert len(history.log) == 1 + num_winners
    assert num_winners < NUM_WRITERS, "no two writers ever met"
