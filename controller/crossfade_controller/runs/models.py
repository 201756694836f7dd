"""The tables of runs and of their attempts."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, BigInteger, ForeignKey, LargeBinary, String
from sqlalchemy.orm import Mapped, mapped_column

from crossfade_controller.database import Base, UtcTime, now
from crossfade_controller.guardrails.settings import GuardrailSettings


class Run(Base):
    """A run, its current version, and how far training has come by its last report.

    Whoever changes anything of a run holds a lock on this row, so versions, events and reports have one order.
    """

    __tablename__ = "runs"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(64), unique=True)
    mode: Mapped[str] = mapped_column(String(16))
    horizon_tokens: Mapped[int] = mapped_column(BigInteger)
    signing_key: Mapped[bytes] = mapped_column(LargeBinary(32))
    created_at: Mapped[datetime] = mapped_column(UtcTime, default=now)
    version: Mapped[int]
    """The newest version of the mixture."""
    attempt: Mapped[int] = mapped_column(BigInteger, default=0)
    """The highest attempt that reported; 0 before the first one."""
    step: Mapped[int | None] = mapped_column(BigInteger)
    tokens: Mapped[int | None] = mapped_column(BigInteger)
    phase: Mapped[str | None] = mapped_column(String(16))
    last_report_at: Mapped[datetime | None] = mapped_column(UtcTime)
    finished_at: Mapped[datetime | None] = mapped_column(UtcTime)
    guardrails: Mapped[dict[str, Any]] = mapped_column(JSON)
    targets: Mapped[list[dict[str, Any]]] = mapped_column(JSON, default=list)
    """What its benchmarks are meant to reach."""
    frozen: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True))
    """Who stopped the policies of the run, why and when; None while they may act."""

    @property
    def rails(self) -> GuardrailSettings:
        """What its guard rails are set to."""
        return GuardrailSettings.model_validate(self.guardrails)


class Attempt(Base):
    """One process lifetime of a run; its shape is unknown until its own report of it arrives."""

    __tablename__ = "attempts"

    run_id: Mapped[int] = mapped_column(ForeignKey("runs.id"), primary_key=True)
    attempt: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    started_at: Mapped[datetime] = mapped_column(UtcTime, default=now)
    start_step: Mapped[int | None] = mapped_column(BigInteger)
    total_steps: Mapped[int | None] = mapped_column(BigInteger)
    tokens_per_step: Mapped[int | None] = mapped_column(BigInteger)
    world_size: Mapped[int | None] = mapped_column(BigInteger)
    fenced_at: Mapped[datetime | None] = mapped_column(UtcTime)
    """When it first reported although a later attempt had begun."""
    abandoned_from: Mapped[int | None] = mapped_column(BigInteger)
    """The first of its steps that a later attempt trained again, or would have: from there on its curves are void."""
