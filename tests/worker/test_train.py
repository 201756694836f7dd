"""Training in one process: exact resume, clear refusals, and a training thread that stays off the network."""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import sys
import threading
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import redis
import torch
from safetensors.torch import load_file
from tests.toy import KEY, make_corpus, run_values, toy_run, write_run

from crossfade_shared.channels import Channels
from crossfade_shared.envelope import AtStep, MixtureEnvelope, TakesEffect
from crossfade_shared.errors import UserError
from crossfade_shared.mixture import Mixture
from crossfade_shared.telemetry import Report, StepReport, decode_reports
from crossfade_worker.checkpoint import complete_checkpoints, read_state
from crossfade_worker.config import RunConfig, load_run_config
from crossfade_worker.mixing.course import Course
from crossfade_worker.records.batch_log import batch_log_files
from crossfade_worker.records.run_directory import RunDirectory
from crossfade_worker.replay import replay_run
from crossfade_worker.train import train

CONTROL = {"signing_key_file": "signing_key"}


def weights(config: RunConfig, step: int) -> dict[str, torch.Tensor]:
    folder = config.directory / "checkpoints" / f"step-{step:08d}"
    return load_file(folder / "model.safetensors") | load_file(folder / "optimizer.safetensors")


def assert_equal_weights(one: dict[str, torch.Tensor], other: dict[str, torch.Tensor]) -> None:
    assert one.keys() == other.keys()
    for name, tensor in one.items():
        assert torch.equal(tensor, other[name]), name


def publish(url: str, version: int, asked: Mapping[str, float], takes_effect: TakesEffect = "next_step") -> None:
    mixture = Mixture.from_weights(asked)
    envelope = MixtureEnvelope(
        run="toy",
        version=version,
        weights_ppm=dict(mixture.weights_ppm),
        digest=mixture.digest,
        takes_effect=takes_effect,
    )
    with redis.Redis.from_url(url) as client:
        client.set(Channels("toy").mixture, envelope.seal(KEY))
        client.publish(Channels("toy").changed, version)


def reports(url: str) -> list[Report]:
    with redis.Redis.from_url(url) as client:
        entries: Any = client.xrange(Channels("toy").telemetry)
    return [report for _, fields in entries for report in decode_reports(fields[b"reports"])]


def test_a_run_learns_checkpoints_and_replays(tmp_path: Path, toy_corpus: Path) -> None:
    config = toy_run(tmp_path, toy_corpus, checkpoint={"keep": 2})
    train(config)
    assert [path.name for path in complete_checkpoints(config.directory / "checkpoints")] == [
        "step-00000015",
        "step-00000020",
    ]
    found = replay_run(config)
    assert (found.num_batches, found.num_records, found.mismatches) == (20, 20, [])
    assert sum(sum(sequences.values()) for sequences in found.sequences.values()) == 20 * 8


def test_a_finished_run_is_left_as_it_is(tmp_path: Path, toy_corpus: Path, redis_url: str) -> None:
    config = toy_run(tmp_path, toy_corpus, control={**CONTROL, "redis_url": redis_url})
    train(config)
    before = weights(config, 20)
    ledger = RunDirectory(config.directory).journal.read()
    publish(redis_url, 2, {"web": 1, "code": 1, "math": 1})
    train(config)
    assert RunDirectory(config.directory).journal.read() == ledger
    assert_equal_weights(before, weights(config, 20))
    assert replay_run(config).num_records == 20


def test_a_resume_is_exact(tmp_path: Path, toy_corpus: Path) -> None:
    undisturbed = toy_run(tmp_path / "undisturbed", toy_corpus)
    train(undisturbed)
    resumed = toy_run(tmp_path / "resumed", toy_corpus)
    train(resumed)
    for step in (15, 20):  # the job died after its checkpoint of step 10
        for file in (resumed.directory / "checkpoints" / f"step-{step:08d}").iterdir():
            file.unlink()
        (resumed.directory / "checkpoints" / f"step-{step:08d}").rmdir()
    train(resumed)
    assert_equal_weights(weights(undisturbed, 20), weights(resumed, 20))
    assert replay_run(resumed).num_records == 30


