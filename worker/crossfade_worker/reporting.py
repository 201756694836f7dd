"""What a training job says of itself: reports made from the state of the loop."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from crossfade_shared.ledger import Ledger
from crossfade_shared.phases import PhaseName
from crossfade_shared.telemetry import AppliedReport, StepReport
from crossfade_worker.checkpoint import LoopState
from crossfade_worker.link import Link
from crossfade_worker.mixing.agreement import Adoption
from crossfade_worker.mixing.planner import BatchPlan


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
    state: LoopState,
    plan: BatchPlan,
    sources: Sequence[str],
    *,
    version: int,
    phase: PhaseName,
    source_nats: Sequence[float],
    sequence_length: int,
    gradient_norm: float,
    learning_rate: float,
    seconds: float,
) -> StepReport:
    """Report the step that led to `state`; `source_nats` is the summed loss of the whole batch by source."""
    num_sequences = np.bincount(plan.sources, minlength=len(sources)).tolist()
    return StepReport(
        step=state.step - 1,
        tokens=state.tokens,
        version=version,
        phase=phase,
        loss=_finite(sum(source_nats) / (len(plan.sources) * sequence_length)),
        learning_rate=learning_rate,
        gradient_norm=_finite(gradient_norm),
        seconds=seconds,
        source_loss={
            name: _finite(nats / (count * sequence_length))
            for name, nats, count in zip(sources, source_nats, num_sequences, strict=True)
            if count
        },
        source_tokens={
            name: cursor * sequence_length for name, cursor in zip(sources, state.planner.cursors, strict=True)
        },
    )


def _finite(value: float) -> float | None:
    return value if math.isfinite(value) else None
