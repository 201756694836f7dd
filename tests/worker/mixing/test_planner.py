"""The planner: the same sequence for every world size, across changes, resumes and epochs (A2, A4, A7)."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crossfade_shared.errors import UserError
from crossfade_shared.mixture import Mixture
from crossfade_worker.mixing.planner import BatchPlan, Planner, PlannerState

ROWS = {"code": 90, "math": 7, "web": 1000}
MIXTURES = [
    Mixture.from_weights({"code": 0.3, "math": 0.1, "web": 0.6}),
    Mixture.from_weights({"code": 0.3, "math": 0.0, "web": 0.7}),
    Mixture.from_weights({"code": 0.1, "math": 0.8, "web": 0.1}),
]


def planner(batch_sequences: int = 16, *, seed: int = 1) -> Planner:
    return Planner(ROWS, seed=seed, batch_sequences=batch_sequences)


def draws(plan: BatchPlan) -> list[tuple[int, int]]:
    return list(zip(plan.sources.tolist(), plan.rows.tolist(), strict=True))


@given(st.lists(st.integers(0, 2), min_size=1, max_size=30))
@settings(deadline=None)
def test_within_an_epoch_nothing_is_lost_or_repeated(choices: list[int]) -> None:
    plans = planner()
    seen: dict[int, list[int]] = {0: [], 1: [], 2: []}
    for choice in choices:
        plan = plans.next_plan(MIXTURES[choice])
        # Draws of one source keep their order within the batch.
        for source, row in draws(plan):
            seen[source].append(row)
    for source, name in enumerate(plans.sources):
        for begin in range(0, len(seen[source]), ROWS[name]):
            epoch = seen[source][begin : begin + ROWS[name]]
            assert len(set(epoch)) == len(epoch)


@pytest.mark.parametrize("world_size", [1, 2, 4, 8])
def test_every_world_size_draws_the_same_batches(world_size: int) -> None:
    alone, ranks = planner(), [planner() for _ in range(world_size)]
    for mixture in MIXTURES * 3:
        shares = [rank_planner.next_plan(mixture).part(rank, world_size) for rank, rank_planner in enumerate(ranks)]
        assert [draw for share in shares for draw in draws(share)] == draws(alone.next_plan(mixture))


def test_every_rank_gets_nearly_the_mixture() -> None:
    plan = planner(64).next_plan(MIXTURES[0])
    whole = np.bincount(plan.sources, minlength=3) / 4
    for rank in range(4):
        share = np.bincount(plan.part(rank, 4).sources, minlength=3)
        assert np.abs(share - whole).max() <= 1.5


@given(st.integers(1, 20), st.lists(st.integers(0, 2), min_size=21, max_size=30))
@settings(max_examples=30, deadline=None)
def test_a_resume_draws_what_the_undisturbed_run_draws(stop: int, choices: list[int]) -> None:
    undisturbed = planner()
    digests = [undisturbed.next_plan(MIXTURES[choice]).digest() for choice in choices]
    first = planner()
    for choice in choices[:stop]:
        first.next_plan(MIXTURES[choice])
    second = planner()
    second.state = PlannerState.from_json(json.loads(json.dumps(first.state.to_json())))
    assert [second.next_plan(MIXTURES[choice]).digest() for choice in choices[stop:]] == digests[stop:]


@given(st.lists(st.tuples(st.integers(0, 2), st.integers(0, 9)), min_size=1, max_size=6))
@settings(max_examples=50, deadline=None)
def test_several_batches_at_once_are_those_one_by_one(portions: list[tuple[int, int]]) -> None:
    at_once, one_by_one = planner(), planner()
    for choice, num_batches in portions:
        plans = at_once.next_plans(MIXTURES[choice], num_batches)
        assert [plan.digest() for plan in plans] == [
            one_by_one.next_plan(MIXTURES[choice]).digest() for _ in range(num_batches)
        ]
        assert at_once.state == one_by_one.state


def test_a_mixture_of_other_sources_is_refused() -> None:
    with pytest.raises(UserError, match="no source 'maths'"):
        planner().next_plan(Mixture.from_weights({"code": 1, "maths": 1, "web": 1}))


def test_a_source_at_weight_0_is_not_drawn() -> None:
    plans = planner()
    plans.next_plan(MIXTURES[0])
    for _ in range(10):
        assert 1 not in plans.next_plan(MIXTURES[1]).sources


def test_a_small_source_goes_through_many_epochs_in_one_batch() -> None:
    plan = Planner({"a": 3, "b": 5}, seed=0, batch_sequences=40).next_plan(Mixture.from_weights({"a": 3, "b": 1}))
    rows = [row for source, row in draws(plan) if source == 0]
    assert Counter(rows) == {0: 10, 1: 10, 2: 10}
    assert all(sorted(rows[begin : begin + 3]) == [0, 1, 2] for begin in range(0, 30, 3))
    assert len({tuple(rows[begin : begin + 3]) for begin in range(0, 30, 3)}) > 1


def test_a_position_deep_in_a_huge_run_costs_nothing() -> None:
    plans = Planner({"a": 10**9, "b": 10**11}, seed=0, batch_sequences=1024)
    plans.state = PlannerState(credits=(250_000, -250_000), cursors=(10**12, 3 * 10**12))
    plan = plans.next_plan(Mixture.from_weights({"a": 1, "b": 1}))
    assert plans.state.cursors == (10**12 + 512, 3 * 10**12 + 512)
    assert len(set(draws(plan))) == 1024


def test_a_source_without_a_full_row_is_refused_by_name() -> None:
    with pytest.raises(UserError, match="source 'math' has no full row") as error:
        Planner({"web": 5, "math": 0}, seed=0, batch_sequences=1)
    assert error.value.field == "sources.math"


def test_the_first_draws_are_those_of_the_golden_file() -> None:
    """A change of this hash changes every run that is resumed: it needs a changelog entry."""
    golden = json.loads((Path(__file__).parents[2] / "golden" / "planner.json").read_text())
    plans = Planner(golden["num_rows"], seed=golden["seed"], batch_sequences=golden["batch_sequences"])
    digest = hashlib.sha256()
    for weights, num_batches in golden["mixtures"]:
        for plan in plans.next_plans(Mixture.from_weights(weights), num_batches):
            digest.update(bytes.fromhex(plan.digest()))
    assert sum(num_batches for _, num_batches in golden["mixtures"]) * golden["batch_sequences"] == 100_000
    assert digest.hexdigest() == golden["sha256"]
