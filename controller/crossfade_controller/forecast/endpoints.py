"""REST: where a run leads."""

from __future__ import annotations

from fastapi import APIRouter

from crossfade_controller.auth.access import requires
from crossfade_controller.bodies import StrictRoute
from crossfade_controller.forecast.forecast import forecast
from crossfade_controller.forecast.gathering import progress_of
from crossfade_controller.forecast.schemas import ForecastBody
from crossfade_controller.mixtures import repository as mixtures
from crossfade_controller.runs import repository as runs
from crossfade_controller.services import ServicesOfApp

router = APIRouter(prefix="/v1/runs/{run}", route_class=StrictRoute, tags=["forecast"])


@router.get("/forecast", dependencies=[requires("viewer")])
async def get_forecast(run: str, services: ServicesOfApp) -> ForecastBody:
    """Say how the run ends if the current mixture stays: tokens, epochs and worth by source, and which caps bind."""
    async with services.database.read() as session:
        found = await runs.find(session, run)
        current = await mixtures.find(session, found, found.version)
        ahead = forecast(await progress_of(session, found), current.mixture)
    return ForecastBody.of(ahead, run=found.name, version=found.version)
