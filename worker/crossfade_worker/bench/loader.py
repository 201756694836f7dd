"""The loader benchmark: every promise of the data plane as one figure, all of one run on one machine."""

from __future__ import annotations

import resource
import sys
import tempfile
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from crossfade_worker.bench.loader_corpus import make_loader_corpus
from crossfade_worker.bench.loader_proofs import Change, Start, fidelity_error, measure_changes, measure_start, weights
from crossfade_worker.bench.loader_speed import Speed, measure_speed
from crossfade_worker.data.shards import open_corpus

ROWS_OF_SOURCE = 12_000
"""Of 8 sources: 393 MB of tokens."""


@dataclass(frozen=True)
class LoaderFigures:
    """What was measured."""

    speed: Speed
    fidelity_error_sequences: dict[int, float]
    """By number of sequences drawn: the largest distance of a source from its quota."""
    change: Change
    start: Start
    peak_rss_bytes: int
    """Of the whole process, torch, both loops and the pages of the mapped shards among it."""

    def to_json(self) -> dict[str, Any]:
        """Give one flat object of plain JSON values."""
        return {
            **asdict(self.speed),
            "fidelity_error_sequences": {str(n): error for n, error in self.fidelity_error_sequences.items()},
            **asdict(self.change),
            **asdict(self.start),
            "peak_rss_bytes": self.peak_rss_bytes,
        }


def measure_loader(
    *, num_rounds: int = 9, num_batches: int = 3200, rows_of_source: int = ROWS_OF_SOURCE
) -> LoaderFigures:
    """Write a corpus of random tokens into a temporary folder and measure on it, in this process alone."""
    with tempfile.TemporaryDirectory() as folder:
        directory = make_loader_corpus(Path(folder), rows_of_source=rows_of_source)
        corpus = open_corpus(directory)
        return LoaderFigures(
            speed=measure_speed(corpus, weights(0), num_rounds=num_rounds, num_batches=num_batches),
            fidelity_error_sequences={n: fidelity_error(n) for n in (100, 1_000, 10_000)},
            change=measure_changes(corpus),
            start=measure_start(directory, num_rounds=num_rounds),
            peak_rss_bytes=_peak_rss_bytes(),
        )


def _peak_rss_bytes() -> int:
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024
