"""Reading rows: against a plain computation, in memory used again, and never from a file that is not what it was."""

import os
import shutil

import numpy as np
import pytest
import torch

from crossfade_worker.data.batches import BatchReader
from crossfade_worker.data.errors import CorpusError
from crossfade_worker.data.local_file import LocalFile
from crossfade_worker.data.reader import RowReader
from crossfade_worker.data.shards import open_corpus
from crossfade_worker.mixing.planner import BatchPlan

SEQUENCE_LENGTH = 16
ROW = SEQUENCE_LENGTH + 1


@pytest.fixture
def corpus(prepared, tmp_path):
    """Give a copy of the prepared corpus that a test may spoil."""
    shutil.copytree(prepared[1].directory, tmp_path / "corpus")
    return open_corpus(tmp_path / "corpus")


@pytest.fixture
def reader(corpus):
    return RowReader(corpus, sequence_length=SEQUENCE_LENGTH)


def every_row(reader, *, seed=0):
    """Plan each row of each source once, in a random order."""
    counts = [reader.num_rows[name] for name in sorted(reader.num_rows)]
    sources = np.repeat(np.arange(len(counts), dtype=np.int16), counts)
    rows = np.concatenate([np.arange(count) for count in counts])
    order = np.random.default_rng(seed).permutation(len(rows))
    return BatchPlan(sources[order], rows[order])


def expected_row(corpus, source, row):
    """Give (tokens, shard, where they begin), going through the shards one by one."""
    for shard in corpus.sources[sorted(corpus.sources)[source]].shards:
        num_rows = shard.num_tokens // ROW
        if row < num_rows:
            content = np.fromfile(shard.file.path, dtype=shard.dtype)
            return content[row * ROW : (row + 1) * ROW], shard, row * ROW
        row -= num_rows
    raise AssertionError("no such row")


def test_every_row_of_every_shard_is_read_in_the_order_of_the_plan(corpus, reader):
    assert all(len(source.shards) > 1 for source in corpus.sources.values())
    plan = every_row(reader)
    tokens = reader.read(plan)
    assert tokens.dtype == np.int64
    for place, (source, row) in enumerate(zip(plan.sources.tolist(), plan.rows.tolist(), strict=True)):
        assert np.array_equal(tokens[place], expected_row(corpus, source, row)[0])


def test_positions_begin_anew_with_every_row_and_document(corpus, reader):
    plan = every_row(reader)
    positions = reader.position_ids(plan)
    for place, (source, row) in enumerate(zip(plan.sources.tolist(), plan.rows.tolist(), strict=True)):
        tokens = expected_row(corpus, source, row)[0].tolist()
        expected, position = [], 0
        for token in tokens:
            expected.append(position)
            position = 0 if token == corpus.end_of_text else position + 1
        assert positions[place].tolist() == expected


@pytest.mark.parametrize("narrow", [False, True])
def test_batches_hold_until_the_ring_comes_round(reader, narrow):
    plan = every_row(reader)
    batches = BatchReader(reader, max_rows=8, depth=2, narrow=narrow)
    first, second = (batches.read(plan.part(index, len(plan.rows) // 8)) for index in (0, 1))
    assert first.tokens.dtype == (torch.uint16 if narrow else torch.int64)
    whole = torch.from_numpy(reader.read(plan))
    assert torch.equal(first.tokens.long(), whole[:8])
    assert torch.equal(second.tokens.long(), whole[8:16])
    kept = first.tokens
    third = batches.read(plan.part(2, len(plan.rows) // 8))
    assert third.tokens.data_ptr() == kept.data_ptr()
    assert torch.equal(kept.long(), whole[16:24])


def test_a_batch_tells_sources_and_positions_of_its_parts(reader):
    plan = every_row(reader).part(0, 2)
    batch = BatchReader(reader, max_rows=len(plan.rows)).read(plan)
    part = batch.parts(2)[1]
    half = plan.part(1, 2)
    assert torch.equal(part.tokens, torch.from_numpy(reader.read(half)))
    assert part.token_sources().shape == part.tokens.shape
    assert part.token_sources()[:, 5].tolist() == half.sources.tolist()
    assert np.array_equal(part.position_ids().numpy(), reader.position_ids(half))


def test_reading_ahead_changes_nothing(reader):
    plan = every_row(reader)
    before = reader.read(plan)
    reader.will_need(every_row(reader, seed=1))
    assert np.array_equal(reader.read(plan), before)


@pytest.mark.parametrize("row", [-1, 10**6])
def test_a_row_that_is_not_there_is_refused(reader, row):
    with pytest.raises(ValueError, match="rows that its sources do not have"):
        reader.read(BatchPlan(np.array([0], dtype=np.int16), np.array([row])))


def a_shard_path(corpus):
    return corpus.sources["second"].shards[0].file.path


def test_a_shard_deleted_after_it_was_mapped_is_named(corpus, reader):
    plan = every_row(reader)
    reader.read(plan)
    a_shard_path(corpus).unlink()
    with pytest.raises(CorpusError, match=rf"second/{a_shard_path(corpus).name} cannot be read \(No such file"):
        reader.read(plan)


def test_a_shard_truncated_under_its_map_is_named_with_both_sizes(corpus, reader):
    plan, path = every_row(reader), a_shard_path(corpus)
    reader.read(plan)
    size = path.stat().st_size
    os.truncate(path, 4)
    with pytest.raises(CorpusError, match=f"{path.name} has 4 bytes instead of {size}"):
        reader.read(plan)


@pytest.mark.parametrize("in_place", [True, False])
def test_a_shard_altered_after_it_was_mapped_is_named(corpus, reader, in_place):
    plan, path = every_row(reader), a_shard_path(corpus)
    reader.read(plan)
    content = bytearray(path.read_bytes())
    content[7] ^= 1
    if not in_place:
        path.unlink()
    path.write_bytes(content)
    os.utime(path, (1, 1))  # another time even where the file system's clock is coarse
    with pytest.raises(CorpusError, match=f"{path.name} was changed after the corpus was prepared"):
        reader.read(plan)


def test_a_shard_that_was_only_copied_over_is_read_on(corpus, reader):
    plan, path = every_row(reader), a_shard_path(corpus)
    before = reader.read(plan)
    copy = path.with_suffix(".copy")
    shutil.copyfile(path, copy)
    copy.replace(path)
    assert np.array_equal(reader.read(plan), before)


def test_a_shard_altered_while_it_is_copied_is_named(corpus, reader, monkeypatch):
    plan, path = every_row(reader), a_shard_path(corpus)
    honest = LocalFile.content

    def alter_behind_the_first_look(file):
        content = honest(file)
        if file.path == path:
            path.write_bytes(path.read_bytes()[::-1])
            os.utime(path, (1, 1))
        return content

    monkeypatch.setattr(LocalFile, "content", alter_behind_the_first_look)
    with pytest.raises(CorpusError, match=f"{path.name} was changed after the corpus was prepared"):
        reader.read(plan)
