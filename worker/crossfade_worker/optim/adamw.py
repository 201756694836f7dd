"""AdamW, and one optimizer step under the schedule."""

from __future__ import annotations

import torch
from torch import nn
from torch.distributed.tensor import DTensor

from crossfade_worker.optim.settings import OptimizerSettings


def build_optimizer(model: nn.Module, settings: OptimizerSettings) -> torch.optim.AdamW:
    """Give AdamW over all parameters; its learning rate is set before every step."""
    return torch.optim.AdamW(
        model.parameters(),
        lr=settings.peak_learning_rate,
        betas=(settings.beta1, settings.beta2),
        eps=settings.epsilon,
        weight_decay=settings.weight_decay,
        fused=True,
    )


def optimizer_step(
    model: nn.Module, optimizer: torch.optim.AdamW, *, learning_rate: float, gradient_clip: float
) -> torch.Tensor:
    """Clip, step and clear the gradients; gives the norm of the whole gradient before clipping, as a scalar."""
    norm = nn.utils.clip_grad_norm_(model.parameters(), gradient_clip)
    if isinstance(norm, DTensor):
        norm = norm.full_tensor()
    for group in optimizer.param_groups:
        group["lr"] = learning_rate
    optimizer.step()
    optimizer.zero_grad(set_to_none=True)
    return norm
