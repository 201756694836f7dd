"""Preparing: what goes in comes out as tokens, once, and an interruption at any moment costs only time."""

import fcntl
import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import psutil
import pytest
from tests.eventually import eventually
from tests.worker.data import corpora
from tokenizers import Tokenizer

from crossfade_worker.data.errors import CorpusError
from crossfade_worker.data.staging import read_texts

PREPARE = """
import sys
from pathlib import Path
from tests.eventually import eventually
from tests.worker.data import corpora
if __name__ == "__main__":
    corpora.prepare(corpora.settings(Path(sys.argv[1]), sources={
        "problems": {"collect": "worked_problems", "max_bytes": 600_000},
        "second": {"files": [Path(sys.argv[1]) / "second.jsonl"]},
    }, shard_text_bytes=100_000), num_processes=2)
"""


def decoded_documents(corpus, source):
    tokenizer = Tokenizer.from_file(str(corpus.tokenizer_path))
    for shard in corpus.sources[source].shards:
        start = 0
        for end in shard.document_ends.tolist():
            *tokens, last = shard.tokens[start:end].tolist()
            assert last == corpus.end_of_text
            assert corpus.end_of_text not in tokens
            yield tokenizer.decode(tokens)
            start = end
        assert start == shard.num_tokens


def test_every_document_comes_out_once_as_tokens_or_held_out(prepared):
    settings, corpus = prepared
    for source, numbers in (("first", range(120)), ("second", range(1000, 1080))):
        trained = list(decoded_documents(corpus, source))
        held_out = list(read_texts(corpus.held_out[source]))
        assert sorted(trained + held_out) == sorted(corpora.text(number) for number in numbers)
        assert 1 <= len(held_out) == corpus.sources[source].num_held_out_documents
        assert corpus.sources[source].num_documents == len(trained)
        assert corpus.sources[source].num_text_bytes == sum(len(text.encode()) for text in trained)
        assert len(corpus.sources[source].shards) > 1
        assert all(len(shard.tokens) == shard.num_tokens for shard in corpus.sources[source].shards)
    assert [path.name for path in settings.directory.parent.glob("*corpus*")] == ["corpus"]


def test_the_same_recipe_gives_the_same_bytes_with_any_number_of_processes(prepared, tmp_path):
    _, corpus = prepared
    again = corpora.prepare(corpora.settings(tmp_path), num_processes=1)
    assert again.fingerprint == corpus.fingerprint
    assert files(again.directory) == files(corpus.directory)


def test_a_finished_corpus_is_opened_and_not_made_again(prepared):
    settings, corpus = prepared
    before = {path: path.stat().st_mtime_ns for path in corpus.directory.rglob("*")}
    assert corpora.prepare(settings).fingerprint == corpus.fingerprint
    assert before == {path: path.stat().st_mtime_ns for path in corpus.directory.rglob("*")}


@pytest.mark.parametrize(
    "change",
    [
        {"held_out_fraction": 0.2},
        {"tokenizer": {"train": {"vocab_size": 301}}},
        {"shard_text_bytes": 20_000},
    ],
)
def test_other_settings_are_refused_where_a_corpus_stands(prepared, change):
    settings, _ = prepared
    with pytest.raises(CorpusError, match=r"directory: .*other settings or other input files; remove it") as caught:
        corpora.prepare(settings.model_validate(settings.model_dump() | change))
    assert caught.value.field == "directory"


def test_changed_input_is_refused_where_a_corpus_stands(tmp_path):
    settings = corpora.settings(tmp_path)
    corpora.prepare(settings)
    corpora.write_lines(tmp_path / "first.jsonl", ["something else"])
    with pytest.raises(CorpusError, match="other input files"):
        corpora.prepare(settings)


def test_unfinished_work_of_another_recipe_is_refused(tmp_path):
    settings = corpora.settings(tmp_path)
    (tmp_path / "corpus.partial").mkdir()
    (tmp_path / "corpus.partial" / "recipe.txt").write_text("another")
    with pytest.raises(CorpusError, match=r"corpus\.partial holds unfinished work .* remove it to begin anew"):
        corpora.prepare(settings)


