"""The interface's description: what FastAPI knows of the routes, and what every route has in common, told once."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI
from fastapi.routing import APIRoute
from pydantic import BaseModel, ConfigDict

from crossfade_controller.auth.access import access_of
from crossfade_controller.bodies import StrictRoute

Operation = dict[str, Any]
_METHODS = {"get", "post", "put", "patch", "delete"}


class ProblemBody(BaseModel):
    """A refusal or a failure, as RFC 9457 has it; some kinds have further members."""

    model_config = ConfigDict(extra="allow")

    type: str
    title: str
    status: int
    detail: str
    field: str | None
    """What is at fault: a field of the body, a parameter or a header."""


def describe(app: FastAPI, routes: Iterable[APIRoute]) -> None:
    """Complete the description of an application: who may call what, and every status that a call may end with."""
    generate = app.openapi

    def complete() -> dict[str, Any]:
        if app.openapi_schema is None:
            _complete(
                generate(), {(route.path, method.lower()): route for route in routes for method in route.methods or ()}
            )
        return app.openapi_schema or {}

    app.openapi = complete  # type: ignore[method-assign] # as FastAPI's documentation has it


def _complete(schema: dict[str, Any], routes: dict[tuple[str, str], APIRoute]) -> None:
    components = schema.setdefault("components", {})
    schemas = components.setdefault("schemas", {})
    schemas["Problem"] = ProblemBody.model_json_schema()
    components["securitySchemes"] = {"token": {"type": "http", "scheme": "bearer"}}
    for path, operations in schema["paths"].items():
        for method in _METHODS & operations.keys():
            _complete_operation(path, method, operations[method], routes[path, method])
    _leave_out_unused(schema, schemas)


def _leave_out_unused(schema: dict[str, Any], schemas: dict[str, Any]) -> None:
    """Leave out what nothing refers to: FastAPI's own problems, and what a body is read into."""
    told = json.dumps(schema)
    unused = [name for name in schemas if f'"#/components/schemas/{name}"' not in told]
    for name in unused:
        del schemas[name]
    if unused:
        _leave_out_unused(schema, schemas)


def _complete_operation(path: str, method: str, operation: Operation, route: APIRoute) -> None:
    access = access_of(route)
    if access:
        may_be_anonymous = "viewer" in (*access.scopes, access.to_validate)
        operation["security"] = [{"token": []}] + ([{}] if may_be_anonymous else [])
        operation["x-scopes"] = list(access.scopes)
    answers = operation["responses"]
    answers.pop("422", None)  # FastAPI's own
    for status in sorted(_refusals(path, method, operation, route)):
        answers.setdefault(
            str(status),
            {
                "description": HTTPStatus(status).phrase,
                "content": {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}},
            },
        )


def _refusals(path: str, method: str, operation: Operation, route: APIRoute) -> Iterator[int]:
    """Give the statuses, beside success, that a call may end with."""
    names = {parameter["name"] for parameter in operation.get("parameters", [])}
    yield from (400, 429)  # a Host that is none of ours, or a forged page token; too much at once
    if access_of(route):
        yield from (401, 403, 503)
    if "{" in path:
        yield 404
    if names or isinstance(route, StrictRoute):
        yield 422  # at the least, for a parameter that there is not
    if "requestBody" in operation:
        yield from (413, 415)
    if method not in {"get", "delete"}:
        yield 409
    if "If-Match" in names:
        yield from (412, 428)
