"""Larger real corpora and released tokenizers, where the machine has them."""

import os
from pathlib import Path

import pytest
from tests.worker.data import corpora
from tests.worker.data.test_prepare import decoded_documents

DATA = os.environ.get("CROSSFADE_TEST_DATA")
pytestmark = pytest.mark.skipif(
    DATA is None, reason="CROSSFADE_TEST_DATA names no folder with corpora/*.jsonl.zst and tokenizers/"
)


@pytest.mark.parametrize("tokenizer", ["smollm2", "gpt2"])
def test_real_text_survives_a_released_tokenizer(tmp_path, tokenizer):
    sources = {
        name: {"files": [Path(DATA, "corpora", f"{name}.jsonl.zst")], "max_bytes": 1_000_000}
        for name in ("encyclopaedia", "math_qa", "web_crawl")
    }
    path = Path(DATA, "tokenizers", tokenizer)
    settings = corpora.settings(tmp_path, tokenizer={"path": path}, sources=sources, shard_text_bytes=500_000)
    corpus = corpora.prepare(settings, num_processes=2)
    for name, source in corpus.sources.items():
        trained = list(decoded_documents(corpus, name))
        assert len(trained) == source.num_documents
        assert sum(len(text.encode()) for text in trained) == source.num_text_bytes