def test_a_crash_before_the_recipe_was_written_is_no_obstacle(tmp_path):
    settings = corpora.settings(tmp_path)
    (tmp_path / "corpus.partial").mkdir()
    (tmp_path / "corpus.partial" / ".recipe.txt.partial").write_text("ha")
    assert corpora.prepare(settings).directory == settings.directory
    assert not list(settings.directory.glob("*recipe*"))


def test_a_folder_with_other_things_is_left_alone(tmp_path):
    settings = corpora.settings(tmp_path)
    settings.directory.mkdir()
    (settings.directory / "letter.txt").write_text("dear")
    with pytest.raises(CorpusError, match="is not empty; name one that is new"):
        corpora.prepare(settings)
    assert (settings.directory / "letter.txt").read_text() == "dear"


def test_a_second_preparation_at_once_is_refused(tmp_path):
    settings = corpora.settings(tmp_path)
    partial = tmp_path / "corpus.partial"
    partial.mkdir()
    descriptor = os.open(partial, os.O_RDONLY)
    fcntl.flock(descriptor, fcntl.LOCK_EX)
    try:
        with pytest.raises(CorpusError, match="prepared by another process"):
            corpora.prepare(settings)
    finally:
        os.close(descriptor)
    assert corpora.prepare(settings).sources


def test_duplicates_are_dropped_within_and_across_sources(tmp_path):
    unique = [corpora.text(number) for number in range(40)]
    first = corpora.write_lines(tmp_path / "a.jsonl", [*unique, *unique[:5], "  \n"])
    second = corpora.write_lines(tmp_path / "b.jsonl", [*unique[10:20], *(corpora.text(n) for n in range(50, 60))])
    sources = {"a": {"files": [first]}, "b": {"files": [second]}}
    corpus = corpora.prepare(corpora.settings(tmp_path, sources=sources, held_out_fraction=0))
    assert sorted(decoded_documents(corpus, "a")) == sorted(unique)
    assert sorted(decoded_documents(corpus, "b")) == sorted(corpora.text(number) for number in range(50, 60))
    assert [corpus.sources[name].num_duplicates for name in "ab"] == [5, 10]


def test_held_out_documents_do_not_depend_on_order_or_company(tmp_path):
    texts = [corpora.text(number) for number in range(100)]
    chosen = []
    for name, order in (("forth", texts), ("back", texts[::-1]), ("half", texts[:50])):
        source = corpora.write_lines(tmp_path / name / "a.jsonl", order)
        corpus = corpora.prepare(corpora.settings(tmp_path / name, sources={"a": {"files": [source]}}))
        chosen.append(set(read_texts(corpus.held_out["a"])))
    assert chosen[0] == chosen[1]
    assert chosen[2] == chosen[0] & set(texts[:50])
    assert chosen[0]


def test_a_source_without_training_text_is_named(tmp_path):
    empty = corpora.write_lines(tmp_path / "empty.jsonl", ["", " \n"])
    sources = {"nothing": {"files": [empty]}}
    with pytest.raises(CorpusError, match=r"sources\.nothing is an empty source") as caught:
        corpora.prepare(corpora.settings(tmp_path, sources=sources))
    assert caught.value.field == "sources.nothing"


def test_text_that_spells_the_end_of_text_never_becomes_it(tmp_path):
    texts = [f"<|endoftext|> number {number} <|endoftext|>" for number in range(30)]
    source = corpora.write_lines(tmp_path / "tricky.jsonl", texts)
    settings = corpora.settings(tmp_path, sources={"a": {"files": [source]}}, held_out_fraction=0)
    assert sorted(decoded_documents(corpora.prepare(settings), "a")) == sorted(texts)


