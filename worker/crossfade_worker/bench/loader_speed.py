"""How fast batches come: ours, a plain numpy memory-map loop, and the memory itself, in turns."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from crossfade_shared.mixture import Mixture
from crossfade_worker.bench.loader_corpus import ROW_TOKENS, tokens_path
from crossfade_worker.data.batches import BatchReader
from crossfade_worker.data.corpus import Corpus
from crossfade_worker.data.reader import RowReader
from crossfade_worker.mixing.planner import Planner

BATCH_ROWS = 8
BATCHES_OF_STEP = 128
"""Micro-batches of one optimizer step of two million tokens (SmolLM2's): agreed, planned and read together."""
BATCH_TOKENS = BATCH_ROWS * ROW_TOKENS


@dataclass(frozen=True)
class Speed:
    """Medians over the rounds; a ratio is taken within each round."""

    tokens_per_second: float
    ratio_to_numpy: float
    ratio_to_memcpy: float
    single_batches_ratio_to_numpy: float
    """Each batch agreed, planned and read by itself."""
    narrow_ratio_to_numpy: float
    """Handed over as stored, to be widened on the device."""
    numpy_tokens_per_second: float
    memcpy_tokens_per_second: float


def measure_speed(corpus: Corpus, mixture: Mixture, *, num_rounds: int, num_batches: int) -> Speed:
    """Take `num_batches` of `[BATCH_ROWS, ROW_TOKENS]` by each way in every round."""
    ways = {
        "numpy": numpy_loop(corpus, mixture),
        "memcpy": memcpy_loop(),
        "ours": our_loop(corpus, mixture, batches_of_step=BATCHES_OF_STEP),
        "single": our_loop(corpus, mixture, batches_of_step=1),
        "narrow": our_loop(corpus, mixture, batches_of_step=BATCHES_OF_STEP, narrow=True),
    }
    for take in ways.values():
        take(num_batches // 4)
    rounds = [{name: _tokens_per_second(take, num_batches) for name, take in ways.items()} for _ in range(num_rounds)]

    def median_ratio(way: str, to: str) -> float:
        return statistics.median(measured[way] / measured[to] for measured in rounds)

    return Speed(
        tokens_per_second=statistics.median(measured["ours"] for measured in rounds),
        ratio_to_numpy=median_ratio("ours", "numpy"),
        ratio_to_memcpy=median_ratio("ours", "memcpy"),
        single_batches_ratio_to_numpy=median_ratio("single", "numpy"),
        narrow_ratio_to_numpy=median_ratio("narrow", "numpy"),
        numpy_tokens_per_second=statistics.median(measured["numpy"] for measured in rounds),
        memcpy_tokens_per_second=statistics.median(measured["memcpy"] for measured in rounds),
    )


def our_loop(corpus: Corpus, mixture: Mixture, *, batches_of_step: int, narrow: bool = False) -> Callable[[int], None]:
    """Plan each step under the mixture that governs it, read it, and hand out its micro-batches."""
    touch([shard.tokens for source in corpus.sources.values() for shard in source.shards])
    reader = RowReader(corpus, sequence_length=ROW_TOKENS - 1)
    rows_of_step = BATCH_ROWS * batches_of_step
    planner = Planner(reader.num_rows, seed=0, batch_sequences=rows_of_step)
    batches = BatchReader(reader, max_rows=rows_of_step, depth=1, narrow=narrow)

    def take(num_batches: int) -> None:
        for _ in range(num_batches // batches_of_step):
            batches.read(planner.next_plan(mixture)).tokens.chunk(batches_of_step)

    return take


def numpy_loop(corpus: Corpus, mixture: Mixture) -> Callable[[int], None]:
    """For each row a source drawn by its weight, a random offset, the memory-mapped slice cast to int64; then stack."""
    names = sorted(corpus.sources)
    maps = [np.memmap(tokens_path(corpus, name), dtype=corpus.sources[name].dtype, mode="r") for name in names]
    touch(maps)
    weights = np.array([mixture.weights_ppm[name] for name in names]) / 1e6
    random = np.random.default_rng(0)

    def take(num_batches: int) -> None:
        for _ in range(num_batches):
            rows = []
            for source in random.choice(len(maps), size=BATCH_ROWS, p=weights):
                tokens = maps[source]
                offset = random.integers(0, len(tokens) - ROW_TOKENS)
                rows.append(torch.from_numpy(tokens[offset : offset + ROW_TOKENS].astype(np.int64)))
            torch.stack(rows)

    return take


def touch(maps: Iterable[NDArray[np.unsignedinteger]]) -> None:
    """Have every page of the maps in the page table, as it is once a run has gone round: first touches are not it."""
    for tokens in maps:
        tokens.max()


def memcpy_loop() -> Callable[[int], None]:
    """Copy int64 tokens of a step from one place to another: what no loader that writes them can pass."""
    source = np.ones((BATCHES_OF_STEP, BATCH_TOKENS), dtype=np.int64)
    target = np.empty_like(source)

    def take(num_batches: int) -> None:
        for _ in range(num_batches // BATCHES_OF_STEP):
            np.copyto(target, source)

    return take


def _tokens_per_second(take: Callable[[int], None], num_batches: int) -> float:
    began = time.perf_counter()
    take(num_batches)
    return num_batches * BATCH_TOKENS / (time.perf_counter() - began)
