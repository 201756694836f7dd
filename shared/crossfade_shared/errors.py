"""Errors that are a person's to mend: each message names the field and says what would be right."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


class UserError(ValueError):
    """Something given from outside is wrong; the command line prints the message and leaves with `exit_code`.

    `field` is the path of the offending value (`weights.math`), or None where no single field is at fault.
    `problem` is the controller's whole answer (RFC 9457) where it was the controller that refused, else empty.
    """

    exit_code = 2

    def __init__(self, message: str, *, field: str | None = None, problem: Mapping[str, Any] | None = None) -> None:
        super().__init__(message)
        self.field = field
        self.problem = problem or {}


class UnauthorisedError(UserError):
    """The controller wants a token, or one with another scope."""


class ConflictError(UserError):
    """Somebody else was first: look again and repeat."""

    exit_code = 3


class RefusedError(UserError):
    """A guard rail forbids it."""

    exit_code = 4


class UnreachableError(UserError):
    """The other side did not answer, or could not for now."""

    exit_code = 5
