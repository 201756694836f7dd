"""A walk along the course of a run: its plans, computed once more from what determines them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from crossfade_shared.ledger import LedgerEntry
from crossfade_worker.mixing.course import Course, cursor_limits, moved_past
from crossfade_worker.mixing.exhaustion import Cap, EndOfData
from crossfade_worker.mixing.planner import BatchPlan, Planner, PlannerState

_STEPS_AT_ONCE = 64


@dataclass(frozen=True)
class Supply:
    """What batches are drawn from: each source's rows by name, their order, and the size of a global batch."""

    num_rows: Mapping[str, int]
    seed: int
    batch_sequences: int

    @property
    def sources(self) -> tuple[str, ...]:
        """Names in the order that planners number them."""
        return tuple(sorted(self.num_rows))

    def planner(self, limits: Mapping[str, Cap], state: PlannerState) -> Planner:
        """Give a planner that goes on from a state, under caps as it counts (see `cursor_limits`)."""
        planner = Planner(self.num_rows, seed=self.seed, batch_sequences=self.batch_sequences, caps=limits)
        planner.state = state
        return planner


class Walk:
    """Goes along a course, from its beginning or from a state in which all turns up to a step were taken."""

    def __init__(self, course: Course, supply: Supply, *, state: PlannerState | None = None, step: int = 0) -> None:
        self._course = course
        self._supply = supply
        self._taken = [turn for turn in course.turns if state and turn.step <= step]
        self.step = step
        """The next step."""
        self.state = state or PlannerState.start(len(supply.num_rows))
        """Of the planner; plans are computed several steps at once, so it is that of `step` at the end of `plans`."""

    def plans(self, until: int) -> Iterator[tuple[int, LedgerEntry, BatchPlan]]:
        """Give step, ledger entry and plan of each step before `until`, or of as many as there are data for."""
        while self.step < until:
            self._take_turn()
            entry = self._course.ledger.entry_at(self.step)
            planner = self._supply.planner(self._limits(), self.state)
            try:
                plans = planner.next_plans(entry.mixture, self._next_change(until) - self.step)
            except EndOfData:
                return
            self.state = planner.state
            for plan in plans:
                yield self.step, entry, plan
                self.step += 1

    def _take_turn(self) -> None:
        ahead = self._course.turns[len(self._taken) :]
        if ahead and ahead[0].step == self.step:
            self._taken.append(ahead[0])
            self.state = moved_past(self.state, self._supply.sources, ahead[0].skipped)

    def _limits(self) -> dict[str, Cap]:
        skipped = Course(self._course.ledger, tuple(self._taken)).skipped
        return cursor_limits(self._taken[-1].caps, skipped)

    def _next_change(self, until: int) -> int:
        """Give the end of the steps after this one that one mixture and one set of caps govern."""
        changes = [self._course.ledger.next_change(self.step), *(turn.step for turn in self._course.turns)]
        return min([until, self.step + _STEPS_AT_ONCE, *(step for step in changes if step and step > self.step)])
