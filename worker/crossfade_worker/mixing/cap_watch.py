"""Tells when a cap comes near and when it is reached."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from crossfade_shared.ledger import LedgerEntry
from crossfade_shared.mixture import PARTS_PER_MILLION, Mixture
from crossfade_shared.telemetry import CapAheadReport, ExhaustedReport
from crossfade_worker.mixing.exhaustion import Cap
from crossfade_worker.mixing.exposure import Exposure
from crossfade_worker.mixing.planner import Planner

WARNING_FRACTION = 20
"""A cap is told ahead when it comes within this part (a twentieth) of the run."""


class CapWatch:
    """Looks at a planner before each step and says what is new; each thing once under each version."""

    def __init__(self, planner: Planner, exposure: Exposure, caps: Mapping[str, Cap], *, total_steps: int) -> None:
        self._planner = planner
        self._exposure = exposure
        self._caps = caps
        self._total_steps = total_steps
        self._told: set[tuple[int, tuple[str, ...]]] = set()
        self._effective_for: tuple[int, tuple[str, ...]] | None = None
        self._effective: Mixture | None = None

    def before(self, step: int, entry: LedgerEntry) -> Iterator[CapAheadReport | ExhaustedReport]:
        """Say what is new before `step` is drawn under the entry."""
        if not self._caps:
            return
        exhausted = self._planner.exhausted(entry.mixture)
        effective = self._drawn_by(entry, exhausted)
        if effective is None:  # the end of the data, which the planner is about to find
            return
        if exhausted and self._is_new(entry.version, exhausted):
            yield self.exhausted(step, entry, exhausted, ends_run=False)
        for name, num_steps in self._steps_to_caps(effective):
            comes_near = 0 < num_steps <= max(1, self._total_steps // WARNING_FRACTION)
            if comes_near and step + num_steps < self._total_steps and self._is_new(entry.version, (name, "ahead")):
                last_step = step + num_steps - 1
                yield CapAheadReport(step=step, version=entry.version, source=name, expected_step=last_step)

    def exhausted(self, step: int, entry: LedgerEntry, sources: tuple[str, ...], *, ends_run: bool) -> ExhaustedReport:
        """Say that sources are at their cap before `step` is drawn."""
        epochs = self._exposure.epochs(self._planner.state)
        return ExhaustedReport(
            step=step,
            version=entry.version,
            source_epochs={name: epochs[name] for name in sources},
            ends_run=ends_run,
        )

    def _drawn_by(self, entry: LedgerEntry, exhausted: tuple[str, ...]) -> Mixture | None:
        if (entry.version, exhausted) != self._effective_for:
            self._effective_for, self._effective = (entry.version, exhausted), entry.mixture.without(exhausted)
        return self._effective

    def _steps_to_caps(self, mixture: Mixture) -> Iterator[tuple[str, int]]:
        """Give, for each capped source that the mixture asks for, how many more steps it lasts."""
        drawn = dict(zip(self._planner.sources, self._planner.state.cursors, strict=True))
        for name, cap in self._caps.items():
            if earned_ppm := mixture.weights_ppm[name] * self._planner.batch_sequences:
                yield name, -(-(cap.num_rows - drawn[name]) * PARTS_PER_MILLION // earned_ppm)

    def _is_new(self, version: int, what: tuple[str, ...]) -> bool:
        is_new = (version, what) not in self._told
        self._told.add((version, what))
        return is_new
