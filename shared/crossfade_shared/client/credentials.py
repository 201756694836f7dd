"""The token that a client shows: from the environment or from a file, never from the command line's own words."""

from __future__ import annotations

import os
import re
from pathlib import Path

from crossfade_shared.errors import UserError

TOKEN_VARIABLE = "CROSSFADE_TOKEN"  # noqa: S105 - the variable's name
_VISIBLE = re.compile(r"[\x21-\x7e]+")


def token_from(file: Path | None = None) -> str | None:
    """Give the token in a file, else the one in the environment variable CROSSFADE_TOKEN, else None.

    Raises `UserError` for a file that cannot be read or for what can be no token.
    """
    if file is None:
        return check_token(os.environ.get(TOKEN_VARIABLE, "").strip(), place=TOKEN_VARIABLE) or None
    try:
        text = file.read_text(encoding="utf-8").strip()
    except (OSError, ValueError) as error:
        raise UserError(f"--token-file {file} cannot be read: {error}", field="token_file") from None
    if not text:
        raise UserError(f"--token-file {file} is empty; it holds a token and nothing else", field="token_file")
    return check_token(text, place=f"--token-file {file}")


def check_token(token: str, *, place: str) -> str:
    """Give back what may stand in a header; raises `UserError`, without the token, for what may not."""
    if token and not _VISIBLE.fullmatch(token):
        raise UserError(f"{place} holds no token; a token is one word of visible ASCII characters", field="token")
    return token
