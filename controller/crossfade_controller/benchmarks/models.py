"""The table of scores."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import BigInteger, ForeignKey, Integer, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from crossfade_controller.database import Base, UtcTime, now


class BenchmarkResult(Base):
    """One score of one checkpoint, identified as lm-eval does."""

    __tablename__ = "benchmark_results"
    __table_args__ = (UniqueConstraint("run_id", "identity"), {"sqlite_autoincrement": True})

    id: Mapped[int] = mapped_column(BigInteger().with_variant(Integer, "sqlite"), primary_key=True)
    run_id: Mapped[int] = mapped_column(ForeignKey("runs.id"))
    identity: Mapped[str] = mapped_column(String(64))
    """SHA-256 of checkpoint, step, task, metric, filter, num_fewshot, version and limit."""
    step: Mapped[int] = mapped_column(BigInteger)
    tokens: Mapped[int] = mapped_column(BigInteger)
    checkpoint: Mapped[str] = mapped_column(String(200))
    task: Mapped[str] = mapped_column(String(200))
    metric: Mapped[str] = mapped_column(String(64))
    filter: Mapped[str] = mapped_column(String(64))
    num_fewshot: Mapped[int]
    version: Mapped[str] = mapped_column(String(64))
    limit: Mapped[float | None]
    value: Mapped[float | None]
    flag: Mapped[str | None] = mapped_column(String(4))
    """Which number that is not finite was measured, where the value is null."""
    stderr: Mapped[float | None]
    num_samples: Mapped[int | None] = mapped_column(BigInteger)
    source: Mapped[str | None] = mapped_column(String(64))
    higher_is_better: Mapped[bool | None]
    created_at: Mapped[datetime] = mapped_column(UtcTime, default=now)
