"""Which checkpoints a folder holds: known by name, without loading any of them."""

from __future__ import annotations

import re
from pathlib import Path

_NAME = re.compile(r"step-(\d{8,})")


def checkpoint_path(directory: Path, step: int) -> Path:
    """Give the folder of the checkpoint after so many steps."""
    return directory / f"step-{step:08d}"


def complete_checkpoints(directory: Path) -> list[Path]:
    """Give the complete checkpoints, oldest first."""
    found = ((path, _NAME.fullmatch(path.name)) for path in directory.glob("step-*"))
    return [path for _, path in sorted((int(match[1]), path) for path, match in found if match)]
