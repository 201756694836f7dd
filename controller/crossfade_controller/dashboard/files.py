"""The page's files, read once: some seventy small ones, which a browser asks for all at once."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path

_FOLDER = Path(__file__).parent / "static"
_MEDIA_TYPES = {".html": "text/html", ".js": "text/javascript", ".css": "text/css", ".svg": "image/svg+xml"}


@dataclass(frozen=True)
class File:
    """One file as it is sent."""

    content: bytes
    media_type: str


def read_files() -> dict[str, File]:
    """Give all files by their path below the folder, with forward slashes."""
    paths = sorted(path for path in _FOLDER.rglob("*") if path.is_file())
    return {
        path.relative_to(_FOLDER).as_posix(): File(
            content=path.read_bytes(), media_type=_MEDIA_TYPES.get(path.suffix, "text/plain")
        )
        for path in paths
    }


def digest_of(files: dict[str, File]) -> str:
    """Give a name for this state of all files."""
    digest = hashlib.sha256()
    for path, file in files.items():
        digest.update(f"{path}\0{len(file.content)}\0".encode())
        digest.update(file.content)
    return digest.hexdigest()[:16]


def page_of(files: dict[str, File], folder: str) -> bytes:
    """Give index.html with its parts under an address of this state's own, and every module named ahead.

    A browser then need not read one module to learn of the next.
    """
    modules = [path for path in files if path.endswith(".js")]
    links = "".join(f'  <link rel="modulepreload" href="/static/{path}">\n' for path in modules)
    html = files["index.html"].content.decode().replace("</head>", f"{links}</head>")
    return html.replace('"/static/', f'"/static/{folder}/').encode()
