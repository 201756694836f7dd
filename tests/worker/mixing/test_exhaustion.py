"""Caps: no source gives a row too many, none is lost or repeated, and every rank comes to the same end (A7)."""

from __future__ import annotations

import json
from collections import defaultdict

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from crossfade_shared.errors import UserError
from crossfade_shared.ledger import LedgerEntry
from crossfade_shared.mixture import Mixture
from crossfade_shared.telemetry import CapAheadReport, ExhaustedReport
from crossfade_worker.mixing.cap_watch import CapWatch
from crossfade_worker.mixing.epochs import EpochSettings, caps_in_rows
from crossfade_worker.mixing.exhaustion import Cap, EndOfData
from crossfade_worker.mixing.exposure import Exposure
from crossfade_worker.mixing.planner import BatchPlan, Planner, PlannerState

ROWS = {"code": 40, "math": 7, "web": 100}
BATCH = 8


@st.composite
def mixtures(draw: st.DrawFn) -> Mixture:
    weights = {name: draw(st.sampled_from([0, 1, 3, 20])) for name in ROWS}
    return Mixture.from_weights(weights if any(weights.values()) else {**weights, "web": 1})


caps_by_source = st.dictionaries(
    st.sampled_from(sorted(ROWS)),
    st.builds(Cap, st.integers(1, 120), st.sampled_from(["redistribute", "redistribute", "stop"])),
)
histories = st.lists(st.tuples(mixtures(), st.integers(1, 6)), min_size=1, max_size=8)


def planner(caps: dict[str, Cap]) -> Planner:
    return Planner(ROWS, seed=3, batch_sequences=BATCH, caps=caps)


def drawn(plans: list[BatchPlan]) -> dict[str, list[int]]:
    rows: dict[str, list[int]] = defaultdict(list)
    for plan in plans:
        for source, row in zip(plan.sources.tolist(), plan.rows.tolist(), strict=True):
            rows[sorted(ROWS)[source]].append(row)
    return rows


def run_through(plans: Planner, history: list[tuple[Mixture, int]]) -> list[BatchPlan]:
    """Draw a history one step after the other, until the data end."""
    batches = []
    for mixture, num_steps in history:
        for _ in range(num_steps):
            try:
                batches.append(plans.next_plan(mixture))
            except EndOfData:
                return batches
    return batches


@given(caps_by_source, histories)
@settings(max_examples=100, deadline=None)
def test_no_source_passes_its_cap_and_every_epoch_is_whole(
    caps: dict[str, Cap], history: list[tuple[Mixture, int]]
) -> None:
    plans = planner(caps)
    batches = run_through(plans, history)
    assert all(len(batch.rows) == BATCH for batch in batches)
    assert sum(plans.state.credits) == 0
    assert max(map(abs, plans.state.credits)) < 2_000_000
    for name, rows in drawn(batches).items():
        assert len(rows) <= caps[name].num_rows if name in caps else True
        for begin in range(0, len(rows), ROWS[name]):
            epoch = rows[begin : begin + ROWS[name]]
            assert len(set(epoch)) == len(epoch)


@given(caps_by_source, histories, st.lists(st.sampled_from([1, 2, 4, 8]), min_size=1, max_size=4))
@settings(max_examples=60, deadline=None)
def test_resumes_rewinds_and_world_sizes_change_nothing(
    caps: dict[str, Cap], history: list[tuple[Mixture, int]], world_sizes: list[int]
) -> None:
    """A2, A4, A5, A6: a later attempt takes up any earlier step, with another number of ranks, and draws the same."""
    undisturbed = planner(caps)
    steps = [mixture for mixture, num_steps in history for _ in range(num_steps)]
    states = [undisturbed.state]
    expected = []
    for batch_mixture in steps:
        try:
            expected.append(undisturbed.next_plan(batch_mixture).digest())
        except EndOfData:
            break
        states.append(undisturbed.state)
    for attempt, world_size in enumerate(world_sizes, start=1):
        begin = len(expected) * attempt // (len(world_sizes) + 1)
        ranks = [planner(caps) for _ in range(world_size)]
        for rank in ranks:
            rank.state = PlannerState.from_json(json.loads(json.dumps(states[begin].to_json())))
        for step in range(begin, len(expected)):
            plans = [rank.next_plan(steps[step]) for rank in ranks]
            assert {plan.digest() for plan in plans} == {expected[step]}
            shares = [plan.part(number, world_size) for number, plan in enumerate(plans)]
            assert [row for share in shares for row in share.rows] == plans[0].rows.tolist()
        if len(expected) < len(steps):
            for rank in ranks:
                with pytest.raises(EndOfData):
                    rank.next_plan(steps[len(expected)])
                assert rank.state == states[-1]


@given(caps_by_source, mixtures(), st.integers(1, 40))
@settings(max_examples=60, deadline=None)
def test_several_batches_at_once_end_where_single_ones_do(
    caps: dict[str, Cap], mixture: Mixture, num_batches: int
) -> None:
    one_by_one = planner(caps)
    single = [plan.digest() for plan in run_through(one_by_one, [(mixture, num_batches)])]
    at_once = planner(caps)
    if single:
        assert [plan.digest() for plan in at_once.next_plans(mixture, num_batches)] == single
        assert at_once.state == one_by_one.state
    if len(single) < num_batches:
        with pytest.raises(EndOfData):
            at_once.next_plans(mixture, num_batches)


