"""What each kind of worker report changes in the database."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from crossfade_controller.database import now
from crossfade_controller.delivery.rewinds import go_back
from crossfade_controller.events.feed import Progress
from crossfade_controller.events.repository import record
from crossfade_controller.metrics.live import abandon
from crossfade_controller.metrics.names import SOURCE_LOSS, SOURCE_TOKENS, curves_of
from crossfade_controller.metrics.rollups import cut_off
from crossfade_controller.metrics.storing import NewPoint, store
from crossfade_controller.mixtures import repository as mixtures
from crossfade_controller.mixtures.exhaustion import redistribute
from crossfade_controller.monitoring.instruments import dropped_reports, refused_envelopes, run_label
from crossfade_controller.runs.models import Attempt, Run
from crossfade_controller.sources.models import Source
from crossfade_shared.telemetry import (
    AppliedReport,
    AttemptReport,
    CapAheadReport,
    CheckpointReport,
    DroppedReport,
    ExhaustedReport,
    FinishedReport,
    RefusedReport,
    Report,
    StepReport,
)

_Recorded = (
    AttemptReport | RefusedReport | CheckpointReport | CapAheadReport | ExhaustedReport | DroppedReport | FinishedReport
)


class ReportBook:
    """Writes the reports of one run within one transaction that holds the run's lock."""

    def __init__(self, session: AsyncSession, run: Run, sources: Iterable[Source]) -> None:
        self._session = session
        self._run = run
        self._sources = {source.name for source in sources}
        self._points: list[NewPoint] = []
        self._losses: list[RefusedReport | DroppedReport] = []
        self.progress: Progress | None = None
        """How far training was at the last step written."""

    async def write(self, attempt: Attempt, reports: list[Report]) -> None:
        """Write one batch of reports of an attempt."""
        for report in reports:
            match report:
                case StepReport():
                    await self._write_step(attempt, report)
                case AppliedReport():
                    await self._write_applied(attempt, report)
                case AttemptReport():
                    await self._write_attempt(attempt, report)
                case FinishedReport():
                    self._run.finished_at = now()
                    self._record(attempt, report)
                case ExhaustedReport():
                    await self._write_exhausted(attempt, report)
                case RefusedReport() | DroppedReport():
                    self._record(attempt, report)
                    self._losses.append(report)
                case CheckpointReport() | CapAheadReport():
                    self._record(attempt, report)
        self._run.last_report_at = now()

    async def close(self) -> None:
        """Write what was collected; the session may commit afterwards."""
        await store(self._session, self._points)

    def count(self) -> None:
        """Count what workers refused and dropped; call it after the commit: what is rolled back is written again."""
        run = run_label(self._run.name)
        for report in self._losses:
            match report:
                case RefusedReport():
                    refused_envelopes.labels(run).inc()
                case DroppedReport():
                    dropped_reports.labels(run).inc(report.num_reports)

    async def _write_attempt(self, attempt: Attempt, report: AttemptReport) -> None:
        for name, value in report.model_dump(exclude={"kind", "rewound", "skipped_tokens"}).items():
            setattr(attempt, name, value)
        await self._begin(attempt, report.start_step)
        self._run.finished_at = None
        if report.rewound:
            await go_back(self._session, self._run, report)
        self._record(attempt, report)

    async def _begin(self, attempt: Attempt, step: int) -> None:
        """Abandon the curves of earlier attempts from the step on at which this one begins."""
        attempt.start_step = step
        await abandon(self._session, attempt, step)
        if self._run.step is not None and step <= self._run.step:
            await cut_off(self._session, self._run.id, curves_of(self._sources), from_step=step)

    async def _write_step(self, attempt: Attempt, report: StepReport) -> None:
        if attempt.start_step is None or report.step < attempt.start_step:
            await self._begin(attempt, report.step)  # it did not say so itself
        values = {
            "loss": report.loss,
            "learning_rate": report.learning_rate,
            "gradient_norm": report.gradient_norm,
            "step_seconds": report.seconds,
            **({} if report.mfu is None else {"mfu": report.mfu}),
            **{SOURCE_LOSS + name: loss for name, loss in report.source_loss.items() if name in self._sources},
            **{SOURCE_TOKENS + name: num for name, num in report.source_tokens.items() if name in self._sources},
        }
        run_id, step, tokens = self._run.id, report.step, report.tokens
        self._points += [
            NewPoint(run_id, name, step, attempt.attempt, tokens, _finite(value)) for name, value in values.items()
        ]
        self._run.step, self._run.tokens, self._run.phase = report.step, report.tokens, report.phase
        tokens_per_second = (
            attempt.tokens_per_step / report.seconds if attempt.tokens_per_step and report.seconds else None
        )
        self.progress = Progress(
            step=report.step,
            tokens=report.tokens,
            phase=report.phase,
            version=report.version,
            loss=_finite(report.loss),
            tokens_per_second=_finite(tokens_per_second),
            mfu=_finite(report.mfu),
        )

    async def _write_applied(self, attempt: Attempt, report: AppliedReport) -> None:
        """Mark a version as applied, and those below that never were as superseded."""
        if not 1 <= report.version <= self._run.version:
            return self._refuse(attempt, f"the workers applied version {report.version}, which was never made")
        row = await mixtures.find(self._session, self._run, report.version)
        if row.mixture.digest != report.digest:
            return self._refuse(attempt, f"the workers applied version {report.version} with other weights than it has")
        if row.applied_at and row.effective_step == max(report.effective_steps.values()):
            return None  # a resumed attempt tells of its whole ledger again
        row.applied_at = row.applied_at or now()
        row.effective_steps = {str(rank): step for rank, step in sorted(report.effective_steps.items())}
        row.effective_step = max(report.effective_steps.values())
        self._tell(row.version, "applied", effective_step=row.effective_step, effective_steps=row.effective_steps)
        for lower in await mixtures.not_yet_applied_below(self._session, self._run.id, row.version):
            lower.superseded_at = now()
            self._tell(lower.version, "superseded", by=row.version)
        return None

    async def _write_exhausted(self, attempt: Attempt, report: ExhaustedReport) -> None:
        if unknown := report.source_epochs.keys() - self._sources:
            return self._refuse(attempt, f"the workers ran out of {', '.join(sorted(unknown))}, which is no source")
        self._record(attempt, report)
        if not report.ends_run:
            await redistribute(self._session, self._run, report.source_epochs, step=report.step)
        return None

    def _tell(self, version: int, state: str, **data: Any) -> None:  # noqa: ANN401 - JSON
        record(self._session, self._run, "mixture", version=version, state=state, **data)

    def _record(self, attempt: Attempt, report: _Recorded) -> None:
        data = report.model_dump(mode="json", exclude={"kind"})
        record(self._session, self._run, report.kind, attempt=attempt.attempt, **data)

    def _refuse(self, attempt: Attempt, why: str) -> None:
        record(self._session, self._run, "refused", attempt=attempt.attempt, why=why)


def _finite(value: float | None) -> float | None:
    return float(value) if value is not None and math.isfinite(value) else None
