"""How scores are stored: each once, and never two values for one thing measured."""

from __future__ import annotations

import hashlib
import json

from sqlalchemy.ext.asyncio import AsyncSession

from crossfade_controller.audit import repository as audit
from crossfade_controller.benchmarks import repository
from crossfade_controller.benchmarks.models import BenchmarkResult
from crossfade_controller.benchmarks.schemas import NewResult, NewResults
from crossfade_controller.events.repository import record
from crossfade_controller.problems import Problem
from crossfade_controller.runs import repository as runs
from crossfade_controller.runs.models import Run

_MEASURED = ("value", "flag", "stderr", "num_samples")


async def store(session: AsyncSession, run_name: str, body: NewResults, *, by: str) -> tuple[Run, int]:
    """Write the scores that are new and give their number; sending them again changes nothing.

    Raises a `Problem`: 404 for an unknown run, 409 for a different value of a known score, 422 for a source that the
    run does not have.
    """
    run = await runs.find(session, run_name, lock=True)
    known_sources = {source.name for source in await runs.sources_of(session, run)}
    identities = [_identity(body, result) for result in body.results]
    stored = await repository.by_identity(session, run.id, identities)
    num_new = 0
    for index, (identity, result) in enumerate(zip(identities, body.results, strict=True)):
        _check_source(index, result, known_sources)
        if identity in stored:
            _check_same(index, result, stored[identity])
            continue
        stored[identity] = _row(run, body, identity, result)
        session.add(stored[identity])
        num_new += 1
    if num_new:
        tasks = sorted({result.task for result in body.results})
        record(session, run, "benchmark", step=body.step, tokens=body.tokens, num_new=num_new, tasks=tasks)
        checkpoint = {"checkpoint": body.checkpoint, "step": body.step, "num_new": num_new, "tasks": tasks}
        await audit.append(session, actor=by, action="benchmarks.stored", run=run.name, **checkpoint)
    return run, num_new


def _identity(body: NewResults, result: NewResult) -> str:
    """Give the SHA-256 of everything that says what was measured."""
    parts = (body.checkpoint, body.step, result.task, result.metric, result.filter, result.num_fewshot)
    canonical = json.dumps([*parts, result.version, result.limit])
    return hashlib.sha256(canonical.encode()).hexdigest()


def _row(run: Run, body: NewResults, identity: str, result: NewResult) -> BenchmarkResult:
    checkpoint = body.model_dump(exclude={"results"})
    return BenchmarkResult(run_id=run.id, identity=identity, **checkpoint, **result.model_dump())


def _check_source(index: int, result: NewResult, known: set[str]) -> None:
    if result.source is not None and result.source not in known:
        field = f"results.{index}.source"
        raise Problem(
            422,
            f"{field}: there is no source {result.source!r}; the sources are {', '.join(sorted(known))}",
            field=field,
        )


def _check_same(index: int, result: NewResult, stored: BenchmarkResult) -> None:
    for name in _MEASURED:
        given, known = getattr(result, name), getattr(stored, name)
        if given != known:
            field = f"results.{index}.{name}"
            raise Problem(
                409,
                f"{field} is {given}, but {result.task}/{result.metric} of this checkpoint is stored with {known}; a "
                "score never changes: another task version, limit or checkpoint makes another score",
                kind="score-differs",
                field=field,
            )
