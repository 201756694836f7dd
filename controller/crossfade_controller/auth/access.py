"""What a route asks of those who call it: `actor: Operator`, or `dependencies=[requires("viewer")]`."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import Depends, Request
from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute
from pydantic import TypeAdapter, ValidationError

from crossfade_controller.auth.actor import Actor, Scope
from crossfade_controller.auth.gate import unauthorized
from crossfade_controller.problems import Forbidden
from crossfade_controller.services import ServicesOfApp

_BOOLEAN = TypeAdapter(bool)


@dataclass(frozen=True)
class Access:
    """A dependency that lets an actor pass who has one of `scopes`, and gives the actor.

    A token bound to a run reaches the paths of that run alone, and those without a run in them only where the route
    keeps to the bound run by itself (`keeps_to_run`).
    """

    scopes: tuple[Scope, ...]
    to_validate: Scope | None = None
    """The scope that is enough for `?validate_only=true`, which changes nothing."""
    keeps_to_run: bool = False

    async def __call__(self, request: Request, services: ServicesOfApp) -> Actor:
        """Give the actor; raises a `Problem`: 401 for an unknown one, 403 for one that may not."""
        actor = await services.gate.identify(request.headers.get("authorization"))
        request.state.actor = actor
        only_asks = _is_true(request.query_params.get("validate_only", ""))
        self.check(actor, request.path_params.get("run"), only_asks=only_asks)
        return actor

    def check(self, actor: Actor, run: str | None, *, only_asks: bool = False) -> None:
        """Raise a 403 `Problem`, or 401 for one without a token, if an actor may not do this to a run."""
        self._check_scope(actor, only_asks=only_asks)
        self._check_run(actor, run)

    def _check_scope(self, actor: Actor, *, only_asks: bool) -> None:
        scopes = (self.to_validate,) if self.to_validate and only_asks else self.scopes
        if actor.may(*scopes):
            return
        needed = " or ".join(scopes)
        if actor.anonymous:
            raise unauthorized(f"this needs a token with the scope {needed}; send it as Authorization: Bearer cf_…")
        has = ", ".join(sorted(actor.scopes))
        raise Forbidden(
            f"this needs the scope {needed}; the token {actor.name!r} has {has}",
            kind="scope-missing",
            field="Authorization",
            needed=list(scopes),
        )

    def _check_run(self, actor: Actor, run: str | None) -> None:
        if actor.run is None or actor.run == run or (run is None and self.keeps_to_run):
            return
        raise Forbidden(
            f"the token {actor.name!r} is bound to the run {actor.run!r}; take one that is not, or one of this run",
            kind="bound-to-another-run",
            field="Authorization",
        )


def _is_true(text: str) -> bool:
    """Read a parameter as the endpoint itself will: 1 is true as well; what it will refuse is not."""
    try:
        return _BOOLEAN.validate_python(text)
    except ValidationError:
        return False


def requires(*scopes: Scope, to_validate: Scope | None = None, keeps_to_run: bool = False) -> Any:  # noqa: ANN401 - as FastAPI's own Depends
    """Declare that a route is for actors with one of some scopes; see `Access`."""
    return Depends(Access(scopes, to_validate=to_validate, keeps_to_run=keeps_to_run))


def access_of(route: APIRoute) -> Access | None:
    """Give what a route asks of those who call it, None for a public one; raises `ValueError` if it does not say."""
    declared = list(_calls(route.dependant))
    for call in declared:
        if isinstance(call, Access):
            return call
    if _anybody in declared:
        return None
    raise ValueError(f"{route.path} does not declare who may call it; give it requires(...) or public")


def _calls(dependant: Dependant) -> Iterator[object]:
    for dependency in dependant.dependencies:
        yield dependency.call
        yield from _calls(dependency)


async def _anybody() -> None:
    """Let everybody pass, with or without a token."""


public = Depends(_anybody)
"""Declares that a route is for everybody: `dependencies=[public]`."""

Evaluator = Annotated[Actor, requires("evaluator")]
Operator = Annotated[Actor, requires("operator")]
Approver = Annotated[Actor, requires("approver")]
Admin = Annotated[Actor, requires("admin")]

SteererOrAsker = Annotated[Actor, requires("operator", "approver", "policy", to_validate="viewer")]
"""A person or a policy that makes versions of a mixture, or a viewer who only asks what would happen
(`?validate_only=true`)."""
