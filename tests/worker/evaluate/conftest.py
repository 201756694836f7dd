"""A small corpus with held-out text, and checkpoints of a tiny, untrained Llama."""

import json

import pytest
import torch
from tests.worker.data import corpora

from crossfade_worker.evaluate.settings import EvaluationConfig
from crossfade_worker.model.llama import build_llama
from crossfade_worker.model.settings import ModelSettings

SEQUENCE_LENGTH = 128


@pytest.fixture(scope="session")
def corpus(tmp_path_factory):
    """Give a corpus of two sources with about 25 and 15 held-out documents."""
    return corpora.prepare(corpora.settings(tmp_path_factory.mktemp("corpus"), held_out_fraction=0.2))


@pytest.fixture(scope="session")
def settings():
    """Give small sizes, so that a score takes little time."""
    return EvaluationConfig(
        num_items=12, context_characters=120, choice_characters=40, max_documents=8, batch_size=4, device="cpu"
    )


@pytest.fixture(scope="session")
def model(corpus):
    """Give a tiny Llama with random weights, in evaluation mode."""
    return llama(corpus, seed=0).eval()


@pytest.fixture
def add_checkpoint(corpus):
    """Give a function that puts a checkpoint into a run's folder, as training does."""

    def add(run_directory, step, *, spoil=None):
        folder = run_directory / "checkpoints" / f"step-{step:08d}"
        built = llama(corpus, seed=step)
        with torch.no_grad():
            if spoil is not None:
                next(built.parameters()).fill_(spoil)
        built.save_pretrained(folder)
        (folder / "state.json").write_text(json.dumps({"step": step, "tokens": step * 1024}))
        return folder

    return add


def llama(corpus, *, seed):
    settings = ModelSettings(preset="tiny", sequence_length=SEQUENCE_LENGTH, num_layers=1, hidden_size=32)
    return build_llama(settings, vocab_size=corpus.vocab_size, end_of_text=corpus.end_of_text, seed=seed)
