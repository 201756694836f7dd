"""A toy run: real text, real tokenizer and a real Llama, all as small as they can be."""

from __future__ import annotations

import json
import random
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml
from rich.progress import Progress

from crossfade_worker.config import RunConfig, load_run_config
from crossfade_worker.data.prepare import prepare_corpus
from crossfade_worker.data.settings import CorpusSettings
from crossfade_worker.data.shards import Corpus

VOCABULARIES = {
    "web": ["the", "quick", "brown", "fox", "jumps", "over", "a", "lazy", "dog", "and", "runs", "away", "home"],
    "code": ["def", "return", "if", "else", "for", "in", "range", "print", "len", "self", "class", "import", "None"],
    "math": list("1234567890+-*/=()xy"),
}
MIXTURE = {"web": 0.6, "code": 0.3, "math": 0.1}
SEQUENCE_LENGTH = 16
KEY = bytes(range(32))


def make_corpus(directory: Path, *, documents: int = 150, seed: int = 0) -> Corpus:
    """Prepare a corpus of three sources in `directory / "corpus"`."""
    text = directory / "text"
    text.mkdir(parents=True)
    words = random.Random(seed)
    for name, vocabulary in VOCABULARIES.items():
        lines = (json.dumps({"text": " ".join(words.choices(vocabulary, k=60))}) for _ in range(documents))
        (text / f"{name}.jsonl").write_text("\n".join(lines))
    settings = CorpusSettings.model_validate(
        {
            "directory": directory / "corpus",
            "tokenizer": {"train": {"vocab_size": 320}},
            "held_out_fraction": 0.1,
            "sources": {name: {"files": [text / f"{name}.jsonl"]} for name in VOCABULARIES},
        }
    )
    return prepare_corpus(settings, progress=Progress(disable=True), num_processes=1)


def run_values(corpus: Path, **changes: Mapping[str, Any]) -> dict[str, Any]:
    """Give the run.yaml of a toy run; `changes` are merged into its sections."""
    values: dict[str, Any] = {
        "run": "toy",
        "directory": "run",
        "corpus": str(corpus),
        "mixture": dict(MIXTURE),
        "model": {
            "preset": "tiny",
            "sequence_length": SEQUENCE_LENGTH,
            "num_layers": 1,
            "hidden_size": 16,
            "intermediate_size": 32,
            "num_heads": 2,
            "num_key_value_heads": 1,
        },
        "training": {
            "total_steps": 20,
            "batch_sequences": 8,
            "micro_batch_sequences": 4,
            "precision": "fp32",
            "device": "cpu",
        },
        "optimizer": {"warmup_steps": 2, "peak_learning_rate": 0.01},
        "checkpoint": {"every_steps": 5},
    }
    for section, settings in changes.items():
        values[section] = {**values.get(section, {}), **settings}
    return values


def write_run(folder: Path, values: Mapping[str, Any]) -> Path:
    """Write run.yaml (and the signing key it may name) into a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "signing_key").write_text(KEY.hex())
    path = folder / "run.yaml"
    path.write_text(yaml.safe_dump(dict(values)))
    return path


def toy_run(folder: Path, corpus: Path, **changes: Mapping[str, Any]) -> RunConfig:
    """Write and read the configuration of a toy run."""
    return load_run_config(write_run(folder, run_values(corpus, **changes)))
