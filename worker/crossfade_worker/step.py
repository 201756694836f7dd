"""One step's arithmetic: forward, loss by source, backward."""

from __future__ import annotations

from typing import Literal

import torch
import torch.distributed as dist
from transformers import LlamaForCausalLM

from crossfade_worker.model.llama import token_nats
from crossfade_worker.model.parallel import synchronise_gradients
from crossfade_worker.world import World


def forward_backward(
    model: LlamaForCausalLM,
    tokens: torch.Tensor,
    sources: torch.Tensor,
    *,
    num_sources: int,
    num_micro_batches: int,
    precision: Literal["fp32", "bf16"],
    world: World,
) -> torch.Tensor:
    """Leave the gradient of the global batch's mean token loss in the model; give the batch's nats by source.

    `tokens` is this rank's `[rows, length + 1]` and `sources` its `[rows]` source numbers. The result, `[num_sources]`
    in fp64, is summed over all ranks.
    """
    rows = tokens.to(world.device)
    row_sources = sources.to(world.device)
    batch_tokens = rows.shape[0] * (rows.shape[1] - 1)  # of this rank; ranks hold equal shares and average gradients
    source_nats = torch.zeros(num_sources, dtype=torch.float64, device=world.device)
    micro_batches = zip(rows.chunk(num_micro_batches), row_sources.chunk(num_micro_batches), strict=True)
    for number, (micro_rows, micro_sources) in enumerate(micro_batches, start=1):
        synchronise_gradients(model, now=number == num_micro_batches)
        with torch.autocast(world.device.type, torch.bfloat16, enabled=precision == "bf16"):
            nats = token_nats(model, micro_rows)
        torch.autograd.backward(nats.sum() / batch_tokens)
        source_nats.index_add_(0, micro_sources, nats.detach().sum(1).double())
    if world.cpu_group is not None:
        dist.all_reduce(source_nats)
    return source_nats
