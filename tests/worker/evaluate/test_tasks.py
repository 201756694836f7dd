"""Tasks on disk, as lm-eval reads them."""

import json
import logging

from lm_eval.tasks import TaskManager

from crossfade_worker.evaluate.tasks import write_tasks


def test_lm_eval_finds_a_task_a_source(corpus, settings, tmp_path):
    tasks = write_tasks(corpus, settings, tmp_path)
    assert tasks == {"heldout_first": "first", "heldout_second": "second"}
    loaded = TaskManager(include_path=str(tmp_path), include_defaults=False).load(list(tasks))["tasks"]
    documents = [json.loads(line) for line in (tmp_path / "heldout_first.jsonl").read_text().splitlines()]
    assert list(loaded["heldout_first"].eval_docs) == documents
    assert len(documents) == settings.num_items


def test_equal_tasks_stay_untouched(corpus, settings, tmp_path):
    write_tasks(corpus, settings, tmp_path)
    before = {path: path.stat().st_mtime_ns for path in tmp_path.iterdir()}
    write_tasks(corpus, settings, tmp_path)
    assert before == {path: path.stat().st_mtime_ns for path in tmp_path.iterdir()}


def test_fewer_items_than_asked_for_are_said_once(corpus, settings, tmp_path, caplog):
    many = settings.model_copy(update={"num_items": 500})
    with caplog.at_level(logging.WARNING):
        write_tasks(corpus, many, tmp_path)
        write_tasks(corpus, many, tmp_path)
    said = [record.getMessage() for record in caplog.records]
    assert len(said) == 2
    assert said[0].startswith("source first: its held-out documents give ")
    assert "of 500 multiple-choice items" in said[0]


def test_a_source_without_items_has_no_task(corpus, settings, tmp_path):
    long = settings.model_copy(update={"context_characters": 10_000})
    assert write_tasks(corpus, long, tmp_path) == {}
    assert not list(tmp_path.glob("*.yaml"))
