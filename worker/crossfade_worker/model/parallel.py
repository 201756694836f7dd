"""Data parallelism: FSDP2 over all ranks, nothing for a single process."""

from __future__ import annotations

from torch.distributed.fsdp import FSDPModule, fully_shard
from transformers import LlamaForCausalLM

from crossfade_worker.world import World


def parallelise(model: LlamaForCausalLM, world: World) -> LlamaForCausalLM:
    """Move the model to this rank's device and shard it over the ranks, a decoder layer at a time."""
    model.to(world.device)
    if world.cpu_group is not None:
        for layer in model.model.layers:
            fully_shard(layer)
        fully_shard(model)
    return model


def synchronise_gradients(model: LlamaForCausalLM, *, now: bool) -> None:
    """Say whether the next backward pass ends the accumulation: only then do ranks exchange gradients."""
    if isinstance(model, FSDPModule):
        model.set_requires_gradient_sync(now)
        model.set_is_last_backward(now)
