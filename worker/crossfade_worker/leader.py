"""What rank 0 alone can look up, told to all ranks: its answer, or its mistake."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import torch
import torch.distributed as dist

from crossfade_shared.errors import UserError
from crossfade_worker.world import Ranks


def ask_leader(question: Callable[[], Any], ranks: Ranks) -> Any:  # noqa: ANN401 - JSON
    """Give every rank the JSON value that `question` gives on rank 0, where alone it is called.

    Raises `UserError` on every rank if it is raised there, so that none is left waiting for another.
    """
    told: dict[str, Any] = {}
    if ranks.is_leader:
        try:
            told = {"answer": question()}
        except UserError as error:
            told = {"mistake": str(error), "field": error.field}
        except OSError as error:
            told = {"mistake": str(error), "field": None}
    told = _broadcast(told, ranks.cpu_group)
    if "mistake" in told:
        raise UserError(told["mistake"], field=told["field"])
    return told["answer"]


def _broadcast(value: Any, group: dist.ProcessGroup | None) -> Any:  # noqa: ANN401 - JSON
    if group is None:
        return value
    body = torch.frombuffer(bytearray(json.dumps(value).encode()), dtype=torch.uint8)
    size = torch.tensor([len(body)])
    dist.broadcast(size, src=0, group=group)
    if dist.get_rank() != 0:
        body = torch.empty(int(size), dtype=torch.uint8)
    dist.broadcast(body, src=0, group=group)
    return json.loads(bytes(body.tolist()))
