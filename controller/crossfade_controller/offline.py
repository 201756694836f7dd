"""What the commands share that work on the database itself, with or without a controller beside them."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Annotated

import typer
from sqlalchemy.exc import DBAPIError

from crossfade_controller.database import Database, database_url
from crossfade_controller.problems import Problem
from crossfade_shared.errors import UnreachableError, UserError

DatabaseOption = Annotated[
    str,
    typer.Option(
        "--database", envvar="CROSSFADE_DATABASE_URL", help="sqlite:///path or postgresql://user:password@host/name."
    ),
]


@asynccontextmanager
async def opened(url: str) -> AsyncIterator[Database]:
    """Open a database for one command; raises `UserError` for what is refused, `UnreachableError` without tables."""
    database = Database(url)
    try:
        yield database
    except Problem as refusal:
        raise UserError(refusal.detail, field=refusal.field) from refusal
    except DBAPIError as error:
        raise UnreachableError(
            f"the database {database_url(url).render_as_string()} cannot be used: {error.orig}; "
            "`crossfade migrate` brings it to this version",
            field="database",
        ) from error
    finally:
        await database.close()
