"""REST: the guard rails of a run, and its policies stopped and let go."""

from __future__ import annotations

from fastapi import APIRouter

from crossfade_controller.auth.access import Approver, Operator, requires
from crossfade_controller.bodies import StrictRoute
from crossfade_controller.guardrails import service
from crossfade_controller.guardrails.schemas import Freezing
from crossfade_controller.guardrails.settings import GuardrailSettings
from crossfade_controller.runs import repository as runs
from crossfade_controller.runs.description import describe
from crossfade_controller.runs.schemas import RunBody
from crossfade_controller.services import ServicesOfApp

router = APIRouter(prefix="/v1/runs", route_class=StrictRoute, tags=["guard rails"])


@router.get("/{run}/guardrails", dependencies=[requires("viewer")])
async def get_guardrails(run: str, services: ServicesOfApp) -> GuardrailSettings:
    """Give what the guard rails of a run are set to."""
    async with services.database.read() as session:
        return (await runs.find(session, run)).rails


@router.put("/{run}/guardrails")
async def put_guardrails(
    run: str, body: GuardrailSettings, services: ServicesOfApp, actor: Approver
) -> GuardrailSettings:
    """Set the guard rails of a run, all of them: what is left out gets its default."""
    async with services.database.write() as session:
        changed = await service.set_guardrails(session, run, body, actor)
    services.tell_of_version(changed.id)
    return changed.rails


@router.post("/{run}:freeze")
async def freeze_run(run: str, body: Freezing, services: ServicesOfApp, actor: Operator) -> RunBody:
    """Stop the policies of a run; people go on changing its mixture."""
    async with services.database.write() as session:
        frozen = await service.freeze(session, run, reason=body.reason, actor=actor)
        described = await describe(session, frozen)
    services.tell_of_version(frozen.id)
    return described


@router.post("/{run}:unfreeze")
async def unfreeze_run(run: str, services: ServicesOfApp, actor: Operator, body: Freezing | None = None) -> RunBody:
    """Let the policies of a run go on."""
    async with services.database.write() as session:
        thawed = await service.unfreeze(session, run, reason=body.reason if body else None, actor=actor)
        described = await describe(session, thawed)
    services.tell_of_version(thawed.id)
    return described
