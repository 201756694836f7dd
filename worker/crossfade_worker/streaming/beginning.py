"""Where an attempt begins: on the course that journal and checkpoint tell, or on one that leaves it at a step."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from crossfade_shared.errors import UserError
from crossfade_shared.ledger import LedgerEntry
from crossfade_worker.mixing.course import Course, moved_past
from crossfade_worker.mixing.exhaustion import Cap
from crossfade_worker.mixing.planner import PlannerState
from crossfade_worker.mixing.walk import Supply, Walk
from crossfade_worker.streaming.start import RunStart
from crossfade_worker.streaming.state import StreamState


@dataclass(frozen=True)
class Rewind:
    """Go back to the state that is loaded, and leave what the run did since then behind.

    What was left stays in the run's folder and can be replayed. The newest version of the mixture governs from the
    first step on. With `skip_steps`, so many batches that the run drew next, as its ledger has it, are thrown away.
    """

    skip_steps: int = 0


@dataclass(frozen=True)
class Beginning:
    """Where an attempt begins; the same on every rank."""

    step: int
    planner: PlannerState
    """After all that the course has skipped until then."""
    course: Course | None
    """None for a run that begins: its first mixture is not chosen yet."""
    first_free_step: int
    """First step that may get a new version."""
    rewound: bool = False
    skipped: Mapping[str, int] = field(default_factory=dict)
    """What this attempt skips, in sequences by source."""
    newest_left: LedgerEntry | None = None
    """The newest version of the course that was left: as good as any of the same number that Redis holds."""


def new_run(start: RunStart, *, supply: Supply) -> Beginning:
    """Begin a run that has no course yet."""
    return Beginning(0, PlannerState.start(len(supply.sources)), None, start.first_free_step)


def from_nothing(course: Course, start: RunStart, *, supply: Supply, caps: Mapping[str, Cap]) -> Beginning:
    """Begin at step 0 again, without a checkpoint, on the course of a run; raises `UserError` if it skipped since."""
    course = _turned(course, 0, caps, origin="step 0")
    planner = moved_past(PlannerState.start(len(supply.sources)), supply.sources, course.skipped)
    return Beginning(0, planner, course, start.first_free_step)


def resumed(
    start: RunStart, state: StreamState, *, supply: Supply, caps: Mapping[str, Cap], origin: str, journal: str
) -> Beginning:
    """Go on from a state, under caps that may be other ones from here on.

    Raises `UserError` naming `origin`, where the state is from, if it is not on the course that the journal tells.
    """
    course = state.course
    if start.course:
        try:
            course = start.course.joined(state.course, state.step)
        except ValueError as error:
            raise UserError(
                f"{journal} and {origin} tell different histories ({error}): {origin} was left by a rewind, has other "
                "caps, or is another run's; resume from a later one, or rewind to it"
            ) from error
    course = _turned(course, state.step, caps, origin=origin)
    return Beginning(state.step, _on(course, state, supply), course, start.first_free_step)


def rewound(
    start: RunStart, state: StreamState, rewind: Rewind, *, supply: Supply, caps: Mapping[str, Cap]
) -> Beginning:
    """Leave the course that the run has taken since a state; raises `UserError` if there is too little to skip."""
    left = start.course or state.course
    skipped = _next_sequences(left, state, rewind.skip_steps, supply)
    course = state.course.left_at(state.step).turned(state.step, caps, skipped)
    return Beginning(
        step=state.step,
        planner=_on(course, state, supply),
        course=course,
        first_free_step=state.step,
        rewound=True,
        skipped=skipped,
        newest_left=left.ledger.last,
    )


def _turned(course: Course, step: int, caps: Mapping[str, Cap], *, origin: str) -> Course:
    try:
        return course.turned(step, caps)
    except ValueError as error:
        raise UserError(f"{origin} is no place to resume from: {error}; take a later one, or rewind to it") from error


def _on(course: Course, state: StreamState, supply: Supply) -> PlannerState:
    """Give a state's place on another course that is the same before its step."""
    here, there = state.course.skipped, course.skipped
    more = {name: there.get(name, 0) - here.get(name, 0) for name in supply.sources}
    return moved_past(state.planner, supply.sources, more)


def _next_sequences(course: Course, state: StreamState, num_steps: int, supply: Supply) -> dict[str, int]:
    """Count by source what a run drew in the steps after a state, what it skipped on the way included."""
    if num_steps == 0:
        return {}
    walk = _walk_on(course, state, supply)
    num_there = sum(1 for _ in walk.plans(state.step + num_steps))
    if num_there < num_steps:
        raise UserError(
            f"skip_steps is {num_steps}, but only {num_there} more steps can be drawn from the data after step "
            f"{state.step}; skip fewer",
            field="skip_steps",
        )
    drawn = zip(supply.sources, walk.state.cursors, state.planner.cursors, strict=True)
    return {name: after - before for name, after, before in drawn if after > before}


def _walk_on(course: Course, state: StreamState, supply: Supply) -> Walk:
    """Go on from a state along a course, or along its own where it is not on that one or has skipped more."""
    until = Course(course.ledger, tuple(turn for turn in course.turns if turn.step <= state.step))
    there = _on(until, state, supply)
    is_behind = any(ours < its for ours, its in zip(there.cursors, state.planner.cursors, strict=True))
    if is_behind or not course.agrees(state.course, state.step):
        return Walk(state.course, supply, state=state.planner, step=state.step)
    return Walk(course, supply, state=there, step=state.step)
