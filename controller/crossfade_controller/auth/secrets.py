"""The secrets of tokens: 256 random bits with a prefix that scanners recognise, kept as their SHA-256 alone."""

from __future__ import annotations

import hashlib
import secrets

from crossfade_shared.errors import UserError

PREFIX = "cf_"
SECRET_BYTES = 32
MIN_ADMIN_TOKEN_LENGTH = 16


def new_secret() -> str:
    """Make a secret: `cf_` and 43 characters of URL-safe base64."""
    return PREFIX + secrets.token_urlsafe(SECRET_BYTES)


def digest_of(secret: str) -> bytes:
    """Give the SHA-256; a random secret needs no slow hash."""
    return hashlib.sha256(secret.encode()).digest()


def check_admin_token(secret: str) -> str:
    """Give back an admin token of the operator's own making; raises `UserError` for one that is easily guessed."""
    if len(secret) < MIN_ADMIN_TOKEN_LENGTH or not secret.isascii() or not secret.isprintable() or " " in secret:
        raise UserError(
            f"CROSSFADE_ADMIN_TOKEN must be at least {MIN_ADMIN_TOKEN_LENGTH} visible ASCII characters without spaces; "
            "make one with: openssl rand -base64 32",
            field="CROSSFADE_ADMIN_TOKEN",
        )
    return secret
