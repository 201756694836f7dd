"""The table of mixture versions."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal

from sqlalchemy import JSON, BigInteger, ForeignKey, Index, String, Text, text
from sqlalchemy.orm import Mapped, mapped_column

from crossfade_controller.database import Base, UtcTime, now
from crossfade_shared.mixture import Mixture

VersionState = Literal["accepted", "published", "applied", "superseded"]


_UNASKED = text("asked_ppm IS NULL")
_UNPUBLISHED = text("published_at IS NULL")
_WAITING = text("applied_at IS NULL AND superseded_at IS NULL")


class MixtureVersion(Base):
    """One version. What it says never changes; how far it has travelled is written down as it becomes known."""

    __tablename__ = "mixtures"
    __table_args__ = (  # what every change and every report asks of a history that may be long
        Index("ix_mixtures_run_id_created_at", "run_id", "created_at"),
        Index("ix_mixtures_unasked", "run_id", "version", sqlite_where=_UNASKED, postgresql_where=_UNASKED),
        Index(
            "ix_mixtures_unpublished",
            "run_id",
            "version",
            sqlite_where=_UNPUBLISHED,
            postgresql_where=_UNPUBLISHED,
        ),
        Index("ix_mixtures_waiting", "run_id", "version", sqlite_where=_WAITING, postgresql_where=_WAITING),
    )

    run_id: Mapped[int] = mapped_column(ForeignKey("runs.id"), primary_key=True)
    version: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    weights_ppm: Mapped[dict[str, int]] = mapped_column(JSON)
    takes_effect: Mapped[Any] = mapped_column(JSON)
    author: Mapped[str] = mapped_column(String(200))
    on_behalf_of: Mapped[str | None] = mapped_column(String(200))
    reason: Mapped[str] = mapped_column(Text)
    evidence: Mapped[list[str]] = mapped_column(JSON, default=list)
    asked_ppm: Mapped[dict[str, int] | None] = mapped_column(JSON(none_as_null=True))
    """What was asked for; None for the mixture that a run begins with and for what the workers did of themselves."""
    guardrails: Mapped[list[dict[str, Any]]] = mapped_column(JSON, default=list)
    """What the guard rails did to it."""
    override: Mapped[list[str]] = mapped_column(JSON, default=list)
    """The guard rails that it passed."""
    decay_tokens: Mapped[int | None] = mapped_column(BigInteger)
    """The tokens over which the learning rate falls to zero from its effective step on; None: it begins no decay."""
    base_version: Mapped[int | None]
    created_at: Mapped[datetime] = mapped_column(UtcTime, default=now)
    published_at: Mapped[datetime | None] = mapped_column(UtcTime)
    """When Redis was given it, or a later one; while it is None the publisher has it to do."""
    applied_at: Mapped[datetime | None] = mapped_column(UtcTime)
    superseded_at: Mapped[datetime | None] = mapped_column(UtcTime)
    effective_step: Mapped[int | None] = mapped_column(BigInteger)
    effective_steps: Mapped[dict[str, int] | None] = mapped_column(JSON)
    """By rank, as the ranks reported it."""

    @property
    def mixture(self) -> Mixture:
        """The weights."""
        return Mixture(self.weights_ppm)

    @property
    def state(self) -> VersionState:
        """How far the version has travelled."""
        if self.applied_at:
            return "applied"
        if self.superseded_at:
            return "superseded"
        return "published" if self.published_at else "accepted"
