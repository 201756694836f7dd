"""The course of a run: all that determines its batches besides seed and sources."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Self

from crossfade_shared.ledger import Ledger, LedgerEntry
from crossfade_worker.mixing.exhaustion import Cap
from crossfade_worker.mixing.planner import PlannerState


@dataclass(frozen=True)
class Turn:
    """From a step on other caps hold, or sequences of some sources are skipped just before it is drawn."""

    step: int
    caps: Mapping[str, Cap]
    """By source: the most sequences to train on."""
    skipped: Mapping[str, int] = field(default_factory=dict)
    """By source: sequences thrown away without training on them; a whole number of batches."""

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> Self:
        """Read what `asdict` gives."""
        caps = {name: Cap(int(cap["num_rows"]), cap["rule"]) for name, cap in values["caps"].items()}
        return cls(int(values["step"]), caps, {name: int(count) for name, count in values["skipped"].items()})


@dataclass(frozen=True)
class Course:
    """Which mixtures and caps govern which steps, and what was skipped; the first turn is at step 0.

    Attempts of a run share a course until one of them is rewound or gets other caps.
    """

    ledger: Ledger
    turns: tuple[Turn, ...]

    @classmethod
    def begin(cls, entry: LedgerEntry, caps: Mapping[str, Cap]) -> Self:
        """Give the course of a new run."""
        return cls(Ledger([entry]), (Turn(0, caps),))

    @property
    def skipped(self) -> dict[str, int]:
        """All sequences skipped, by source; a source of which none was skipped may be absent."""
        return dict(sum((Counter(turn.skipped) for turn in self.turns), Counter[str]()))

    def turned(self, step: int, caps: Mapping[str, Cap], skipped: Mapping[str, int] | None = None) -> Course:
        """Let these caps hold from a step on, and skip more sequences before it; later turns are no more.

        Raises `ValueError` where a later turn has skipped something, which would be drawn after all.
        """
        if lost := [turn.step for turn in self.turns if turn.step > step and turn.skipped]:
            raise ValueError(f"the run has since skipped sequences at step {lost[0]}")
        earlier = tuple(turn for turn in self.turns if turn.step < step)
        all_skipped = sum((Counter(turn.skipped) for turn in self.turns if turn.step == step), Counter(skipped))
        if earlier and caps == earlier[-1].caps and not all_skipped:
            return Course(self.ledger, earlier)
        return Course(self.ledger, (*earlier, Turn(step, caps, dict(all_skipped))))

    def left_at(self, step: int) -> Course:
        """Give what a rewind to a step keeps: the mixtures before it, to be followed by others from there on."""
        first, *later = self.ledger
        return Course(Ledger([first, *(entry for entry in later if entry.effective_step < step)]), self.turns)

    def joined(self, loaded: Course, step: int) -> Course:
        """Give the course that an attempt follows whose journal has this one, and whose checkpoint another.

        The journal knows the versions since the checkpoint, of so many steps, unless a power cut took its end; then
        the checkpoint knows more. Raises `ValueError` if they differ in what came before the step.
        """
        if loaded._goes_on_from(self):
            return loaded
        if not self.agrees(loaded, step):
            raise ValueError(f"they differ before step {step}")
        return self

    def agrees(self, other: Course, step: int) -> bool:
        """Tell whether two courses are the same before a step."""
        return self._before(step) == other._before(step)

    def _goes_on_from(self, other: Course) -> bool:
        entries, turns = len(other.ledger), len(other.turns)
        return list(self.ledger)[:entries] == list(other.ledger) and self.turns[:turns] == other.turns

    def _before(self, step: int) -> tuple[list[LedgerEntry], list[Turn]]:
        entries = [entry for entry in self.ledger if entry.effective_step < step]
        return entries, [turn for turn in self.turns if turn.step < step]

    def to_json(self) -> dict[str, Any]:
        """Give plain JSON values."""
        return {"ledger": self.ledger.to_json(), "turns": [asdict(turn) for turn in self.turns]}

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> Self:
        """Read what `to_json` wrote; raises `ValueError`, `KeyError` or `TypeError` if it is damaged."""
        turns = tuple(Turn.from_json(turn) for turn in values["turns"])
        if not turns or turns[0].step != 0:
            raise ValueError("a course begins with the caps of step 0")
        return cls(Ledger.from_json(values["ledger"]), turns)


def moved_past(state: PlannerState, sources: Iterable[str], skipped: Mapping[str, int]) -> PlannerState:
    """Give the state after sequences of each source were skipped: what is owed stays as it was."""
    moved = zip(sources, state.cursors, strict=True)
    return PlannerState(state.credits, tuple(cursor + skipped.get(name, 0) for name, cursor in moved))


def cursor_limits(caps: Mapping[str, Cap], skipped: Mapping[str, int]) -> dict[str, Cap]:
    """Give caps on what is trained on as a planner counts, to which what was skipped is drawn too."""
    return {name: Cap(cap.num_rows + skipped.get(name, 0), cap.rule) for name, cap in caps.items()}
