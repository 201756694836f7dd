"""The commands `crossfade serve` and `crossfade migrate`."""

from __future__ import annotations

import asyncio
import logging
import signal
from contextlib import ExitStack
from pathlib import Path
from typing import Annotated

import typer

from crossfade_controller.app import create_app
from crossfade_controller.auth.entry import open_entry
from crossfade_controller.auth.schemas import DEFAULT_DAYS
from crossfade_controller.database import shown_url
from crossfade_controller.hosts import check_host_name, is_loopback
from crossfade_controller.migration import migrate
from crossfade_controller.offline import DatabaseOption
from crossfade_controller.server import Server, open_socket, url_of
from crossfade_controller.settings import DEFAULT_DATABASE_URL, read_settings
from crossfade_shared.redis_server import embedded_redis
from crossfade_shared.redis_url import check_redis_url

EMBEDDED_REDIS = Path("runs/controller/redis")

serve_app = typer.Typer(add_completion=False, pretty_exceptions_enable=False, rich_markup_mode=None)
migrate_app = typer.Typer(add_completion=False, pretty_exceptions_enable=False, rich_markup_mode=None)


@serve_app.command()
def serve(
    *,
    host: Annotated[
        str, typer.Option(envvar="CROSSFADE_HOST", help="Address to listen on; one that others reach needs a token.")
    ] = "127.0.0.1",
    port: Annotated[
        int, typer.Option(envvar="CROSSFADE_PORT", min=0, max=65535, help="Port to listen on; 0 takes any free one.")
    ] = 8321,
    database: DatabaseOption = DEFAULT_DATABASE_URL,
    redis: Annotated[
        str | None,
        typer.Option(
            envvar="CROSSFADE_REDIS_URL",
            help="redis://host:port/number or unix:///path; without it one is started here.",
        ),
    ] = None,
    allowed_host: Annotated[
        list[str] | None,
        typer.Option(
            envvar="CROSSFADE_ALLOWED_HOSTS",
            help="A name that it answers to beside its own, as a proxy before it may have; give several if need be.",
        ),
    ] = None,
    anonymous_viewer: Annotated[
        bool | None,
        typer.Option(
            envvar="CROSSFADE_ANONYMOUS_VIEWER",
            help="Let those without a token read.",
            show_default="where only this machine can reach it",
        ),
    ] = None,
) -> None:
    """Run the controller until Ctrl-C or SIGTERM."""
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, _leave)
    logging.basicConfig(level=logging.WARNING, format="%(asctime)s %(name)s: %(message)s")
    logging.getLogger("crossfade_controller").setLevel(logging.INFO)
    if redis is not None:
        check_redis_url(redis, field="redis")
    allowed_hosts = tuple(check_host_name(name) for name in allowed_host or ())
    with ExitStack() as stack:
        listener = stack.enter_context(open_socket(host, port))
        _migrate(database)
        if redis is None:
            redis = stack.enter_context(embedded_redis(EMBEDDED_REDIS))
            typer.echo(f"Redis: {redis} (started here)", err=True)
        typer.echo(f"page: {url_of(listener)}/   interface: {url_of(listener)}/openapi.json", err=True)
        loopback = is_loopback(listener.getsockname()[0])
        settings = read_settings(
            database_url=database,
            redis_url=redis,
            loopback=loopback,
            allowed_hosts=allowed_hosts,
            anonymous_viewer=loopback if anonymous_viewer is None else anonymous_viewer,
        )
        if secret := asyncio.run(open_entry(settings)):
            typer.echo(f"admin token: {secret}   (shown this once; it expires in {DEFAULT_DAYS} days)", err=True)
        Server(create_app(settings)).run([listener])


@migrate_app.command(name="migrate")
def migrate_database(*, database: DatabaseOption = DEFAULT_DATABASE_URL) -> None:
    """Bring the database to this version's tables."""
    _migrate(database)


def _leave(_number: int, _frame: object) -> None:
    """Unwind everything that was started; uvicorn puts its own handler in place while it serves."""
    raise SystemExit(0)


def _migrate(database: str) -> None:
    before, after = migrate(database)
    change = f"is at revision {after}" if before == after else f"brought from {before or 'empty'} to revision {after}"
    typer.echo(f"database: {shown_url(database)} {change}", err=True)
