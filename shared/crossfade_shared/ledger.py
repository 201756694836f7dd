"""The ledger: which mixture governs which step. Append-only, and the same on every rank."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from crossfade_shared.mixture import Mixture
from crossfade_shared.phases import Anneal


@dataclass(frozen=True)
class LedgerEntry:
    """One version of the mixture and the first optimizer step (counted from 0) drawn under it."""

    version: int
    effective_step: int
    mixture: Mixture
    decay_steps: int | None = None
    """The steps over which the learning rate falls to zero from here on; None leaves the phase as it is."""

    def to_json(self) -> dict[str, Any]:
        """Give the entry as plain JSON values."""
        return {
            "version": self.version,
            "effective_step": self.effective_step,
            "weights_ppm": dict(self.mixture.weights_ppm),
            "digest": self.mixture.digest,
            **({} if self.decay_steps is None else {"decay_steps": self.decay_steps}),
        }

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> LedgerEntry:
        """Read what `to_json` wrote; raises `ValueError` where the digest does not fit the weights."""
        entry = cls(
            version=int(values["version"]),
            effective_step=int(values["effective_step"]),
            mixture=Mixture(values["weights_ppm"]),
            decay_steps=int(values["decay_steps"]) if values.get("decay_steps") else None,
        )
        if entry.mixture.digest != values["digest"]:
            raise ValueError(f"ledger entry of version {entry.version}: the digest does not fit the weights")
        return entry


class Ledger:
    """An append-only history of mixtures over steps.

    The first entry governs step 0. Versions and effective steps both grow strictly, so every step has exactly one
    version and a version that was applied governed at least one step.
    """

    def __init__(self, entries: Iterable[LedgerEntry]) -> None:
        self._entries: list[LedgerEntry] = []
        self._effective_steps: list[int] = []
        self.anneal: Anneal | None = None
        """The decay that a version began; the first one, for it ends the run."""
        for entry in entries:
            self.append(entry)
        if not self._entries:
            raise ValueError("a ledger begins with the mixture of step 0")

    def append(self, entry: LedgerEntry) -> None:
        """Add a later version; raises `ValueError` if it is not later in both version and step."""
        if not self._entries:
            if entry.effective_step != 0:
                raise ValueError(f"the first entry must take effect at step 0, not {entry.effective_step}")
        else:
            last = self._entries[-1]
            if entry.version <= last.version:
                raise ValueError(f"version {entry.version} does not follow version {last.version}")
            if entry.effective_step <= last.effective_step:
                raise ValueError(
                    f"version {entry.version} would take effect at step {entry.effective_step}, which is not after "
                    f"step {last.effective_step} of version {last.version}"
                )
            entry.mixture.check_covers(last.mixture.sources)
        self._entries.append(entry)
        self._effective_steps.append(entry.effective_step)
        if self.anneal is None and entry.decay_steps is not None:
            self.anneal = Anneal(begin_step=entry.effective_step, num_steps=entry.decay_steps)

    def entry_at(self, step: int) -> LedgerEntry:
        """Give the entry that governs a step."""
        if step < 0:
            raise ValueError(f"steps are counted from 0; {step} is none")
        return self._entries[bisect_right(self._effective_steps, step) - 1]

    def mixture_at(self, step: int) -> Mixture:
        """Give the mixture that governs a step."""
        return self.entry_at(step).mixture

    def total_steps(self, planned: int) -> int:
        """Give the steps of a run that was planned for so many: a decay that was asked for may end it before."""
        return min(planned, self.anneal.begin_step + self.anneal.num_steps) if self.anneal else planned

    def next_change(self, step: int) -> int | None:
        """Give the first step after a step that another entry governs."""
        number = bisect_right(self._effective_steps, step)
        return self._effective_steps[number] if number < len(self) else None

    @property
    def last(self) -> LedgerEntry:
        """The newest entry."""
        return self._entries[-1]

    def __iter__(self) -> Iterator[LedgerEntry]:
        return iter(tuple(self._entries))

    def __len__(self) -> int:
        return len(self._entries)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Ledger) and self._entries == other._entries

    __hash__ = None  # type: ignore[assignment]  # it grows

    def to_json(self) -> list[dict[str, Any]]:
        """Give the whole ledger as plain JSON values."""
        return [entry.to_json() for entry in self._entries]

    @classmethod
    def from_json(cls, values: Iterable[Mapping[str, Any]]) -> Ledger:
        """Read what `to_json` wrote."""
        return cls(LedgerEntry.from_json(value) for value in values)
