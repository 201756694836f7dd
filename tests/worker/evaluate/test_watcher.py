"""The evaluator: scores each complete checkpoint once, loses no score, and ends when the run does."""

import json
import signal
import subprocess
import sys
import threading
import time

import psutil
import pytest
import yaml
from tests.controller.served import ADMIN_TOKEN, Controller
from tests.eventually import eventually

from crossfade_shared.errors import UnreachableError, UserError
from crossfade_shared.redis_server import embedded_redis
from crossfade_worker.config import load_run_config
from crossfade_worker.evaluate.scores import EvaluationError
from crossfade_worker.evaluate.scoring_process import ScoringProcess
from crossfade_worker.evaluate.watcher import Evaluator


@pytest.fixture(scope="module")
def scoring(corpus, settings, tmp_path_factory):
    """Give one scoring process for all tests: starting it takes longer than scoring."""
    with ScoringProcess(corpus.directory, settings, tmp_path_factory.mktemp("work")) as process:
        yield process


@pytest.fixture
def write_config(corpus, settings, tmp_path):
    """Give a function that writes a RUN.yaml and gives its path."""

    def write(*, run="trial", controller_url=None, total_steps=40, **evaluation):
        values = {
            "run": run,
            "directory": "run",
            "corpus": str(corpus.directory),
            "mixture": {"first": 1, "second": 1},
            "model": {"preset": "tiny", "sequence_length": 128},
            "training": {"total_steps": total_steps, "batch_sequences": 8, "micro_batch_sequences": 8},
            "optimizer": {"warmup_steps": 1},
            "control": {"controller_url": controller_url},
            "evaluation": settings.model_dump() | evaluation,
        }
        path = tmp_path / "RUN.yaml"
        path.write_text(yaml.safe_dump(values))
        return path

    return write


@pytest.fixture
def evaluate(scoring, write_config):
    """Give a function that runs the evaluator in this process."""

    def run(*, watch=False, **changes):
        config = load_run_config(write_config(**changes))
        deadline = time.monotonic() + 60
        stop = {"asked_to_stop": lambda: time.monotonic() > deadline}
        Evaluator(config, scoring, **stop, token=ADMIN_TOKEN).run(watch=watch)

    return run


@pytest.fixture(scope="module")
def served(tmp_path_factory):
    folder = tmp_path_factory.mktemp("controller")
    with embedded_redis(folder / "redis") as redis_url:
        controller = Controller(folder, database_url=f"sqlite:///{folder / 'crossfade.db'}", redis_url=redis_url)
        yield controller
        controller.stop()


@pytest.fixture
def controller(served):
    """Give a real controller, running when the test begins."""
    served.start()
    return served


def new_run(controller):
    sources = [{"name": name, "unique_tokens": 1000} for name in ("first", "second")]
    return controller.new_run(sources=sources, mixture={"first": 1, "second": 1})


def stored(controller, run):
    return controller.get(f"/v1/runs/{run}/benchmarks")["items"]


def evaluation(tmp_path, step):
    return json.loads((tmp_path / "run" / "evaluations" / f"step-{step:08d}.json").read_text())


def test_a_crash_is_said_and_the_process_is_started_anew(scoring, evaluate, add_checkpoint, tmp_path):
    checkpoint = add_checkpoint(tmp_path / "run", 10)
    scoring._start()
    scoring._process.kill()
    with pytest.raises(EvaluationError, match=r"the scoring process crashed on .*step-00000010"):
        scoring.score(checkpoint, asked_to_stop=lambda: False)
    evaluate()
    assert evaluation(tmp_path, 10)["step"] == 10


def test_what_is_complete_is_scored_and_half_checkpoints_are_not(evaluate, add_checkpoint, tmp_path):
    add_checkpoint(tmp_path / "run", 10)
    add_checkpoint(tmp_path / "run", 20)
    half = tmp_path / "run" / "checkpoints" / ".step-00000030.partial"
    half.mkdir()
    (half / "config.json").write_text("{")
    (tmp_path / "run" / "checkpoints" / "step-00000030.tmp").mkdir()
    evaluate()
    found = sorted(path.name for path in (tmp_path / "run" / "evaluations").glob("*.json"))
    assert found == ["step-00000010.json", "step-00000020.json"]
    first, second = evaluation(tmp_path, 10), evaluation(tmp_path, 20)
    assert (first["step"], first["tokens"], first["posted"]) == (10, 10_240, False)
    assert len(first["results"]) == 6
    assert first["checkpoint"].startswith("sha256:")
    assert first["checkpoint"] != second["checkpoint"]


def test_nothing_to_score_is_said(evaluate):
    with pytest.raises(UserError, match=r"no complete checkpoint in .* yet; wait for one with --watch"):
        evaluate()


