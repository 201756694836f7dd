"""Results files of lm-eval in every shape it has written them."""

from __future__ import annotations

import json
import math
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crossfade_shared.errors import UserError
from crossfade_shared.lm_eval_results import read_lm_eval, step_in

BEFORE_0_4 = {
    "results": {
        "sciq": {"acc": 0.5, "acc_stderr": 0.01, "acc_norm": 0.4, "acc_norm_stderr": 0.02},
        "lambada_openai": {"ppl": 30.5, "ppl_stderr": 1.5, "acc": 0.25, "acc_stderr": 0.03},
    },
    "versions": {"sciq": 0, "lambada_openai": 1},
    "config": {
        "model": "hf-causal",
        "model_args": "use_fast=True,pretrained=org/tiny-160m,revision=step3000,dtype=float16",
        "num_fewshot": 5,
        "batch_size": "8",
        "no_cache": True,
        "limit": None,
        "bootstrap_iters": 100000,
        "description_dict": {},
    },
}
EARLY_0_4 = {  # groups among the tasks, no list of their tasks, no counts of samples
    "results": {
        "mmlu": {"acc,none": 0.3, "acc_stderr,none": 0.05, "alias": "mmlu"},
        "mmlu_virology": {"alias": "  - virology", "acc,none": 0.25, "acc_stderr,none": 0.04},
        "gsm8k": {
            "exact_match,strict-match": 0.04,
            "exact_match_stderr,strict-match": 0.005,
            "exact_match,flexible-extract": 0.06,
            "exact_match_stderr,flexible-extract": 0.006,
            "alias": "gsm8k",
        },
    },
    "groups": {"mmlu": {"acc,none": 0.3, "acc_stderr,none": 0.05, "alias": "mmlu"}},
    "configs": {"gsm8k": {"task": "gsm8k", "num_fewshot": 5, "metadata": {"version": 2.0}}},
    "versions": {"mmlu": "N/A", "mmlu_virology": "Yaml"},
    "n-shot": {"mmlu": 0, "mmlu_virology": 0},
    "config": {"model": "hf", "model_args": "pretrained=org/tiny", "limit": 0.1},
    "samples": {"gsm8k": [{"doc_id": at // 2, "filter": ("a", "b")[at % 2]} for at in range(8)]},
}
SINCE_0_4_3 = {  # a group without scores of its own is a blank among the tasks
    "results": {
        "bench": {" ": " ", "alias": "bench"},
        "bench_one": {"alias": " - one", "acc,none": 0.5, "acc_stderr,none": "N/A"},
    },
    "group_subtasks": {"bench": ["bench_one"], "bench_one": []},
    "versions": {"bench": None, "bench_one": 1.0},
    "n-shot": {"bench": " ", "bench_one": 3},
    "higher_is_better": {"bench": {"acc": True}, "bench_one": {"acc": True}},
    "n-samples": {"bench_one": {"original": 100, "effective": 4}},
    "config": {"model": "hf", "model_args": {"pretrained": "runs/a/step-00000020"}, "limit": 4.0},
    "model_name": "runs/a/step-00000020",
}
NEWEST = {  # 0.4.13: the task's name and number of samples stand among its scores
    "results": {
        "pair": {"name": "pair", "alias": "pair", "sample_len": 8, "acc,none": 0.5, "sample_count": {"acc,none": 8}},
        "one": {"name": "one", "alias": "one", "sample_len": 8, "bleu,none": 1, "bleu_stderr,none": float("nan")},
    },
    "groups": {"pair": {"name": "pair", "alias": "pair", "sample_len": 8, "acc,none": 0.5}},
    "group_subtasks": {"pair": ["one"]},
    "versions": {"pair": 1, "one": "v2"},
    "n-shot": {"one": 0, "pair": 0},
    "higher_is_better": {"one": {"bleu": None}},
    "config": {"model": "LlamaForCausalLM", "model_args": None},
    "model_name": "checkpoint-400",
}


def read(document: Any) -> dict[tuple[str, str, str], dict[str, Any]]:
    scores = read_lm_eval(document).scores
    return {(score["task"], score["metric"], score["filter"]): dict(score) for score in scores}


def test_bare_metrics_of_the_old_format() -> None:
    scores = read(BEFORE_0_4)
    assert list(scores) == [
        ("sciq", "acc", "none"),
        ("sciq", "acc_norm", "none"),
        ("lambada_openai", "ppl", "none"),
        ("lambada_openai", "acc", "none"),
    ]
    assert scores["sciq", "acc_norm", "none"] == {
        "task": "sciq",
        "metric": "acc_norm",
        "filter": "none",
        "num_fewshot": 5,
        "version": "0",
        "limit": None,
        "value": 0.4,
        "flag": None,
        "stderr": 0.02,
        "num_samples": None,
        "higher_is_better": None,
    }
    file = read_lm_eval(BEFORE_0_4)
    assert (file.checkpoint, file.step, file.skipped) == ("org/tiny-160m@step3000", 3000, [])


def test_filters_are_told_apart_and_groups_left_out() -> None:
    scores, file = read(EARLY_0_4), read_lm_eval(EARLY_0_4)
    assert list(scores) == [
        ("mmlu_virology", "acc", "none"),
        ("gsm8k", "exact_match", "strict-match"),
        ("gsm8k", "exact_match", "flexible-extract"),
    ]
    assert file.skipped == ["'mmlu' is a group; its tasks are taken one by one"]
    loose = scores["gsm8k", "exact_match", "flexible-extract"]
    assert (loose["stderr"], loose["num_fewshot"], loose["version"]) == (0.006, 5, "2.0")
    assert (loose["limit"], loose["num_samples"]) == (0.1, 4)
    assert (file.checkpoint, file.step) == ("org/tiny", None)


def test_a_group_without_scores_of_its_own_is_left_out_too() -> None:
    scores, file = read(SINCE_0_4_3), read_lm_eval(SINCE_0_4_3)
    (score,) = scores.values()
    assert (score["stderr"], score["num_fewshot"], score["version"]) == (None, 3, "1.0")
    assert (score["limit"], score["num_samples"], score["higher_is_better"]) == (4, 4, True)
    assert (file.checkpoint, file.step) == ("runs/a/step-00000020", 20)


def test_the_newest_format() -> None:
    (score,), file = read(NEWEST).values(), read_lm_eval(NEWEST)
    assert (score["task"], score["value"], score["stderr"], score["num_samples"]) == ("one", 1, None, 8)
    assert (score["version"], score["higher_is_better"], file.step) == ("v2", None, 400)


@pytest.mark.parametrize(
    ("value", "flag"), [(math.nan, "nan"), (math.inf, "inf"), (-math.inf, "-inf"), (-(10**400), "-inf")]
)
def test_what_is_not_finite_is_null_and_flagged(value: float, flag: str) -> None:
    (score,) = read({"results": {"t": {"acc,none": value, "acc_stderr,none": value}}}).values()
    assert (score["value"], score["flag"], score["stderr"]) == (None, flag, None)


def test_what_is_no_score_is_said() -> None:
    measured = {"bypass,none": 999, "submission,none": [], "note": "N/A", "sure": True, "acc,none": 0.5}
    file = read_lm_eval({"results": {"t": measured}, "config": {"model_args": {"iteration": 63000, "load": "out"}}})
    assert [score["metric"] for score in file.scores] == ["acc"]
    assert [each.partition(" of ")[0] for each in file.skipped] == [
        "'bypass,none'",
        "'submission,none'",
        "'note'",
        "'sure'",
    ]
    assert (file.checkpoint, file.step) == ("out", 63000)


@pytest.mark.parametrize(
    ("document", "message"),
    [
        ({}, "this is no lm-eval results file"),
        ({"results": [{"task_name": "wino", "em": 0.4}]}, "this is no lm-eval results file"),
        ({"results": {"t": 0.5}}, "this is no lm-eval results file"),
        ({"results": {}}, "the file holds no score"),
        ({"results": {"g": {"acc": 1}}, "groups": {"g": {}}}, "no score; left out: 'g' is a group"),
        ({"results": {"t": {"acc": 1}}, "config": {"num_fewshot": [0, 5]}}, r"config\.num_fewshot is a list"),
    ],
)
def test_what_cannot_be_read_is_refused(document: Any, message: str) -> None:
    with pytest.raises(UserError, match=message):
        read_lm_eval(document)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["t", "g", "num_fewshot", "x"]), inner),
)
MEMBERS = ["config", "configs", "groups", "group_subtasks", "versions", "n-shot", "n-samples", "samples", "model_name"]


