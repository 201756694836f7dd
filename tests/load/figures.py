"""What was measured, against what is asked for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Bound:
    """A value that must be reached, or must not be passed, and one to aim at."""

    must: float
    aim: float | None = None
    at_most: bool = False

    def verdict(self, value: float) -> str:
        """Say how a value stands to the bound."""
        if self.aim is not None and self._holds(value, self.aim):
            return "aim"
        return "must" if self._holds(value, self.must) else "MISSED"

    def _holds(self, value: float, bound: float) -> bool:
        return value <= bound if self.at_most else value >= bound


@dataclass(frozen=True, kw_only=True)
class Figure:
    """One measured value."""

    name: str
    value: float
    unit: str
    bound: Bound | None = None

    @property
    def verdict(self) -> str:
        """Say how it stands to its bound: `aim`, `must`, `MISSED`, or nothing where there is none."""
        return self.bound.verdict(self.value) if self.bound else ""

    @property
    def shown(self) -> str:
        """Give value and unit for people."""
        return f"{self.value:,.0f} {self.unit}" if self.value >= 100 else f"{self.value:.1f} {self.unit}"


def quantile(values: Sequence[float], share: float) -> float:
    """Give the value that a share of all values do not pass."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


def milliseconds(name: str, seconds: Sequence[float], share: float, bound: Bound | None = None) -> Figure:
    """Make a figure of a quantile of some durations."""
    return Figure(name=name, value=quantile(seconds, share) * 1e3, unit="ms", bound=bound)
