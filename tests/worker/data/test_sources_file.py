"""Shards that other tools made, opened in place, and remote ones through the cache."""

import hashlib
import os
import shutil
import struct
import threading
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer

import fsspec
import numpy as np
import pytest
import yaml
from tests.toy import make_corpus, toy_run

from crossfade_shared.errors import UserError
from crossfade_worker.data.errors import CorpusError
from crossfade_worker.data.reader import RowReader
from crossfade_worker.data.shards import open_corpus
from crossfade_worker.mixing.planner import BatchPlan
from crossfade_worker.records.batch_log import batch_log_files
from crossfade_worker.records.run_directory import RunDirectory
from crossfade_worker.train import train

DOCUMENTS = [[5, 6, 7, 0], [8, 0], [9, 10, 11, 12, 13, 0], [14, 15, 0], [300, 299, 0], [4, 4, 0]]
TOKENS = [token for document in DOCUMENTS for token in document]
ENDS = np.cumsum([len(document) for document in DOCUMENTS])


def write_token_files(folder, *, token_bytes=2, index=True, metadata=True):
    """Write two shards as datatrove does: three documents each."""
    folder.mkdir(parents=True)
    for number, documents in enumerate((DOCUMENTS[:3], DOCUMENTS[3:])):
        path = folder / f"{number:05d}_rank.ds"
        tokens = [token for document in documents for token in document]
        np.array(tokens, dtype=f"<u{token_bytes}").tofile(path)
        if index:
            np.cumsum([len(document) for document in documents]).astype("<u8").tofile(f"{path}.index")
        if metadata:
            (folder / f"{path.name}.metadata").write_text(f"gpt2|{token_bytes}\n{len(tokens)}\n13 tokens")
    return folder


def write_megatron(prefix, *, code=8, dtype="<u2", version=1, magic=b"MMIDIDX\0\0", cut=0):
    """Write the pair as Megatron-Core does, a sequence for each document."""
    prefix.parent.mkdir(parents=True, exist_ok=True)
    tokens = np.array(TOKENS, dtype=dtype)
    lengths = np.array([len(document) for document in DOCUMENTS], dtype="<i4")
    pointers = ((ENDS - lengths) * tokens.itemsize).astype("<i8")
    header = struct.pack("<9sQBQQ", magic, version, code, len(lengths), len(lengths) + 1)
    index = header + lengths.tobytes() + pointers.tobytes() + np.arange(len(lengths) + 1, dtype="<i8").tobytes()
    tokens.tofile(f"{prefix}.bin")
    prefix.with_suffix(".idx").write_bytes(index[: len(index) - cut])
    return prefix


@pytest.fixture
def describe(prepared, tmp_path):
    """Write and open a sources file."""

    def write(cache=None, **sources):
        values = {"tokenizer": {"path": str(prepared[1].tokenizer_path)}, "sources": sources}
        if cache:
            values["cache"] = cache
        path = tmp_path / "sources.yaml"
        path.write_text(yaml.safe_dump(values))
        return open_corpus(path)

    return write


def all_rows(corpus, *, sequence_length):
    reader = RowReader(corpus, sequence_length=sequence_length)
    names = sorted(reader.num_rows)
    counts = [reader.num_rows[name] for name in names]
    plan = BatchPlan(
        np.repeat(np.arange(len(names), dtype=np.int16), counts),
        np.concatenate([np.arange(count) for count in counts]),
    )
    return reader, plan


@pytest.mark.parametrize("token_bytes", [2, 4])
@pytest.mark.parametrize(("index", "metadata"), [(True, True), (True, False), (False, True)])
def test_token_files_are_read_in_place(describe, tmp_path, token_bytes, index, metadata):
    write_token_files(tmp_path / "web", token_bytes=token_bytes, index=index, metadata=metadata)
    corpus = describe(web={"format": "token_files", "path": "web"})
    reader, plan = all_rows(corpus, sequence_length=2)
    assert reader.stored_dtype.itemsize == token_bytes
    assert reader.read(plan).ravel().tolist() == TOKENS
    if index:
        assert reader.position_ids(plan)[:4].tolist() == [[0, 1, 2], [0, 0, 1], [0, 1, 2], [0, 1, 2]]
    else:
        with pytest.raises(CorpusError, match=r"00000_rank\.ds\.index is missing"):
            reader.position_ids(plan)


def test_token_files_that_tell_nothing_need_their_token_bytes(describe, tmp_path):
    write_token_files(tmp_path / "web", token_bytes=4, index=False, metadata=False)
    with pytest.raises(CorpusError, match=r"00000_rank\.ds has neither .metadata nor .index; say 2 or 4") as error:
        describe(web={"format": "token_files", "path": "web"})
    assert error.value.field == "sources.web.token_bytes"
    corpus = describe(web={"format": "token_files", "path": "web", "token_bytes": 4})
    assert corpus.sources["web"].num_tokens == len(TOKENS)


