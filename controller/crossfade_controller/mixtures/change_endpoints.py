"""REST: the three ways to make a new version, and what each would do (`?validate_only=true`)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Response, status
from fastapi.responses import JSONResponse

from crossfade_controller.auth.access import SteererOrAsker
from crossfade_controller.bodies import StrictRoute
from crossfade_controller.idempotency.repeat import RepeatOfRequest
from crossfade_controller.mixtures import repository
from crossfade_controller.mixtures.conditions import AnyVersion, ExactVersion, ValidateOnly
from crossfade_controller.mixtures.decay import Decay
from crossfade_controller.mixtures.endpoints import VersionNumber
from crossfade_controller.mixtures.schemas import (
    Annealing,
    ChangeOptions,
    NewVersion,
    Restoring,
    Reweighing,
    Validation,
    VersionBody,
)
from crossfade_controller.mixtures.service import Change, make_version
from crossfade_controller.mixtures.validation import validate
from crossfade_controller.problems import Problem
from crossfade_controller.runs import repository as runs
from crossfade_controller.services import Services, ServicesOfApp
from crossfade_shared.mixture import Mixture, complete_weights, reweigh

router = APIRouter(prefix="/v1/runs", route_class=StrictRoute, tags=["mixtures"])
_ANSWERS: dict[str, Any] = {
    "status_code": status.HTTP_201_CREATED,
    "response_model": VersionBody,
    "responses": {
        200: {"model": Validation, "description": "with validate_only: what would happen; nothing is written"}
    },
}


@dataclass(frozen=True)
class _Asking:
    """A request that changes the mixture of a run, or asks what would happen if it did."""

    services: Services
    actor: SteererOrAsker
    repeat: RepeatOfRequest
    validate_only: bool

    async def answer(
        self,
        run: str,
        body: ChangeOptions,
        *,
        decide: Callable[[Mixture], Mixture],
        based_on: int | None,
        reason: str,
        decay: Decay | None = None,
    ) -> Response:
        """Commit the change, tell everybody, and only then answer; or give the verdict and the forecast."""
        change = Change(
            decide=decide,
            reason=reason,
            actor=self.actor,
            on_behalf_of=body.on_behalf_of,
            evidence=body.evidence,
            takes_effect=body.takes_effect,
            based_on=based_on,
            override=body.override,
            decay=decay,
            repeat=self.repeat,
        )
        if self.validate_only:
            async with self.services.database.read() as session:
                return JSONResponse((await validate(session, run, change)).model_dump(mode="json"))
        async with self.services.database.write() as session:
            row = await make_version(session, run, change)
        self.services.tell_of_version(row.run_id)
        accepted = VersionBody.as_accepted(row).model_dump(mode="json")
        return JSONResponse(accepted, status.HTTP_201_CREATED, headers={"ETag": f'"{row.version}"'})


async def _asking(
    services: ServicesOfApp,
    actor: SteererOrAsker,
    repeat: RepeatOfRequest,
    validate_only: ValidateOnly = False,
) -> _Asking:
    return _Asking(services, actor, repeat, validate_only)


Asking = Annotated[_Asking, Depends(_asking)]


@router.post("/{run}/mixtures", **_ANSWERS)
async def post_version(run: str, body: NewVersion, asking: Asking, based_on: ExactVersion) -> Response:
    """Make a new version from whole weights, as near as the guard rails allow; a source that is off may be left out."""
    return await asking.answer(
        run,
        body,
        decide=lambda current: Mixture.from_weights(complete_weights(body.weights, current)),
        based_on=based_on,
        reason=body.reason,
    )


@router.patch("/{run}/mixture", **_ANSWERS)
async def reweigh_current(run: str, body: Reweighing, asking: Asking, based_on: AnyVersion) -> Response:
    """Make a new version by multiplying or setting some shares; the other sources share the rest in proportion.

    The guard rails then allow what is nearest. `If-Match: *` stands for whatever version is current.
    """
    return await asking.answer(
        run,
        body,
        decide=lambda current: reweigh(current, multiply=body.multiply, fix=body.set),
        based_on=based_on,
        reason=body.reason,
    )


@router.post("/{run}/mixtures/{version}:restore", **_ANSWERS)
async def restore_version(
    *, run: str, version: VersionNumber, asking: Asking, based_on: ExactVersion, body: Restoring | None = None
) -> Response:
    """Make a new version with the weights of an earlier one, as near as the guard rails allow by now."""
    body = body or Restoring()
    if body.override and body.reason is None:
        raise Problem(422, "reason is missing; say why guard rails are passed", field="reason")
    async with asking.services.database.read() as session:
        earlier = (await repository.find(session, await runs.find(session, run), version)).mixture
    return await asking.answer(
        run,
        body,
        decide=lambda _current: earlier,
        based_on=based_on,
        reason=body.reason or f"restore version {version}",
    )


@router.post("/{run}:anneal", **_ANSWERS)
async def anneal(run: str, body: Annealing, asking: Asking, based_on: AnyVersion) -> Response:
    """Make a new version that begins the decay of the learning rate, over `tokens` or a `share` of the run's horizon.

    Mixture and learning rate change at the same step on every rank, and the run ends with the decay. `If-Match: *`
    stands for whatever version is current.
    """
    if (body.tokens is None) == (body.share is None):
        raise Problem(422, "give either tokens or share: over what the learning rate falls to zero", field="tokens")

    def decide(current: Mixture) -> Mixture:
        return current if body.weights is None else Mixture.from_weights(complete_weights(body.weights, current))

    decay = Decay(tokens=body.tokens, share=body.share)
    return await asking.answer(run, body, decide=decide, based_on=based_on, reason=body.reason, decay=decay)
