"""Who asks: a name, what it may do, and the run it is bound to."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Scope = Literal["viewer", "evaluator", "operator", "approver", "policy", "admin"]


@dataclass(frozen=True, kw_only=True)
class Actor:
    """Whoever holds a token, or nobody in particular. `run` is the one run it may touch, None for all."""

    name: str
    scopes: frozenset[Scope]
    run: str | None = None
    anonymous: bool = False

    def may(self, *scopes: Scope) -> bool:
        """Say whether it has one of some scopes; admin has all, and everybody may view."""
        return "viewer" in scopes or "admin" in self.scopes or not self.scopes.isdisjoint(scopes)


ANONYMOUS = Actor(name="anonymous", scopes=frozenset({"viewer"}), anonymous=True)
