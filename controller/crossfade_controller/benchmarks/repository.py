"""Queries of scores."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from crossfade_controller.benchmarks.models import BenchmarkResult


async def by_identity(session: AsyncSession, run_id: int, identities: Sequence[str]) -> dict[str, BenchmarkResult]:
    """Give the stored scores among some identities."""
    found = await session.scalars(
        select(BenchmarkResult).where(BenchmarkResult.run_id == run_id, BenchmarkResult.identity.in_(identities))
    )
    return {result.identity: result for result in found}


async def page(
    session: AsyncSession, run_id: int, *, task: str | None, after_id: int | None, limit: int
) -> Sequence[BenchmarkResult]:
    """Give scores in the order they came, of one task or of all."""
    query = select(BenchmarkResult).where(BenchmarkResult.run_id == run_id)
    query = query if task is None else query.where(BenchmarkResult.task == task)
    query = query if after_id is None else query.where(BenchmarkResult.id > after_id)
    return (await session.scalars(query.order_by(BenchmarkResult.id).limit(limit))).all()


async def num_evaluations_since(session: AsyncSession, run_id: int, step: int) -> int:
    """Count the checkpoints at or after a step that have scores."""
    of_run = (BenchmarkResult.run_id == run_id, BenchmarkResult.step >= step)
    return await session.scalar(select(func.count(BenchmarkResult.step.distinct())).where(*of_run)) or 0
