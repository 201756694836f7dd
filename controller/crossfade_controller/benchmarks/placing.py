"""Where on a run's way the scores of a results file belong."""

from __future__ import annotations

from sqlalchemy.ext.asyncio import AsyncSession

from crossfade_controller.benchmarks.schemas import FileResults, NewResults, Place
from crossfade_controller.bodies import MAX_COUNT
from crossfade_controller.problems import Problem
from crossfade_controller.runs import repository as runs


async def placed(
    session: AsyncSession, run_name: str, body: NewResults | FileResults, place: Place
) -> tuple[NewResults, list[str]]:
    """Give the scores with their step, tokens and checkpoint, and what of a file was left out.

    Raises a 422 `Problem` for what nobody tells, and for a query beside a body that tells it all.
    """
    if isinstance(body, NewResults):
        _check_unused(place)
        return body, []
    step = body.step if place.step is None else place.step
    checkpoint = place.checkpoint or body.checkpoint
    if step is None or checkpoint is None:
        missing = "step" if step is None else "checkpoint"
        raise Problem(422, f"the file does not tell its {missing}; give ?{missing}=", field=missing)
    tokens = await _tokens_at(session, run_name, step) if place.tokens is None else place.tokens
    scores = NewResults.model_validate(
        {"step": step, "tokens": tokens, "checkpoint": checkpoint, "results": body.results}
    )
    return scores, body.skipped


async def _tokens_at(session: AsyncSession, run_name: str, step: int) -> int:
    run = await runs.find(session, run_name)
    attempt = (await runs.current_attempts(session, [run.id])).get(run.id)
    if attempt is None or attempt.tokens_per_step is None:
        raise Problem(422, f"no worker of run {run_name} told its tokens per step yet; give ?tokens=", field="tokens")
    if (tokens := step * attempt.tokens_per_step) > MAX_COUNT:
        raise Problem(422, f"step {step} is beyond every count of tokens; give a smaller ?step=", field="step")
    return tokens


def _check_unused(place: Place) -> None:
    for name in place.model_fields_set:
        raise Problem(422, f"{name}: the body tells it; only a results file of lm-eval needs it here", field=name)
