"""The mixture: what share of the training tokens each source gets, in integers that are equal on every machine."""

from __future__ import annotations

import hashlib
import json
import math
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property

from crossfade_shared.errors import UserError

PARTS_PER_MILLION = 1_000_000
MAX_SOURCES = 256
NAME_RULE = "1 to 64 characters of a-z, 0-9, '_', '.', '-', beginning with a letter or a digit"
_NAME = re.compile(r"[a-z0-9][a-z0-9_.-]{0,63}")


class MixtureError(UserError):
    """Weights that make no mixture."""


def check_name(name: str, *, field: str) -> str:
    """Give back a run's or a source's name, or raise `UserError` with the rule it breaks."""
    if not _NAME.fullmatch(name):
        raise UserError(f"{field}: {name!r} is not a valid name; use {NAME_RULE}", field=field)
    return name


@dataclass(frozen=True)
class Mixture:
    """Integer weights by source name, in parts per million, sorted by name and summing to exactly 1 000 000."""

    weights_ppm: Mapping[str, int]

    def __post_init__(self) -> None:
        """Check what was read from a file or a wire; raises `MixtureError`."""
        weights = dict(sorted(self.weights_ppm.items()))
        _check_sources(weights)
        for name, ppm in weights.items():
            if type(ppm) is not int or not 0 <= ppm <= PARTS_PER_MILLION:
                raise MixtureError(
                    f"weights_ppm.{name} is {ppm!r}; it must be a whole number from 0 to {PARTS_PER_MILLION}",
                    field=f"weights_ppm.{name}",
                )
        if (total := sum(weights.values())) != PARTS_PER_MILLION:
            raise MixtureError(
                f"weights_ppm sum to {total}; they must sum to exactly {PARTS_PER_MILLION}",
                field="weights_ppm",
            )
        object.__setattr__(self, "weights_ppm", weights)

    @classmethod
    def from_weights(cls, weights: Mapping[str, float | Fraction]) -> Mixture:
        """Round positive relative numbers to parts per million by largest remainder, ties by source name.

        The arithmetic is exact (fractions of the given floats), so equal inputs give equal mixtures everywhere.
        Raises `MixtureError` for an empty mapping, a weight that is no finite number of at least 0, a sum of 0,
        or a weight above 0 that would round to 0 parts per million.
        """
        _check_sources(weights)
        exact = {name: _exact_weight(name, weights[name]) for name in sorted(weights)}
        total = sum(exact.values())
        if total == 0:
            raise MixtureError("weights are all 0; at least one source needs a weight above 0", field="weights")
        shares = {name: weight * PARTS_PER_MILLION / total for name, weight in exact.items()}
        parts = {name: math.floor(share) for name, share in shares.items()}
        missing = PARTS_PER_MILLION - sum(parts.values())
        by_remainder = sorted(shares, key=lambda name: (parts[name] - shares[name], name))
        for name in by_remainder[:missing]:
            parts[name] += 1
        for name, part in parts.items():
            if part == 0 and exact[name] > 0:
                smallest = float(total / PARTS_PER_MILLION)
                raise MixtureError(
                    f"weights.{name} is {weights[name]!r}, which rounds to 0 parts per million; the smallest "
                    f"possible weight beside these others is {smallest:g}, and 0 switches the source off",
                    field=f"weights.{name}",
                )
        return cls(parts)

    @property
    def sources(self) -> tuple[str, ...]:
        """The names of all sources, those at weight 0 included, in order."""
        return tuple(self.weights_ppm)

    @property
    def weights(self) -> dict[str, float]:
        """Shares as fractions of 1."""
        return {name: ppm / PARTS_PER_MILLION for name, ppm in self.weights_ppm.items()}

    @cached_property
    def digest(self) -> str:
        """SHA-256 (hexadecimal) of the canonical form: compact JSON, sorted by name."""
        canonical = json.dumps(self.weights_ppm, sort_keys=True, separators=(",", ":"))
        return hashlib.sha256(canonical.encode()).hexdigest()

    def without(self, sources: Iterable[str]) -> Mixture | None:
        """Switch sources off and share their weights among the others in proportion; None where no weight is left."""
        left = dict(self.weights_ppm) | dict.fromkeys(sources, 0)
        return Mixture.from_weights(left) if any(left.values()) else None

    def check_covers(self, sources: Iterable[str]) -> None:
        """Raise `MixtureError` unless this mixture names exactly the given sources."""
        known = set(sources)
        for name in self.weights_ppm:
            if name not in known:
                raise MixtureError(
                    f"weights.{name}: there is no source {name!r}; the sources are {', '.join(sorted(known))}",
                    field=f"weights.{name}",
                )
        for name in sorted(known - set(self.weights_ppm)):
            raise MixtureError(
                f"weights.{name} is missing; give its weight, or 0 to switch the source off",
                field=f"weights.{name}",
            )


