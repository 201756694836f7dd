"""Reading the current mixture of a run: from memory, unless something was committed since."""

from __future__ import annotations

from crossfade_controller.memory import Remembered
from crossfade_controller.mixtures import repository, service
from crossfade_controller.mixtures.answer import CurrentMixture
from crossfade_controller.mixtures.schemas import VersionWithRealised
from crossfade_controller.runs import repository as runs
from crossfade_controller.services import Services


async def read_current(services: Services, run: str) -> Remembered[CurrentMixture]:
    """Give the current mixture as it is answered; raises a 404 `Problem` for an unknown run."""

    async def read() -> tuple[int, CurrentMixture]:
        async with services.database.read() as session:
            found = await runs.find(session, run)
            row = await repository.find(session, found, found.version)
            body = VersionWithRealised.of(row, realised=await service.realised_shares(session, row))
        return found.id, CurrentMixture(etag=f'"{row.version}"', body=body.model_dump_json().encode())

    return await services.mixtures.ask(run, "mixture", read)
