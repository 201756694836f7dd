"""REST: curves of a run."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Annotated, Any

from fastapi import APIRouter, Query, Response
from pydantic import BaseModel
from sqlalchemy import Row

from crossfade_controller.auth.access import requires
from crossfade_controller.bodies import MAX_COUNT, StrictRoute
from crossfade_controller.memory import STALE_HEADERS
from crossfade_controller.metrics.names import OF_THE_RUN, is_curve
from crossfade_controller.metrics.reading import Axis, Question, reduced
from crossfade_controller.problems import Problem
from crossfade_controller.runs import repository as runs
from crossfade_controller.services import ServicesOfApp
from crossfade_shared.mixture import MAX_SOURCES

MAX_POINTS = 2000
MAX_POINTS_OF_ALL = 100_000
"""Of all curves of one answer: writing a million takes seconds, in which the controller does nothing else."""
MAX_NAMES = 2 * MAX_SOURCES + len(OF_THE_RUN)
_WHOLE = {"ge": 0, "le": MAX_COUNT}

router = APIRouter(prefix="/v1/runs/{run}", route_class=StrictRoute, tags=["metrics"])


class SeriesPoint(BaseModel):
    """The points of one bucket of the axis: where the last one lies, and their mean, least and greatest value."""

    x: int
    step: int
    mean: float | None
    min: float | None
    max: float | None


class Curves(BaseModel):
    """Some curves over one axis; a curve without points is an empty list."""

    x: Axis
    series: dict[str, list[SeriesPoint]]


@router.get(
    "/metrics",
    dependencies=[requires("viewer")],
    response_model=Curves,
    responses={200: {"headers": STALE_HEADERS}},
)
async def get_metrics(
    *,
    run: str,
    services: ServicesOfApp,
    names: Annotated[str, Query(description="curves, separated by commas: loss, source_loss/math, …")] = "loss",
    x: Annotated[Axis, Query(description="the axis")] = "tokens",
    start: Annotated[int | None, Query(alias="from", description="first position on the axis", **_WHOLE)] = None,
    end: Annotated[int | None, Query(alias="to", description="last position on the axis", **_WHOLE)] = None,
    points: Annotated[int, Query(ge=1, le=MAX_POINTS, description="at most so many points a curve")] = 500,
) -> Response:
    """Give curves, reduced to at most `points` buckets of equal width, and to 100 000 between them.

    Mean, least and greatest value of a bucket are exact for its steps, and every step is in one bucket. Where many
    steps are shown, a bucket ends up to one bucket's width away from where it should.
    """
    wanted = _names(names)
    if start is not None and end is not None and start > end:
        raise Problem(422, f"to={end} lies before from={start}; both ends belong to the range", field="to")

    async def read() -> tuple[int, bytes]:
        async with services.database.read() as session:
            found = await runs.find(session, run)
            question = Question(run_id=found.id, names=wanted, axis=x, start=start, end=end)
            rows = await reduced(session, question, num_buckets=min(points, MAX_POINTS_OF_ALL // len(wanted)))
        return found.id, _encode(x, wanted, rows)

    curves = await services.curves.ask(run, (*wanted, x, start, end, points), read)
    return Response(curves.answer, media_type="application/json", headers=curves.headers)


def _encode(axis: Axis, names: Iterable[str], rows: Iterable[Row[*tuple[Any, ...]]]) -> bytes:
    """Give the JSON of `Curves`; a model for each of thousands of points would take most of the time."""
    series: dict[str, list[dict[str, Any]]] = {name: [] for name in names}
    for name, x, step, mean, least, greatest in rows:
        series[name].append({"x": x, "step": step, "mean": mean, "min": least, "max": greatest})
    return json.dumps({"x": axis, "series": series}, separators=(",", ":")).encode()


def _names(text: str) -> list[str]:
    names = list(dict.fromkeys(text.split(",")))
    for name in names:
        if not is_curve(name):
            raise Problem(
                422,
                f"names: {name!r:.80} is no curve; the curves are {', '.join(OF_THE_RUN)}, source_loss/NAME and "
                "source_tokens/NAME",
                field="names",
            )
    if len(names) > MAX_NAMES:
        raise Problem(422, f"names: {len(names)} curves at once; {MAX_NAMES} is the most", field="names")
    return names
