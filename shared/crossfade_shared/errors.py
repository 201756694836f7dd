"""Errors that are a person's to mend: each message names the field and says what would be right."""


class UserError(ValueError):
    """Something given from outside is wrong; the command line prints the message and leaves with `exit_code`.

    `field` is the path of the offending value (`weights.math`), or None where no single field is at fault.
    """

    exit_code = 2

    def __init__(self, message: str, *, field: str | None = None) -> None:
        super().__init__(message)
        self.field = field


class ConflictError(UserError):
    """Somebody else was first: look again and repeat."""

    exit_code = 3


class UnreachableError(UserError):
    """The other side did not answer."""

    exit_code = 5