def test_token_files_that_do_not_fit_their_index_are_named(describe, tmp_path):
    folder = write_token_files(tmp_path / "web")
    os.truncate(folder / "00001_rank.ds", 10)
    with pytest.raises(CorpusError, match=r"00001_rank\.ds has 10 bytes, which is not 9 of tokens of 2 bytes"):
        describe(web={"format": "token_files", "path": "web"})


def test_token_files_cut_to_less_than_a_byte_a_token_are_named(describe, tmp_path):
    folder = write_token_files(tmp_path / "web", metadata=False)
    os.truncate(folder / "00001_rank.ds", 6)
    with pytest.raises(CorpusError, match=r"00001_rank\.ds has 6 bytes, which is not 9 of tokens"):
        describe(web={"format": "token_files", "path": "web"})


@pytest.mark.parametrize(("code", "dtype"), [(8, "<u2"), (4, "<i4")])
def test_a_megatron_pair_is_read_in_place(describe, tmp_path, code, dtype):
    write_megatron(tmp_path / "code" / "text_document", code=code, dtype=dtype)
    corpus = describe(code={"format": "megatron", "path": "code/text_document"})
    shard = corpus.sources["code"].shards[0]
    assert shard.tokens.tolist() == TOKENS
    assert shard.document_ends.tolist() == ENDS.tolist()
    reader, plan = all_rows(corpus, sequence_length=6)
    assert reader.read(plan).ravel().tolist() == TOKENS
    assert reader.position_ids(plan)[0].tolist() == [0, 1, 2, 3, 0, 1, 0]


@pytest.mark.parametrize(
    ("mistake", "complaint"),
    [
        ({"magic": b"TNTIDX\0\0\0"}, r"text\.idx: magic is b'TNTIDX"),
        ({"version": 2}, r"text\.idx: version is 2; only version 1"),
        ({"code": 7}, r"text\.idx: dtype code is 7; tokens must be uint16 \(8\) or int32 \(4\)"),
        ({"cut": 3}, r"text\.idx has \d+ bytes; 6 sequences and 7 document indices need"),
        ({"dtype": "<u4"}, r"text\.idx: sequence pointers do not follow from sequence lengths"),
    ],
)
def test_a_megatron_index_that_is_wrong_is_named_with_its_field(describe, tmp_path, mistake, complaint):
    write_megatron(tmp_path / "text", **mistake)
    with pytest.raises(CorpusError, match=complaint):
        describe(code={"format": "megatron", "path": "text"})


def test_a_megatron_pair_whose_bin_is_cut_is_named(describe, tmp_path):
    write_megatron(tmp_path / "text")
    os.truncate(tmp_path / "text.bin", 40)
    with pytest.raises(CorpusError, match=r"text\.bin has 40 bytes, .*text\.idx sum to 21 tokens of 2 bytes"):
        describe(code={"format": "megatron", "path": "text"})


def test_sources_of_different_widths_and_formats_mix(describe, tmp_path, prepared):
    write_token_files(tmp_path / "web", token_bytes=2)
    write_megatron(tmp_path / "code" / "text", code=4, dtype="<i4")
    corpus = describe(
        web={"format": "token_files", "path": "web"},
        code={"format": "megatron", "path": "code/text"},
        own={"format": "prepared", "path": str(prepared[1].directory), "source": "second"},
    )
    reader, plan = all_rows(corpus, sequence_length=2)
    tokens = reader.read(plan)
    assert tokens[plan.sources == 0].ravel().tolist() == TOKENS
    assert tokens[plan.sources == 2].ravel().tolist() == TOKENS
    assert tokens[plan.sources == 1][0].tolist() == prepared[1].sources["second"].shards[0].tokens[:3].tolist()


def test_fingerprints_follow_the_content(describe, tmp_path):
    folder = write_token_files(tmp_path / "web")
    before = describe(web={"format": "token_files", "path": "web"}).fingerprint
    assert describe(web={"format": "token_files", "path": "web"}).fingerprint == before
    with (folder / "00000_rank.ds").open("r+b") as file:
        file.write(b"\x01")
    assert describe(web={"format": "token_files", "path": "web"}).fingerprint != before


def test_a_foreign_shard_altered_while_in_use_is_named(describe, tmp_path):
    folder = write_token_files(tmp_path / "web")
    reader, plan = all_rows(describe(web={"format": "token_files", "path": "web"}), sequence_length=2)
    reader.read(plan)
    os.utime(folder / "00000_rank.ds", (1, 1))
    with pytest.raises(CorpusError, match=r"00000_rank\.ds was changed while it was in use"):
        reader.read(plan)