def complete_weights(weights: Mapping[str, float], current: Mixture) -> dict[str, float | Fraction]:
    """Add the sources that are off now and were left out; a source with a weight now may not be left out.

    Raises `MixtureError` for an unknown source or for one that is left out while its weight is above 0.
    """
    for name in weights:
        if name not in current.weights_ppm:
            raise MixtureError(
                f"weights.{name}: there is no source {name!r}; the sources are {', '.join(current.sources)}",
                field=f"weights.{name}",
            )
    for name, ppm in current.weights_ppm.items():
        if name not in weights and ppm > 0:
            raise MixtureError(
                f"weights.{name} is missing and its weight is {ppm / PARTS_PER_MILLION:g} now; say 0 if you mean 0",
                field=f"weights.{name}",
            )
    return {name: weights.get(name, 0) for name in current.sources}


def reweigh(
    current: Mixture, *, multiply: Mapping[str, float] | None = None, fix: Mapping[str, float] | None = None
) -> Mixture:
    """Upsample: multiply some shares or fix them as fractions of 1; the other sources share the rest in proportion.

    Raises `MixtureError` where a name is unknown, a source is both multiplied and fixed, or nothing is left for
    the others (or something is, and there are no others to take it).
    """
    multiply, fix = multiply or {}, fix or {}
    if not multiply and not fix:
        raise MixtureError("name at least one source under 'multiply' or 'set'", field="multiply")
    asked: dict[str, Fraction] = {}
    for kind, given in (("multiply", multiply), ("set", fix)):
        for name, number in given.items():
            field = f"{kind}.{name}"
            if name not in current.weights_ppm:
                raise MixtureError(
                    f"{field}: there is no source {name!r}; the sources are {', '.join(current.sources)}",
                    field=field,
                )
            if name in asked:
                raise MixtureError(f"{field}: {name!r} is under 'multiply' already; name it once", field=field)
            value = _exact_weight(name, number, field=field)
            now = Fraction(current.weights_ppm[name], PARTS_PER_MILLION)
            if kind == "multiply" and now == 0:
                raise MixtureError(f"{field}: its weight is 0, which no factor changes; use 'set'", field=field)
            asked[name] = value * now if kind == "multiply" else value
    return _with_rest_in_proportion(current, asked, field="set" if fix else "multiply")


def _with_rest_in_proportion(current: Mixture, asked: Mapping[str, Fraction], *, field: str) -> Mixture:
    rest = 1 - sum(asked.values())
    others = {name: ppm for name, ppm in current.weights_ppm.items() if name not in asked and ppm > 0}
    names = ", ".join(asked)
    if rest < 0 or (rest == 0 and others):
        raise MixtureError(
            f"{field}: {names} would take {float(1 - rest):.4g} of the whole; leave something below 1 for the others",
            field=field,
        )
    if rest > 0 and not others:
        raise MixtureError(
            f"{field}: {names} would take {float(1 - rest):.4g} of the whole, and no other source has a weight to take "
            "the rest",
            field=field,
        )
    total = sum(others.values())
    in_proportion = {name: rest * ppm / total for name, ppm in others.items()}
    return Mixture.from_weights({name: asked.get(name, in_proportion.get(name, 0)) for name in current.sources})


def _check_sources(weights: Mapping[str, object]) -> None:
    if not weights:
        raise MixtureError("weights are empty; give at least one source a weight", field="weights")
    if len(weights) > MAX_SOURCES:
        raise MixtureError(f"weights name {len(weights)} sources; {MAX_SOURCES} is the most", field="weights")
    for name in weights:
        if not _NAME.fullmatch(name):
            raise MixtureError(f"weights: {name!r} is not a source name; use {NAME_RULE}", field="weights")


def _exact_weight(name: str, weight: object, *, field: str | None = None) -> Fraction:
    field = field or f"weights.{name}"
    accepted = "give a finite number of at least 0"
    if isinstance(weight, bool) or not isinstance(weight, int | float | Fraction):
        raise MixtureError(f"{field} is {weight!r}; {accepted}", field=field)
    if isinstance(weight, float) and not math.isfinite(weight):
        raise MixtureError(f"{field} is {weight!r}; {accepted}", field=field)
    if weight < 0:
        raise MixtureError(f"{field} is {weight!r}; {accepted}", field=field)
    return Fraction(weight)
