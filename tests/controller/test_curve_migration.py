"""Curves that were stored before attempts were told apart: up, down and up again, nothing living lost."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Engine, MetaData, Table, insert, inspect, select
from tests.controller.test_migration import RUN, engine_of

from crossfade_controller.migration import migrate

NOW = datetime(2026, 1, 1, tzinfo=UTC)
NUM_STEPS = 100
LIVING = [(step, (step + 1) * 10, None if step == 50 else float(step)) for step in range(NUM_STEPS)]


def table(engine: Engine, name: str) -> Table:
    return Table(name, MetaData(), autoload_with=engine)


def fill(engine: Engine) -> None:
    """Store a curve of attempt 2, and what is left of attempt 1 beyond the last step."""
    runs, attempts, points = (table(engine, name) for name in ("runs", "attempts", "points"))
    with engine.begin() as connection:
        run = {**RUN, "id": 1, "attempt": 2, "step": NUM_STEPS - 1, "guardrails": {}, "created_at": NOW}
        connection.execute(insert(runs).values(run))
        connection.execute(insert(attempts), [{"run_id": 1, "attempt": each, "started_at": NOW} for each in (1, 2)])
        abandoned = [(step, step, -1.0) for step in range(NUM_STEPS, NUM_STEPS + 20)]
        connection.execute(
            insert(points),
            [
                {"run_id": 1, "name": "loss", "step": step, "tokens": tokens, "value": value}
                for step, tokens, value in LIVING + abandoned
            ],
        )


def living(engine: Engine) -> list[Any]:
    points = table(engine, "points")
    with engine.connect() as connection:
        return [
            tuple(row)
            for row in connection.execute(
                select(points.c.step, points.c.tokens, points.c.value).order_by(points.c.step)
            )
        ]


def test_curves_go_up_down_and_up_again(new_database: Any) -> None:
    url = new_database()
    migrate(url, target="0003")
    engine = engine_of(url)
    fill(engine)
    for _ in range(2):
        migrate(url, target="0004")
        assert living(engine) == LIVING
        points, rollups = table(engine, "points"), table(engine, "rollups")
        with engine.connect() as connection:
            assert set(connection.scalars(select(points.c.attempt))) == {2}
            buckets = (
                connection.execute(select(rollups).where(rollups.c.width == 64).order_by(rollups.c.step))
                .mappings()
                .all()
            )
        assert [dict(bucket) for bucket in buckets] == [
            {
                "run_id": 1,
                "width": 64,
                "name": "loss",
                "step": first,
                "first_step": first,
                "last_step": last,
                "first_tokens": (first + 1) * 10,
                "last_tokens": (last + 1) * 10,
                "num_values": len(values),
                "total": sum(values),
                "least": min(values),
                "greatest": max(values),
            }
            for first, last in ((0, 63), (64, 99))
            if (values := [value for _, _, value in LIVING[first : last + 1] if value is not None])
        ]
        migrate(url, target="0003")
        assert living(engine) == LIVING
        assert "rollups" not in inspect(engine).get_table_names()
    engine.dispose()
