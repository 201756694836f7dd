"""Model FLOPs utilisation: what a step needs at least, out of what the devices could do in the time it took."""

from __future__ import annotations

import torch

from crossfade_worker.config import RunConfig
from crossfade_worker.model.settings import ModelSettings
from crossfade_worker.world import World

# Dense bf16 FLOP/s of one device by a part of the name it gives itself, from NVIDIA's data sheets; the first that fits.
_PEAK_FLOPS_PER_SECOND = {
    "B200": 2250e12,
    "H200 NVL": 836e12,
    "H200": 989e12,
    "H100 NVL": 836e12,
    "H100 PCIe": 756e12,
    "H100": 989e12,
    "A100": 312e12,
    "L40S": 362e12,
    "L4": 121e12,
}


def flops_per_token(model: ModelSettings, *, vocab_size: int) -> int:
    """Give the floating-point operations that training needs for one token, forward and backward: 6·N + 12·L·H·Q·T.

    As the PaLM paper counts them (arXiv 2204.02311, appendix B): N parameters of matrices, the head among them and
    the look-up of embeddings not; attention over the whole sequence of T tokens in L layers of H heads of width Q;
    nothing for what is computed again.
    """
    head_size = model.hidden_size // model.num_heads
    attention = 2 * model.hidden_size * head_size * (model.num_heads + model.num_key_value_heads)
    feed_forward = 3 * model.hidden_size * model.intermediate_size
    parameters = model.num_layers * (attention + feed_forward) + vocab_size * model.hidden_size
    return 6 * parameters + 12 * model.num_layers * model.hidden_size * model.sequence_length


def peak_flops_per_second(device_name: str) -> float | None:
    """Give the dense bf16 peak of a device by the name that CUDA gives it; None for one that is not known here."""
    return next((peak for part, peak in _PEAK_FLOPS_PER_SECOND.items() if part in device_name), None)


def seconds_at_peak(config: RunConfig, world: World, *, vocab_size: int) -> float | None:
    """Give how long a step takes if every device does its peak; None where nobody tells what that is.

    The run's own setting goes first. What is known of devices is their peak in bf16, and says nothing of fp32.
    """
    peak = config.training.peak_flops_per_second
    if peak is None and world.device.type == "cuda" and config.training.precision == "bf16":
        peak = peak_flops_per_second(torch.cuda.get_device_name(world.device))
    if peak is None:
        return None
    return config.tokens_per_step * flops_per_token(config.model, vocab_size=vocab_size) / (peak * world.size)
