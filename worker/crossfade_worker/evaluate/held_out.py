"""Which held-out documents an evaluation looks at: always the same ones."""

from __future__ import annotations

import hashlib
from pathlib import Path

from crossfade_worker.data.staging import read_texts


def held_out_texts(path: Path, *, seed: int) -> list[str]:
    """Give a source's held-out documents in an order drawn from the seed and the texts, whatever order they are in."""
    return sorted(read_texts(path), key=lambda text: hashlib.sha256(f"{seed} {text}".encode()).digest())
