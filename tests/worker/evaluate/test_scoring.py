"""Scores of a checkpoint through the real lm-eval, against a plain computation."""

import json
import math
import shutil
from dataclasses import replace

import pytest
import torch
from tests.worker.evaluate.conftest import llama

from crossfade_worker.data.tokenizing import open_tokenizer
from crossfade_worker.evaluate.held_out import held_out_texts
from crossfade_worker.evaluate.scores import EvaluationError
from crossfade_worker.evaluate.scoring import score_checkpoint


@pytest.fixture(scope="module")
def scored(corpus, settings, tmp_path_factory):
    """Give a checkpoint's folder, its scores and where the tasks are."""
    checkpoint, work = tmp_path_factory.mktemp("checkpoint"), tmp_path_factory.mktemp("work")
    llama(corpus, seed=0).save_pretrained(checkpoint)
    return checkpoint, score_checkpoint(checkpoint, corpus, settings, work_directory=work), work


def value_of(scores, task, metric):
    return next(score for score in scores if (score.task, score.metric) == (task, metric))


def test_every_source_has_every_score(scored, corpus):
    _, scores, _ = scored
    assert {(score.task, score.metric, score.source) for score in scores} == {
        (f"heldout_{source}", metric, source)
        for source in corpus.sources
        for metric in ("acc", "acc_norm", "bits_per_byte")
    }
    assert all(score.higher_is_better == (score.metric != "bits_per_byte") for score in scores)
    assert {score.version for score in scores} == {"1"}


@pytest.mark.parametrize("source", ["first", "second"])
def test_accuracy_equals_a_plain_computation(scored, corpus, model, source):
    _, scores, work = scored
    tokenizer = open_tokenizer(corpus.tokenizer_path)
    items = [json.loads(line) for line in (work / "tasks" / f"heldout_{source}.jsonl").read_text().splitlines()]
    hits = {"acc": 0, "acc_norm": 0}
    for item in items:
        nats = [choice_nats(model, tokenizer, item["context"], choice) for choice in item["choices"]]
        each = [value / len(choice) for value, choice in zip(nats, item["choices"], strict=True)]
        hits["acc"] += min(range(4), key=nats.__getitem__) == item["gold"]
        hits["acc_norm"] += min(range(4), key=each.__getitem__) == item["gold"]
    for metric, num_hits in hits.items():
        score, share = value_of(scores, f"heldout_{source}", metric), num_hits / len(items)
        assert score.num_samples == len(items) == 12
        assert score.value == pytest.approx(share)
        assert score.stderr == pytest.approx(math.sqrt(share * (1 - share) / (len(items) - 1)))


def choice_nats(model, tokenizer, context, choice):
    before = tokenizer.encode(context, add_special_tokens=False).ids
    tokens = tokenizer.encode(context + choice, add_special_tokens=False).ids
    with torch.inference_mode():
        log_probabilities = torch.log_softmax(model(input_ids=torch.tensor([tokens])).logits[0].double(), dim=-1)
    return -sum(log_probabilities[at - 1, tokens[at]].item() for at in range(len(before), len(tokens)))


def test_bits_per_byte_are_measured_on_the_beginning_of_the_chosen_documents(scored, corpus, settings, model):
    _, scores, _ = scored
    tokenizer = open_tokenizer(corpus.tokenizer_path)
    texts = [text[: settings.document_characters] for text in held_out_texts(corpus.held_out["first"], seed=0)[:8]]
    nats = 0.0
    for text in texts:
        tokens = [corpus.end_of_text, *tokenizer.encode(text, add_special_tokens=False).ids]
        for start in range(0, len(tokens) - 1, 128):
            window = torch.tensor([tokens[start : start + 129]])
            with torch.inference_mode():
                logits = model(input_ids=window[:, :-1]).logits[0].double()
            nats += torch.nn.functional.cross_entropy(logits, window[0, 1:], reduction="sum").item()
    score = value_of(scores, "heldout_first", "bits_per_byte")
    assert score.value == pytest.approx(nats / math.log(2) / sum(len(text.encode()) for text in texts), rel=1e-5)
    assert score.num_samples == len(texts) == 8


def test_scores_are_repeatable(scored, corpus, settings):
    checkpoint, scores, work = scored
    assert score_checkpoint(checkpoint, corpus, settings, work_directory=work) == scores


def test_a_damaged_checkpoint_is_named(scored, corpus, settings, tmp_path):
    shutil.copytree(scored[0], tmp_path / "damaged")
    (tmp_path / "damaged" / "model.safetensors").write_bytes(b"no weights")
    with pytest.raises(EvaluationError, match="damaged cannot be loaded as a model"):
        score_checkpoint(tmp_path / "damaged", corpus, settings, work_directory=tmp_path)


def test_a_checkpoint_of_another_vocabulary_is_named(corpus, settings, tmp_path):
    llama(replace(corpus, vocab_size=100), seed=0).save_pretrained(tmp_path / "small")
    with pytest.raises(EvaluationError, match=r"vocabulary of 100 tokens .* evaluate it with the corpus"):
        score_checkpoint(tmp_path / "small", corpus, settings, work_directory=tmp_path)


def test_a_diverged_model_has_no_scores(corpus, settings, tmp_path):
    broken = llama(corpus, seed=0)
    with torch.no_grad():
        next(broken.parameters()).fill_(float("nan"))
    broken.save_pretrained(tmp_path / "broken")
    with pytest.raises(EvaluationError, match="not finite; did the run diverge"):
        score_checkpoint(tmp_path / "broken", corpus, settings, work_directory=tmp_path)
