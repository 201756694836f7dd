"""Bring a database to this program's version, or back: Alembic, configured in code."""

from __future__ import annotations

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.exc import OperationalError

from crossfade_controller.database import configure_sqlite, database_url, shown_url
from crossfade_shared.errors import UnreachableError, UserError

_SYNCHRONOUS = {"sqlite": "sqlite", "postgresql": "postgresql+psycopg"}


def migrate(url: str, *, target: str = "head") -> tuple[str | None, str | None]:
    """Bring the database to a revision, up or down, and give the revisions before and after.

    `target` is a revision, `head` for this program's newest or `base` for an empty database. Raises `UserError` for
    a database of a later Crossfade, `UnreachableError` where it cannot be opened or made.
    """
    parsed = database_url(url)
    if parsed.get_backend_name() == "sqlite" and parsed.database:
        _make_folder(Path(parsed.database).parent)
    engine = create_engine(parsed.set(drivername=_SYNCHRONOUS[parsed.get_backend_name()]))
    if engine.dialect.name == "sqlite":
        event.listen(engine, "connect", configure_sqlite)
        event.listen(engine, "begin", lambda connection: connection.exec_driver_sql("BEGIN IMMEDIATE"))
    try:
        return _migrate(engine, target)
    except OperationalError as error:
        raise UnreachableError(f"the database {shown_url(url)} cannot be opened: {error.orig}") from error
    finally:
        engine.dispose()


def _make_folder(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UnreachableError(
            f"the folder {folder} of the database cannot be made: {error.strerror}; name another place with --database",
            field="database",
        ) from error


def _migrate(engine: Engine, target: str) -> tuple[str | None, str | None]:
    config = Config()
    config.set_main_option("script_location", str(_scripts()))
    scripts = ScriptDirectory.from_config(config)
    newest, known = scripts.get_current_head(), {script.revision for script in scripts.walk_revisions()}
    with engine.begin() as connection:
        before = _revision(connection)
        if before is not None and before not in known:
            raise UserError(
                f"the database is at revision {before}, which this Crossfade does not know (its newest is {newest}); "
                "it was made by a later one: install that one",
                field="database",
            )
        config.attributes["connection"] = connection
        downwards = target != "head" and (target == "base" or target in _ancestors(scripts, before))
        (command.downgrade if downwards else command.upgrade)(config, target)
        return before, _revision(connection)


def _revision(connection: Connection) -> str | None:
    return MigrationContext.configure(connection).get_current_revision()


def _ancestors(scripts: ScriptDirectory, revision: str | None) -> set[str]:
    return {script.revision for script in scripts.walk_revisions(head=revision)} if revision else set()


def _scripts() -> Path:
    """Find the scripts: inside the package in a wheel, at the root of the repository in an editable install."""
    packaged = Path(__file__).with_name("migrations")
    return packaged if packaged.is_dir() else Path(__file__).parents[2] / "migrations"
