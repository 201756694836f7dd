"""The stream in somebody else's loop: live changes, look-ahead, exact resumes, refusals, a full disk."""

from __future__ import annotations

import json
import resource
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest
import torch
from tests.toy import SEQUENCE_LENGTH
from tests.worker.streams import TOTAL_STEPS, expected_rows, ledger_of, publish, reports, rows_of, settings_of, wait_for

from crossfade_shared.errors import UserError
from crossfade_shared.telemetry import StepReport
from crossfade_worker.records.batch_log import batch_log_files
from crossfade_worker.records.run_directory import RunDirectory
from crossfade_worker.replay import replay_run
from crossfade_worker.stream import open_stream
from crossfade_worker.streaming.mixture_stream import MixtureStream
from crossfade_worker.streaming.step_batch import StepBatch


@pytest.mark.parametrize("num_ahead", [0, 3])
def test_a_live_change_leaves_nothing_stale_repeated_or_skipped(
    tmp_path: Path, toy_corpus: Path, redis_url: str, num_ahead: int
) -> None:
    settings = settings_of(tmp_path, toy_corpus, redis_url=redis_url)
    held_at: dict[int, int] = {}
    batches: list[StepBatch] = []
    drawn: list[list[tuple[int, int]]] = []
    with open_stream(settings) as stream:
        for batch in stream:
            batches.append(batch)
            drawn.append(rows_of(batch))
            if len(batches) > num_ahead:  # a trainer that looks ahead ends a step later than it draws
                stream.step_ended()
            if batch.step in (8, 9, 20):
                version = len(held_at) + 1
                publish(redis_url, version, {"web": 0, "code": version, "math": 1})
                wait_for(stream, version)
                held_at[version] = batch.step
    ledger = ledger_of(settings)
    stale = [batch.step for batch in batches if batch.version != ledger.entry_at(batch.step).version]
    assert stale == []
    assert drawn == expected_rows(stream, ledger, TOTAL_STEPS)
    assert [batch.num_sequences["web"] for batch in batches if batch.version > 0] == [0] * (TOTAL_STEPS - 10)
    effective = {entry.version: entry.effective_step for entry in ledger}
    assert {version: effective[version] - step for version, step in held_at.items()} == {1: 2, 2: 2, 3: 2}


@pytest.mark.parametrize("num_ahead", [0, 3])
def test_a_resume_goes_on_after_the_last_trained_step(tmp_path: Path, toy_corpus: Path, num_ahead: int) -> None:
    settings = settings_of(tmp_path, toy_corpus)
    with open_stream(settings) as stream:
        first = [rows_of(next(stream)) for _ in range(10 + num_ahead)][:10]
        for _ in range(10):
            stream.step_ended()
        saved = json.dumps(stream.state_dict())
    assert len(saved) < 1400
    with open_stream(settings) as stream:
        stream.load_state_dict(json.loads(saved))
        assert stream.num_trained_steps == 10
        rest = [rows_of(batch) for batch in stream]
    assert first + rest == expected_rows(stream, ledger_of(settings), TOTAL_STEPS)


def test_after_a_resume_drawn_batches_are_not_relabelled(tmp_path: Path, toy_corpus: Path, redis_url: str) -> None:
    """What was drawn ahead of the checkpoint is drawn again as it was; a version that arrived waits (A2)."""
    settings = settings_of(tmp_path, toy_corpus, redis_url=redis_url)
    with open_stream(settings) as stream:
        first = {batch.step: rows_of(batch) for batch in (next(stream) for _ in range(12))}
        for _ in range(8):
            stream.step_ended()
        state = stream.state_dict()
    publish(redis_url, 1, {"web": 1, "code": 1, "math": 1})
    with open_stream(settings) as stream:
        stream.load_state_dict(state)
        wait_for(stream, 1)
        second = {batch.step: rows_of(batch) for batch in stream}
    assert [second[step] for step in range(8, 12)] == [first[step] for step in range(8, 12)]
    assert ledger_of(settings).last.effective_step == 13


def test_a_step_is_reported_with_what_is_known_of_it(tmp_path: Path, toy_corpus: Path, redis_url: str) -> None:
    settings = settings_of(tmp_path, toy_corpus, redis_url=redis_url, total_steps=3)
    with open_stream(settings) as stream:
        next(stream)
        stream.step_ended()
        next(stream)
        stream.step_ended(loss=2.5, source_losses={"web": 2.0, "code": float("nan")})
        batch = next(stream)
        nats = [sequences * SEQUENCE_LENGTH * 1.5 for sequences in batch.num_sequences.values()]
        loss, source_losses = batch.mean_losses(nats)
        assert loss == 1.5
        assert source_losses == {name: 1.5 for name, sequences in batch.num_sequences.items() if sequences}
        stream.step_ended(loss=loss, source_losses=source_losses, seconds_at_peak=1e-9)
    steps = [report for report in reports(redis_url) if isinstance(report, StepReport)]
    assert [(report.step, report.loss) for report in steps] == [(0, None), (1, 2.5), (2, 1.5)]
    assert steps[1].source_loss == {"web": 2.0, "code": None}
    assert [report.mfu for report in steps] == [None, None, pytest.approx(1e-9 / steps[2].seconds)]
    assert [report.tokens for report in steps] == [8 * SEQUENCE_LENGTH * (step + 1) for step in range(3)]


