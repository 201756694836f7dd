"""A run that goes back to an earlier step: a course of its own, with the batches after it skipped if one likes (A6)."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

import pytest
from tests.toy import SEQUENCE_LENGTH, toy_run
from tests.worker.streams import TOTAL_STEPS, publish, reports, rows_of, settings_of, wait_for
from tests.worker.test_train import CONTROL
from typer.testing import CliRunner

from crossfade_shared.errors import UserError
from crossfade_shared.telemetry import AttemptReport, StepReport
from crossfade_worker.checkpoint import complete_checkpoints, read_state
from crossfade_worker.config import RunConfig
from crossfade_worker.records.run_directory import RunDirectory
from crossfade_worker.replay import replay_run
from crossfade_worker.replay.command import app as replay_command
from crossfade_worker.replay.documents import documents_of_step
from crossfade_worker.replay.from_scratch import replay_from_scratch
from crossfade_worker.rewind import RewindTo
from crossfade_worker.stream import open_stream
from crossfade_worker.streaming.beginning import Rewind
from crossfade_worker.streaming.mixture_stream import MixtureStream
from crossfade_worker.train import app, train

Rows = list[tuple[int, int]]


def saved_steps(config: RunConfig) -> list[int]:
    return [read_state(path).step for path in complete_checkpoints(config.directory / "checkpoints")]


def draw(stream: MixtureStream, num_steps: int) -> list[Rows]:
    """Draw steps and train on them."""
    drawn = []
    for _ in range(num_steps):
        drawn.append(rows_of(next(stream)))
        stream.step_ended()
    return drawn


def test_a_run_goes_back_and_skips(tmp_path: Path, toy_corpus: Path, redis_url: str) -> None:
    config = toy_run(tmp_path, toy_corpus, control={**CONTROL, "redis_url": redis_url})
    train(config)
    train(config, rewind_to=RewindTo(12, skip_steps=4))
    assert saved_steps(config) == [5, 10, 15, 20]
    left = config.directory / "left-by-attempt-0002/checkpoints"
    assert [path.name for path in complete_checkpoints(left)] == ["step-00000015", "step-00000020"]
    found = replay_run(config)
    assert (found.num_batches, found.num_records, found.mismatches) == (30, 30, [])
    first, second = found.attempts
    assert (first.rewound, second.rewound, second.start_step) == (False, True, 10)
    (turn,) = (turn for turn in second.course.turns if turn.step == 10)
    assert sum(turn.skipped.values()) == 4 * 8

    sent = reports(redis_url)
    began, went_back = (report for report in sent if isinstance(report, AttemptReport))
    assert (began.rewound, began.skipped_tokens) == (False, {})
    tokens = {name: count * SEQUENCE_LENGTH for name, count in turn.skipped.items()}
    assert (went_back.rewound, went_back.start_step, went_back.skipped_tokens) == (True, 10, tokens)
    last = [report for report in sent if isinstance(report, StepReport)][-1]
    assert last.tokens == sum(last.source_tokens.values()) == 20 * 8 * SEQUENCE_LENGTH


def test_what_is_skipped_is_what_the_run_drew_next(tmp_path: Path, toy_corpus: Path) -> None:
    """And nothing else is: what follows is what follows those batches in every source."""
    settings = settings_of(tmp_path, toy_corpus)
    with open_stream(settings) as stream:
        before = draw(stream, 10)
        state = stream.state_dict()
        left = draw(stream, 6)
    with open_stream(settings) as stream:
        stream.load_state_dict(state, rewind=Rewind(skip_steps=6))
        after = draw(stream, TOTAL_STEPS - 10)
        assert stream.source_epochs == pytest.approx(epochs_of(stream, [*before, *after]))
    with open_stream(settings_of(tmp_path / "other", toy_corpus, total_steps=100)) as stream:
        undisturbed = draw(stream, 100)
    by_source = [[row for step in undisturbed for source, row in step if source == wanted] for wanted in range(3)]
    course = [row for step in [*before, *left, *after] for row in step]
    for wanted in range(3):
        rows = [row for source, row in course if source == wanted]
        assert rows == by_source[wanted][: len(rows)]
    shares = Counter(source for step in [*before, *after] for source, _ in step)
    assert all(abs(shares[source] - weight * 8 * TOTAL_STEPS) < 1 for source, weight in enumerate((0.3, 0.1, 0.6)))


def epochs_of(stream: MixtureStream, steps: list[Rows]) -> dict[str, float]:
    counts = Counter(source for step in steps for source, _ in step)
    num_rows = sorted(stream._parts.reader.num_rows.items())
    return {name: counts[source] / rows for source, (name, rows) in enumerate(num_rows)}


def test_the_newest_version_governs_from_the_first_step(tmp_path: Path, toy_corpus: Path, redis_url: str) -> None:
    """Versions between were left behind; without Redis the newest one is known from the course that was left."""
    settings = settings_of(tmp_path, toy_corpus, redis_url=redis_url)
    with open_stream(settings) as stream:
        draw(stream, 4)
        state = stream.state_dict()
        for version in (1, 2):
            publish(redis_url, version, {"web": version, "code": 1, "math": 1})
            wait_for(stream, version)
            draw(stream, 4)
    alone = settings_of(tmp_path, toy_corpus)
    with open_stream(alone) as stream:
        stream.load_state_dict(state, rewind=Rewind())
        assert next(stream).version == 2
    first, second = RunDirectory(settings.directory).journal.attempts()
    assert [(entry.version, entry.effective_step) for entry in first.course.ledger] == [(0, 0), (1, 5), (2, 9)]
    assert [(entry.version, entry.effective_step) for entry in second.course.ledger] == [(0, 0), (2, 4)]
    assert replay_run(alone).mismatches == []


def test_a_rewind_that_died_before_its_checkpoint_goes_on_as_it_was(tmp_path: Path, toy_corpus: Path) -> None:
    settings = settings_of(tmp_path, toy_corpus)
    with open_stream(settings) as stream:
        draw(stream, 10)
        state = stream.state_dict()
        draw(stream, 5)
        late_state = stream.state_dict()
    with open_stream(settings) as stream:
        stream.load_state_dict(state, rewind=Rewind(skip_steps=3))
        drawn = draw(stream, 4)
        new_state = stream.state_dict()
    for loaded, expected in ((state, drawn), (new_state, [])):
        with open_stream(settings) as stream:
            stream.load_state_dict(json.loads(json.dumps(loaded)))
            assert draw(stream, len(expected)) == expected
            draw(stream, 1)
    with open_stream(settings) as stream, pytest.raises(UserError, match="different histories"):
        stream.load_state_dict(late_state)
    with open_stream(settings) as stream, pytest.raises(UserError, match="has since skipped sequences at step 10"):
        next(stream)
    assert replay_run(settings).mismatches == []


def test_a_second_rewind_skips_further(tmp_path: Path, toy_corpus: Path) -> None:
    settings = settings_of(tmp_path, toy_corpus)
    with open_stream(settings) as stream:
        draw(stream, 5)
        state = stream.state_dict()
    for num_skipped in (2, 3):
        with open_stream(settings) as stream:
            stream.load_state_dict(state, rewind=Rewind(skip_steps=num_skipped))
            draw(stream, 4)
    skipped = [sum(attempt.course.skipped.values()) for attempt in RunDirectory(settings.directory).journal.attempts()]
    assert skipped == [0, 2 * 8, 5 * 8]
    assert replay_run(settings).mismatches == []


def test_a_state_that_was_left_behind_can_be_gone_back_to(tmp_path: Path, toy_corpus: Path) -> None:
    """What is skipped then is what follows on its own course."""
    settings = settings_of(tmp_path, toy_corpus)
    with open_stream(settings) as stream:
        draw(stream, 5)
        early = stream.state_dict()
        draw(stream, 5)
        late = stream.state_dict()
        follow = Counter(source for step in draw(stream, 3) for source, _ in step)
    for state, num_skipped in ((early, 20), (late, 3)):
        with open_stream(settings) as stream:
            stream.load_state_dict(state, rewind=Rewind(skip_steps=num_skipped))
            skipped = stream._at.beginning.skipped
            draw(stream, 2)
    assert list(skipped.values()) == [follow[source] for source in range(3)]
    assert replay_run(settings).mismatches == []


def test_caps_count_what_was_trained_on(tmp_path: Path, toy_corpus: Path) -> None:
    epochs = {"math": {"max_epochs": 0.011}}  # 10 of its 938 rows
    settings = settings_of(tmp_path, toy_corpus, epochs=epochs)
    with open_stream(settings) as stream:
        draw(stream, 5)
        state = stream.state_dict()
    with open_stream(settings) as stream:
        stream.load_state_dict(state, rewind=Rewind(skip_steps=10))
        skipped = stream._at.beginning.skipped
        draw(stream, TOTAL_STEPS - 5)
        assert stream.source_epochs["math"] == 10 / 938
    assert skipped["math"] > 0
    assert replay_run(settings).mismatches == []


def test_more_than_there_is_cannot_be_skipped(tmp_path: Path, toy_corpus: Path) -> None:
    epochs = {name: {"max_epochs": 0.05, "when_exhausted": "stop"} for name in ("code", "math", "web")}
    settings = settings_of(tmp_path, toy_corpus, epochs=epochs)
    with open_stream(settings) as stream:
        draw(stream, 2)
        state = stream.state_dict()
    with open_stream(settings) as stream, pytest.raises(UserError, match="only 7 more steps") as error:
        stream.load_state_dict(state, rewind=Rewind(skip_steps=50))
    assert error.value.field == "skip_steps"


def test_where_there_is_no_checkpoint_those_there_are_are_named(tmp_path: Path, toy_corpus: Path) -> None:
    config = toy_run(tmp_path, toy_corpus)
    with pytest.raises(UserError, match="it holds none at all"):
        train(config, rewind_to=RewindTo(3))
    train(config)
    with pytest.raises(UserError, match="there are those of steps 5, 10, 15, 20") as error:
        train(config, rewind_to=RewindTo(3))
    assert error.value.field == "--rewind-to"


def test_torchrun_that_restarts_its_ranks_does_not_go_back_again(
    tmp_path: Path, toy_corpus: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = toy_run(tmp_path, toy_corpus)
    train(config)
    monkeypatch.setenv("TORCHELASTIC_RESTART_COUNT", "1")
    train(config, rewind_to=RewindTo(10))  # the first launch died before it went back
    train(config, rewind_to=RewindTo(10))
    monkeypatch.setenv("TORCHELASTIC_RESTART_COUNT", "0")
    train(config)
    monkeypatch.setenv("TORCHELASTIC_RESTART_COUNT", "1")
    train(config, rewind_to=RewindTo(15))  # another launch: what an earlier one did does not count
    assert [attempt.start_step for attempt in replay_run(config).attempts] == [0, 10, 20, 20, 15]


def test_a_job_that_slurm_puts_in_its_queue_again_does_not_go_back_again(
    tmp_path: Path, toy_corpus: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = toy_run(tmp_path, toy_corpus)

    def launch(job: str, num_requeues: int, *, rewind_to: int) -> None:
        monkeypatch.setenv("SLURM_JOB_ID", job)
        monkeypatch.setenv("SLURM_RESTART_COUNT", str(num_requeues))
        train(config, rewind_to=RewindTo(rewind_to))

    train(config)
    launch("71", 0, rewind_to=10)
    launch("71", 1, rewind_to=10)
    launch("71", 2, rewind_to=10)
    launch("72", 0, rewind_to=10)
    launch("72", 0, rewind_to=15)  # somebody's second command in one allocation
    launch("73", 1, rewind_to=15)  # the job died before it went back
    starts = [(attempt.start_step, attempt.rewound) for attempt in replay_run(config).attempts]
    again, on = (10, True), (20, False)
    assert starts == [(0, False), again, on, on, again, (15, True), (15, True)]


def test_from_the_command_line(tmp_path: Path, toy_corpus: Path) -> None:
    config = toy_run(tmp_path, toy_corpus)
    path = str(tmp_path / "run.yaml")
    assert isinstance(CliRunner().invoke(app, [path, "--skip-steps", "3"]).exception, UserError)
    for options in ([], ["--rewind-to", "10", "--skip-steps", "3"]):
        assert CliRunner().invoke(app, [path, *options]).exit_code == 0
    shown = CliRunner().invoke(replay_command, [path])
    assert shown.output.startswith("30 batches replayed, 30 log lines compared, 0 mismatches\nattempt 2 went back to")
    opinion = replay_from_scratch(Path(path), world_size=4)
    assert (opinion.num_batches, opinion.differing_steps) == (30, ())
    old, new = (documents_of_step(config, 12, attempt=attempt) for attempt in (1, None))
    assert [(part.source, part.row) for part in old] != [(part.source, part.row) for part in new]
    with pytest.raises(UserError, match="--step 5: no rank of attempt 2 drew it; the last step in the logs is 19"):
        documents_of_step(config, 5, attempt=2)
