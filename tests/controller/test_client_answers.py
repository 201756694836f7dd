"""The client's types say what the controller's own description says."""

from __future__ import annotations

from typing import Any, get_args, get_type_hints

import pytest

from crossfade_controller.app import create_app
from crossfade_controller.settings import Settings
from crossfade_shared.client import Client, answers
from crossfade_shared.client.asynchronous import AsyncClient

DESCRIBED: dict[str, type] = {
    "WhoAmI": answers.Identity,
    "Frozen": answers.Freeze,
    "FindingBody": answers.Finding,
    "Validation": answers.Verdict,
    "ForecastBody": answers.Forecast,
    "SourceForecast": answers.SourceForecast,
    "Warned": answers.Warned,
    "EventBody": answers.Event,
    "SourceBody": answers.Source,
    "Target": answers.Target,
    "RunBody": answers.Run,
    "CreatedRun": answers.CreatedRun,
    "VersionBody": answers.Version,
    "VersionWithRealised": answers.VersionWithRealised,
    "VersionDiff": answers.Difference,
    "SourceChange": answers.SourceChange,
    "ResultBody": answers.Score,
    "StoredResults": answers.StoredScores,
    "Curves": answers.Curves,
    "SeriesPoint": answers.CurvePoint,
    "AuditLine": answers.AuditEntry,
    "TokenBody": answers.Token,
    "CreatedToken": answers.CreatedToken,
}
OTHERWISE = {("EventBody", "id"), ("EventBody", "created_at"), ("CreatedToken", "token")}
"""Progress is told and not kept, so it has neither; a lost secret is an error."""


@pytest.fixture(scope="module")
def schemas() -> dict[str, Any]:
    app = create_app(Settings(database_url="sqlite:///none.db"))
    found: dict[str, Any] = app.openapi()["components"]["schemas"]
    return found


@pytest.mark.parametrize("name", DESCRIBED)
def test_every_answer_is_typed_as_it_is_described(schemas: dict[str, Any], name: str) -> None:
    hints, members = get_type_hints(DESCRIBED[name]), schemas[name]["properties"]
    assert hints.keys() == members.keys()
    for member, hint in hints.items():
        if (name, member) not in OTHERWISE:
            may_be_null = {"type": "null"} in members[member].get("anyOf", [])
            assert (type(None) in get_args(hint)) == may_be_null, member


def test_both_clients_make_the_same_calls() -> None:
    calls = [{name for name in vars(client) if not name.startswith("_")} for client in (Client, AsyncClient)]
    assert calls[1] - calls[0] == {"run_with"}
    assert calls[0] <= calls[1]
