"""`crossfade import lm-eval` against a real controller."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from tests.controller.commands.conftest import Run
from tests.controller.served import TOKENS_PER_STEP, Controller, begin
from tests.eventually import eventually


def results_file(path: Path, *, step: int, value: float = 0.25, **changes: Any) -> Path:
    """Write a file as lm-eval 0.4 does."""
    document = {
        "results": {
            "mmlu": {"acc,none": value, "acc_stderr,none": 0.1, "alias": "mmlu"},
            "mmlu_anatomy": {"acc,none": value, "acc_stderr,none": "N/A", "alias": " - anatomy"},
            "lambada": {"perplexity,none": float("nan"), "perplexity_stderr,none": "N/A", "alias": "lambada"},
        },
        "groups": {"mmlu": {"acc,none": value, "acc_stderr,none": 0.1, "alias": "mmlu"}},
        "group_subtasks": {"mmlu": ["mmlu_anatomy"], "lambada": []},
        "versions": {"mmlu": 2, "mmlu_anatomy": 1.0, "lambada": 1.0},
        "n-shot": {"mmlu_anatomy": 5, "lambada": 0},
        "n-samples": {"mmlu_anatomy": {"original": 135, "effective": 135}},
        "config": {"model": "hf", "model_args": f"pretrained=out/step-{step:08d},dtype=float32", "limit": None},
        **changes,
    }
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(document, indent=2))
    return path


@pytest.fixture
def run(controller: Controller) -> str:
    name = controller.new_run()
    controller.report(name, 1, 0, begin())
    eventually(lambda: controller.get(f"/v1/runs/{name}")["tokens_per_step"])
    return name


def stored(controller: Controller, run: str) -> list[dict[str, Any]]:
    items: list[dict[str, Any]] = controller.get(f"/v1/runs/{run}/benchmarks")["items"]
    return items


def test_a_file_is_stored_once(controller: Controller, crossfade: Run, run: str, tmp_path: Path) -> None:
    file = results_file(tmp_path / "results.json", step=20)
    ended = crossfade("import", "lm-eval", str(file), "--run", run)
    assert (ended.code, ended.out) == (0, f"{file}: 2 scores of step 20, 2 of them new\n")
    assert ended.notes == f"{file}: 'mmlu' is a group; its tasks are taken one by one\n"
    anatomy, lambada = stored(controller, run)
    expected = {"step": 20, "tokens": 20 * TOKENS_PER_STEP, "checkpoint": "out/step-00000020", "num_fewshot": 5}
    assert anatomy.items() >= (expected | {"value": 0.25, "stderr": None, "version": "1.0"}).items()
    assert (lambada["value"], lambada["flag"]) == (None, "nan")
    assert "0 of them new" in crossfade("import", "lm-eval", str(file), "--run", run).out
    assert len(stored(controller, run)) == 2


def test_a_folder_is_searched_for_results(controller: Controller, crossfade: Run, run: str, tmp_path: Path) -> None:
    results_file(tmp_path / "out" / "a" / "results_2026-01-01T00-00-00.json", step=20)
    results_file(tmp_path / "out" / "b" / "results_2026-01-02T00-00-00.json", step=40)
    (tmp_path / "out" / "b" / "samples_lambada_2026-01-02T00-00-00.jsonl").write_text("{}")
    ended = crossfade("import", "lm-eval", str(tmp_path / "out"), "--run", run, "--json")
    assert [each["step"] for each in json.loads(ended.out)] == [20, 40]
    assert [each["step"] for each in stored(controller, run)] == [20, 20, 40, 40]


def test_options_say_what_the_file_does_not(controller: Controller, crossfade: Run, tmp_path: Path) -> None:
    run = controller.new_run()
    file = results_file(tmp_path / "scores.json", step=20, config={"model": "gpt2"})
    place = ["--run", run, "--step", "3", "--tokens", "3000", "--checkpoint", "mine"]
    assert crossfade("import", "lm-eval", str(file), *place).code == 0
    assert {(each["step"], each["tokens"], each["checkpoint"]) for each in stored(controller, run)} == {
        (3, 3000, "mine")
    }
    named = results_file(tmp_path / "model_step7.json", step=20, config={"model": "gpt2"})
    assert crossfade("import", "lm-eval", str(named), "--run", run, "--tokens", "7").code == 0
    assert stored(controller, run)[-1].items() >= {"step": 7, "checkpoint": "model_step7.json"}.items()


def test_another_value_for_the_same_score_is_a_conflict(crossfade: Run, run: str, tmp_path: Path) -> None:
    crossfade("import", "lm-eval", str(results_file(tmp_path / "first.json", step=20)), "--run", run)
    other = results_file(tmp_path / "second.json", step=20, value=0.5)
    refused = crossfade("import", "lm-eval", str(other), "--run", run)
    assert (refused.code, refused.out) == (3, "")
    assert "a score never changes" in refused.notes


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{", "cannot be read as JSON"),
        ("[]", "this is no lm-eval results file"),
        ('{"results": {"t": {"alias": "t"}}}', "the file holds no score"),
        ('{"results": {"t": {"acc": 0.5}}}', "does not tell at which step its model was; add --step"),
    ],
)
def test_what_cannot_be_imported_is_named(crossfade: Run, run: str, tmp_path: Path, text: str, message: str) -> None:
    file = tmp_path / "wrong.json"
    file.write_text(text)
    refused = crossfade("import", "lm-eval", str(file), "--run", run)
    assert (refused.code, refused.out) == (2, "")
    assert str(file) in refused.notes
    assert message in refused.notes


def test_a_run_that_never_trained_cannot_count_tokens(controller: Controller, crossfade: Run, tmp_path: Path) -> None:
    file = results_file(tmp_path / "results.json", step=20)
    refused = crossfade("import", "lm-eval", str(file), "--run", controller.new_run())
    assert (refused.code, "add --tokens" in refused.notes) == (2, True)
    empty = crossfade("import", "lm-eval", str(tmp_path / "none"), "--run", "x")
    assert "cannot be read" in empty.notes
    (tmp_path / "empty").mkdir()
    assert "no results file" in crossfade("import", "lm-eval", str(tmp_path / "empty"), "--run", "x").notes


def test_of_many_files_each_is_told_and_the_refused_one_is_named(crossfade: Run, run: str, tmp_path: Path) -> None:
    good = results_file(tmp_path / "1-results.json", step=20)
    good.write_text("\ufeff" + good.read_text())  # as some editors save it
    bad = results_file(tmp_path / "2-results.json", step=30, results={"t": {"m" * 65: 0.5}})
    ended = crossfade("import", "lm-eval", str(tmp_path), "--run", run)
    assert (ended.code, ended.out) == (2, f"{good}: 2 scores of step 20, 2 of them new\n")
    assert f"{bad}: results.0.metric" in ended.notes
