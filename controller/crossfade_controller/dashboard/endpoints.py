"""Serves the page and its parts, all from inside the package, so that it works without a network."""

from __future__ import annotations

from fastapi import APIRouter, Response

from crossfade_controller.auth.access import public
from crossfade_controller.dashboard.files import digest_of, read_files
from crossfade_controller.dashboard.html import page_of
from crossfade_controller.problems import Problem

_FILES = read_files()
_DIGEST = digest_of(_FILES)
_PAGE = page_of(_FILES, _DIGEST)
# The page is asked for each time, and names its parts by their digest: these never change, so a newer controller never
# runs an older page's modules and the same one sends none of them twice.
_ALWAYS_ASK = "no-cache"
_NEVER_ASK_AGAIN = "public, max-age=31536000, immutable"

router = APIRouter(include_in_schema=False, dependencies=[public])


@router.get("/")
async def page() -> Response:
    """Give the page; it reads everything else through `/v1`."""
    return Response(_PAGE, media_type="text/html", headers={"Cache-Control": _ALWAYS_ASK})


@router.get("/static/{path:path}")
async def part(path: str) -> Response:
    """Give one of the page's files, by its path or by the digest of all and its path; 404 for anything else."""
    below = path.removeprefix(f"{_DIGEST}/")
    file = _FILES.get(below)
    if file is None:
        raise Problem(404, "the page has no such part")
    caching = _ALWAYS_ASK if below == path else _NEVER_ASK_AGAIN
    return Response(file.content, media_type=file.media_type, headers={"Cache-Control": caching})
