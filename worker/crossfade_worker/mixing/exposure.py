"""The exposure ledger: what a run has trained on, by source."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from crossfade_worker.mixing.planner import PlannerState


class Exposure:
    """Tokens and epochs by source, as trained on and not as asked for.

    They follow from the planner's state after the last step that was trained on, which a checkpoint holds, less the
    sequences `skipped` by source. So a resume or a rewind takes up the state of its step, and what was drawn after it
    and given up counts once, if it is drawn again, or not at all.
    """

    def __init__(
        self, num_rows: Mapping[str, int], *, sequence_length: int, skipped: Mapping[str, int] = MappingProxyType({})
    ) -> None:
        self._num_rows = dict(sorted(num_rows.items()))
        self._sequence_length = sequence_length
        self._skipped = skipped

    def tokens(self, state: PlannerState) -> dict[str, int]:
        """Give the tokens trained on by the time of a state."""
        return {name: count * self._sequence_length for name, count in self._sequences(state).items()}

    def epochs(self, state: PlannerState) -> dict[str, float]:
        """Give the epochs trained on by the time of a state: 1.5 is the whole source and half of it again."""
        return {name: count / self._num_rows[name] for name, count in self._sequences(state).items()}

    def _sequences(self, state: PlannerState) -> dict[str, int]:
        cursors = zip(self._num_rows, state.cursors, strict=True)
        return {name: cursor - self._skipped.get(name, 0) for name, cursor in cursors}
