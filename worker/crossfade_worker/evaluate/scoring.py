"""Scores one checkpoint: lm-eval on the held-out tasks, and bits per byte of the held-out text."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import lm_eval
import torch
from lm_eval.models.huggingface import HFLM
from lm_eval.tasks import TaskManager
from pydantic import ValidationError
from transformers import AutoModelForCausalLM, PreTrainedTokenizerFast

from crossfade_worker.data.shards import Corpus
from crossfade_worker.data.tokenizing import open_tokenizer
from crossfade_worker.evaluate.bits_per_byte import bits_per_byte, document_nats
from crossfade_worker.evaluate.held_out import held_out_texts
from crossfade_worker.evaluate.scores import EvaluationError, Score
from crossfade_worker.evaluate.settings import EvaluationConfig
from crossfade_worker.evaluate.tasks import METRICS, TASK_VERSION, task_name, write_tasks


def score_checkpoint(
    checkpoint: Path, corpus: Corpus, settings: EvaluationConfig, *, work_directory: Path
) -> list[Score]:
    """Score a checkpoint folder (`config.json` and `model.safetensors`) on every source's held-out documents.

    The tasks are written below `work_directory` and found there again. Raises `EvaluationError` if the checkpoint
    cannot be loaded, belongs to another vocabulary, or gives scores that are no numbers.
    """
    model = _load(checkpoint, corpus, settings)
    try:
        return [
            *_multiple_choice(model, corpus, settings, work_directory / "tasks"),
            *_bits_per_byte(model, corpus, settings),
        ]
    except ValidationError as error:
        raise EvaluationError(f"{checkpoint}: its scores are not finite; did the run diverge?\n{error}") from error


def _load(checkpoint: Path, corpus: Corpus, settings: EvaluationConfig) -> Any:  # noqa: ANN401 - any causal model
    try:
        model = AutoModelForCausalLM.from_pretrained(
            checkpoint, local_files_only=True, use_safetensors=True, dtype=torch.float32
        )
    except Exception as error:  # whatever is wrong with the files, the checkpoint cannot be scored
        raise EvaluationError(f"{checkpoint} cannot be loaded as a model: {error}") from error
    if model.config.vocab_size < corpus.vocab_size:
        raise EvaluationError(
            f"{checkpoint} has a vocabulary of {model.config.vocab_size} tokens and the corpus {corpus.directory} has "
            f"{corpus.vocab_size}; evaluate it with the corpus it was trained on"
        )
    device = settings.device
    if device == "auto":
        device = "cuda" if torch.cuda.is_available() else "cpu"
    return model.to(device).eval()


def _multiple_choice(model: Any, corpus: Corpus, settings: EvaluationConfig, directory: Path) -> Iterator[Score]:  # noqa: ANN401
    tasks = write_tasks(corpus, settings, directory)
    if not tasks:
        return
    scored = HFLM(pretrained=model, tokenizer=_tokenizer(corpus), batch_size=settings.batch_size)
    scored.loglikelihood = partial(scored.loglikelihood, disable_tqdm=True)
    answer = lm_eval.evaluate(
        scored,
        TaskManager(include_path=str(directory), include_defaults=False).load(list(tasks)),
        log_samples=False,
    )
    for task, source in tasks.items():
        for metric in METRICS:
            yield Score(
                task=task,
                metric=metric,
                version=str(answer["versions"][task]),
                value=answer["results"][task][f"{metric},none"],
                stderr=_number(answer["results"][task][f"{metric}_stderr,none"]),
                num_samples=answer["n-samples"][task]["effective"],
                source=source,
                higher_is_better=True,
            )


def _bits_per_byte(model: Any, corpus: Corpus, settings: EvaluationConfig) -> Iterator[Score]:  # noqa: ANN401
    tokenizer = open_tokenizer(corpus.tokenizer_path)
    for source, path in corpus.held_out.items():
        documents = held_out_texts(path, seed=settings.seed)[: settings.max_documents]
        texts = [document[: settings.document_characters] for document in documents]
        if not texts:
            continue
        nats = document_nats(
            model,
            [encoded.ids for encoded in tokenizer.encode_batch(texts, add_special_tokens=False)],
            end_of_text=corpus.end_of_text,
            sequence_length=model.config.max_position_embeddings,
            batch_size=settings.batch_size,
        )
        measured = bits_per_byte(nats, [len(text.encode()) for text in texts])
        yield Score(
            task=task_name(source),
            metric="bits_per_byte",
            version=TASK_VERSION,
            value=measured.value,
            stderr=measured.stderr,
            num_samples=measured.num_documents,
            source=source,
            higher_is_better=False,
        )


def _tokenizer(corpus: Corpus) -> PreTrainedTokenizerFast:
    """Give the corpus's tokenizer in transformers' form; text that spells a special token stays text."""
    end_of_text = open_tokenizer(corpus.tokenizer_path).id_to_token(corpus.end_of_text)
    return PreTrainedTokenizerFast(
        tokenizer_file=str(corpus.tokenizer_path),
        bos_token=end_of_text,
        eos_token=end_of_text,
        pad_token=end_of_text,
        split_special_tokens=True,
    )


def _number(stderr: float | str) -> float | None:
    return stderr if isinstance(stderr, float) else None  # lm-eval writes "N/A" for a single item
