"""Which checkpoints a folder holds: known by name, without loading any of them."""

from __future__ import annotations

import re
from pathlib import Path

_NAME = re.compile(r"step-\d{8,}")


def checkpoint_path(directory: Path, step: int) -> Path:
    """Give the folder of the checkpoint after so many steps."""
    return directory / f"step-{step:08d}"


def step_of(checkpoint: Path) -> int:
    """Give the number of steps after which a checkpoint was made."""
    return int(checkpoint.name.removeprefix("step-"))


def complete_checkpoints(directory: Path) -> list[Path]:
    """Give the complete checkpoints, oldest first."""
    return sorted((path for path in directory.glob("step-*") if _NAME.fullmatch(path.name)), key=step_of)
