"""The table of sources."""

from __future__ import annotations

from sqlalchemy import JSON, BigInteger, ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column

from crossfade_controller.database import Base


class Source(Base):
    """A corpus with a weight of its own in one run."""

    __tablename__ = "sources"

    run_id: Mapped[int] = mapped_column(ForeignKey("runs.id"), primary_key=True)
    name: Mapped[str] = mapped_column(String(64), primary_key=True)
    position: Mapped[int]
    """Its place in the list that made the run."""
    unique_tokens: Mapped[int] = mapped_column(BigInteger)
    capabilities: Mapped[list[str]] = mapped_column(JSON)
    max_epochs: Mapped[float]
