"""What a training job says of itself: reports made from the state of the loop."""

from __future__ import annotations

import math
from collections.abc import Mapping

from crossfade_shared.ledger import Ledger
from crossfade_shared.phases import PhaseName
from crossfade_shared.telemetry import AppliedReport, StepReport
from crossfade_worker.mixing.agreement import Adoption
from crossfade_worker.reporting.link import Link


def applied_report(adoption: Adoption) -> AppliedReport:
    """Say at which step every rank applied a version."""
    return AppliedReport(
        version=adoption.entry.version, digest=adoption.entry.mixture.digest, effective_steps=adoption.effective_steps
    )


def report_history(link: Link, ledger: Ledger, *, world_size: int) -> None:
    """Report every version of the ledger again: the attempt that applied one may have died before it could say so."""
    for entry in ledger:
        if entry.version > 0:
            link.report(applied_report(Adoption(entry, dict.fromkeys(range(world_size), entry.effective_step))))


def step_report(
    *,
    step: int,
    version: int,
    source_tokens: Mapping[str, int],
    phase: PhaseName,
    loss: float | None,
    source_losses: Mapping[str, float],
    gradient_norm: float | None,
    learning_rate: float | None,
    seconds: float,
    seconds_at_peak: float | None = None,
) -> StepReport:
    """Report a step that was trained on; `source_tokens` counts what each source gave until its end."""
    return StepReport(
        step=step,
        tokens=sum(source_tokens.values()),
        version=version,
        phase=phase,
        loss=_finite(loss),
        learning_rate=learning_rate,
        gradient_norm=_finite(gradient_norm),
        seconds=seconds,
        mfu=seconds_at_peak / seconds if seconds_at_peak and seconds > 0 else None,
        source_loss={name: _finite(loss) for name, loss in source_losses.items()},
        source_tokens=dict(source_tokens),
    )


def _finite(value: float | None) -> float | None:
    return value if value is not None and math.isfinite(value) else None