def test_sigterm_ends_at_a_step_with_a_checkpoint(tmp_path: Path, toy_corpus: Path) -> None:
    config = toy_run(tmp_path, toy_corpus, training={"total_steps": 5000}, checkpoint={"every_steps": 1000})
    timer = threading.Timer(1.0, os.kill, (os.getpid(), signal.SIGTERM))
    timer.start()
    train(config)
    timer.join()
    (checkpoint,) = complete_checkpoints(config.directory / "checkpoints")
    steps = [record.step for record in batch_log_files(config.directory / "batches")[0].records()]
    assert read_state(checkpoint).step == len(steps)
    assert 0 < len(steps) < 5000


def test_gradient_accumulation_does_not_change_the_step(tmp_path: Path, toy_corpus: Path) -> None:
    for size in (1, 8):
        train(toy_run(tmp_path / str(size), toy_corpus, training={"micro_batch_sequences": size, "total_steps": 5}))
    one, other = (
        load_file(tmp_path / str(size) / "run/checkpoints/step-00000005/model.safetensors") for size in (1, 8)
    )
    for name, tensor in one.items():
        assert torch.allclose(tensor, other[name], atol=1e-5), name


def test_bf16_trains(tmp_path: Path, toy_corpus: Path, redis_url: str) -> None:
    train(toy_run(tmp_path, toy_corpus, training={"precision": "bf16"}, control={**CONTROL, "redis_url": redis_url}))
    losses = [report.loss for report in reports(redis_url) if isinstance(report, StepReport)]
    assert len(losses) == 20
    assert losses[0] is not None
    assert losses[-1] is not None
    assert losses[-1] < losses[0] - 0.5


def test_reports_add_up(tmp_path: Path, toy_corpus: Path, redis_url: str) -> None:
    peak = {"peak_flops_per_second": 1e15}
    config = toy_run(tmp_path, toy_corpus, training=peak, control={**CONTROL, "redis_url": redis_url})
    train(config)
    sent = reports(redis_url)
    assert [report.kind for report in sent if report.kind != "step"] == ["attempt", *["checkpoint"] * 4, "finished"]
    steps = [report for report in sent if isinstance(report, StepReport)]
    assert [report.step for report in steps] == list(range(20))
    assert [report.phase for report in steps] == ["warm-up"] * 2 + ["stable"] * 14 + ["decay"] * 4
    found = replay_run(config)
    for report in steps:
        assert report.tokens == (report.step + 1) * config.tokens_per_step == sum(report.source_tokens.values())
        sequences = found.sequences[report.step]
        assert report.source_loss.keys() == {name for name, count in sequences.items() if count}
        by_source = sum(sequences[name] * (loss or 0) for name, loss in report.source_loss.items()) / 8
        assert by_source == pytest.approx(report.loss)
        assert report.mfu is not None
        assert 0 < report.mfu < 1


def test_a_published_version_governs_from_the_start(tmp_path: Path, toy_corpus: Path, redis_url: str) -> None:
    publish(redis_url, 4, {"web": 0, "code": 1, "math": 1})
    config = toy_run(tmp_path, toy_corpus, control={**CONTROL, "redis_url": redis_url})
    train(config)
    assert {record.version for record in batch_log_files(config.directory / "batches")[0].records()} == {4}
    assert all(sequences["web"] == 0 for sequences in replay_run(config).sequences.values())


@pytest.mark.parametrize(("takes_effect", "expected"), [(AtStep(step=13), 13), ("next_step", 0)])
def test_a_version_takes_effect_at_the_step_it_names(
    tmp_path: Path, toy_corpus: Path, redis_url: str, takes_effect: TakesEffect, expected: int
) -> None:
    publish(redis_url, 2, {"web": 1, "code": 1, "math": 1}, takes_effect)
    config = toy_run(tmp_path, toy_corpus, control={**CONTROL, "redis_url": redis_url})
    train(config)
    ledger = RunDirectory(config.directory).journal.read()
    assert ledger is not None
    assert ledger.last.version == 2
    assert ledger.last.effective_step == expected
    assert replay_run(config).mismatches == []


