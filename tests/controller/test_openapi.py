"""The description of the interface: as it was agreed, and complete."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from inspect import iscoroutinefunction
from pathlib import Path
from typing import Any

import pytest
from fastapi.dependencies.models import Dependant

from crossfade_controller.app import create_app, routes
from crossfade_controller.auth.access import access_of
from crossfade_controller.settings import Settings

GOLDEN = Path(__file__).parents[1] / "golden" / "openapi.json"
PUBLIC = {"/", "/static/{path:path}", "/livez", "/readyz"}


@pytest.fixture(scope="module")
def description() -> dict[str, Any]:
    return create_app(Settings(database_url="sqlite:///none.db")).openapi()


def test_the_interface_is_the_one_agreed_on(description: dict[str, Any]) -> None:
    wire = json.dumps(description, indent=1, sort_keys=True) + "\n"
    if os.environ.get("RENEW_GOLDEN"):
        GOLDEN.write_text(wire)
    assert wire == GOLDEN.read_text(), (
        "the REST interface changed; if that is meant, renew its description with: "
        "RENEW_GOLDEN=1 pytest tests/controller/test_openapi.py"
    )


def test_every_route_declares_who_may_call_it_and_only_viewing_is_for_everybody() -> None:
    for route in routes():
        access = access_of(route)  # raises for a route that does not say
        assert (access is None) == (route.path in PUBLIC), route.path
        if access and route.methods != {"GET"}:
            assert "viewer" not in access.scopes, f"{route.methods} {route.path} changes something"


def test_no_request_waits_for_a_thread() -> None:
    """FastAPI calls plain functions in threads, and going there costs more than most of ours take."""
    for route in routes():
        for dependant in [route.dependant, *every_dependency_of(route.dependant)]:
            call = dependant.call
            assert iscoroutinefunction(call) or iscoroutinefunction(type(call).__call__), (route.path, call)


def every_dependency_of(dependant: Dependant) -> Iterator[Dependant]:
    for dependency in dependant.dependencies:
        yield dependency
        yield from every_dependency_of(dependency)


def test_a_token_bound_to_a_run_reaches_other_paths_only_where_they_keep_to_it() -> None:
    kept = {route.path for route in routes() if (access := access_of(route)) and access.keeps_to_run}
    assert kept == {"/v1/runs", "/v1/whoami", "/v1/audit"}


def test_every_refusal_is_described_as_a_problem(description: dict[str, Any]) -> None:
    for path, operations in description["paths"].items():
        for operation in operations.values():
            for status, answer in operation["responses"].items():
                if status >= "400" and path != "/readyz":
                    assert answer["content"].keys() == {"application/problem+json"}, (path, status)
