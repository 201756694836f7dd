"""Caps: a source gives so many epochs at most, and then follows its declared rule."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from crossfade_shared.mixture import Mixture
from crossfade_worker.mixing.quota import Quota

ExhaustionRule = Literal["redistribute", "stop"]


@dataclass(frozen=True)
class Cap:
    """The most rows that a source may give in a whole run, and what happens then.

    `redistribute`: the other sources share its weight in proportion. `stop`: training ends before the first batch
    that would need more.
    """

    num_rows: int
    rule: ExhaustionRule = "redistribute"


class EndOfData(Exception):  # noqa: N818 - it ends a run as it should end, like StopIteration
    """No further batch can be drawn: a source whose rule is to stop is at its cap, or every source is."""

    def __init__(self, sources: Sequence[str]) -> None:
        super().__init__(f"no further batch can be drawn: {', '.join(sources)} gave all rows allowed by max_epochs")
        self.sources = tuple(sources)


class CappedQuota:
    """Shares out batches of a fixed size by quota while no source passes its cap.

    `sources` and `caps` (None: no cap) go by source number.
    """

    def __init__(self, sources: Sequence[str], caps: Sequence[Cap | None], *, batch_sequences: int) -> None:
        self._sources = tuple(sources)
        self._caps = [(source, cap) for source, cap in enumerate(caps) if cap]
        self._stopping = {self._sources[source] for source, cap in self._caps if cap.rule == "stop"}
        self._batch_sequences = batch_sequences
        self._latest: tuple[Mixture, tuple[int, ...], Quota] | None = None

    def share_out(self, mixture: Mixture, credit: Sequence[int], cursors: Sequence[int]) -> tuple[list[int], list[int]]:
        """Give (counts, new credit) of the next batch by source; `cursors` rows of each source were drawn before.

        A source that would pass its cap gives what it has left, and the others share the rest of the batch by their
        own quota, as they share every later batch. Raises `EndOfData` where no whole batch can be drawn. It depends
        on its arguments alone, so every rank and every replay comes to the same counts.
        """
        at_cap = {source: 0 for source, cap in self._caps if cursors[source] >= cap.num_rows}
        while True:
            quota = self._quota_without(tuple(sorted(at_cap)), mixture)
            counts, owed = quota.share_out(credit, self._batch_sequences - sum(at_cap.values()))
            rooms = {source: cap.num_rows - cursors[source] for source, cap in self._caps}
            short = {source: room for source, room in rooms.items() if counts[source] > room}
            if not short:
                break
            at_cap |= short
        for source, count in at_cap.items():
            counts[source] = count
        return counts, owed

    def exhausted(self, mixture: Mixture, cursors: Sequence[int]) -> tuple[str, ...]:
        """Name the sources at their cap whose weights in the mixture go to the others."""
        at_cap = [self._sources[source] for source, cap in self._caps if cursors[source] >= cap.num_rows]
        return tuple(name for name in at_cap if mixture.weights_ppm[name] > 0 and name not in self._stopping)

    def _quota_without(self, at_cap: tuple[int, ...], mixture: Mixture) -> Quota:
        if self._latest and self._latest[0] is mixture and self._latest[1] == at_cap:
            return self._latest[2]
        mixture.check_covers(self._sources)
        names = [self._sources[source] for source in at_cap]
        asked = [name for name in names if mixture.weights_ppm[name] > 0]
        effective = mixture.without(names)
        if effective is None:
            raise EndOfData(asked)
        if stopping := self._stopping.intersection(asked):
            raise EndOfData(sorted(stopping))
        quota = Quota(tuple(effective.weights_ppm.values()))
        self._latest = mixture, at_cap, quota
        return quota
