"""The page's files, read once."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

FOLDER = Path(__file__).parent / "static"
_MEDIA_TYPES = {".html": "text/html", ".js": "text/javascript", ".css": "text/css", ".svg": "image/svg+xml"}


@dataclass(frozen=True)
class File:
    """One file as it is sent."""

    content: bytes
    media_type: str


def read_files() -> dict[str, File]:
    """Give all files by their path below the folder, with forward slashes."""
    paths = sorted(path for path in FOLDER.rglob("*") if path.is_file())
    return {
        path.relative_to(FOLDER).as_posix(): File(
            content=path.read_bytes(), media_type=_MEDIA_TYPES.get(path.suffix, "text/plain")
        )
        for path in paths
    }


def digest_of(files: Mapping[str, File]) -> str:
    """Give a name for this state of all files."""
    digest = hashlib.sha256()
    for path, file in files.items():
        digest.update(f"{path}\0{len(file.content)}\0".encode())
        digest.update(file.content)
    return digest.hexdigest()[:16]
