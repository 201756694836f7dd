"""Settings of the controller, each of them an environment variable with the prefix CROSSFADE_ too."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BeforeValidator, Field, SecretStr, ValidationError
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from crossfade_controller.invalid import detail_of, field_of
from crossfade_shared.errors import UserError

DEFAULT_DATABASE_URL = "sqlite:///runs/controller/crossfade.db"
_PREFIX = "CROSSFADE_"


def _words(given: object) -> object:
    return tuple(given.split()) if isinstance(given, str) else given


class Settings(BaseSettings):
    """Where the truth lies, and where the mailbox is."""

    model_config = SettingsConfigDict(env_prefix=_PREFIX, frozen=True)

    database_url: str = DEFAULT_DATABASE_URL
    """`sqlite:///path` or `postgresql://user:password@host/name`."""

    redis_url: str = "redis://127.0.0.1:6379/0"
    """`redis://host:port/number` or `unix:///path/to.sock`."""

    admin_token: SecretStr | None = None
    """A token with every scope, of the operator's own making."""

    anonymous_viewer: bool = True
    """Whether those without a token may read."""

    loopback: bool = True
    """Whether it listens on this machine's own address: then it answers to `localhost` and `allowed_hosts` alone."""

    allowed_hosts: Annotated[tuple[str, ...], NoDecode, BeforeValidator(_words)] = ()
    """Names that it answers to beside its own, separated by spaces in the environment; for addresses see `loopback`."""

    database_patience_seconds: Annotated[float, Field(gt=0)] = 10
    """How long a request waits for the database before it is answered with 503; a fifth of it where what was last
    known can be given instead."""

    max_open_requests: Annotated[int, Field(ge=1)] = 4096
    """How many requests, event streams among them, may be open at once; the next is answered with 429."""

    full_resolution_steps: Annotated[int, Field(ge=1000)] = 1_000_000
    """For how many of a run's newest steps every point of its curves is kept; buckets of 8, 64, … steps for 8, 64, …
    times as many."""


def read_settings(**given: Any) -> Settings:  # noqa: ANN401 - of any setting
    """Give the settings: what is given, else the environment's; raises `UserError` that names a wrong variable."""
    try:
        return Settings(**given)
    except ValidationError as error:
        first = error.errors()[0]
        variable = f"{_PREFIX}{field_of(first, first['loc'])}".upper()
        raise UserError(detail_of(first, variable), field=variable) from None
