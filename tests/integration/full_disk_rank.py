"""One rank of a stream whose disk is full on rank 0 as it begins, and has room again later."""

from __future__ import annotations

import resource
import sys
from pathlib import Path

import torch.distributed as dist

from crossfade_shared.errors import UserError
from crossfade_worker.stream import open_stream
from crossfade_worker.streaming.mixture_stream import MixtureStream


def mistake_of(stream: MixtureStream) -> UserError:
    """Give what the stream says when it should begin and cannot."""
    try:
        next(stream)
    except UserError as error:
        return error
    raise AssertionError("the attempt began although it is not in the journal")


dist.init_process_group("gloo")
rank, usual = dist.get_rank(), resource.getrlimit(resource.RLIMIT_FSIZE)
with open_stream(Path(sys.argv[1])) as stream:
    if rank == 0:
        resource.setrlimit(resource.RLIMIT_FSIZE, (0, usual[1]))
    mistake = mistake_of(stream)
    resource.setrlimit(resource.RLIMIT_FSIZE, usual)
    dist.barrier()
    print(f"rank {rank}: {mistake}, then {next(stream).step}", flush=True)  # noqa: T201 - for the test
dist.destroy_process_group()
