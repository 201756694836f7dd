"""Bits per byte against a plain computation, token by token, and its standard error by hand."""

import math
from types import SimpleNamespace

import pytest
import torch

from crossfade_worker.data.tokenizing import open_tokenizer
from crossfade_worker.evaluate.bits_per_byte import bits_per_byte, document_nats
from crossfade_worker.evaluate.held_out import held_out_texts


@pytest.fixture(scope="module")
def documents(corpus):
    """Give held-out documents as tokens, of several lengths."""
    tokenizer = open_tokenizer(corpus.tokenizer_path)
    texts = held_out_texts(corpus.held_out["first"], seed=0)[:6]
    return [
        encoded.ids[: 10 + 37 * number]
        for number, encoded in enumerate(tokenizer.encode_batch(texts, add_special_tokens=False))
    ]


def nats_one_by_one(model, document, *, end_of_text, sequence_length):
    """Predict each token from those before it in its window, one forward pass a token."""
    tokens, nats = [end_of_text, *document], 0.0
    for position in range(1, len(tokens)):
        start = (position - 1) // sequence_length * sequence_length
        with torch.inference_mode():
            logits = model(input_ids=torch.tensor([tokens[start:position]])).logits[0, -1].double()
        nats -= torch.log_softmax(logits, dim=-1)[tokens[position]].item()
    return nats


@pytest.mark.parametrize(("sequence_length", "batch_size"), [(128, 1), (128, 4), (16, 3)])
def test_nats_equal_a_plain_computation(model, corpus, documents, sequence_length, batch_size):
    measured = document_nats(
        model,
        documents,
        end_of_text=corpus.end_of_text,
        sequence_length=sequence_length,
        batch_size=batch_size,
    )
    for document, nats in zip(documents, measured, strict=True):
        expected = nats_one_by_one(model, document, end_of_text=corpus.end_of_text, sequence_length=sequence_length)
        assert nats == pytest.approx(expected, rel=1e-5)


def test_the_ratio_weighs_documents_by_their_bytes():
    nats = [math.log(2) * bits for bits in (10, 40, 30)]
    measured = bits_per_byte(nats, [10, 20, 30])
    assert measured.value == pytest.approx(80 / 60)
    # residuals 10 - 40/3, 40 - 80/3, 30 - 40 have squares 100/9, 1600/9, 900/9, and 3/2 of their sum is 1300/3
    assert measured.stderr == pytest.approx(math.sqrt(1300 / 3) / 60)
    assert measured.num_documents == 3


def test_equal_documents_leave_no_doubt_and_one_document_gives_no_error():
    assert bits_per_byte([3.0, 3.0], [7, 7]).stderr == pytest.approx(0, abs=1e-12)
    assert bits_per_byte([3.0], [7]).stderr is None


def test_a_model_that_knows_nothing_needs_the_bits_of_its_vocabulary(corpus, documents, model):
    class Ignorant(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.nothing = torch.nn.Parameter(torch.zeros(1))

        def forward(self, input_ids):
            return SimpleNamespace(logits=torch.zeros(*input_ids.shape, 512))

    nats = document_nats(Ignorant(), documents, end_of_text=0, sequence_length=16, batch_size=2)
    assert [value / math.log(2) for value in nats] == pytest.approx([9 * len(document) for document in documents])
