"""REST: scores of checkpoints, and what they are meant to reach."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, status

from crossfade_controller.auth.access import Evaluator, Operator, requires
from crossfade_controller.benchmarks import repository, service, targets
from crossfade_controller.benchmarks.placing import placed
from crossfade_controller.benchmarks.schemas import Place, PostedResults, ResultBody, StoredResults, Targets
from crossfade_controller.bodies import StrictRoute, Text
from crossfade_controller.idempotency.repeat import RepeatOfRequest
from crossfade_controller.paging import Page, Paging
from crossfade_controller.runs import repository as runs
from crossfade_controller.services import ServicesOfApp

router = APIRouter(prefix="/v1/runs/{run}", route_class=StrictRoute, tags=["benchmarks"])


@router.post("/benchmarks", status_code=status.HTTP_201_CREATED)
async def store_results(
    *,
    run: str,
    body: PostedResults,
    services: ServicesOfApp,
    actor: Evaluator,
    repeat: RepeatOfRequest,
    place: Annotated[Place, Query()],
) -> StoredResults:
    """Store the scores of one checkpoint; sending them again changes nothing.

    A results file of lm-eval is taken as it is. `step`, `tokens` and `checkpoint` in the query say where it was
    measured, as far as the name of its model does not: the step in it, and the run's tokens per step.
    """
    async with services.database.write() as session:
        if made_before := await repeat.made(session):
            return StoredResults.model_validate(made_before)
        scores, skipped = await placed(session, run, body, place)
        found, num_new = await service.store(session, run, scores, by=actor.name)
        stored = StoredResults(num_results=len(scores.results), num_new=num_new, skipped=skipped)
        await repeat.keep(session, **stored.model_dump())
    services.feed.announce(found.id)
    return stored


@router.get("/benchmarks", dependencies=[requires("viewer")])
async def list_results(
    run: str,
    services: ServicesOfApp,
    paging: Paging,
    task: Annotated[Text | None, Query(description="scores of this task alone")] = None,
) -> Page[ResultBody]:
    """Give the scores in the order they came."""
    async with services.database.read() as session:
        found = await runs.find(session, run)
        # One more than asked for tells whether there is a next page.
        rows = await repository.page(session, found.id, task=task, after_id=paging.after, limit=paging.limit + 1)
    shown = rows[: paging.limit]
    return Page(
        items=[ResultBody.model_validate(row) for row in shown],
        next_page=paging.token_after(shown[-1].id) if len(rows) > paging.limit else None,
    )


@router.get("/targets", dependencies=[requires("viewer")])
async def get_targets(run: str, services: ServicesOfApp) -> Targets:
    """Give what the benchmarks of a run are meant to reach."""
    async with services.database.read() as session:
        return Targets.model_validate({"targets": (await runs.find(session, run)).targets})


@router.put("/targets")
async def put_targets(run: str, body: Targets, services: ServicesOfApp, actor: Operator) -> Targets:
    """Set what the benchmarks of a run are meant to reach, all of it."""
    async with services.database.write() as session:
        changed = await targets.set_targets(session, run, body, actor)
    services.feed.announce(changed.id)
    return body
