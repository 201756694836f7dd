"""Mixtures: integers that sum to a million, and errors that name the field."""

from __future__ import annotations

import hashlib
import math
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crossfade_shared.mixture import (
    MAX_SOURCES,
    PARTS_PER_MILLION,
    Mixture,
    MixtureError,
    complete_weights,
    reweigh,
)

NAMES = st.from_regex(r"[a-z0-9][a-z0-9_.-]{0,10}", fullmatch=True)
WEIGHTS = st.dictionaries(NAMES, st.floats(0.01, 100), min_size=1, max_size=40)


@given(WEIGHTS)
def test_weights_sum_to_a_million_and_stay_within_one_part(weights: dict[str, float]) -> None:
    mixture = Mixture.from_weights(weights)
    assert sum(mixture.weights_ppm.values()) == PARTS_PER_MILLION
    total = math.fsum(weights.values())
    for name, ppm in mixture.weights_ppm.items():
        assert abs(ppm - weights[name] / total * PARTS_PER_MILLION) < 1.001


@given(WEIGHTS, st.randoms())
def test_the_order_of_the_sources_does_not_matter(weights: dict[str, float], random: Random) -> None:
    names = list(weights)
    random.shuffle(names)
    shuffled = Mixture.from_weights({name: weights[name] for name in names})
    assert shuffled == Mixture.from_weights(weights)
    assert shuffled.digest == Mixture.from_weights(weights).digest


@given(WEIGHTS)
def test_a_mixture_read_back_is_the_same(weights: dict[str, float]) -> None:
    mixture = Mixture.from_weights(weights)
    assert Mixture(dict(mixture.weights_ppm)) == mixture
    assert Mixture.from_weights(mixture.weights) == mixture


def test_ties_of_the_largest_remainder_go_by_name() -> None:
    assert Mixture.from_weights({"c": 1, "a": 1, "b": 1}).weights_ppm == {"a": 333_334, "b": 333_333, "c": 333_333}


def test_the_digest_is_that_of_the_documented_canonical_form() -> None:
    canonical = b'{"code":100000,"web":900000}'
    assert Mixture.from_weights({"web": 0.9, "code": 0.1}).digest == hashlib.sha256(canonical).hexdigest()


@pytest.mark.parametrize(
    ("weights", "field", "hint"),
    [
        ({}, "weights", "at least one source"),
        ({"a": 0.0, "b": 0.0}, "weights", "above 0"),
        ({"a": math.nan}, "weights.a", "finite number"),
        ({"a": math.inf, "b": 1}, "weights.a", "finite number"),
        ({"a": 1, "b": -0.1}, "weights.b", "at least 0"),
        ({"a": True, "b": 1}, "weights.a", "finite number"),
        ({"a": "0.5", "b": 1}, "weights.a", "finite number"),
        ({"a": 1, "b": 1e-9}, "weights.b", "smallest possible weight"),
        ({"A": 1}, "weights", "a-z"),
        ({"../x": 1}, "weights", "a-z"),
        ({"<img onerror=1>": 1}, "weights", "a-z"),
        ({f"s{number}": 1.0 for number in range(MAX_SOURCES + 1)}, "weights", "256"),
    ],
)
def test_bad_weights_name_the_field_and_what_is_right(weights: dict[str, float], field: str, hint: str) -> None:
    with pytest.raises(MixtureError, match=hint) as error:
        Mixture.from_weights(weights)
    assert error.value.field == field


def test_the_smallest_weight_that_the_error_names_is_accepted() -> None:
    with pytest.raises(MixtureError):
        Mixture.from_weights({"a": 1.0, "b": 1e-9})
    assert Mixture.from_weights({"a": 1.0, "b": 1.000001e-6}).weights_ppm["b"] == 1


@pytest.mark.parametrize(
    ("parts", "hint"),
    [
        ({"a": 999_999}, "exactly"),
        ({"a": 1_000_001}, "0 to"),
        ({"a": -1, "b": 1_000_001}, "0 to"),
        ({"a": 1_000_000.0}, "whole number"),
    ],
)
def test_parts_from_a_wire_are_checked(parts: dict[str, int], hint: str) -> None:
    with pytest.raises(MixtureError, match=hint):
        Mixture(parts)


MIXTURE = Mixture.from_weights({"web": 0.6, "code": 0.3, "math": 0.1, "off": 0})


def test_a_source_with_a_weight_may_not_be_left_out() -> None:
    with pytest.raises(MixtureError, match="say 0 if you mean 0") as error:
        complete_weights({"web": 0.9, "code": 0.1}, MIXTURE)
    assert error.value.field == "weights.math"


def test_a_source_that_is_off_may_be_left_out() -> None:
    assert complete_weights({"web": 1, "code": 1, "math": 0}, MIXTURE) == {"code": 1, "math": 0, "off": 0, "web": 1}


def test_an_unknown_source_is_named_with_the_known_ones() -> None:
    with pytest.raises(MixtureError, match="the sources are code, math, off, web"):
        complete_weights({"maths": 1}, MIXTURE)
    with pytest.raises(MixtureError, match="'maths'"):
        Mixture.from_weights({"maths": 1}).check_covers(["math"])
    with pytest.raises(MixtureError, match=r"weights\.web is missing"):
        Mixture.from_weights({"math": 1}).check_covers(["math", "web"])


def test_upsampling_takes_from_the_others_in_proportion() -> None:
    upsampled = reweigh(MIXTURE, multiply={"math": 3}).weights
    assert upsampled["math"] == pytest.approx(0.3)
    assert upsampled["web"] / upsampled["code"] == pytest.approx(2, abs=1e-4)
    assert upsampled["off"] == 0
    assert reweigh(MIXTURE, fix={"off": 0.5}).weights["off"] == 0.5


@pytest.mark.parametrize(
    ("multiply", "fix", "hint"),
    [
        ({}, {}, "at least one source"),
        ({"math": 20}, {}, "below 1"),
        ({"off": 2}, {}, "use 'set'"),
        ({"maths": 2}, {}, "no source"),
        ({"math": 2}, {"math": 0.5}, "already"),
        ({"math": math.inf}, {}, "finite"),
        ({}, {"math": 0.1, "web": 0.1, "code": 0.1}, "no other source"),
    ],
)
def test_upsampling_that_makes_no_mixture_says_why(
    multiply: dict[str, float], fix: dict[str, float], hint: str
) -> None:
    with pytest.raises(MixtureError, match=hint):
        reweigh(MIXTURE, multiply=multiply, fix=fix)
