"""Checkpoints: folders that are there whole or not at all, in formats that execute nothing.

A checkpoint holds `config.json` and `model.safetensors` (as transformers reads them), `optimizer.safetensors`, and
`state.json` with the state of its stream: exactly what a resume needs to go on as if nothing had happened.
"""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch.distributed.checkpoint.state_dict import (
    StateDictOptions,
    get_model_state_dict,
    get_optimizer_state_dict,
    set_model_state_dict,
    set_optimizer_state_dict,
)
from transformers import LlamaForCausalLM

from crossfade_shared.errors import UserError
from crossfade_worker.files import remove_folder, sync, write_atomically
from crossfade_worker.leader import ask_leader
from crossfade_worker.records.checkpoint_folder import checkpoint_path, complete_checkpoints
from crossfade_worker.streaming.state import StreamState
from crossfade_worker.world import World

_MODEL, _OPTIMIZER, _STATE = "model.safetensors", "optimizer.safetensors", "state.json"
_TIED = "lm_head.weight"


def read_state(path: Path) -> StreamState:
    """Read the state of a checkpoint's stream; raises `UserError` naming the file if it is damaged."""
    file = path / _STATE
    try:
        return StreamState.from_json(json.loads(file.read_bytes()))
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise UserError(
            f"{file} is no checkpoint state ({error}); remove the folder {path} to resume from the one before"
        ) from error


def save_checkpoint(
    directory: Path,
    state: StreamState,
    model: LlamaForCausalLM,
    optimizer: torch.optim.Optimizer,
    *,
    is_leader: bool,
    keep: int | None,
) -> Path:
    """Write a checkpoint under a temporary name and rename it; called on every rank, written by rank 0."""
    options = StateDictOptions(full_state_dict=True, cpu_offload=True)
    weights: Any = get_model_state_dict(model, options=options)
    optimizer_state: Any = get_optimizer_state_dict(model, optimizer, options=options)
    path = checkpoint_path(directory, state.step)
    if not is_leader:  # the ranks gather the tensors together; torch hands them to rank 0 alone
        return path
    partial = directory / f".{path.name}.partial"
    for leftover in directory.glob(".step-*.partial"):  # of a job that was killed
        shutil.rmtree(leftover)
    partial.mkdir(parents=True)
    model.config.save_pretrained(partial)
    tensors = {name: tensor.contiguous() for name, tensor in weights.items() if name != _TIED}
    save_file(tensors, partial / _MODEL, metadata={"format": "pt"})
    save_file(_flatten(optimizer_state["state"]), partial / _OPTIMIZER)
    write_atomically(partial / _STATE, json.dumps(state.to_json()).encode())
    for file in partial.iterdir():
        sync(file)
    if path.exists():  # the same step reached again after a resume from an earlier one
        shutil.rmtree(path)
    partial.rename(path)
    sync(directory)
    for old in complete_checkpoints(directory)[: -keep if keep else 0]:
        remove_folder(old)
    return path


def load_checkpoint(path: Path, model: LlamaForCausalLM, optimizer: torch.optim.Optimizer, world: World) -> None:
    """Put a checkpoint's weights and moments into model and optimizer; only rank 0 reads the files.

    Raises `UserError`, on every rank, naming the checkpoint if a file is missing or damaged.
    """
    weights: dict[str, Any] = {}  # torch's own unions are wider than what stands in these files
    moments: dict[str, Any] = {}

    def read() -> None:
        try:
            weights.update(load_file(path / _MODEL))
            moments.update(_unflatten(load_file(path / _OPTIMIZER)))
            weights[_TIED] = weights["model.embed_tokens.weight"]
        except (OSError, KeyError, ValueError, SafetensorError) as error:
            raise UserError(f"{path} cannot be loaded ({error}); remove it to resume from the one before") from error

    ask_leader(read, world)
    options = StateDictOptions(full_state_dict=True, broadcast_from_rank0=world.size > 1)
    set_model_state_dict(model, weights, options=options)
    groups = get_optimizer_state_dict(model, optimizer, options=StateDictOptions(full_state_dict=True))["param_groups"]
    set_optimizer_state_dict(model, optimizer, {"state": moments, "param_groups": groups}, options=options)


def _flatten(moments: Any) -> dict[str, torch.Tensor]:  # noqa: ANN401 - torch's own nesting
    return {
        f"{parameter}:{name}": tensor.contiguous()
        for parameter, tensors in moments.items()
        for name, tensor in tensors.items()
    }


def _unflatten(tensors: dict[str, torch.Tensor]) -> dict[str, Any]:
    moments: dict[str, Any] = {}
    for key, tensor in tensors.items():
        parameter, name = key.rsplit(":", 1)
        moments.setdefault(parameter, {})[name] = tensor
    return moments
