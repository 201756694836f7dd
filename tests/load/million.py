"""A run of a million steps, put into the database as the intake would have, but in seconds."""

from __future__ import annotations

import redis
from sqlalchemy import create_engine, make_url, text
from tests.controller.served import Controller
from tests.eventually import eventually
from tests.load.intake import TOKENS_PER_STEP, begin, entry
from tests.load.place import SOURCES, new_run

from crossfade_controller.metrics.names import curves_of
from crossfade_controller.metrics.rollups import WIDTHS
from crossfade_shared.channels import Channels
from crossfade_shared.telemetry import encode_reports

NUM_STEPS = 1_000_000
_STEPS = {
    "sqlite": "WITH RECURSIVE steps(step) AS"
    " (SELECT 0 UNION ALL SELECT step + 1 FROM steps WHERE step + 1 < :num_steps)",
    "postgresql": "WITH steps AS (SELECT generate_series(0, CAST(:num_steps AS bigint) - 1) AS step)",
}


def fill(controller: Controller, num_steps: int = NUM_STEPS) -> str:
    """Register a run of ten sources, store its 24 curves, and give its name."""
    run = new_run(controller)
    with redis.Redis.from_url(controller.redis_url) as client:
        client.xadd(Channels(run).telemetry, entry(1, 0, encode_reports([begin()])))
    eventually(lambda: controller.get(f"/v1/runs/{run}")["attempt"])
    url = make_url(controller.database_url)
    backend = url.get_backend_name()
    engine = create_engine(url.set(drivername={"sqlite": "sqlite", "postgresql": "postgresql+psycopg"}[backend]))
    with engine.begin() as connection:
        run_id = connection.scalar(text("SELECT id FROM runs WHERE name = :run"), {"run": run})
        for number, name in enumerate(sorted(curves_of(SOURCES))):
            given = {"run_id": run_id, "name": name, "num_steps": num_steps, "number": number}
            connection.execute(
                text(
                    "INSERT INTO points (run_id, name, step, attempt, tokens, value) "
                    f"{_STEPS[backend]} SELECT :run_id, :name, step, 1, (step + 1) * {TOKENS_PER_STEP},"
                    " 2.0 + :number + 100.0 / (step + 100) + (step * 7919 % 1000) / 5000.0 FROM steps"
                ),
                given,
            )
        for width in WIDTHS:
            connection.execute(
                text(
                    "INSERT INTO rollups (run_id, width, name, step, first_step, last_step, first_tokens, last_tokens,"
                    f" num_values, total, least, greatest) SELECT run_id, {width}, name, step / {width} * {width},"
                    " min(step), max(step), min(tokens), max(tokens), count(value), coalesce(sum(value), 0),"
                    f" min(value), max(value) FROM points WHERE run_id = :run_id GROUP BY run_id, name, step / {width}"
                ),
                {"run_id": run_id},
            )
        connection.execute(
            text("UPDATE runs SET step = :step, tokens = :tokens, phase = 'stable' WHERE id = :run_id"),
            {"run_id": run_id, "step": num_steps - 1, "tokens": num_steps * TOKENS_PER_STEP},
        )
    engine.dispose()
    return run
