"""The tables of curve points and of their rollups."""

from __future__ import annotations

from sqlalchemy import BigInteger, ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column

from crossfade_controller.database import Base


class Point(Base):
    """One value of one curve at one step, as one attempt reported it. `live` tells which attempt counts."""

    __tablename__ = "points"
    __table_args__ = {"sqlite_with_rowid": False}  # noqa: RUF012 - SQLAlchemy reads it once

    run_id: Mapped[int] = mapped_column(ForeignKey("runs.id"), primary_key=True)
    name: Mapped[str] = mapped_column(String(96), primary_key=True)
    step: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    attempt: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    tokens: Mapped[int] = mapped_column(BigInteger)
    value: Mapped[float | None]
    """None where it was not finite."""


class Rollup(Base):
    """What the living points of one curve come to over `width` steps from a multiple of `width` on."""

    __tablename__ = "rollups"
    __table_args__ = {"sqlite_with_rowid": False}  # noqa: RUF012 - SQLAlchemy reads it once

    run_id: Mapped[int] = mapped_column(ForeignKey("runs.id"), primary_key=True)
    width: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    name: Mapped[str] = mapped_column(String(96), primary_key=True)
    step: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    """The first step of the bucket, whether there is a point or not."""
    first_step: Mapped[int] = mapped_column(BigInteger)
    last_step: Mapped[int] = mapped_column(BigInteger)
    first_tokens: Mapped[int] = mapped_column(BigInteger)
    last_tokens: Mapped[int] = mapped_column(BigInteger)
    num_values: Mapped[int] = mapped_column(BigInteger)
    """Points with a finite value; `total`, `least` and `greatest` are over these."""
    total: Mapped[float]
    least: Mapped[float | None]
    greatest: Mapped[float | None]
