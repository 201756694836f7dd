"""The tables of what is still to be published and of what was already taken in."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import BigInteger, ForeignKey, ForeignKeyConstraint
from sqlalchemy.orm import Mapped, mapped_column

from crossfade_controller.database import Base, UtcTime, now


class OutboxEntry(Base):
    """A version that Redis has not been given yet; the row goes when it has."""

    __tablename__ = "outbox"
    __table_args__ = (ForeignKeyConstraint(["run_id", "version"], ["mixtures.run_id", "mixtures.version"]),)

    run_id: Mapped[int] = mapped_column(primary_key=True)
    version: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    created_at: Mapped[datetime] = mapped_column(UtcTime, default=now)


class TelemetryBatch(Base):
    """A batch of worker reports that is stored, so that it is never stored twice."""

    __tablename__ = "telemetry_batches"
    __table_args__ = {"sqlite_with_rowid": False}  # noqa: RUF012 - SQLAlchemy reads it once

    run_id: Mapped[int] = mapped_column(ForeignKey("runs.id"), primary_key=True)
    attempt: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    sequence: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
