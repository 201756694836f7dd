"""Replay: the documents of a step, and the opinion of another process."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

import pytest
from tests.toy import SEQUENCE_LENGTH, run_values, write_run
from typer.testing import CliRunner

from crossfade_shared.errors import UserError
from crossfade_worker.config import load_run_config
from crossfade_worker.data.shards import open_corpus
from crossfade_worker.data.tokenizing import open_tokenizer
from crossfade_worker.records.batch_log import batch_log_files
from crossfade_worker.replay import replay_run
from crossfade_worker.replay.command import app
from crossfade_worker.replay.documents import documents_of_step
from crossfade_worker.replay.from_scratch import replay_from_scratch
from crossfade_worker.train import train


@pytest.fixture(scope="module")
def run_yaml(tmp_path_factory: pytest.TempPathFactory, toy_corpus: Path) -> Path:
    """A run in which one source reached its cap."""
    values = run_values(toy_corpus) | {"epochs": {"math": {"max_epochs": 0.02}}}
    path = write_run(tmp_path_factory.mktemp("replayed"), values)
    train(load_run_config(path))
    return path


@pytest.mark.parametrize("world_size", [1, 2, 4, 8])
def test_another_process_with_other_ranks_plans_the_same(run_yaml: Path, world_size: int) -> None:
    opinion = replay_from_scratch(run_yaml, world_size=world_size)
    assert (opinion.world_size, opinion.num_batches, opinion.differing_steps) == (world_size, 20, ())


def test_another_plan_in_the_logs_is_named(run_yaml: Path) -> None:
    log = batch_log_files(load_run_config(run_yaml).directory / "batches")[0].path
    whole = log.read_text()
    lines = whole.splitlines(keepends=True)
    lines[7] = json.dumps({**json.loads(lines[7]), "plan": "0" * 64}) + "\n"
    log.write_text("".join(lines))
    answer = CliRunner().invoke(app, [str(run_yaml), "--from-scratch", "--world-size", "2", "--json"])
    log.write_text(whole)
    assert answer.exit_code == 1
    assert json.loads(answer.output) == {"world_size": 2, "num_batches": 20, "differing_steps": [7]}


def test_ranks_that_cannot_share_a_batch_are_refused(run_yaml: Path) -> None:
    with pytest.raises(UserError, match="--world-size is 8, which 3 ranks cannot share"):
        replay_from_scratch(run_yaml, world_size=3)


def test_the_documents_of_a_step_are_its_tokens(run_yaml: Path) -> None:
    config = load_run_config(run_yaml)
    parts = documents_of_step(config, 3)
    tokens_of_row = Counter[tuple[int, str, int]]()
    for part in parts:
        tokens_of_row[part.rank, part.source, part.row] += part.num_tokens
    assert set(tokens_of_row.values()) == {SEQUENCE_LENGTH + 1}
    assert len(tokens_of_row) == 8
    rows_of_source = Counter(source for _, source, _ in tokens_of_row)
    assert rows_of_source == Counter({name: n for name, n in replay_run(config).sequences[3].items() if n})
    corpus = open_corpus(config.corpus)
    tokenizer = open_tokenizer(corpus.tokenizer_path)
    for part in parts:
        (shard,) = corpus.sources[part.source].shards
        begin = int(shard.document_ends[part.document - 1]) if part.document else 0
        tokens = shard.tokens[begin + part.first_token :][: part.num_tokens]
        assert part.text == tokenizer.decode(tokens.tolist(), skip_special_tokens=False)
        assert begin + part.first_token + part.num_tokens <= int(shard.document_ends[part.document])


def test_a_step_is_shown_for_people_and_for_programs(run_yaml: Path) -> None:
    shown = CliRunner().invoke(app, [str(run_yaml), "--step", "3"])
    assert shown.exit_code == 0, shown.output
    assert shown.output.count("rank 0") == 8
    as_json = CliRunner().invoke(app, [str(run_yaml), "--step", "3", "--json"])
    documents = json.loads(as_json.output)["documents"]
    assert all(document["text"].splitlines()[0] in shown.output for document in documents)


def test_a_step_that_nobody_drew_is_refused(run_yaml: Path) -> None:
    with pytest.raises(UserError, match="--step 20: no rank drew it; the last step in the logs is 19"):
        documents_of_step(load_run_config(run_yaml), 20)


def test_verifying_is_the_default(run_yaml: Path) -> None:
    answers = [CliRunner().invoke(app, [str(run_yaml), *options]) for options in ([], ["--verify"])]
    assert [answer.output for answer in answers] == ["20 batches replayed, 20 log lines compared, 0 mismatches\n"] * 2
    both = CliRunner().invoke(app, [str(run_yaml), "--verify", "--from-scratch"])
    assert isinstance(both.exception, UserError)