def test_a_large_vocabulary_takes_four_bytes_a_token(prepared, tmp_path):
    _, corpus = prepared
    tokenizer = json.loads(corpus.tokenizer_path.read_text())
    tokenizer["model"]["vocab"] |= {f"unused {number}": number for number in range(corpus.vocab_size, 65_537)}
    given = tmp_path / "given"
    given.mkdir()
    (given / "tokenizer.json").write_text(json.dumps(tokenizer))
    large = corpora.prepare(corpora.settings(tmp_path, tokenizer={"path": given}))
    assert large.sources["first"].dtype == "<u4"
    assert large.vocab_size == 65_537
    assert list(decoded_documents(large, "second")) == list(decoded_documents(corpus, "second"))


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory):
    """Give the files of a preparation that nothing disturbed."""
    folder = tmp_path_factory.mktemp("undisturbed")
    run(folder)
    return files(folder / "corpus")


@pytest.mark.parametrize("moment", ["staging/.*.unfinished/*.jsonl", "tokenizer.json", "staging/*/*.record.json"])
def test_a_kill_at_any_moment_leaves_no_process_and_costs_only_time(tmp_path, undisturbed, moment):
    process = start(tmp_path)
    wait_for(lambda: list((tmp_path / "corpus.partial").glob(moment)), process)
    children = psutil.Process(process.pid).children(recursive=True)
    process.kill()
    process.wait()
    _, alive = psutil.wait_procs(children, timeout=10)
    assert not alive
    assert not (tmp_path / "corpus").exists()
    run(tmp_path)
    assert files(tmp_path / "corpus") == undisturbed


def test_finished_shards_survive_an_interruption(tmp_path):
    process = start(tmp_path)
    wait_for(lambda: list((tmp_path / "corpus.partial").glob("staging/*/*.record.json")), process)
    children = psutil.Process(process.pid).children(recursive=True)
    process.send_signal(signal.SIGINT)
    assert process.wait(timeout=20) != 0
    _, alive = psutil.wait_procs(children, timeout=10)
    assert not alive
    partial = tmp_path / "corpus.partial"
    finished = list(partial.glob("staging/*/*.record.json"))
    shards = {path: path.stat().st_ino for path in partial.rglob("*.ds") if recorded(path, partial)}
    assert len(shards) == len(finished) > 0
    run(tmp_path)
    kept = {path: (tmp_path / "corpus" / path.relative_to(partial)).stat().st_ino for path in shards}
    assert kept == shards


def recorded(path: Path, partial: Path) -> bool:
    return (partial / "staging" / path.parent.name / f"{path.stem}.record.json").exists()


def start(folder: Path) -> subprocess.Popen[bytes]:
    folder.mkdir(exist_ok=True)
    script = folder / "prepare.py"
    script.write_text(PREPARE)
    environment = os.environ | {"PYTHONPATH": str(Path(__file__).parents[3])}
    return subprocess.Popen(
        [sys.executable, script, folder], env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )


def run(folder: Path) -> None:
    assert start(folder).wait(timeout=60) == 0


def wait_for(condition, process) -> None:
    def look():
        assert process.poll() is None
        return condition()

    eventually(look, patience_seconds=60, pause_seconds=0.005)  # what it looks for does not stay


def files(directory: Path) -> dict[str, bytes]:
    """Give every file's content but the manifest's, which holds times."""
    return {
        path.relative_to(directory).as_posix(): path.read_bytes()
        for path in directory.rglob("*")
        if path.is_file() and path.name != "corpus.json"
    }


def test_a_given_tokenizer_is_checked_before_anything_is_written(prepared, tmp_path):
    tokenizer = {"path": prepared[1].tokenizer_path, "end_of_text": "</s>"}
    with pytest.raises(CorpusError, match=r"tokenizer\.end_of_text: the tokenizer has no special token '</s>'"):
        corpora.prepare(corpora.settings(tmp_path, tokenizer=tokenizer))
    assert not (tmp_path / "corpus.partial").exists()