def test_a_restart_scores_only_what_is_missing(evaluate, add_checkpoint, tmp_path):
    add_checkpoint(tmp_path / "run", 10)
    evaluate()
    path = tmp_path / "run" / "evaluations" / "step-00000010.json"
    before = path.stat().st_mtime_ns
    add_checkpoint(tmp_path / "run", 20)
    evaluate()
    assert path.stat().st_mtime_ns == before
    assert evaluation(tmp_path, 20)["step"] == 20


def test_scores_wait_for_the_controller_and_are_posted_once(evaluate, add_checkpoint, controller, tmp_path):
    run = new_run(controller)
    add_checkpoint(tmp_path / "run", 10)
    controller.kill()
    with pytest.raises(UnreachableError, match="no controller answers"):
        evaluate(run=run, controller_url=controller.url)
    assert not evaluation(tmp_path, 10)["posted"]
    controller.start()
    evaluate(run=run, controller_url=controller.url)
    kept = evaluation(tmp_path, 10)
    assert kept.pop("posted")
    results = kept.pop("results")
    assert len(results) == 6
    assert stored(controller, run) == [
        kept | {"limit": None, "flag": None, "created_at": found["created_at"]} | result
        for found, result in zip(stored(controller, run), results, strict=True)
    ]
    controller.kill()
    evaluate(run=run, controller_url=controller.url)  # nothing is left to post


def test_what_the_controller_refuses_is_said(evaluate, add_checkpoint, controller, tmp_path):
    add_checkpoint(tmp_path / "run", 10)
    with pytest.raises(EvaluationError, match="there is no run 'nobody'"):
        evaluate(run="nobody", controller_url=controller.url)
    assert not evaluation(tmp_path, 10)["posted"]
    run = new_run(controller)
    body = evaluation(tmp_path, 10)
    del body["posted"]
    body["results"][0]["value"] += 1
    assert controller.http.post(f"/v1/runs/{run}/benchmarks", json=body).status_code == 201
    with pytest.raises(EvaluationError, match="a score never changes"):
        evaluate(run=run, controller_url=controller.url)
    assert not evaluation(tmp_path, 10)["posted"]


def test_watching_ends_after_the_last_checkpoint_of_the_run(evaluate, add_checkpoint, controller, tmp_path):
    run = new_run(controller)
    add_checkpoint(tmp_path / "run", 20)

    def end_the_run():
        eventually(lambda: stored(controller, run), patience_seconds=60)
        last = add_checkpoint(tmp_path / "elsewhere", 40)
        last.rename(tmp_path / "run" / "checkpoints" / last.name)

    training = threading.Thread(target=end_the_run)
    training.start()
    evaluate(watch=True, run=run, controller_url=controller.url)
    training.join()
    assert [result["step"] for result in stored(controller, run)] == [20] * 6 + [40] * 6


def test_a_checkpoint_that_cannot_be_scored_is_given_up_and_the_others_go_on(evaluate, add_checkpoint, tmp_path):
    add_checkpoint(tmp_path / "run", 10, spoil=float("nan"))
    add_checkpoint(tmp_path / "run", 40)
    with pytest.raises(EvaluationError, match=r"step-00000010: its scores are not finite"):
        evaluate(watch=True)
    assert evaluation(tmp_path, 40)["step"] == 40
    assert not (tmp_path / "run" / "evaluations" / "step-00000010.json").exists()


def test_a_hang_is_ended_and_nothing_is_recorded(corpus, settings, add_checkpoint, tmp_path):
    checkpoint = add_checkpoint(tmp_path / "run", 10)
    hasty = settings.model_copy(update={"timeout_seconds": 0.5})
    children = set(psutil.Process().children(recursive=True))
    with ScoringProcess(corpus.directory, hasty, tmp_path / "work") as process:
        with pytest.raises(EvaluationError, match=r"was not scored within 0\.5 s .*`evaluation\.timeout_seconds` more"):
            process.score(checkpoint, asked_to_stop=lambda: False)
        assert no_new(children)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_the_command_ends_cleanly_when_asked_to(add_checkpoint, write_config, tmp_path, number):
    add_checkpoint(tmp_path / "run", 10)
    command = [sys.executable, "-m", "crossfade_shared.command_line", "evaluate", write_config(), "--watch"]
    process = subprocess.Popen(command, stderr=subprocess.PIPE)
    children = eventually(lambda: psutil.Process(process.pid).children(recursive=True), patience_seconds=60)
    process.send_signal(number)
    _, said = process.communicate(timeout=20)
    assert process.returncode == 0, said
    assert b"Traceback" not in said
    _, alive = psutil.wait_procs(children, timeout=10)
    assert not alive


def no_new(children):
    now = set(psutil.Process().children(recursive=True))
    return all("resource_tracker" in " ".join(child.cmdline()) for child in now - children)
