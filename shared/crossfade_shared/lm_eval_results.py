"""Results files as lm-eval writes them, of every format since 0.2, read into scores.

Until 0.3 a metric is called `acc` and its standard error `acc_stderr`, and all tasks share `config.num_fewshot`. Since
0.4 they are `acc,none` and `acc_stderr,none` with the filter behind the comma, shots stand under `n-shot`, and groups
stand among the tasks (named under `groups` and `group_subtasks`). Counts of samples came with 0.4.3 as `n-samples`,
before that now and then as `samples` or `sample_len` of a task.
"""

from __future__ import annotations

import math
import re
import reprlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, TypedDict, TypeGuard

from crossfade_shared.errors import UserError

NO_FILTER = "none"
NO_VERSION = "none"
MAX_CHECKPOINT_CHARACTERS = 200
_BOOKKEEPING = {"", " ", "name", "alias", "sample_len", "sample_count", "samples"}
_PREDICTED_ONLY = "bypass"
_STEP = re.compile(r"(?:step|iter(?:ation)?|checkpoint|ckpt)[-_=]?0*(\d{1,15})(?!\d)", re.IGNORECASE)
_MODEL_ARGUMENTS = ("peft", "delta", "pretrained", "model", "path", "load")


class NewScore(TypedDict):
    """One score as the controller takes it."""

    task: str
    metric: str
    filter: str
    num_fewshot: int
    version: str
    limit: float | None
    value: float | None
    flag: str | None
    """`nan`, `inf` or `-inf` where the value is None because it was not finite."""
    stderr: float | None
    num_samples: int | None
    higher_is_better: bool | None


@dataclass(frozen=True)
class LmEvalResults:
    """What one file holds; groups are left out, for their tasks are there."""

    scores: list[NewScore]
    skipped: list[str]
    """What was left out, and why."""
    checkpoint: str | None
    """The model that the file names, with its revision; of a long name its end."""
    step: int | None
    """The step in the model's name."""


def read_lm_eval(document: Mapping[str, Any]) -> LmEvalResults:
    """Read a decoded results file; raises `UserError` if it is none or holds no score."""
    results = document.get("results")
    if not isinstance(results, Mapping) or not all(isinstance(measured, Mapping) for measured in results.values()):
        raise UserError("results: this is no lm-eval results file; its results are an object by task", field="results")
    groups = _groups(document)
    skipped = [f"{name!r} is a group; its tasks are taken one by one" for name in results if name in groups]
    scores: list[NewScore] = []
    for task, measured in results.items():
        if task not in groups:
            scores += _scores(document, task, measured, skipped)
    if not scores:
        left_out = f"; left out: {'; '.join(skipped[:3])}" if skipped else ""
        raise UserError(f"results: the file holds no score{left_out}", field="results")
    model = _model_arguments(document)
    checkpoint = _checkpoint(document, model)
    return LmEvalResults(scores, skipped, checkpoint, _step(model, checkpoint))


def step_in(text: str) -> int | None:
    """Give the step that a name tells (`step-00002000`, `checkpoint-2000`, `global_step2000`), the last of several."""
    found = _STEP.findall(text)
    return int(found[-1]) if found else None


def _scores(
    document: Mapping[str, Any], task: str, measured: Mapping[str, Any], skipped: list[str]
) -> Iterator[NewScore]:
    """Give the scores of one task, and note what is none."""
    for key, value in measured.items():
        metric, comma, filter_name = key.rpartition(",") if "," in key else (key, "", NO_FILTER)
        if key in _BOOKKEEPING or metric.endswith("_stderr"):
            continue
        if metric == _PREDICTED_ONLY or (number := _number(value)) is None:
            skipped.append(f"{key!r} of {task!r} is {reprlib.repr(value):.40}, which is no score")
            continue
        stderr = measured.get(f"{metric}_stderr{comma}{filter_name}" if comma else f"{metric}_stderr")
        yield NewScore(
            task=task,
            metric=metric,
            filter=filter_name,
            num_fewshot=_num_fewshot(document, task),
            version=_version(document, task),
            limit=_limit(document),
            value=number if math.isfinite(number) else None,
            flag=None if math.isfinite(number) else str(number),
            stderr=_positive(stderr, or_zero=True),
            num_samples=_num_samples(document, task, measured),
            higher_is_better=_direction(document, task, metric),
        )


