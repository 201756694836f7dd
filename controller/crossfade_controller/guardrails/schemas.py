"""What is said of guard rails."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

from pydantic import BaseModel, Field

from crossfade_controller.bodies import Reason, StrictBody
from crossfade_controller.guardrails.limits import LimitName, RailName

Overrides = Annotated[list[Literal[RailName, "all"]], Field(max_length=16)]
"""Rails that a change passes, or all of them; for approvers, with a reason."""


class FindingBody(BaseModel):
    """What one rail did; `asked` and `allowed` are in its own unit: shares, steps or a count."""

    rail: LimitName
    source: str | None
    asked: float | None
    allowed: float | None
    message: str


class Freezing(StrictBody):
    """Why a run is frozen or unfrozen."""

    reason: Reason


class Frozen(BaseModel):
    """Who stopped the policies of a run, why and when."""

    by: str
    reason: str
    at: datetime
