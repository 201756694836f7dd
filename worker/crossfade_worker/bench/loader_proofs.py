"""What the loader promises besides speed, measured: fidelity, live changes, resume."""

from __future__ import annotations

import json
import statistics
import time
from collections import Counter
from copy import copy
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from crossfade_shared.mixture import PARTS_PER_MILLION, Mixture
from crossfade_worker.bench.loader_corpus import NUM_SOURCES, SEQUENCE_LENGTH, rows_read, source_name
from crossfade_worker.data.corpus import Corpus
from crossfade_worker.data.reader import RowReader
from crossfade_worker.data.shards import open_corpus
from crossfade_worker.mixing.planner import BatchPlan, Planner, PlannerState

BATCH_ROWS = 8
_FIDELITY_BATCH_ROWS = 4  # divides every n
_NUM_STEPS = 600
_STEPS_PER_CHANGE = 5


@dataclass(frozen=True)
class Change:
    """What live changes did to the rows that were read, and what one costs."""

    num_changes: int
    stale_batches: int
    """With rows of a source that the mixture in force had switched off."""
    repeated_rows: int
    """Read more than once within an epoch."""
    skipped_rows: int
    """Left out of the order in which their source gives them."""
    change_milliseconds: float
    """Median of the steps that change the mixture, less the median of the others."""


@dataclass(frozen=True)
class Start:
    """How soon batches come, and whether they are the right ones."""

    first_batch_seconds: float
    resume_seconds: float
    resume_identical: bool
    state_bytes: int


def weights(version: int) -> Mixture:
    """Give a mixture that differs from version to version; the odd ones leave half of the sources out."""
    return Mixture.from_weights(
        {
            source_name(number): 0 if version % 2 and number % 2 else 1 + (number + version) % 5
            for number in range(NUM_SOURCES)
        }
    )


def fidelity_error(num_sequences: int) -> float:
    """Give the largest distance of a source from its quota, in sequences, after so many under fixed weights."""
    mixture = weights(0)
    planner = Planner(dict.fromkeys(mixture.sources, 10**6), seed=0, batch_sequences=_FIDELITY_BATCH_ROWS)
    drawn: Counter[int] = Counter()
    for _ in range(num_sequences // _FIDELITY_BATCH_ROWS):
        drawn.update(planner.next_plan(mixture).sources.tolist())
    return max(
        abs(drawn[number] - num_sequences * mixture.weights_ppm[name] / PARTS_PER_MILLION)
        for number, name in enumerate(planner.sources)
    )


def measure_changes(corpus: Corpus) -> Change:
    """Change the mixture every few steps while the rows of the next step are always read ahead under the old one."""
    reader = RowReader(corpus, sequence_length=SEQUENCE_LENGTH)
    planner = Planner(reader.num_rows, seed=0, batch_sequences=BATCH_ROWS)
    read: list[tuple[int, int]] = []
    seconds: dict[bool, list[float]] = {False: [], True: []}
    num_stale = 0
    for step in range(_NUM_STEPS):
        mixture = weights(step // _STEPS_PER_CHANGE)
        began = time.perf_counter()
        tokens = reader.read(planner.next_plan(mixture))
        seconds[step % _STEPS_PER_CHANGE == 0].append(time.perf_counter() - began)
        reader.will_need(copy(planner).next_plan(mixture))
        rows = rows_read(tokens)
        num_stale += any(mixture.weights_ppm[source_name(source)] == 0 for source, _ in rows)
        read += rows
    return Change(
        num_changes=_NUM_STEPS // _STEPS_PER_CHANGE - 1,
        stale_batches=num_stale,
        repeated_rows=len(read) - len(set(read)),
        skipped_rows=len(_due(reader, planner.state) - set(read)),
        change_milliseconds=1e3 * (statistics.median(seconds[True]) - statistics.median(seconds[False])),
    )


def _due(reader: RowReader, state: PlannerState) -> set[tuple[int, int]]:
    """Give the rows that every source gives first, as many as it gave, found by drawing from it alone."""
    due: set[tuple[int, int]] = set()
    for number, (name, count) in enumerate(zip(sorted(reader.num_rows), state.cursors, strict=True)):
        if count > reader.num_rows[name]:
            raise ValueError("the corpus is too small for the benchmark: a source went into its second epoch")
        alone = Mixture.from_weights({other: int(other == name) for other in reader.num_rows})
        planner = Planner(reader.num_rows, seed=0, batch_sequences=1)
        rows = np.concatenate([plan.rows for plan in planner.next_plans(alone, count)] or [np.array([], dtype=int)])
        due.update((number, row) for row in rows.tolist())
    return due


def measure_start(directory: Path, *, num_rounds: int) -> Start:
    """Open the corpus for a first batch, and again for a resume from a state across a change of mixture."""
    first, resumed = [], []
    for _ in range(num_rounds):
        began = time.perf_counter()
        reader, planner = _open(directory)
        reader.read(planner.next_plan(weights(0)))
        first.append(time.perf_counter() - began)
    planner.next_plans(weights(0), 100)
    state = json.dumps(planner.state.to_json())
    undisturbed = _read_on(reader, planner)
    identical = True
    for _ in range(num_rounds):
        began = time.perf_counter()
        reader, planner = _open(directory)
        planner.state = PlannerState.from_json(json.loads(state))
        before = copy(planner)
        reader.read(planner.next_plan(weights(0)))
        resumed.append(time.perf_counter() - began)
        identical &= bool(np.array_equal(_read_on(reader, before), undisturbed))
    return Start(statistics.median(first), statistics.median(resumed), identical, len(state))


def _open(directory: Path) -> tuple[RowReader, Planner]:
    reader = RowReader(open_corpus(directory), sequence_length=SEQUENCE_LENGTH)
    return reader, Planner(reader.num_rows, seed=0, batch_sequences=BATCH_ROWS)


def _read_on(reader: RowReader, planner: Planner) -> np.ndarray[tuple[int, ...], np.dtype[np.int64]]:
    """Read twenty batches, the second half under another mixture."""
    plans: list[BatchPlan] = [*planner.next_plans(weights(0), 10), *planner.next_plans(weights(1), 10)]
    return np.concatenate([reader.read(plan) for plan in plans])
