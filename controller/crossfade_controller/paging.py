"""Lists in pages: an opaque token says where the next page begins."""

from __future__ import annotations

import base64
import binascii
import hashlib
from typing import Annotated, Generic, TypeVar

from fastapi import Depends, Query, Request
from pydantic import BaseModel

from crossfade_controller.bodies import MAX_COUNT
from crossfade_controller.problems import Problem

MAX_PAGE_ITEMS = 1000
_MARK_CHARACTERS = 8
Item = TypeVar("Item")


class Page(BaseModel, Generic[Item]):
    """Some of the items; `next_page` is the token of the following ones, or null at the end."""

    items: list[Item]
    next_page: str | None


class PageRequest(BaseModel):
    """Which items are asked for: at most `limit` of them, those after the position `after` (None: from the first)."""

    limit: int
    after: int | None
    mark: str
    """Stands in the tokens of this list alone."""

    def token_after(self, position: int) -> str:
        """Give the token of the page that follows a position."""
        return _token(self.mark, position)


async def _page_request(
    request: Request,
    limit: Annotated[int, Query(ge=1, le=MAX_PAGE_ITEMS, description="items a page")] = 100,
    page: Annotated[str | None, Query(description="`next_page` of the page before")] = None,
) -> PageRequest:
    mark = hashlib.sha256(request.url.path.encode()).hexdigest()[:_MARK_CHARACTERS]
    return PageRequest(limit=limit, after=None if page is None else _read_token(page, mark), mark=mark)


Paging = Annotated[PageRequest, Depends(_page_request)]


def _token(mark: str, position: int) -> str:
    return base64.urlsafe_b64encode(f"{mark}:{position}".encode()).decode().rstrip("=")


def _read_token(token: str, mark: str) -> int:
    """Give the position in a token of a list; raises a 400 `Problem` for what is none, and for one of another list."""
    try:
        _, _, position = base64.urlsafe_b64decode(token + "=" * (-len(token) % 4)).decode("ascii").partition(":")
        number = int(position)
    except (ValueError, binascii.Error):
        number = -1
    if not 0 <= number <= MAX_COUNT or _token(mark, number) != token:
        raise Problem(
            400,
            f"page={token!r:.80} is not a page token of this list; take it from next_page of a page before",
            field="page",
        )
    return number
