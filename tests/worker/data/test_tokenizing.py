"""Tokenizers: trained the same everywhere, lossless, and clear about what is missing."""

import subprocess
import sys

import pytest
from tests.worker.data import corpora

from crossfade_worker.data.errors import CorpusError
from crossfade_worker.data.tokenizing import (
    end_of_text_id,
    open_tokenizer,
    token_space,
    tokenizer_file,
    train_tokenizer,
)

TEXTS = [corpora.text(number) for number in range(300)]
TRAIN = """
from crossfade_worker.data.tokenizing import train_tokenizer
from tests.worker.data.test_tokenizing import TEXTS
import sys
sys.stdout.write(train_tokenizer(TEXTS, vocab_size=400, end_of_text="<|endoftext|>").to_str())
"""


def test_training_is_the_same_in_every_process():
    outputs = {subprocess.run([sys.executable, "-c", TRAIN], capture_output=True, check=True).stdout for _ in range(2)}
    outputs.add(train_tokenizer(TEXTS, vocab_size=400, end_of_text="<|endoftext|>").to_str().encode())
    assert len(outputs) == 1


def test_any_text_comes_back_and_digits_stand_alone():
    tokenizer = train_tokenizer([*TEXTS, "1234 " * 100], vocab_size=400, end_of_text="<|end|>")
    for text in ("größer \U0001f9ee\x00\r\n\t", "no such words", TEXTS[0]):
        assert tokenizer.decode(tokenizer.encode(text).ids) == text
    assert tokenizer.encode("1234").tokens == ["1", "2", "3", "4"]
    assert (end_of_text_id(tokenizer, "<|end|>"), token_space(tokenizer)) == (0, 316)


def test_text_that_spells_a_special_token_stays_text(tmp_path):
    path = tmp_path / "tokenizer.json"
    train_tokenizer(TEXTS, vocab_size=300, end_of_text="<|end|>").save(str(path))
    tokenizer = open_tokenizer(path)
    tokens = tokenizer.encode("a <|end|> b").ids
    assert 0 not in tokens
    assert tokenizer.decode(tokens) == "a <|end|> b"


def test_a_missing_end_of_text_is_named_with_what_there_is(tmp_path):
    tokenizer = train_tokenizer(TEXTS, vocab_size=300, end_of_text="<|end|>")
    with pytest.raises(CorpusError, match=r"tokenizer\.end_of_text: .*'</s>'; it has \[\"<\|end\|>\"\]"):
        end_of_text_id(tokenizer, "</s>")


def test_a_folder_or_a_file_may_be_named(tmp_path):
    with pytest.raises(CorpusError, match=r"tokenizer\.path: .*tokenizer\.json does not exist; name a tokenizer\.json"):
        tokenizer_file(tmp_path)
    path = tmp_path / "tokenizer.json"
    path.write_text("{}")
    assert tokenizer_file(tmp_path) == tokenizer_file(path) == path
    with pytest.raises(CorpusError, match="cannot be read as a tokenizer"):
        open_tokenizer(path)
