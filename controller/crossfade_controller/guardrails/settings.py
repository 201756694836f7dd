"""What a run's guard rails are set to."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import Annotated

from pydantic import AfterValidator, Field

from crossfade_controller.bodies import MAX_COUNT, StrictBody
from crossfade_shared.errors import UserError
from crossfade_shared.mixture import MAX_SOURCES

Share = Annotated[float, Field(ge=0, le=1, allow_inf_nan=False)]
Shares = dict[str, Share]


def _each_once(names: list[str]) -> list[str]:
    return sorted(set(names))


class GuardrailSettings(StrictBody):
    """The bounds within which people and policies move the weights of a run."""

    floors: Shares = Field(default_factory=dict)
    """The least weight of a source, as a fraction of 1."""
    ceilings: Shares = Field(default_factory=dict)
    """The greatest weight of a source."""
    max_change: Share | None = None
    """The greatest total variation of one change: what the sources that grow gain together."""
    max_change_per_day: Share | None = None
    """The greatest total variation against the version that was current 24 hours before."""
    cool_down_steps: Annotated[int, Field(ge=0, le=MAX_COUNT)] = 0
    """The steps to train under a change before the next one takes effect."""
    epoch_budget: bool = True
    """Whether a source gets no more than lasts, within its `max_epochs`, to the end of the run."""
    protected: Annotated[list[str], AfterValidator(_each_once)] = Field(max_length=MAX_SOURCES, default_factory=list)
    """Sources that keep the weight they have."""
    minimum_evaluations: Annotated[int, Field(ge=0, le=MAX_COUNT)] = 0
    """The evaluations that a policy needs since the last change took effect."""

    def check_names(self, sources: Collection[str], *, within: str) -> None:
        """Raise `UserError` where a source is named that the run does not have; `within` begins the field's name."""
        for place, name in self._named():
            if name not in sources:
                field = within + place
                raise UserError(
                    f"{field}: there is no source {name!r:.80}; the sources are {', '.join(sorted(sources))}",
                    field=field,
                )

    def _named(self) -> Iterator[tuple[str, str]]:
        yield from ((f"floors.{name}", name) for name in self.floors)
        yield from ((f"ceilings.{name}", name) for name in self.ceilings)
        yield from (("protected", name) for name in self.protected)
