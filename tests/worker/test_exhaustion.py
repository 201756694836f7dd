"""A run whose sources run out: it goes on by the declared rule, or ends cleanly with a checkpoint."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest
from tests.toy import SEQUENCE_LENGTH, toy_run
from tests.worker.streams import settings_of, wait_for
from tests.worker.test_train import CONTROL, publish, reports

from crossfade_shared.telemetry import CheckpointReport, ExhaustedReport, FinishedReport, StepReport
from crossfade_worker.checkpoint import complete_checkpoints, read_state
from crossfade_worker.config import RunConfig
from crossfade_worker.data.reader import RowReader
from crossfade_worker.data.shards import open_corpus
from crossfade_worker.records.checkpoint_folder import step_of
from crossfade_worker.records.run_directory import RunDirectory
from crossfade_worker.replay import replay_run
from crossfade_worker.stream import open_stream
from crossfade_worker.train import train


@pytest.fixture(scope="module")
def num_rows(toy_corpus: Path) -> dict[str, int]:
    return RowReader(open_corpus(toy_corpus), sequence_length=SEQUENCE_LENGTH).num_rows


def limited(num_rows: dict[str, int], rows: dict[str, int], **more: Any) -> dict[str, dict[str, Any]]:
    """Give the section `epochs` that allows so many rows of each source."""
    return {name: {"max_epochs": (count + 0.5) / num_rows[name], **more} for name, count in rows.items()}


def saved_step(config: RunConfig) -> int:
    return read_state(complete_checkpoints(config.directory / "checkpoints")[-1]).step


def test_a_run_goes_on_without_an_exhausted_source(
    tmp_path: Path, toy_corpus: Path, redis_url: str, num_rows: dict[str, int]
) -> None:
    config = toy_run(
        tmp_path,
        toy_corpus,
        epochs=limited(num_rows, {"math": 5, "code": 30}),
        control={**CONTROL, "redis_url": redis_url},
    )
    train(config)
    sent = reports(redis_url)
    last = [report for report in sent if isinstance(report, StepReport)][-1]
    assert last.step == 19
    assert last.source_tokens == {"code": 480, "math": 80, "web": 20 * 8 * 16 - 560}
    told = [report for report in sent if isinstance(report, ExhaustedReport)]
    assert [(set(report.source_epochs), report.ends_run) for report in told] == [
        ({"math"}, False),
        ({"code", "math"}, False),
    ]
    saved = [report for report in sent if isinstance(report, CheckpointReport)][-1]
    assert saved.source_epochs["math"] == 5 / num_rows["math"]
    finished = sent[-1]
    assert isinstance(finished, FinishedReport)
    assert (finished.step, finished.out_of_data) == (20, False)
    assert replay_run(config).mismatches == []


def test_a_source_may_stop_the_run(tmp_path: Path, toy_corpus: Path, redis_url: str, num_rows: dict[str, int]) -> None:
    epochs = limited(num_rows, {"math": 7}, when_exhausted="stop")
    config = toy_run(tmp_path, toy_corpus, epochs=epochs, control={**CONTROL, "redis_url": redis_url})
    train(config)
    *_, exhausted, _checkpoint, finished = reports(redis_url)
    assert isinstance(exhausted, ExhaustedReport)
    assert (set(exhausted.source_epochs), exhausted.ends_run) == ({"math"}, True)
    assert isinstance(finished, FinishedReport)
    assert finished.out_of_data
    assert 0 < saved_step(config) == finished.step == exhausted.step < 20
    assert replay_run(config).sequences.keys() == set(range(finished.step))


def test_a_run_that_stopped_goes_on_under_a_mixture_that_has_data(
    tmp_path: Path, toy_corpus: Path, redis_url: str, num_rows: dict[str, int]
) -> None:
    epochs = limited(num_rows, {"math": 7}, when_exhausted="stop")
    config = toy_run(tmp_path, toy_corpus, epochs=epochs, control={**CONTROL, "redis_url": redis_url})
    train(config)
    stopped_at = saved_step(config)
    assert stopped_at < 20
    publish(redis_url, 2, {"web": 1, "code": 1, "math": 0})
    train(config)
    ledger = RunDirectory(config.directory).journal.read()
    assert ledger is not None
    assert (ledger.last.version, ledger.last.effective_step) == (2, stopped_at)
    assert saved_step(config) == 20
    assert replay_run(config).mismatches == []


def test_a_run_out_of_data_ends_as_often_as_it_is_started(
    tmp_path: Path, toy_corpus: Path, num_rows: dict[str, int]
) -> None:
    config = toy_run(tmp_path, toy_corpus, epochs=limited(num_rows, {"math": 9, "code": 20, "web": 30}))
    train(config)
    assert saved_step(config) == 7  # 59 rows make seven batches of 8
    train(config)
    assert saved_step(config) == 7
    found = replay_run(config)
    assert (found.num_batches, found.mismatches) == (7, [])


def test_a_version_that_comes_as_the_data_end_governs_the_step_that_was_not_drawn(
    tmp_path: Path, toy_corpus: Path, redis_url: str, num_rows: dict[str, int]
) -> None:
    epochs = limited(num_rows, {"math": 7}, when_exhausted="stop")
    with open_stream(settings_of(tmp_path / "before", toy_corpus, epochs=epochs)) as stream:
        num_steps = sum(1 for _ in stream)
    settings = settings_of(tmp_path / "run", toy_corpus, redis_url=redis_url, epochs=epochs)
    with open_stream(settings) as stream:
        for batch in stream:
            stream.step_ended()
            if batch.step == num_steps - 1:
                publish(redis_url, 1, {"web": 1, "code": 1, "math": 0})
                wait_for(stream, 1)
        state = stream.state_dict()
    with open_stream(settings) as stream:
        stream.load_state_dict(state)
        batch = next(stream)
    assert (batch.step, batch.version) == (num_steps, 1)


def last_step_report(url: str) -> StepReport:
    return [report for report in reports(url) if isinstance(report, StepReport)][-1]


def resume_from(config: RunConfig, step: int) -> None:
    """Lose the checkpoints after a step, as a job that died."""
    for checkpoint in complete_checkpoints(config.directory / "checkpoints"):
        if step_of(checkpoint) > step:
            shutil.rmtree(checkpoint)


@pytest.mark.parametrize("change", [(2, 8, 8), (8, 2, 4), (4, None, 16)])
def test_a_resume_may_change_a_cap(
    tmp_path: Path,
    toy_corpus: Path,
    redis_url: str,
    num_rows: dict[str, int],
    change: tuple[int, int | None, int],
) -> None:
    """It counts what was trained on, holds from the first step of the attempt on, and every attempt is replayed."""
    before, after, given = change  # the least ever given is what was when the cap came down
    control = {**CONTROL, "redis_url": redis_url}
    config = toy_run(tmp_path, toy_corpus, epochs=limited(num_rows, {"math": before}), control=control)
    train(config)
    resume_from(config, 5)
    changed = limited(num_rows, {"math": after}) if after else {}
    config = toy_run(tmp_path, toy_corpus, epochs=changed, control=control)
    train(config)
    resume_from(config, 15)
    train(config)
    assert last_step_report(redis_url).source_tokens["math"] == given * SEQUENCE_LENGTH
    found = replay_run(config)
    assert found.mismatches == []
    assert found.num_records == 20 + 15 + 5
    assert [[turn.step for turn in attempt.course.turns] for attempt in found.attempts] == [[0], [0, 5], [0, 5]]


def test_a_raised_cap_lets_a_run_out_of_data_go_on(tmp_path: Path, toy_corpus: Path, num_rows: dict[str, int]) -> None:
    rows = {"math": 9, "code": 20, "web": 30}
    config = toy_run(tmp_path, toy_corpus, epochs=limited(num_rows, rows))
    train(config)
    assert saved_step(config) == 7
    config = toy_run(tmp_path, toy_corpus, epochs=limited(num_rows, {**rows, "web": 60}))
    train(config)
    assert saved_step(config) == 11  # 89 rows make eleven batches of 8
    assert replay_run(config).mismatches == []
