"""How a run is registered."""

from __future__ import annotations

import secrets

from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from crossfade_controller.audit import repository as audit
from crossfade_controller.auth.actor import Actor
from crossfade_controller.forecast.gathering import progress_at_start
from crossfade_controller.guardrails.defaults import default_settings
from crossfade_controller.guardrails.settings import GuardrailSettings
from crossfade_controller.guardrails.verdict import check_initial, check_settings
from crossfade_controller.mixtures.service import Change, append
from crossfade_controller.problems import Problem
from crossfade_controller.runs.models import Run
from crossfade_controller.runs.schemas import NewRun
from crossfade_controller.sources.models import Source
from crossfade_shared.mixture import Mixture, MixtureError

SIGNING_KEY_BYTES = 32


async def register(session: AsyncSession, body: NewRun, *, actor: Actor) -> Run:
    """Write the run, its sources and version 1 of its mixture.

    Raises a 409 `Problem` where the name is taken, `UserError` for an initial mixture that does not fit the sources or
    the guard rails, and for guard rails that do not fit the sources.
    """
    mixture = _initial_mixture(body)
    guardrails = _guardrails(body, mixture)
    run = Run(
        name=body.name,
        mode=body.mode,
        horizon_tokens=body.horizon_tokens,
        signing_key=secrets.token_bytes(SIGNING_KEY_BYTES),
        version=0,
        guardrails=guardrails.model_dump(mode="json"),
        targets=[target.model_dump() for target in body.targets],
    )
    session.add(run)
    try:
        await session.flush()
    except IntegrityError:
        raise Problem(
            409, f"there is a run {body.name!r} already; take another name", kind="run-exists", field="name"
        ) from None
    session.add_all(
        Source(run_id=run.id, position=position, **source.model_dump()) for position, source in enumerate(body.sources)
    )
    await audit.append(
        session,
        actor=actor.name,
        action="run.registered",
        run=run.name,
        **body.model_dump(mode="json", exclude={"name"}),
    )
    initial = Change(decide=lambda _: mixture, reason="initial mixture", actor=actor)
    await append(session, run, initial, mixture)
    return run


def _guardrails(body: NewRun, mixture: Mixture) -> GuardrailSettings:
    """Give the guard rails that the run declares, or the default ones."""
    if body.guardrails is None:
        return default_settings(progress_at_start(body.horizon_tokens, body.sources))
    check_settings(body.guardrails, {source.name for source in body.sources}, within="guardrails.")
    check_initial(mixture, body.guardrails)
    return body.guardrails


def _initial_mixture(body: NewRun) -> Mixture:
    try:
        mixture = Mixture.from_weights(body.mixture)
        mixture.check_covers(source.name for source in body.sources)
    except MixtureError as error:
        field = (error.field or "weights").replace("weights", "mixture", 1)
        raise Problem(422, str(error).replace("weights", "mixture", 1), field=field) from None
    return mixture
