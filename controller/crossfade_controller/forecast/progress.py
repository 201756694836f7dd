"""How far a run is: what it has drawn from each source, and how much it still may and will draw."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from fractions import Fraction

from crossfade_shared.mixture import Mixture


@dataclass(frozen=True, kw_only=True)
class SourceProgress:
    """One source of a run, and the tokens that were drawn from it."""

    name: str
    unique_tokens: int
    max_epochs: float
    consumed_tokens: int

    @property
    def budget_tokens(self) -> int:
        """The tokens it may give in all: as it is written, so that 0.3 epochs of 10 tokens are 3."""
        return math.floor(Fraction(str(self.max_epochs)) * self.unique_tokens)

    @property
    def left_tokens(self) -> int:
        """The tokens it may still give."""
        return max(0, self.budget_tokens - self.consumed_tokens)

    def epochs(self, tokens: float) -> float:
        """Give how often so many tokens pass through the source."""
        return tokens / self.unique_tokens


@dataclass(frozen=True, kw_only=True)
class RunProgress:
    """A run after so many tokens. `tokens_per_step` is None until the workers told it."""

    tokens: int
    horizon_tokens: int
    tokens_per_step: int | None
    sources: tuple[SourceProgress, ...]

    @property
    def remaining_tokens(self) -> int:
        """The tokens until the horizon."""
        return max(0, self.horizon_tokens - self.tokens)

    def later(self, tokens: int, mixture: Mixture) -> RunProgress:
        """Give the progress at a later token count, if all is drawn under a mixture until then."""
        ahead = max(0, tokens - self.tokens)
        sources = tuple(
            replace(source, consumed_tokens=source.consumed_tokens + round(ahead * mixture.weights[source.name]))
            for source in self.sources
        )
        return replace(self, tokens=self.tokens + ahead, sources=sources)

    def ending_after(self, tokens: int) -> RunProgress:
        """Give the same progress of a run that ends after so many more tokens."""
        return replace(self, horizon_tokens=min(self.horizon_tokens, self.tokens + tokens))