def test_within_the_batch_in_which_a_source_ends_the_others_share_its_place() -> None:
    plans = planner({"math": Cap(3)})
    mixture = Mixture.from_weights({"code": 1, "math": 2, "web": 1})
    assert {name: len(rows) for name, rows in drawn([plans.next_plan(mixture)]).items()} == {
        "code": 3,
        "math": 3,
        "web": 2,
    }
    assert plans.exhausted(mixture) == ("math",)
    assert plans.exhausted(Mixture.from_weights({"code": 1, "math": 0, "web": 1})) == ()
    later = drawn(plans.next_plans(mixture, 10))
    assert {name: len(rows) for name, rows in later.items()} == {"code": 40, "web": 40}


def test_what_the_controller_writes_down_is_what_is_drawn_already() -> None:
    mixture = Mixture.from_weights({"code": 1, "math": 5, "web": 3})
    at_the_cap, told = planner({"math": Cap(4)}), planner({"math": Cap(4)})
    at_the_cap.next_plan(mixture)
    told.next_plan(mixture)
    written = mixture.without(["math"])
    assert written is not None
    for _ in range(12):
        assert at_the_cap.next_plan(mixture).digest() == told.next_plan(written).digest()


def test_a_source_that_stops_the_run_is_not_drawn_past_its_cap() -> None:
    plans = planner({"math": Cap(5, "stop")})
    mixture = Mixture.from_weights({"code": 1, "math": 1, "web": 2})
    assert len(plans.next_plans(mixture, 9)) == 2
    with pytest.raises(EndOfData, match="math gave all rows") as end:
        plans.next_plan(mixture)
    assert end.value.sources == ("math",)
    assert len(plans.next_plans(Mixture.from_weights({"code": 1, "math": 0, "web": 2}), 3)) == 3


def test_when_all_are_exhausted_no_batch_is_short() -> None:
    plans = planner({name: Cap(rows) for name, rows in ROWS.items()})
    batches = run_through(plans, [(Mixture.from_weights({"code": 1, "math": 1, "web": 1}), 100)])
    assert len(batches) == sum(ROWS.values()) // BATCH
    assert all(len(set(rows)) == len(rows) for rows in drawn(batches).values())


def test_caps_are_whole_rows_of_the_epochs_as_they_are_written() -> None:
    def cap(max_epochs: float) -> Cap:
        return caps_in_rows({"math": EpochSettings(max_epochs=max_epochs)}, {"math": 10})["math"]

    assert cap(0.3).num_rows == 3  # of the float nearest to 0.3 it would be 2
    assert cap(2.55).num_rows == 25
    with pytest.raises(UserError, match="is not one of its 10 rows") as error:
        cap(0.09)
    assert error.value.field == "epochs.math.max_epochs"
    with pytest.raises(ValidationError, match="less than or equal to 1000000"):  # more rows than a cursor can count
        cap(1e18)
    with pytest.raises(UserError, match="no source 'maths'; the sources are math") as error:
        caps_in_rows({"maths": EpochSettings(max_epochs=1)}, {"math": 10})
    assert error.value.field == "epochs.maths"


def test_the_exposure_is_what_was_trained_on() -> None:
    plans, exposure = planner({}), Exposure(ROWS, sequence_length=16)
    mixture = Mixture.from_weights({"code": 1, "math": 1, "web": 2})
    plans.next_plans(mixture, 5)
    checkpoint = plans.state
    plans.next_plans(mixture, 7)  # drawn and given up: the run goes back to its checkpoint
    assert exposure.tokens(checkpoint) == {"code": 160, "math": 160, "web": 320}
    assert exposure.epochs(checkpoint) == {"code": 10 / 40, "math": 10 / 7, "web": 20 / 100}


def test_a_cap_is_told_ahead_and_when_it_is_reached_once_a_version() -> None:
    caps = {"math": Cap(40)}
    plans = planner(caps)
    watch = CapWatch(plans, Exposure(ROWS, sequence_length=16), caps, total_steps=80)
    entry = LedgerEntry(1, 0, Mixture.from_weights({"code": 1, "math": 1, "web": 2}))
    told = []
    for step in range(40):
        told += watch.before(step, entry)
        plans.next_plan(entry.mixture)
    ahead = CapAheadReport(step=16, version=1, source="math", expected_step=19)
    reached = ExhaustedReport(step=20, version=1, source_epochs={"math": 40 / 7}, ends_run=False)
    assert told == [ahead, reached]
    again = LedgerEntry(2, 40, Mixture.from_weights({"code": 1, "math": 2, "web": 2}))
    assert [report.kind for report in watch.before(40, again)] == ["exhausted"]
    switched_off = LedgerEntry(3, 41, Mixture.from_weights({"code": 1, "math": 0, "web": 2}))
    assert list(watch.before(41, switched_off)) == []
