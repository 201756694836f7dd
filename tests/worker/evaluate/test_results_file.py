"""A results file that the installed lm-eval writes itself, taken by the controller as it is."""

import json

import lm_eval
import pytest
import yaml
from lm_eval.loggers import EvaluationTracker
from lm_eval.models.huggingface import HFLM
from lm_eval.tasks import TaskManager
from tests.controller.served import Controller

from crossfade_shared.lm_eval_results import read_lm_eval
from crossfade_shared.redis_server import embedded_redis
from crossfade_worker.evaluate.scoring import _tokenizer
from crossfade_worker.evaluate.tasks import write_tasks

MODEL_ARGUMENTS = "pretrained=out/step-00000020"


@pytest.fixture(scope="module")
def results_file(corpus, settings, model, tmp_path_factory):
    """Give the file of a run over two tasks in a group, of which three items each were scored."""
    folder = tmp_path_factory.mktemp("lm-eval")
    tasks = write_tasks(corpus, settings, folder / "tasks")
    aggregates = [{"metric": "acc", "weight_by_size": True}]
    group = {"group": "heldout", "task": list(tasks), "aggregate_metric_list": aggregates, "metadata": {"version": 3}}
    (folder / "tasks" / "group.yaml").write_text(yaml.safe_dump(group))
    tracker = EvaluationTracker(output_path=str(folder / "out"))
    results = lm_eval.simple_evaluate(
        HFLM(pretrained=model, tokenizer=_tokenizer(corpus), batch_size=4),
        model_args=MODEL_ARGUMENTS,
        tasks=["heldout"],
        limit=3,
        log_samples=True,
        evaluation_tracker=tracker,
        task_manager=TaskManager(include_path=str(folder / "tasks"), include_defaults=False),
    )
    samples = results.pop("samples")
    tracker.save_results_aggregated(results=results, samples=samples)
    (path,) = (folder / "out").rglob("results_*.json")
    return path


def test_its_tasks_are_read_and_its_group_left_out(results_file):
    document = json.loads(results_file.read_text())
    assert document["groups"].keys() == {"heldout"}
    file = read_lm_eval(document)
    assert file.skipped == ["'heldout' is a group; its tasks are taken one by one"]
    assert (file.checkpoint, file.step) == ("out/step-00000020", 20)
    assert {(score["task"], score["metric"]) for score in file.scores} == {
        (f"heldout_{source}", metric) for source in ("first", "second") for metric in ("acc", "acc_norm")
    }
    for score in file.scores:
        measured = document["results"][score["task"]]
        assert score["value"] == measured[f"{score['metric']},none"]
        assert score["stderr"] == measured[f"{score['metric']}_stderr,none"]
        assert (score["num_samples"], score["limit"], score["version"], score["num_fewshot"]) == (3, 3, "1", 0)
        assert score["higher_is_better"] is True


def test_the_controller_takes_it_as_it_is(results_file, tmp_path):
    with embedded_redis(tmp_path / "redis") as redis_url:
        controller = Controller(tmp_path, database_url=f"sqlite:///{tmp_path / 'crossfade.db'}", redis_url=redis_url)
        controller.start()
        try:
            path = f"/v1/runs/{controller.new_run()}/benchmarks"
            file = {"content": results_file.read_bytes(), "headers": {"Content-Type": "application/json"}}
            answers = [controller.http.post(path, params={"tokens": 20_000}, **file) for _ in range(2)]
            assert [(each.status_code, each.json()["num_new"]) for each in answers] == [(201, 4), (201, 0)]
            stored = controller.get(path)["items"]
        finally:
            controller.stop()
    assert {(each["step"], each["tokens"], each["checkpoint"]) for each in stored} == {
        (20, 20_000, "out/step-00000020")
    }
    assert all(each["value"] is not None for each in stored)
