"""What the commands share that work on the database itself, with or without a controller beside them."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Annotated

import typer
from sqlalchemy.exc import DBAPIError

from crossfade_controller.database import Database, database_url, shown_url
from crossfade_controller.problems import Problem
from crossfade_shared.errors import UnreachableError, UserError

DatabaseOption = Annotated[
    str,
    typer.Option(
        "--database", envvar="CROSSFADE_DATABASE_URL", help="sqlite:///path or postgresql://user:password@host/name."
    ),
]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]


@asynccontextmanager
async def opened(url: str) -> AsyncIterator[Database]:
    """Open a database for one command.

    Raises `UserError` for a file that is not there and for what is refused, `UnreachableError` without tables.
    """
    _check_file(url)
    database = Database(url)
    try:
        yield database
    except Problem as refusal:
        raise UserError(refusal.detail, field=refusal.field) from refusal
    except DBAPIError as error:
        raise UnreachableError(
            f"the database {shown_url(url)} cannot be used: {error.orig}; "
            "`crossfade migrate` brings it to this version",
            field="database",
        ) from error
    finally:
        await database.close()


def _check_file(text: str) -> None:
    """Raise `UserError` where SQLite would make a file of its own, which nobody wants that only looks."""
    url = database_url(text)
    if url.get_backend_name() == "sqlite" and url.database and not Path(url.database).exists():
        raise UserError(
            f"there is no database {shown_url(text)}; name the controller's with --database", field="database"
        )
