"""What is said of the audit."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from pydantic import BaseModel, ConfigDict


class AuditLine(BaseModel):
    """One line of the audit."""

    model_config = ConfigDict(from_attributes=True)

    sequence: int
    at: datetime
    actor: str
    action: str
    run: str | None
    detail: dict[str, Any]
    previous_hash: str
    hash: str
