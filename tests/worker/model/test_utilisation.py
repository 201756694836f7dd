"""What a step needs at least, against what torch counts of a real one, and devices by their names."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from tests.toy import SEQUENCE_LENGTH, toy_run
from torch.utils.flop_counter import FlopCounterMode

from crossfade_worker.config import RunConfig
from crossfade_worker.model.llama import build_llama, token_nats
from crossfade_worker.model.settings import ModelSettings
from crossfade_worker.model.utilisation import flops_per_token, peak_flops_per_second, seconds_at_peak
from crossfade_worker.world import World

VOCABULARY = 320


@pytest.mark.parametrize("num_key_value_heads", [1, 4])
def test_operations_are_those_that_torch_counts(num_key_value_heads: int) -> None:
    values = {"preset": "tiny", "sequence_length": 64, "num_key_value_heads": num_key_value_heads, "attention": "eager"}
    settings = ModelSettings.model_validate(values)
    model = build_llama(settings, vocab_size=VOCABULARY, end_of_text=0, seed=0)
    rows = torch.randint(VOCABULARY, (2, 65))
    with FlopCounterMode(display=False) as counter:
        token_nats(model, rows).sum().backward()
    counted = counter.get_total_flops() / (2 * 64)
    assert flops_per_token(settings, vocab_size=VOCABULARY) == pytest.approx(counted, rel=0.01)


@pytest.mark.parametrize(
    ("name", "peak"),
    [
        ("NVIDIA H100 80GB HBM3", 989e12),
        ("NVIDIA H100 PCIe", 756e12),
        ("NVIDIA H200", 989e12),
        ("NVIDIA A100-SXM4-80GB", 312e12),
        ("NVIDIA A100 80GB PCIe", 312e12),
        ("NVIDIA L40S", 362e12),
        ("NVIDIA L4", 121e12),
        ("NVIDIA GeForce RTX 5090", None),
    ],
)
def test_devices_are_known_by_their_names(name: str, peak: float | None) -> None:
    assert peak_flops_per_second(name) == peak


def test_a_step_at_the_peak_is_shared_by_all_ranks(tmp_path: Path, toy_corpus: Path) -> None:
    def at_peak(config: RunConfig, num_ranks: int) -> float | None:
        world = World(rank=0, size=num_ranks, cpu_group=None, device=torch.device("cpu"))
        return seconds_at_peak(config, world, vocab_size=VOCABULARY)

    unknown = toy_run(tmp_path, toy_corpus)
    told = toy_run(tmp_path, toy_corpus, training={"peak_flops_per_second": 1e9})
    needed = 8 * SEQUENCE_LENGTH * flops_per_token(told.model, vocab_size=VOCABULARY)
    assert at_peak(unknown, 1) is None  # nobody knows what a processor can do
    assert at_peak(told, 1) == pytest.approx(needed / 1e9)
    assert at_peak(told, 4) == pytest.approx(needed / 4e9)
