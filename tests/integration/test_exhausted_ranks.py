"""Several ranks whose data end: all of them at the same step, none waiting for another."""

from __future__ import annotations

from pathlib import Path

from tests.integration.jobs import TrainingJob, logged
from tests.toy import run_values, write_run

from crossfade_worker.checkpoint import complete_checkpoints, read_state
from crossfade_worker.config import load_run_config
from crossfade_worker.replay import replay_run


def test_two_ranks_end_together(tmp_path: Path, toy_corpus: Path) -> None:
    epochs = {name: {"max_epochs": 0.03} for name in ("code", "math", "web")}  # some 28 rows of each
    run_yaml = write_run(tmp_path, run_values(toy_corpus, epochs=epochs))
    job = TrainingJob(run_yaml, ranks=2)
    job.start()
    assert job.wait() == 0, job.output
    assert job.output.count("no further batch can be drawn: code, math, web gave all rows") == 1
    config = load_run_config(run_yaml)
    steps = [[record.step for record in records] for _, records in sorted(logged(config.directory).items())]
    assert steps[0] == steps[1] == list(range(len(steps[0])))
    assert 5 < len(steps[0]) < 20
    assert read_state(complete_checkpoints(config.directory / "checkpoints")[-1]).step == len(steps[0])
    assert replay_run(config).mismatches == []
