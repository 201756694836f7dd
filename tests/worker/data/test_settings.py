"""CORPUS.yaml: what is wrong is said with its field and what would be right."""

import pytest

from crossfade_shared.errors import UserError
from crossfade_worker.data.settings import load_corpus_settings

GOOD = """
directory: out
tokenizer: {train: {vocab_size: 1000}}
sources:
  web: {files: ["texts/*.md", "/absolute/*.txt"]}
  maths: {collect: worked_problems, max_bytes: 1000}
"""


def load(tmp_path, text):
    (tmp_path / "CORPUS.yaml").write_text(text)
    return load_corpus_settings(tmp_path / "CORPUS.yaml")


def test_relative_paths_are_relative_to_the_file(tmp_path, monkeypatch):
    monkeypatch.chdir("/")
    settings = load(tmp_path, GOOD)
    assert settings.directory == tmp_path / "out"
    assert [str(path) for path in settings.sources["web"].files] == [f"{tmp_path}/texts/*.md", "/absolute/*.txt"]
    assert list(settings.sources) == ["web", "maths"]


@pytest.mark.parametrize(
    ("old", "new", "field", "said"),
    [
        ("directory: out", "", "directory", "Field required"),
        ("directory: out", "directory: out\ncolour: red", "colour", "Extra inputs are not permitted"),
        ("1000}}", "100}}", "tokenizer.train.vocab_size", "greater than or equal to 257"),
        ("{train: {vocab_size: 1000}}", "{}", "tokenizer", "either 'train'"),
        ("{train: {vocab_size: 1000}}", "{train: {}, path: x}", "tokenizer", "either 'train'"),
        ("worked_problems", "poetry", "sources.maths.collect", "'python_code'"),
        (", max_bytes: 1000", "", "sources.maths", "never ends; give 'max_bytes'"),
        ("max_bytes: 1000", "max_bytes: 0", "sources.maths.max_bytes", "greater than or equal to 1"),
        ("{collect: worked_problems", "{collect: docstrings, files: [a.md]", "sources.maths", "either 'files'"),
        ("web:", "Web Pages:", "sources.Web Pages.[key]", "not a valid name"),
        ("sources:", "held_out_fraction: 1\nsources:", "held_out_fraction", "less than 1"),
    ],
)
def test_a_mistake_is_named_with_its_field(tmp_path, old, new, field, said):
    assert old in GOOD
    with pytest.raises(UserError) as caught:
        load(tmp_path, GOOD.replace(old, new))
    assert caught.value.field == field
    assert field in str(caught.value)
    assert said in str(caught.value)
    assert "CORPUS.yaml" in str(caught.value)


def test_what_is_not_yaml_is_named(tmp_path):
    with pytest.raises(UserError, match=r"CORPUS\.yaml is not readable as YAML"):
        load(tmp_path, "sources: [")
    with pytest.raises(UserError, match=r"nowhere\.yaml cannot be read: No such file"):
        load_corpus_settings(tmp_path / "nowhere.yaml")
