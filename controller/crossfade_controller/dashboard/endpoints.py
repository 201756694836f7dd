"""Serves the page and its parts, all from inside the package, so that it works without a network."""

from pathlib import Path

from fastapi import APIRouter, Request, Response
from fastapi.staticfiles import StaticFiles

from crossfade_controller.auth.access import public

# Asked for again each time (an ETag makes that cheap): a newer controller never runs an older page's modules.
_ALWAYS_ASK = "no-cache"

_static = StaticFiles(directory=Path(__file__).parent / "static")
router = APIRouter(include_in_schema=False, dependencies=[public])


@router.get("/")
async def page(request: Request) -> Response:
    """Give the page; it reads everything else through `/v1`."""
    return await part("index.html", request)


@router.get("/static/{path:path}")
async def part(path: str, request: Request) -> Response:
    """Give one of the page's files; 404 for anything outside its folder."""
    response = await _static.get_response(path, request.scope)
    response.headers["Cache-Control"] = _ALWAYS_ASK
    return response
