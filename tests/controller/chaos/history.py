"""What was done and what was seen while things broke: the record that the checkers read."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal

Outcome = Literal["invoked", "ok", "failed", "unknown"]


@dataclass(kw_only=True)
class Write:
    """One change of a mixture as its author knows it; a repeat with the same key belongs to the same write."""

    key: str
    based_on: int
    reason: str
    outcome: Outcome = "invoked"
    restores: int | None = None
    """The version whose weights it brings back."""
    answers: list[dict[str, Any]] = field(default_factory=list)
    """The bodies of every 201."""

    def answered(self, body: dict[str, Any]) -> None:
        """Note that it was acknowledged."""
        self.outcome = "ok"
        self.answers.append(body)


@dataclass(frozen=True, kw_only=True)
class Seen:
    """A mixture that a worker came to hold within one attempt."""

    attempt: int
    version: int
    digest: str


@dataclass(kw_only=True)
class History:
    """Everything of one run."""

    writes: list[Write] = field(default_factory=list)
    seen: list[Seen] = field(default_factory=list)
    """In the order of the worker."""
    read: list[dict[str, Any]] = field(default_factory=list)
    """Versions as REST gave them at any time."""
    log: list[dict[str, Any]] = field(default_factory=list)
    """The versions at the end, lowest first."""
    accepted: list[int] = field(default_factory=list)
    """Versions that the run's events tell as accepted, in their order."""