def test_narrow_tokens_are_the_same_and_logged_alike(tmp_path: Path, toy_corpus: Path) -> None:
    with open_stream(settings_of(tmp_path / "wide", toy_corpus)) as wide:
        expected = [next(wide).tokens.clone() for _ in range(2)]
    settings = settings_of(tmp_path / "narrow", toy_corpus)
    with open_stream(settings, narrow=True) as stream:
        tokens = [next(stream).tokens.clone() for _ in range(2)]
    assert {step.dtype for step in tokens} == {torch.uint16}
    assert torch.equal(torch.stack(tokens).long(), torch.stack(expected))
    assert replay_run(settings).mismatches == []


def test_stop_ends_the_stream_between_steps(tmp_path: Path, toy_corpus: Path) -> None:
    with open_stream(settings_of(tmp_path, toy_corpus)) as stream:
        for batch in stream:
            stream.step_ended()
            if batch.step == 4:
                stream.stop()
        assert stream.num_trained_steps == 6  # step 5 was announced when step 4 was drawn
        assert list(stream) == []


@contextmanager
def files_no_longer_than(num_bytes: int) -> Iterator[None]:
    usual = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (num_bytes, usual[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, usual)


@pytest.mark.parametrize("full", ["batch log", "journal"])
def test_a_full_disk_does_not_end_training(
    tmp_path: Path, toy_corpus: Path, redis_url: str, full: str, caplog: pytest.LogCaptureFixture
) -> None:
    """No change is taken that could not be proved, and a run that is started again goes on as if undisturbed."""
    settings = settings_of(tmp_path, toy_corpus, redis_url=redis_url)
    journal = RunDirectory(settings.directory).journal.path
    with open_stream(settings) as stream:
        trained = [rows_of(next(stream)) for _ in range(2)]
        log = batch_log_files(settings.directory / "batches")[0].path
        if full == "batch log":
            with files_no_longer_than(log.stat().st_size + 100):
                trained.append(rows_of(next(stream)))
        publish(redis_url, 1, {"web": 1, "code": 1, "math": 1})
        wait_for(stream, 1)
        with files_no_longer_than(journal.stat().st_size + 20):
            trained += [rows_of(next(stream)) for _ in range(4)]
        for _ in trained:
            stream.step_ended()
        state = stream.state_dict()
    assert "cannot be written" in caplog.text
    assert any(report.kind == "refused" for report in reports(redis_url))
    assert len(ledger_of(settings)) == 1
    with open_stream(settings) as stream:
        stream.load_state_dict(state)
        trained += [rows_of(batch) for batch in stream]
    assert trained == expected_rows(stream, ledger_of(settings), TOTAL_STEPS)
    assert ledger_of(settings).last.version == 1


@pytest.mark.parametrize(
    ("mistake", "message"),
    [
        (lambda stream: stream.step_ended(), "not drawn"),
        (lambda stream: stream.state_dict(), "no state before its first batch"),
        (lambda stream: stream.load_state_dict({"format": "another"}), "format 'another'"),
        (lambda stream: stream.load_state_dict({}), "this is no state of a stream"),
    ],
)
def test_a_mistake_is_told(
    tmp_path: Path, toy_corpus: Path, mistake: Callable[[MixtureStream], object], message: str
) -> None:
    with open_stream(settings_of(tmp_path, toy_corpus)) as stream, pytest.raises(UserError, match=message):
        mistake(stream)


def test_a_state_of_something_else_is_refused_by_field(tmp_path: Path, toy_corpus: Path) -> None:
    with open_stream(settings_of(tmp_path, toy_corpus)) as stream:
        next(stream)
        state = stream.state_dict()
        with pytest.raises(UserError, match="before its first batch"):
            stream.load_state_dict(state)
    with (
        open_stream(settings_of(tmp_path / "other", toy_corpus, batch_sequences=4)) as stream,
        pytest.raises(UserError, match="the checkpoint was made with 8") as error,
    ):
        stream.load_state_dict(state)
    assert error.value.field == "batch_sequences"


def test_a_folder_of_something_else_is_refused_by_field(tmp_path: Path, toy_corpus: Path) -> None:
    with open_stream(settings_of(tmp_path, toy_corpus)):
        pass
    with pytest.raises(UserError, match=r"the run in .* was made with 8") as error:
        open_stream(settings_of(tmp_path, toy_corpus, batch_sequences=4))
    assert error.value.field == "batch_sequences"


def test_a_launcher_without_a_process_group_is_refused(
    tmp_path: Path, toy_corpus: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WORLD_SIZE", "2")
    with pytest.raises(UserError, match="open the stream after"):
        open_stream(settings_of(tmp_path, toy_corpus))


def test_settings_are_read_from_a_file(tmp_path: Path, toy_corpus: Path) -> None:
    path = tmp_path / "stream.yaml"
    values = settings_of(tmp_path, toy_corpus).model_dump(mode="json") | {"directory": "run", "control": {}}
    path.write_text(json.dumps(values))  # JSON is YAML
    with open_stream(path) as stream:
        batch = next(stream)
    assert batch.tokens.shape == (8, SEQUENCE_LENGTH + 1)
    assert np.array_equal(batch.sources.bincount(minlength=3).tolist(), list(batch.num_sequences.values()))
    assert (tmp_path / "run/ledger.jsonl").exists()
