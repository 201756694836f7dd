"""The ranks of a job: one process, or as many as torchrun started."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Literal

import torch
import torch.distributed as dist

from crossfade_shared import processes
from crossfade_shared.errors import UserError

COLLECTIVE_TIMEOUT = timedelta(minutes=10)


@dataclass(frozen=True, kw_only=True)
class Ranks:
    """This process among its peers; `cpu_group` is a gloo group of all ranks, None for a single process."""

    rank: int
    size: int
    cpu_group: dist.ProcessGroup | None

    @property
    def is_leader(self) -> bool:
        """Whether this is rank 0, which alone speaks to Redis and writes checkpoints."""
        return self.rank == 0


@dataclass(frozen=True, kw_only=True)
class World(Ranks):
    """The ranks of a job of ours, each with a device."""

    device: torch.device


@contextmanager
def ranks_of_trainer() -> Iterator[Ranks]:
    """Stand among the ranks that a trainer has put together already, with a gloo group of our own.

    Raises `UserError` where a launcher started several processes that do not know of one another yet.
    """
    if not dist.is_initialized():
        if int(os.environ.get("WORLD_SIZE", "1")) > 1:
            raise UserError(
                f"WORLD_SIZE is {os.environ['WORLD_SIZE']} but there is no process group yet; open the stream after "
                "torch.distributed.init_process_group (or after the trainer that calls it was made)"
            )
        yield Ranks(rank=0, size=1, cpu_group=None)
        return
    group = dist.new_group(backend="gloo", timeout=COLLECTIVE_TIMEOUT)
    try:
        yield Ranks(rank=dist.get_rank(), size=dist.get_world_size(), cpu_group=group)
    finally:
        if dist.is_initialized():
            dist.destroy_process_group(group)


@contextmanager
def join_world(device: Literal["auto", "cpu", "cuda"]) -> Iterator[World]:
    """Join the ranks that torchrun started (NCCL and gloo on GPUs, gloo on CPUs), or stand alone without it.

    Raises `UserError` if a GPU is asked for and there is none.
    """
    own_device = _device_of_rank(device)
    if "RANK" not in os.environ:
        yield World(rank=0, size=1, device=own_device, cpu_group=None)
        return
    processes.end_with_parent()  # torchrun starts each rank in a session of its own, which no signal to it reaches
    dist.init_process_group("cpu:gloo,cuda:nccl" if own_device.type == "cuda" else "gloo", timeout=COLLECTIVE_TIMEOUT)
    try:
        yield World(
            rank=dist.get_rank(),
            size=dist.get_world_size(),
            device=own_device,
            cpu_group=dist.new_group(backend="gloo", timeout=COLLECTIVE_TIMEOUT),
        )
    finally:
        dist.destroy_process_group()


def _device_of_rank(device: Literal["auto", "cpu", "cuda"]) -> torch.device:
    if device == "cpu" or (device == "auto" and not torch.cuda.is_available()):
        return torch.device("cpu")
    if not torch.cuda.is_available():
        raise UserError("training.device is 'cuda' but torch sees no GPU; use 'cpu' or 'auto'", field="training.device")
    own = torch.device("cuda", int(os.environ.get("LOCAL_RANK", "0")))
    torch.cuda.set_device(own)
    return own