@pytest.mark.parametrize(
    ("source", "complaint", "field"),
    [
        ({"format": "parquet", "path": "x"}, "Input should be 'prepared', 'token_files' or 'megatron'", None),
        ({"format": "token_files", "path": "nowhere"}, "nowhere cannot be read .*name a folder of token files", None),
        ({"format": "token_files", "path": "."}, "holds no .ds file", "sources.web.path"),
        ({"format": "token_files", "path": "memory://x"}, "cache: sources.web is remote; say where copies go", "cache"),
    ],
)
def test_a_mistake_in_the_file_is_named(describe, source, complaint, field):
    with pytest.raises(UserError, match=complaint) as error:
        describe(web=source)
    assert field in {None, error.value.field}


def test_a_corpus_of_another_tokenizer_is_refused(describe, prepared, tmp_path):
    shutil.copytree(prepared[1].directory, tmp_path / "other")
    manifest = tmp_path / "other" / "corpus.json"
    manifest.write_text(manifest.read_text().replace(prepared[1].tokenizer_fingerprint, "0" * 64))
    with pytest.raises(CorpusError, match="was made with another tokenizer"):
        describe(first={"format": "prepared", "path": "other"})


@pytest.fixture
def served(tmp_path):
    """Serve a folder over HTTP and remember what was asked for; gives (folder, address, paths)."""
    folder, asked = tmp_path / "served", []
    folder.mkdir()

    class Handler(SimpleHTTPRequestHandler):
        def do_GET(self):
            asked.append(self.path)
            super().do_GET()

        def log_message(self, *values):
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), partial(Handler, directory=folder)) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield folder, f"http://127.0.0.1:{server.server_port}", asked
        server.shutdown()


def test_a_prepared_corpus_over_http_reads_like_the_local_one(describe, prepared, served):
    folder, address, asked = served
    shutil.copytree(prepared[1].directory, folder / "corpus")
    names = ("first", "second")
    source = {"format": "prepared", "path": f"{address}/corpus"}
    cache = {"directory": "cache", "max_bytes": 10**7}
    remote = describe(cache, **dict.fromkeys(names, source))
    assert not [path for path in asked if path.endswith(".ds")]  # a shard is fetched when it is read
    assert {name: remote.sources[name].fingerprint for name in names} == {
        name: prepared[1].sources[name].fingerprint for name in names
    }
    reader, plan = all_rows(remote, sequence_length=16)
    local, _ = all_rows(prepared[1], sequence_length=16)
    assert np.array_equal(reader.read(plan), local.read(plan))
    assert np.array_equal(reader.position_ids(plan), local.position_ids(plan))
    num_asked = len(asked)
    again, _ = all_rows(describe(cache, **dict.fromkeys(names, source)), sequence_length=16)
    assert np.array_equal(again.read(plan), local.read(plan))
    assert asked[num_asked:] == ["/corpus/corpus.json"] * 2  # copies from before are found and checked


def put_in_memory(name, folder, *, wrong=""):
    """Put files and their SHA256SUMS where fsspec's memory:// finds them; `wrong` gets another's checksum."""
    address, lines = f"memory://{name}", []
    for path in sorted(folder.iterdir()):
        content = path.read_bytes()
        with fsspec.open(f"{address}/{path.name}", "wb") as file:
            file.write(content)
        lines.append(f"{hashlib.sha256(content + path.name.endswith(wrong or '/') * b'!').hexdigest()}  {path.name}\n")
    with fsspec.open(f"{address}/SHA256SUMS", "w") as file:
        file.write("".join(lines))
    return address


def test_remote_token_files_and_pairs_are_read(describe, tmp_path):
    web = put_in_memory("a/web", write_token_files(tmp_path / "web"))
    code = put_in_memory("a/code", write_megatron(tmp_path / "code" / "text").parent)
    corpus = describe(
        {"directory": "cache"},
        web={"format": "token_files", "path": web},
        code={"format": "megatron", "path": f"{code}/text"},
    )
    reader, plan = all_rows(corpus, sequence_length=2)
    reader.will_need(plan)
    assert reader.read(plan).ravel().tolist() == TOKENS + TOKENS
    assert not list((tmp_path / "cache").glob(".partial*"))


def test_a_checksum_that_does_not_fit_is_named_and_never_used(describe, tmp_path):
    address = put_in_memory("b/web", write_token_files(tmp_path / "web"), wrong="00001_rank.ds")
    corpus = describe({"directory": "cache"}, web={"format": "token_files", "path": address})
    reader, plan = all_rows(corpus, sequence_length=2)
    for _ in range(2):
        with pytest.raises(CorpusError, match=r"b/web/00001_rank\.ds does not fit its checksum"):
            reader.read(plan)
    kept = [path.read_bytes() for path in (tmp_path / "cache").iterdir()]
    assert (tmp_path / "web" / "00001_rank.ds").read_bytes() not in kept


