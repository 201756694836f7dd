"""Settings of the controller, each of them an environment variable with the prefix CROSSFADE_ too."""

from __future__ import annotations

from pydantic_settings import BaseSettings, SettingsConfigDict

DEFAULT_DATABASE_URL = "sqlite:///runs/controller/crossfade.db"


class Settings(BaseSettings):
    """Where the truth lies, and where the mailbox is."""

    model_config = SettingsConfigDict(env_prefix="CROSSFADE_", frozen=True)

    database_url: str = DEFAULT_DATABASE_URL
    """`sqlite:///path` or `postgresql://user:password@host/name`."""

    redis_url: str = "redis://127.0.0.1:6379/0"
    """`redis://host:port/number` or `unix:///path/to.sock`."""
