"""Which run is replayed: one of our trainer, or a stream of somebody else's."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from pydantic import BaseModel

from crossfade_worker.config import load_run_config
from crossfade_worker.settings_file import read_settings
from crossfade_worker.streaming.settings import StreamSettings, load_stream_settings


class _Kind(BaseModel):
    training: Any = None


def load_replayed(path: Path) -> StreamSettings:
    """Read RUN.yaml or STREAM.yaml (which has no section `training`); raises `UserError` naming the field."""
    if read_settings(path, _Kind).training is None:
        return load_stream_settings(path)
    return load_run_config(path).stream_settings()