def test_after_a_crash_a_new_version_waits_for_undrawn_steps(tmp_path: Path, toy_corpus: Path, redis_url: str) -> None:
    """What the dead attempt had drawn is drawn again as it was (A2, A5), then the new version takes effect."""
    config = toy_run(tmp_path, toy_corpus, control={**CONTROL, "redis_url": redis_url})
    train(config)
    log = batch_log_files(config.directory / "batches")[0].path
    log.write_text("".join(log.read_text().splitlines(keepends=True)[:14]))  # it died in step 13
    for step in (15, 20):
        (config.directory / "checkpoints" / f"step-{step:08d}").rename(tmp_path / str(step))
    publish(redis_url, 2, {"web": 1, "code": 1, "math": 1})
    train(config)
    ledger = RunDirectory(config.directory).journal.read()
    assert ledger is not None
    assert (ledger.last.version, ledger.last.effective_step) == (2, 15)
    assert replay_run(config).mismatches == []


def test_a_replay_names_the_batch_that_differs(tmp_path: Path, toy_corpus: Path) -> None:
    config = toy_run(tmp_path, toy_corpus)
    train(config)
    log = batch_log_files(config.directory / "batches")[0].path
    lines = log.read_text().splitlines(keepends=True)
    record = json.loads(lines[7])
    lines[7] = json.dumps({**record, "tokens": "0" * 64}) + "\n"
    log.write_text("".join(lines))
    assert [str(mismatch) for mismatch in replay_run(config).mismatches] == ["step 7, attempt 1, rank 0: tokens differ"]


def test_the_training_thread_makes_no_network_call(tmp_path: Path, toy_corpus: Path, redis_url: str) -> None:
    config = toy_run(tmp_path, toy_corpus, control={**CONTROL, "redis_url": redis_url})
    threads: list[str] = []
    watching = True

    def watch(event: str, _arguments: object) -> None:
        if watching and event.startswith("socket."):
            threads.append(threading.current_thread().name)

    sys.addaudithook(watch)
    train(config)
    watching = False
    assert set(threads) == {"mixture-subscriber", "telemetry"}


