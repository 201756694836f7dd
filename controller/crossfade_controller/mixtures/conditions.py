"""`If-Match`: on which version a change is based."""

from __future__ import annotations

import re
from typing import Annotated

from fastapi import Depends, Header

from crossfade_controller.problems import Problem

_VERSION = re.compile(r'"([1-9][0-9]{0,15})"')
_EXPLANATION = 'the version the change is based on, in double quotes (If-Match: "3"), as ETag gives it'

IfMatchHeader = Annotated[str | None, Header(alias="If-Match", description=_EXPLANATION)]


def _exact_version(if_match: IfMatchHeader = None) -> int:
    if if_match is None:
        raise Problem(428, f"If-Match is missing; give {_EXPLANATION}", kind="if-match-missing", field="If-Match")
    match = _VERSION.fullmatch(if_match.strip())
    if not match:
        raise Problem(422, f"If-Match is {if_match!r:.80}; give {_EXPLANATION}", field="If-Match")
    return int(match[1])


def _any_version(if_match: IfMatchHeader = None) -> int | None:
    return None if if_match is not None and if_match.strip() == "*" else _exact_version(if_match)


ExactVersion = Annotated[int, Depends(_exact_version)]
"""If-Match must name a version: 428 without it, 422 for what is none."""

AnyVersion = Annotated[int | None, Depends(_any_version)]
"""Like `ExactVersion`, or `If-Match: *` (None) for whatever is current."""
