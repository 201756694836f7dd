"""lm-eval tasks made of held-out documents: one multiple-choice task a source, as YAML beside JSON lines."""

from __future__ import annotations

import json
import logging
from dataclasses import asdict
from pathlib import Path

import yaml

from crossfade_worker.data.shards import Corpus
from crossfade_worker.evaluate.held_out import held_out_texts
from crossfade_worker.evaluate.multiple_choice import Item, make_items
from crossfade_worker.evaluate.settings import EvaluationConfig
from crossfade_worker.files import write_atomically

TASK_VERSION = "1"
METRICS = ("acc", "acc_norm")
logger = logging.getLogger(__name__)


def task_name(source: str) -> str:
    """Give the name of a source's task."""
    return f"heldout_{source}"


def write_tasks(corpus: Corpus, settings: EvaluationConfig, directory: Path) -> dict[str, str]:
    """Write the tasks into a folder and give their names with the sources they measure.

    Equal corpora and settings give equal files; what is there already stays untouched. A source with fewer items
    than asked for, or none, is said so in the log.
    """
    directory.mkdir(parents=True, exist_ok=True)
    tasks = {}
    for source, path in corpus.held_out.items():
        items = make_items(
            held_out_texts(path, seed=settings.seed),
            num_items=settings.num_items,
            context_characters=settings.context_characters,
            choice_characters=settings.choice_characters,
            seed=settings.seed,
        )
        new = _write_if_new(directory / f"{task_name(source)}.jsonl", _json_lines(items))
        if new and len(items) < settings.num_items:
            logger.warning(
                "source %s: its held-out documents give %d of %d multiple-choice items; a larger held_out_fraction "
                "gives more",
                source,
                len(items),
                settings.num_items,
            )
        if items:
            _write_if_new(directory / f"{task_name(source)}.yaml", _task_yaml(task_name(source), directory))
            tasks[task_name(source)] = source
    return tasks


def _task_yaml(name: str, directory: Path) -> str:
    task = {
        "task": name,
        "dataset_path": "json",
        "dataset_kwargs": {
            "data_files": {"test": str(directory / f"{name}.jsonl")},
            "cache_dir": str(directory / "cache"),
        },
        "output_type": "multiple_choice",
        "test_split": "test",
        "doc_to_text": "context",
        "doc_to_choice": "choices",
        "doc_to_target": "gold",
        "target_delimiter": "",
        "num_fewshot": 0,
        "metric_list": [{"metric": metric, "aggregation": "mean", "higher_is_better": True} for metric in METRICS],
        "metadata": {"version": TASK_VERSION},
    }
    return yaml.safe_dump(task, sort_keys=False)


def _json_lines(items: list[Item]) -> str:
    return "".join(json.dumps(asdict(item)) + "\n" for item in items)


def _write_if_new(path: Path, text: str) -> bool:
    """Leave an equal file alone, so that what was cached of it stays valid; say whether it was written."""
    if path.exists() and path.read_text(encoding="utf-8") == text:
        return False
    write_atomically(path, text.encode())
    return True
