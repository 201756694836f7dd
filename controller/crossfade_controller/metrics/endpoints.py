"""REST: curves of a run."""

from __future__ import annotations

import re
from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import BaseModel, ConfigDict

from crossfade_controller.auth.access import requires
from crossfade_controller.bodies import MAX_COUNT, StrictRoute
from crossfade_controller.metrics import repository
from crossfade_controller.problems import Problem
from crossfade_controller.runs import repository as runs
from crossfade_controller.services import ServicesOfApp
from crossfade_shared.mixture import MAX_SOURCES

MAX_POINTS = 1000
MAX_NAMES = 2 * MAX_SOURCES + 4
_NAME = re.compile(r"loss|learning_rate|gradient_norm|step_seconds|source_(?:loss|tokens)/[a-z0-9][a-z0-9_.-]{0,63}")
_WHOLE = {"ge": 0, "le": MAX_COUNT}

router = APIRouter(prefix="/v1/runs/{run}", route_class=StrictRoute, tags=["metrics"])


class SeriesPoint(BaseModel):
    """The points of one bucket of the axis: where the last one lies, and their mean, least and greatest value."""

    model_config = ConfigDict(from_attributes=True)

    x: int
    step: int
    mean: float | None
    min: float | None
    max: float | None


class Curves(BaseModel):
    """Some curves over one axis; a curve without points is an empty list."""

    x: repository.Axis
    series: dict[str, list[SeriesPoint]]


@router.get("/metrics", dependencies=[requires("viewer")])
async def get_metrics(
    *,
    run: str,
    services: ServicesOfApp,
    names: Annotated[str, Query(description="curves, separated by commas: loss, source_loss/math, …")] = "loss",
    x: Annotated[repository.Axis, Query(description="the axis")] = "tokens",
    start: Annotated[int | None, Query(alias="from", description="first position on the axis", **_WHOLE)] = None,
    end: Annotated[int | None, Query(alias="to", description="last position on the axis", **_WHOLE)] = None,
    points: Annotated[int, Query(ge=1, le=MAX_POINTS, description="at most so many points a curve")] = 500,
) -> Curves:
    """Give curves, reduced to at most `points` buckets of equal width."""
    wanted = _names(names)
    async with services.database.read() as session:
        found = await runs.find(session, run)
        span = await repository.bounds(session, found.id, wanted, x, start=start, end=end)
        rows = await repository.reduced(session, found.id, wanted, x, span=span, num_buckets=points) if span else []
    series: dict[str, list[SeriesPoint]] = {name: [] for name in wanted}
    for row in rows:
        series[row.name].append(SeriesPoint.model_validate(row))
    return Curves(x=x, series=series)


def _names(text: str) -> list[str]:
    names = list(dict.fromkeys(text.split(",")))
    for name in names:
        if not _NAME.fullmatch(name):
            raise Problem(
                422,
                f"names: {name!r:.80} is no curve; the curves are loss, learning_rate, gradient_norm, step_seconds, "
                "source_loss/NAME and source_tokens/NAME",
                field="names",
            )
    if len(names) > MAX_NAMES:
        raise Problem(422, f"names: {len(names)} curves at once; {MAX_NAMES} is the most", field="names")
    return names
