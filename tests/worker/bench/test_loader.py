"""The loader benchmark on a small corpus: what it promises exactly must hold; speeds are only there."""

import json

import numpy as np
import pytest
from typer.testing import CliRunner

from crossfade_worker.bench import command
from crossfade_worker.bench.loader import LoaderFigures, measure_loader
from crossfade_worker.bench.loader_corpus import ROW_TOKENS, make_loader_corpus, rows_read
from crossfade_worker.bench.loader_proofs import measure_changes
from crossfade_worker.data.reader import RowReader
from crossfade_worker.data.shards import open_corpus
from crossfade_worker.mixing.planner import BatchPlan

REQUIRED = {
    "tokens_per_second",
    "ratio_to_numpy",
    "ratio_to_memcpy",
    "fidelity_error_sequences",
    "stale_batches",
    "repeated_rows",
    "skipped_rows",
    "first_batch_seconds",
    "resume_seconds",
    "resume_identical",
    "peak_rss_bytes",
}


@pytest.fixture(scope="module")
def figures() -> LoaderFigures:
    return measure_loader(num_rounds=1, num_batches=256, rows_of_source=1500)


def test_what_must_be_exact_is(figures):
    values = figures.to_json()
    assert values.keys() >= REQUIRED
    assert (values["stale_batches"], values["repeated_rows"], values["skipped_rows"]) == (0, 0, 0)
    assert values["num_changes"] > 100
    assert values["resume_identical"] is True
    assert values["state_bytes"] < 1024
    assert values["fidelity_error_sequences"].keys() == {"100", "1000", "10000"}
    assert all(0 < error < 1 for error in values["fidelity_error_sequences"].values())


def test_speeds_are_measured(figures):
    values = figures.to_json()
    speeds = [value for name, value in values.items() if "ratio" in name or name.endswith(("_second", "_seconds"))]
    assert len(speeds) >= 8
    assert all(value > 0 for value in speeds)


def test_the_command_prints_the_figures_of_one_run(figures, monkeypatch):
    monkeypatch.setattr(command, "measure_loader", lambda **_: figures)  # it takes a minute, and is tested above
    printed = json.loads(CliRunner().invoke(command.app, ["loader", "--json"]).stdout)
    assert printed.pop("machine")
    assert printed == figures.to_json()
    table = CliRunner().invoke(command.app, ["loader"]).stdout
    assert "numpy" in table
    assert f"{figures.speed.ratio_to_numpy:.2f}" in table


@pytest.fixture
def corpus(tmp_path):
    return open_corpus(make_loader_corpus(tmp_path, rows_of_source=1500))


def test_rows_say_which_they_are(corpus):
    plan = BatchPlan(np.array([7, 0, 3], dtype=np.int16), np.array([1499, 0, 77]))
    tokens = RowReader(corpus, sequence_length=ROW_TOKENS - 1).read(plan)
    assert rows_read(tokens) == [(7, 1499), (0, 0), (3, 77)]


def test_a_reader_that_repeats_and_skips_is_found_out(corpus, monkeypatch):
    honest = RowReader.read
    monkeypatch.setattr(
        RowReader, "read", lambda self, plan: honest(self, BatchPlan(plan.sources, plan.rows - plan.rows % 2))
    )
    found = measure_changes(corpus)
    assert found.repeated_rows > 0
    assert found.skipped_rows > 0


def test_a_reader_that_is_late_is_found_out(corpus, monkeypatch):
    honest, before = RowReader.read, []

    def late(self, plan):
        before.append(plan)
        return honest(self, before[max(0, len(before) - 2)])

    monkeypatch.setattr(RowReader, "read", late)
    assert measure_changes(corpus).stale_batches > 0
