"""Builds the Llama of a run from its settings."""

from __future__ import annotations

import torch
from torch import nn
from transformers import LlamaConfig, LlamaForCausalLM

from crossfade_worker.model.settings import ModelSettings


def build_llama(settings: ModelSettings, *, vocab_size: int, end_of_text: int, seed: int) -> LlamaForCausalLM:
    """Give a freshly initialised model in fp32 on the CPU; equal settings and seed give equal weights."""
    config = LlamaConfig(
        vocab_size=vocab_size,
        hidden_size=settings.hidden_size,
        intermediate_size=settings.intermediate_size,
        num_hidden_layers=settings.num_layers,
        num_attention_heads=settings.num_heads,
        num_key_value_heads=settings.num_key_value_heads,
        max_position_embeddings=settings.sequence_length,
        initializer_range=settings.initializer_std,
        rms_norm_eps=1e-5,
        rope_parameters={"rope_type": "default", "rope_theta": settings.rope_theta},
        tie_word_embeddings=True,
        bos_token_id=end_of_text,
        eos_token_id=end_of_text,
        use_cache=False,
        attn_implementation=settings.attention,
        dtype=torch.float32,
    )
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return LlamaForCausalLM(config)


def token_nats(model: nn.Module, rows: torch.Tensor) -> torch.Tensor:
    """Give the loss in nats of every predicted token; `rows` is `[rows, length + 1]`, the result `[rows, length]`."""
    logits = model(input_ids=rows[:, :-1]).logits.float()
    losses: torch.Tensor = nn.functional.cross_entropy(logits.flatten(0, 1), rows[:, 1:].flatten(), reduction="none")
    return losses.view(len(rows), -1)
