"""What is said of an event."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict

EventKind = Literal[
    "mixture",
    "benchmark",
    "attempt",
    "refused",
    "checkpoint",
    "cap_ahead",
    "exhausted",
    "dropped",
    "finished",
    "frozen",
    "unfrozen",
    "guardrails",
    "targets",
    "source",
]


class EventBody(BaseModel):
    """Something that happened to a run."""

    model_config = ConfigDict(from_attributes=True)

    id: int
    kind: str
    data: dict[str, Any]
    created_at: datetime


class EventPage(BaseModel):
    """Events in their order; `after` is the place to go on from."""

    items: list[EventBody]
    after: int