def test_a_redis_that_never_answers_holds_nothing_up(tmp_path: Path, toy_corpus: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        address = f"redis://127.0.0.1:{silent.getsockname()[1]}/0"
        config = toy_run(tmp_path, toy_corpus, control={**CONTROL, "redis_url": address})
        train(config)
    assert replay_run(config).num_batches == 20


def test_two_jobs_in_one_folder_are_refused(tmp_path: Path, toy_corpus: Path) -> None:
    config = toy_run(tmp_path, toy_corpus)
    with RunDirectory(config.directory).locked(), pytest.raises(UserError, match="another job is training"):
        train(config)


def test_a_run_that_died_before_its_first_checkpoint_resumes_only_as_what_it_was(
    tmp_path: Path, toy_corpus: Path
) -> None:
    config = toy_run(tmp_path, toy_corpus)
    train(config)
    shutil.rmtree(config.directory / "checkpoints")
    with pytest.raises(UserError, match="was made with") as error:
        train(toy_run(tmp_path, toy_corpus, training={"seed": 5}))
    assert error.value.field == "seed"
    train(config)
    assert replay_run(config).mismatches == []


def test_a_journal_that_a_power_cut_shortened_is_made_whole_by_the_checkpoint(
    tmp_path: Path, toy_corpus: Path, redis_url: str
) -> None:
    publish(redis_url, 2, {"web": 1, "code": 1, "math": 1}, AtStep(step=7))
    config = toy_run(tmp_path, toy_corpus, control={**CONTROL, "redis_url": redis_url})
    train(config)
    journal = RunDirectory(config.directory).journal
    whole = journal.path.read_bytes()
    journal.path.write_bytes(whole[: whole.index(b"\n") + 1])
    train(config)
    assert whole.count(b'"version": 2') == 1
    assert [attempt.course.ledger for attempt in journal.attempts()] == 2 * [journal.read()]
    assert len(journal.read() or ()) == 2
    assert replay_run(config).mismatches == []


def test_a_lost_folder_begins_a_new_attempt_where_the_controller_knows_of_one(
    tmp_path: Path, toy_corpus: Path, redis_url: str
) -> None:
    with redis.Redis.from_url(redis_url) as client:
        client.set(Channels("toy").attempt, 4)
    config = toy_run(tmp_path, toy_corpus, control={**CONTROL, "redis_url": redis_url})
    train(config)
    (log,) = batch_log_files(config.directory / "batches")
    assert log.attempt == 5
    with redis.Redis.from_url(redis_url) as client:
        entries: Any = client.xrange(Channels("toy").telemetry)
    assert {fields[b"attempt"] for _, fields in entries} == {b"5"}


def test_with_everything_down_it_starts_under_the_last_known_good(
    tmp_path: Path, toy_corpus: Path, redis_url: str
) -> None:
    publish(redis_url, 3, {"web": 0, "code": 1, "math": 1}, AtStep(step=500))
    config = toy_run(tmp_path, toy_corpus, control={**CONTROL, "redis_url": redis_url})
    train(config)  # the version was seen, and is not due before the end
    down = {**CONTROL, "redis_url": "unix:///nowhere/redis.sock"}
    longer = toy_run(tmp_path, toy_corpus, control=down, training={"total_steps": 502})
    train(longer)
    ledger = RunDirectory(longer.directory).journal.read()
    assert ledger is not None
    assert (ledger.last.version, ledger.last.effective_step) == (3, 500)


@pytest.mark.parametrize(
    ("section", "settings", "field"),
    [
        ("training", {"seed": 5}, "seed"),
        ("training", {"batch_sequences": 4}, "batch_sequences"),
        ("model", {"hidden_size": 32}, "model.hidden_size"),
        ("model", {"sequence_length": 8}, "model.sequence_length"),
    ],
)
def test_a_checkpoint_of_something_else_is_refused(
    tmp_path: Path, toy_corpus: Path, section: str, settings: dict[str, int], field: str
) -> None:
    train(toy_run(tmp_path, toy_corpus))
    with pytest.raises(UserError, match="was made with") as error:
        train(toy_run(tmp_path, toy_corpus, **{section: settings}))
    assert error.value.field == field


def test_a_checkpoint_of_another_corpus_is_refused_by_source(tmp_path: Path, toy_corpus: Path) -> None:
    train(toy_run(tmp_path, toy_corpus))
    other = make_corpus(tmp_path / "other", seed=1).directory
    with pytest.raises(UserError, match="was made with") as error:
        train(toy_run(tmp_path, other))
    assert error.value.field == "sources.code"


def test_an_altered_shard_is_named(tmp_path: Path) -> None:
    corpus = make_corpus(tmp_path)
    config = toy_run(tmp_path, corpus.directory)
    path = corpus.sources["math"].shards[0].file.path
    tokens = np.fromfile(path, dtype="<u2")
    tokens[5] ^= 1
    tokens.tofile(path)
    with pytest.raises(UserError, match=path.name):
        train(config)


def test_a_damaged_checkpoint_is_named_with_the_remedy(tmp_path: Path, toy_corpus: Path) -> None:
    config = toy_run(tmp_path, toy_corpus)
    train(config)
    newest = complete_checkpoints(config.directory / "checkpoints")[-1]
    whole = (newest / "state.json").read_bytes()
    (newest / "state.json").write_bytes(whole[:100])
    with pytest.raises(UserError, match=r"step-00000020.*resume from the one before"):
        train(config)
    (newest / "state.json").write_bytes(whole)
    (newest / "model.safetensors").write_bytes(b"torn")
    with pytest.raises(UserError, match=r"step-00000020 cannot be loaded.*resume from the one before"):
        train(config)


def test_histories_that_differ_are_not_joined(tmp_path: Path, toy_corpus: Path) -> None:
    config = toy_run(tmp_path, toy_corpus)
    train(config)
    journal = RunDirectory(config.directory).journal
    (attempt,) = journal.attempts()
    journal.path.unlink()
    other = replace(attempt.course.ledger.last, version=1)
    journal.begin(replace(attempt, course=Course.begin(other, {})))
    with pytest.raises(UserError, match="different histories"):
        train(config)


def test_an_unknown_source_is_named(tmp_path: Path, toy_corpus: Path) -> None:
    values = run_values(toy_corpus) | {"mixture": {"web": 1, "code": 1, "maths": 1}}
    with pytest.raises(UserError, match="no source 'maths'; the sources are code, math, web"):
        train(load_run_config(write_run(tmp_path, values)))
