"""How a run is registered."""

from __future__ import annotations

import secrets

from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from crossfade_controller.audit import repository as audit
from crossfade_controller.mixtures.service import Change, append
from crossfade_controller.problems import Problem
from crossfade_controller.runs.models import Run
from crossfade_controller.runs.schemas import NewRun
from crossfade_controller.sources.models import Source
from crossfade_shared.mixture import Mixture, MixtureError

SIGNING_KEY_BYTES = 32


async def register(session: AsyncSession, body: NewRun, *, author: str) -> Run:
    """Write the run, its sources and version 1 of its mixture.

    Raises a 409 `Problem` where the name is taken, `UserError` for an initial mixture that does not fit the sources.
    """
    mixture = _initial_mixture(body)
    run = Run(
        name=body.name,
        mode=body.mode,
        horizon_tokens=body.horizon_tokens,
        signing_key=secrets.token_bytes(SIGNING_KEY_BYTES),
        version=0,
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
        session, actor=author, action="run.registered", run=run.name, **body.model_dump(mode="json", exclude={"name"})
    )
    initial = Change(decide=lambda _: mixture, reason="initial mixture", author=author)
    await append(session, run, initial, mixture)
    return run


def _initial_mixture(body: NewRun) -> Mixture:
    try:
        mixture = Mixture.from_weights(body.mixture)
        mixture.check_covers(source.name for source in body.sources)
    except MixtureError as error:
        field = (error.field or "weights").replace("weights", "mixture", 1)
        raise Problem(422, str(error).replace("weights", "mixture", 1), field=field) from None
    return mixture
