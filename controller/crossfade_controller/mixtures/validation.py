"""What a change would do, said without doing it."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from crossfade_controller.forecast.forecast import forecast
from crossfade_controller.forecast.schemas import ForecastBody
from crossfade_controller.guardrails.refusal import refusal
from crossfade_controller.guardrails.schemas import FindingBody
from crossfade_controller.mixtures import service
from crossfade_controller.mixtures.schemas import Validation
from crossfade_controller.problems import Problem
from crossfade_controller.runs import repository as runs
from crossfade_shared.errors import UserError


async def validate(session: AsyncSession, run_name: str, change: service.Change) -> Validation:
    """Give the verdict of the guard rails and the forecast; a refusal is part of the answer.

    Raises a 404 `Problem` for an unknown run alone.
    """
    run = await runs.find(session, run_name)
    try:
        considered = await service.consider(session, run, change)
    except (Problem, UserError) as refused:
        return Validation(valid=False, problem=_document(refused))
    verdict = considered.verdict
    ahead = forecast(considered.progress, verdict.allowed or verdict.asked)
    return Validation(
        valid=verdict.allowed is not None,
        weights=verdict.allowed.weights if verdict.allowed else None,
        weights_ppm=dict(verdict.allowed.weights_ppm) if verdict.allowed else None,
        asked_weights=verdict.asked.weights,
        guardrails=[FindingBody(**asdict(finding)) for finding in verdict.findings],
        problem=None if verdict.allowed else refusal(verdict).document,
        forecast=ForecastBody.of(ahead, run=run.name, version=run.version),
    )


def _document(refused: Problem | UserError) -> dict[str, Any]:
    return (
        refused.document if isinstance(refused, Problem) else Problem(422, str(refused), field=refused.field).document
    )
