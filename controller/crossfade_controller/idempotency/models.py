"""The table of idempotency keys."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, String
from sqlalchemy.orm import Mapped, mapped_column

from crossfade_controller.database import Base, UtcTime, now


class IdempotencyKey(Base):
    """What the first request with a key made; written with it, in one transaction."""

    __tablename__ = "idempotency_keys"

    run: Mapped[str] = mapped_column(String(64), primary_key=True)
    """The run in the request's path; empty where it has none."""
    key: Mapped[str] = mapped_column(String(255), primary_key=True)
    request_digest: Mapped[str] = mapped_column(String(64))
    """SHA-256 of the request that came with the key."""
    made: Mapped[dict[str, Any]] = mapped_column(JSON)
    """Enough to find again what was made: {"version": 7}."""
    created_at: Mapped[datetime] = mapped_column(UtcTime, default=now, index=True)
