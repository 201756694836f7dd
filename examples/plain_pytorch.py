"""A plain PyTorch loop on a live mixture: `python examples/plain_pytorch.py CORPUS RUN`, or with torchrun.

CORPUS is what `crossfade data prepare` made; RUN is a folder of this run's own. Run it again to resume.
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

import torch
import torch.distributed as dist
from torch import nn
from torch.nn.parallel import DistributedDataParallel

from crossfade_worker.stream import open_stream
from crossfade_worker.streaming.settings import StreamSettings

CHECKPOINT_STEPS = 10


def train(corpus: Path, run: Path, *, total_steps: int) -> None:
    """Train a next-token model that is as small as it can be."""
    if "RANK" in os.environ:
        dist.init_process_group("gloo")
    manifest = json.loads((corpus / "corpus.json").read_text())
    settings = StreamSettings(
        run="plain-pytorch",
        directory=run,
        corpus=corpus,
        mixture=dict.fromkeys(manifest["sources"], 1.0),
        total_steps=total_steps,
        sequence_length=16,
        batch_sequences=8,
    )
    torch.manual_seed(0)
    model: nn.Module = nn.Sequential(nn.Embedding(manifest["vocab_size"], 32), nn.Linear(32, manifest["vocab_size"]))
    optimizer = torch.optim.AdamW(model.parameters(), lr=0.01)

    stream = open_stream(settings)
    newest = run / "checkpoint.pt"
    if newest.exists():
        saved = torch.load(newest, weights_only=True)
        model.load_state_dict(saved["model"])
        optimizer.load_state_dict(saved["optimizer"])
        stream.load_state_dict(saved["stream"])
    parallel = DistributedDataParallel(model) if dist.is_initialized() else model

    for batch in stream:
        logits = parallel(batch.tokens[:, :-1])
        loss = nn.functional.cross_entropy(logits.flatten(0, 1), batch.tokens[:, 1:].flatten())
        torch.autograd.backward(loss)
        optimizer.step()
        optimizer.zero_grad()
        mean_loss = loss.detach()
        if dist.is_initialized():
            dist.all_reduce(mean_loss)
            mean_loss /= dist.get_world_size()
        stream.step_ended(loss=mean_loss.item())
        if stream.num_trained_steps % CHECKPOINT_STEPS == 0 and os.environ.get("RANK", "0") == "0":
            state = {"model": model.state_dict(), "optimizer": optimizer.state_dict(), "stream": stream.state_dict()}
            torch.save(state, run / "checkpoint.partial")
            (run / "checkpoint.partial").rename(newest)
    stream.close()
    if dist.is_initialized():
        dist.destroy_process_group()


if __name__ == "__main__":
    train(Path(sys.argv[1]), Path(sys.argv[2]), total_steps=int(sys.argv[3]) if len(sys.argv) > 3 else 40)