@given(
    results=st.dictionaries(st.text(), st.dictionaries(st.sampled_from(["acc", "acc,none", "acc_stderr,none"]), JSON)),
    more=st.dictionaries(st.sampled_from(MEMBERS), JSON),
)
def test_whatever_the_file_holds_it_is_scores_or_a_refusal(results: Any, more: Any) -> None:
    with suppress(UserError):
        file = read_lm_eval({"results": results, **more})
        json.dumps(file.scores, allow_nan=False)
        "".join(file.skipped).encode()


def test_members_of_other_shapes_are_passed_over() -> None:
    strange = dict.fromkeys(("versions", "n-shot", "n-samples", "higher_is_better", "configs", "groups", "config"), 3)
    (score,) = read({"results": {"t": {"acc": 0.5, "acc_stderr": -1}}, "group_subtasks": [], **strange}).values()
    assert (score["version"], score["num_fewshot"], score["stderr"]) == ("none", 0, None)


@pytest.mark.parametrize(
    ("name", "step"),
    [
        ("step-00002000", 2000),
        ("run/checkpoint-500/step_7", 7),
        ("global_step143000", 143000),
        ("1.4b-deduped_step0.json", 0),
        ("iter=12", 12),
        ("llama-7b", None),
        ("stepwise", None),
    ],
)
def test_the_step_in_a_name(name: str, step: int | None) -> None:
    assert step_in(name) == step
