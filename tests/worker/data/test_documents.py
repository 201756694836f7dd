"""Documents from files: every kind is read whole, and what cannot be read is named."""

import json

import pytest
import zstandard

from crossfade_worker.data.documents import documents, source_files
from crossfade_worker.data.errors import CorpusError
from crossfade_worker.data.settings import SourceSettings

TEXTS = ["one\n", "zwei größer\n", "three \U0001f9ee\n"]


def source(*patterns, **more):
    return SourceSettings.model_validate({"files": patterns, **more})


def lines(texts=TEXTS, field="text"):
    return "".join(json.dumps({field: text}) + "\n" for text in texts).encode()


@pytest.mark.parametrize("name", ["a.txt", "a.md", "a.py"])
def test_a_plain_file_is_one_document(tmp_path, name):
    (tmp_path / name).write_text("\n".join(TEXTS))
    assert list(documents("web", source(tmp_path / name))) == ["\n".join(TEXTS)]


def test_json_lines_are_a_document_a_line(tmp_path):
    (tmp_path / "a.jsonl").write_bytes(lines(field="content") + b"\n")
    assert list(documents("web", source(tmp_path / "a.jsonl", text_field="content"))) == TEXTS


def test_all_frames_of_a_zstandard_file_are_read(tmp_path):
    compress = zstandard.ZstdCompressor().compress
    (tmp_path / "a.jsonl.zst").write_bytes(compress(lines()) + compress(lines(["four", "five"]) * 100_000))
    found = list(documents("web", source(tmp_path / "a.jsonl.zst")))
    assert len(found) == 3 + 200_000
    assert found[:4] == [*TEXTS, "four"]


@pytest.mark.parametrize("cut", [0.3, 0.9])
def test_a_zstandard_file_that_breaks_off_is_named(tmp_path, cut):
    whole = zstandard.ZstdCompressor().compress(lines([f"text {number}" for number in range(50_000)]))
    (tmp_path / "a.jsonl.zst").write_bytes(whole[: int(len(whole) * cut)])
    with pytest.raises(CorpusError, match=r"a\.jsonl\.zst.*(breaks off|line \d+)"):
        list(documents("web", source(tmp_path / "a.jsonl.zst")))


@pytest.mark.parametrize("line", [b"{", b'"text"', b'{"body": "x"}', b'{"text": 3}', b'{"text": "\\ud800"}', b"\xff"])
def test_a_line_that_holds_no_text_is_named(tmp_path, line):
    (tmp_path / "a.jsonl").write_bytes(lines() + line + b"\n")
    with pytest.raises(CorpusError, match=r"a\.jsonl, line 4: expected an object with Unicode text under 'text'"):
        list(documents("web", source(tmp_path / "a.jsonl")))


def test_a_file_that_is_not_utf_8_is_named(tmp_path):
    (tmp_path / "a.txt").write_bytes("größer".encode("latin-1"))
    with pytest.raises(CorpusError, match=r"sources\.web: .*a\.txt cannot be read as UTF-8 text"):
        list(documents("web", source(tmp_path / "a.txt")))


def test_patterns_go_into_folders_and_name_each_file_once(tmp_path):
    for name in ("b.md", "deep/er/a.md", "c.txt"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(name)
    files = source_files("web", source(tmp_path / "**/*.md", tmp_path / "*.md", tmp_path / "c.txt"))
    assert [path.relative_to(tmp_path).as_posix() for path in files] == ["b.md", "deep/er/a.md", "c.txt"]


def test_a_pattern_without_a_file_is_named(tmp_path):
    (tmp_path / "a.txt").touch()
    with pytest.raises(CorpusError, match=r"sources\.web\.files\.1: no file fits .*\.md") as caught:
        source_files("web", source(tmp_path / "*.txt", tmp_path / "*.md"))
    assert caught.value.field == "sources.web.files.1"


def test_a_file_of_an_unknown_kind_is_named(tmp_path):
    (tmp_path / "a.docx").touch()
    with pytest.raises(CorpusError, match=r"a\.docx is of an unknown kind; use \.txt, \.md, \.py, \.jsonl"):
        source_files("web", source(tmp_path / "*"))


def test_a_source_ends_with_the_document_that_fills_it(tmp_path):
    (tmp_path / "a.jsonl").write_bytes(lines(["x" * 10] * 10))
    assert len(list(documents("web", source(tmp_path / "a.jsonl", max_bytes=21)))) == 3
