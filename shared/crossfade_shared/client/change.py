"""A change of a mixture as a value: it can be looked at first and sent afterwards."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self, TypedDict, Unpack


class ChangeOptions(TypedDict, total=False):
    """What every change may say besides the weights."""

    takes_effect: str | Mapping[str, int]
    """`"next_step"` (the default), `{"step": n}` or `{"tokens": n}`."""
    override: Sequence[str]
    """Guard rails to pass over, or `["all"]`; that needs the scope approver."""
    evidence: Sequence[str]
    """What speaks for it: links, figures."""
    on_behalf_of: str
    """For whom; the version's author is whoever the token belongs to."""


@dataclass(frozen=True, kw_only=True)
class Change:
    """What is asked of the controller: make one with `whole`, `reweigh`, `restore` or `anneal`."""

    method: str
    path: str
    """What follows the run's own path."""
    body: Mapping[str, Any]

    @classmethod
    def whole(cls, weights: Mapping[str, float], *, reason: str, **options: Unpack[ChangeOptions]) -> Self:
        """Ask for a whole mixture: relative numbers by source; a source that is off may be left out."""
        return cls(method="POST", path="/mixtures", body={"weights": dict(weights), "reason": reason, **options})

    @classmethod
    def reweigh(
        cls,
        *,
        multiply: Mapping[str, float] | None = None,
        fix: Mapping[str, float] | None = None,
        reason: str,
        **options: Unpack[ChangeOptions],
    ) -> Self:
        """Ask for some shares to be multiplied, or fixed as fractions of 1; the others share the rest in proportion."""
        shares = {"multiply": dict(multiply or {}), "set": dict(fix or {})}
        return cls(method="PATCH", path="/mixture", body={**shares, "reason": reason, **options})

    @classmethod
    def restore(cls, version: int, *, reason: str | None = None, **options: Unpack[ChangeOptions]) -> Self:
        """Ask for the weights of an earlier version."""
        given = {"reason": reason} if reason else {}
        return cls(method="POST", path=f"/mixtures/{version}:restore", body={**given, **options})

    @classmethod
    def anneal(
        cls,
        *,
        tokens: int | None = None,
        share: float | None = None,
        weights: Mapping[str, float] | None = None,
        reason: str,
        **options: Unpack[ChangeOptions],
    ) -> Self:
        """Ask for the decay of the learning rate, over tokens or a share of the horizon, and for its mixture."""
        given = {"tokens": tokens, "share": share, "weights": None if weights is None else dict(weights)}
        named = {name: value for name, value in given.items() if value is not None}
        return cls(method="POST", path=":anneal", body={**named, "reason": reason, **options})
