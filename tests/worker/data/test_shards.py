"""Opening a corpus: what was altered is named, what was merely copied passes."""

import json
import os
import shutil

import numpy as np
import pytest

from crossfade_worker.data.errors import CorpusError
from crossfade_worker.data.shards import open_corpus


@pytest.fixture
def corpus(prepared, tmp_path):
    """Give a copy of the prepared corpus that a test may spoil."""
    shutil.copytree(prepared[1].directory, tmp_path / "corpus")
    return open_corpus(tmp_path / "corpus")


def a_shard(corpus):
    return corpus.sources["second"].shards[0]


def test_a_copy_with_other_times_is_the_same_corpus(prepared, corpus):
    for path in corpus.directory.rglob("*"):
        os.utime(path, (1, 1))
    again = open_corpus(corpus.directory)
    assert again.fingerprint == prepared[1].fingerprint
    assert again.sources["first"].fingerprint == prepared[1].sources["first"].fingerprint


@pytest.mark.parametrize("suffix", [".ds", ".ds.index"])
def test_an_altered_shard_is_named(corpus, suffix):
    path = a_shard(corpus).file.path.with_suffix(suffix)
    content = bytearray(path.read_bytes())
    content[5] ^= 1
    path.write_bytes(content)
    with pytest.raises(
        CorpusError, match=f"{path.name} was changed after the corpus was prepared; restore it, or remove"
    ):
        open_corpus(corpus.directory)


def test_an_altered_tokenizer_is_named(corpus):
    corpus.tokenizer_path.write_text(corpus.tokenizer_path.read_text().replace('"a"', '"b"', 1))
    with pytest.raises(CorpusError, match=r"tokenizer\.json was changed"):
        open_corpus(corpus.directory)


def test_altered_held_out_text_is_named(corpus):
    path = corpus.held_out["first"]
    path.write_bytes(path.read_bytes().replace(b"Document", b"Pamphlet", 1))
    with pytest.raises(CorpusError, match=r"held-out/first\.jsonl was changed"):
        open_corpus(corpus.directory)


def test_a_truncated_shard_is_named_with_both_sizes(corpus):
    path = a_shard(corpus).file.path
    size = path.stat().st_size
    os.truncate(path, size - 2)
    with pytest.raises(CorpusError, match=f"{path.name} has {size - 2} bytes instead of {size}"):
        open_corpus(corpus.directory)


def test_a_missing_shard_is_named(corpus):
    path = a_shard(corpus).file.path
    path.unlink()
    with pytest.raises(CorpusError, match=rf"{path.name} cannot be read \(No such file"):
        open_corpus(corpus.directory)


def test_a_manifest_of_more_tokens_than_there_are_is_named(corpus):
    manifest = json.loads((corpus.directory / "corpus.json").read_text())
    manifest["sources"]["second"]["shards"][0]["num_tokens"] += 1
    (corpus.directory / "corpus.json").write_text(json.dumps(manifest))
    with pytest.raises(CorpusError, match=r"corpus\.json: .*\.ds has \d+ bytes, which is not \d+ tokens of 2 bytes"):
        open_corpus(corpus.directory)


def test_a_source_without_tokens_is_named(corpus):
    manifest = json.loads((corpus.directory / "corpus.json").read_text())
    manifest["sources"]["second"]["shards"] = []
    (corpus.directory / "corpus.json").write_text(json.dumps(manifest))
    with pytest.raises(CorpusError, match=r"sources\.second is an empty source"):
        open_corpus(corpus.directory)


def test_a_folder_without_a_corpus_says_how_to_make_one(tmp_path):
    with pytest.raises(CorpusError, match=r"holds no prepared corpus .* make one with `crossfade data prepare"):
        open_corpus(tmp_path)


def test_a_spoilt_manifest_is_named(corpus):
    (corpus.directory / "corpus.json").write_text('{"format": "something/9"}')
    with pytest.raises(CorpusError, match=r"corpus\.json cannot be read as a corpus manifest"):
        open_corpus(corpus.directory)


def test_tokens_are_mapped_read_only_and_ends_lie_at_end_of_text(corpus):
    for source in corpus.sources.values():
        for shard in source.shards:
            assert not shard.tokens.flags.writeable
            assert shard.document_ends.dtype == np.uint64
            expected = np.flatnonzero(shard.tokens == corpus.end_of_text) + 1
            assert np.array_equal(shard.document_ends, expected)
            assert int(shard.tokens.max()) < corpus.vocab_size


def test_fingerprints_tell_sources_apart(corpus):
    first, second = corpus.sources["first"], corpus.sources["second"]
    assert len({first.fingerprint, second.fingerprint, corpus.fingerprint}) == 3
