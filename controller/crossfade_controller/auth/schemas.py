"""What is said of tokens."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Self

from pydantic import AfterValidator, BaseModel, Field

from crossfade_controller.auth.actor import Actor, Scope
from crossfade_controller.auth.models import MAX_NAME_LENGTH, Token
from crossfade_controller.bodies import StrictBody

DEFAULT_DAYS = 90
MAX_DAYS = 3650


def _each_once(scopes: list[Scope]) -> list[Scope]:
    return sorted(set(scopes))


class NewToken(StrictBody):
    """A token as it is asked for."""

    name: Annotated[str, Field(pattern=r"^[^\x00-\x1f\x7f]*$", min_length=1, max_length=MAX_NAME_LENGTH)]
    """Whom it stands for: the author of what is done with it."""
    scopes: Annotated[list[Scope], Field(min_length=1), AfterValidator(_each_once)]
    run: str | None = None
    """The one run it may touch; null for all."""
    expires_in_days: Annotated[float, Field(gt=0, le=MAX_DAYS)] = DEFAULT_DAYS


class TokenBody(BaseModel):
    """A token, without its secret."""

    id: int
    name: str
    scopes: list[Scope]
    run: str | None
    created_by: str
    created_at: datetime
    expires_at: datetime
    revoked_at: datetime | None

    @classmethod
    def of(cls, row: Token, run: str | None, **members: Any) -> Self:  # noqa: ANN401 - fields of subclasses
        """Describe a token bound to a run, or to none."""
        return cls(
            id=row.id,
            name=row.name,
            scopes=row.scopes,
            run=run,
            created_by=row.created_by,
            created_at=row.created_at,
            expires_at=row.expires_at,
            revoked_at=row.revoked_at,
            **members,
        )


class CreatedToken(TokenBody):
    """A new token and its secret, which is shown this once; null where the request is a repeat."""

    token: str | None


class WhoAmI(BaseModel):
    """Who asks, as the controller sees it."""

    name: str
    scopes: list[Scope]
    run: str | None
    anonymous: bool

    @classmethod
    def of(cls, actor: Actor) -> Self:
        """Describe an actor."""
        return cls(name=actor.name, scopes=sorted(actor.scopes), run=actor.run, anonymous=actor.anonymous)