def test_a_remote_file_that_went_away_is_named(describe, tmp_path):
    address = put_in_memory("c/web", write_token_files(tmp_path / "web"))
    corpus = describe({"directory": "cache"}, web={"format": "token_files", "path": address})
    fsspec.filesystem("memory").rm("/c/web/00001_rank.ds")
    reader, plan = all_rows(corpus, sequence_length=2)
    with pytest.raises(CorpusError, match=r"c/web/00001_rank\.ds cannot be read: FileNotFoundError"):
        reader.read(plan)


def test_the_cache_keeps_its_bound_and_what_was_used_last(describe, tmp_path):
    folder = write_token_files(tmp_path / "web", index=False)  # shards of 24 and 18 bytes, metadata of 18 and 17
    address = put_in_memory("d/web", folder)
    bound = {"directory": "cache", "max_bytes": 45}
    corpus = describe(bound, web={"format": "token_files", "path": address})
    shards = corpus.sources["web"].shards
    for number in (0, 1, 1, 0):
        expected = np.fromfile(folder / f"{number:05d}_rank.ds", dtype="<u2").tolist()
        assert shards[number].tokens.tolist() == expected
        assert sum(path.stat().st_size for path in (tmp_path / "cache").iterdir()) <= 45
    kept = {path.stat().st_size for path in (tmp_path / "cache").iterdir()}
    assert {24, 18} <= kept
    small = describe({**bound, "max_bytes": 20}, web={"format": "token_files", "path": address})
    with pytest.raises(UserError, match=r"cache\.max_bytes is 20, but .*00000_rank\.ds alone has 24 bytes"):
        _ = [shard.tokens for shard in small.sources["web"].shards]


def test_a_copy_that_another_process_gave_up_and_fetched_again_is_read_on(describe, tmp_path):
    folder = write_token_files(tmp_path / "web", index=False)
    address = put_in_memory("e/web", folder)
    source = {"format": "token_files", "path": address}
    ours, others = (describe({"directory": "cache", "max_bytes": 45}, web=source).sources["web"] for _ in range(2))
    expected = [np.fromfile(folder / f"{number:05d}_rank.ds", dtype="<u2").tolist() for number in (0, 1)]
    assert ours.shards[0].tokens.tolist() == expected[0]
    (copy,) = (path for path in (tmp_path / "cache").iterdir() if path.stat().st_size == 24)
    inode = copy.stat().st_ino
    assert others.shards[1].tokens.tolist() == expected[1]  # there is no room for both
    assert not copy.exists()
    assert others.shards[0].tokens.tolist() == expected[0]
    assert copy.stat().st_ino != inode
    assert ours.shards[0].tokens.tolist() == expected[0]


def test_copies_may_vanish_at_any_moment(describe, tmp_path):
    """Other ranks make room whenever they need it: between the fetch, the check and the use of a copy too."""
    folder = write_token_files(tmp_path / "web", index=False)
    address = put_in_memory("f/web", folder)
    source = describe({"directory": "cache", "max_bytes": 45}, web={"format": "token_files", "path": address})
    shards, num_taken, ended = source.sources["web"].shards, 0, threading.Event()

    def take() -> None:
        nonlocal num_taken
        while not ended.is_set():
            for copy in (tmp_path / "cache").iterdir():
                if not copy.name.startswith(".partial"):
                    copy.unlink(missing_ok=True)
                    num_taken += 1

    others = threading.Thread(target=take)
    others.start()
    try:
        expected = [np.fromfile(folder / f"{number:05d}_rank.ds", dtype="<u2").tolist() for number in (0, 1)]
        while num_taken < 20:
            for number in (0, 1):
                assert shards[number].tokens.tolist() == expected[number]
    finally:
        ended.set()
        others.join()


def test_a_run_trains_on_shards_that_other_tools_made(tmp_path):
    corpus = make_corpus(tmp_path)
    for name in ("web", "code"):
        shutil.copytree(corpus.directory / "tokens" / name, tmp_path / "foreign" / name)
    values = {
        "tokenizer": {"path": "corpus/tokenizer.json"},
        "sources": {
            "web": {"format": "token_files", "path": "foreign/web"},
            "code": {"format": "token_files", "path": "foreign/code"},
            "math": {"format": "prepared", "path": "corpus"},
        },
    }
    (tmp_path / "sources.yaml").write_text(yaml.safe_dump(values))
    prepared_run = toy_run(tmp_path / "prepared", corpus.directory, training={"total_steps": 3})
    described_run = toy_run(tmp_path / "described", tmp_path / "sources.yaml", training={"total_steps": 3})
    logs = []
    for config in (prepared_run, described_run):
        train(config)
        (log,) = batch_log_files(RunDirectory(config.directory).batches)
        logs.append([(record.plan, record.tokens) for record in log.records()])
    assert logs[0] == logs[1]
    assert len(logs[0]) == 3