def _groups(document: Mapping[str, Any]) -> set[str]:
    """Give the names of groups: those with scores of their own, and those with tasks."""
    subtasks = document.get("group_subtasks")
    with_tasks = {name for name, tasks in subtasks.items() if tasks} if isinstance(subtasks, Mapping) else set()
    with_scores = document.get("groups")
    return with_tasks | (set(with_scores) if isinstance(with_scores, Mapping) else set())


def _num_fewshot(document: Mapping[str, Any], task: str) -> int:
    of_all = _member(document, "config", "num_fewshot")
    if isinstance(of_all, list):
        raise UserError(
            "config.num_fewshot is a list, which does not tell which task had how many; import each task by itself",
            field="config.num_fewshot",
        )
    known = (_member(document, "n-shot", task), _member(document, "configs", task, "num_fewshot"), of_all)
    return next((shots for shots in known if _is_whole(shots)), 0)


def _version(document: Mapping[str, Any], task: str) -> str:
    version = _member(document, "versions", task)
    version = _member(document, "configs", task, "metadata", "version") if version is None else version
    return NO_VERSION if version is None else str(version)


def _limit(document: Mapping[str, Any]) -> float | None:
    return _positive(_member(document, "config", "limit"))


def _num_samples(document: Mapping[str, Any], task: str, measured: Mapping[str, Any]) -> int | None:
    counts = (
        _member(document, "n-samples", task, "effective"),
        measured.get("sample_len"),
        measured.get("samples"),
        _num_logged(_member(document, "samples", task)),
    )
    return next((count for count in counts if _is_whole(count) and count > 0), None)


def _num_logged(samples: object) -> int | None:
    """Count the documents among logged samples: each stands there once a filter."""
    if not isinstance(samples, list):
        return None
    return len({str(sample.get("doc_id")) for sample in samples if isinstance(sample, Mapping)})


def _direction(document: Mapping[str, Any], task: str, metric: str) -> bool | None:
    higher_is_better = _member(document, "higher_is_better", task, metric)
    return higher_is_better if isinstance(higher_is_better, bool) else None


def _model_arguments(document: Mapping[str, Any]) -> dict[str, Any]:
    given = _member(document, "config", "model_args")
    if isinstance(given, Mapping):
        return dict(given)
    if not isinstance(given, str):
        return {}
    pairs = (part.partition("=") for part in given.split(","))
    return {name.strip(): value.strip() for name, _, value in pairs}


def _checkpoint(document: Mapping[str, Any], model: Mapping[str, Any]) -> str | None:
    names = (*(model.get(argument) for argument in _MODEL_ARGUMENTS), document.get("model_name"))
    name = next((name for name in names if isinstance(name, str) and name), None)
    revision = model.get("revision")
    name = f"{name}@{revision}" if name and isinstance(revision, str) and revision else name
    return name[-MAX_CHECKPOINT_CHARACTERS:] if name else None


def _step(model: Mapping[str, Any], checkpoint: str | None) -> int | None:
    iteration = model.get("iteration")  # as GPT-NeoX calls it
    if _is_whole(iteration) and iteration >= 0:
        return iteration
    return step_in(checkpoint) if checkpoint else None


def _member(document: object, *path: str) -> Any:  # noqa: ANN401 - JSON
    for name in path:
        document = document.get(name) if isinstance(document, Mapping) else None
    return document


def _positive(value: object, *, or_zero: bool = False) -> float | None:
    number = _number(value)
    return (
        number if number is not None and math.isfinite(number) and (number > 0 or (or_zero and number == 0)) else None
    )


def _number(value: object) -> float | None:
    """Give a number of JSON as a float, infinite where it is too large for one; None for what is no number."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    try:
        return float(value)
    except OverflowError:
        return math.inf if value > 0 else -math.inf


def _is_whole(value: object) -> TypeGuard[int]:
    return isinstance(value, int) and not isinstance(value, bool)
