"""A source that has given all its epochs: what the workers do of themselves becomes a version of the mixture."""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy.ext.asyncio import AsyncSession

from crossfade_controller.auth.actor import Actor
from crossfade_controller.mixtures import repository
from crossfade_controller.mixtures.models import MixtureVersion
from crossfade_controller.mixtures.service import Change, append
from crossfade_controller.runs.models import Run

EXHAUSTION = Actor(name="exhaustion", scopes=frozenset())


async def redistribute(session: AsyncSession, run: Run, sources: Iterable[str], *, step: int) -> MixtureVersion | None:
    """Switch exhausted sources off and share their weights among the others; the caller holds the run's lock.

    The weights are those that the workers draw by already. Gives None, and changes nothing, where the current mixture
    asks for none of the sources any more, or for none but them.
    """
    current = (await repository.find(session, run, run.version)).mixture
    exhausted = sorted(name for name in sources if current.weights_ppm[name] > 0)
    mixture = current.without(exhausted)
    if not exhausted or mixture is None:
        return None
    reason = f"{', '.join(exhausted)} exhausted at step {step}: all epochs given; the others share the weight"
    change = Change(decide=lambda _: mixture, reason=reason, actor=EXHAUSTION)
    return await append(session, run, change, mixture)
