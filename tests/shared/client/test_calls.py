"""How calls are repeated and refused, where a controller has bad times."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from tests.shared.client.scripted import DROP, Answer, scripted

from crossfade_shared.client import Change, Client
from crossfade_shared.client.credentials import token_from
from crossfade_shared.errors import ConflictError, RefusedError, UnauthorisedError, UnreachableError, UserError

RUN = {"name": "r", "version": 1}
BUSY = Answer(503, {"detail": "the database does not answer"}, {"Retry-After": "1"})


@pytest.fixture(autouse=True)
def _without_a_token(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CROSSFADE_TOKEN", raising=False)


@pytest.mark.parametrize(
    "trouble", [BUSY, Answer(429, {}), Answer(502, b"<html>"), DROP], ids=["503", "429", "502", "lost"]
)
def test_a_passing_trouble_is_waited_out_under_one_key(trouble: Answer | None) -> None:
    with scripted([trouble, Answer(201, {"version": 2})]) as server, Client(server.url) as client:
        change = Change.whole({"web": 1}, reason="why")
        assert client.change_mixture("r", change, based_on=1)["version"] == 2
    (method, path, first), (_, _, second) = server.asked
    assert (method, path, first["If-Match"]) == ("POST", "/v1/runs/r/mixtures", '"1"')
    assert first["Idempotency-Key"] == second["Idempotency-Key"]


def test_patience_ends() -> None:
    with scripted([BUSY, Answer(200, RUN)]) as server, Client(server.url, patience_seconds=0.5) as client:
        with pytest.raises(UnreachableError, match="answered 503: the database does not answer"):
            client.run("r")
        assert client.run("r") == RUN


def test_nobody_there_is_said_at_once() -> None:
    with (
        Client("http://127.0.0.1:9") as client,
        pytest.raises(UnreachableError, match="start one with `crossfade serve`"),
    ):
        client.run("r")


def test_a_connection_that_was_closed_meanwhile_is_opened_anew() -> None:
    answers = [Answer(200, RUN, {"Connection": "close"}), Answer(200, RUN)]
    with scripted(answers) as server, Client(server.url, patience_seconds=0) as client:
        assert client.run("r") == client.run("r") == RUN


GUARDRAIL = {"type": "urn:crossfade:problem:guardrail", "detail": "too much", "guardrails": [{"rail": "ceiling"}]}


@pytest.mark.parametrize(
    ("answer", "kind", "exit_code"),
    [
        (Answer(422, {"detail": "no such source", "field": "weights.x"}), UserError, 2),
        (Answer(404, {"detail": "no such run"}), UserError, 2),
        (Answer(401, {"detail": "a token is missing"}), UnauthorisedError, 2),
        (Answer(403, {"detail": "needs operator"}), UnauthorisedError, 2),
        (Answer(412, {"detail": "stale", "current_version": 4}), ConflictError, 3),
        (Answer(409, {"detail": "there is one"}), ConflictError, 3),
        (Answer(409, GUARDRAIL), RefusedError, 4),
        (Answer(500, {"detail": "inside"}), UnreachableError, 5),
        (Answer(200, b"<html>"), UnreachableError, 5),
    ],
    ids=lambda value: str(value.status) if isinstance(value, Answer) else None,
)
def test_every_refusal_has_its_error(answer: Answer, kind: type[UserError], exit_code: int) -> None:
    with scripted([answer]) as server, Client(server.url) as client, pytest.raises(UserError) as refusal:
        client.run("r")
    assert (type(refusal.value), refusal.value.exit_code) == (kind, exit_code)
    if isinstance(answer.body, dict):
        assert refusal.value.problem == answer.body
        assert refusal.value.field == answer.body.get("field")
        assert answer.body["detail"] in str(refusal.value)


def test_a_list_is_gathered_from_its_pages() -> None:
    pages = [Answer(200, {"items": [1, 2], "next_page": "abc"}), Answer(200, {"items": [3], "next_page": None})]
    with scripted(pages) as server, Client(server.url) as client:
        assert client.versions("r") == [1, 2, 3]
    assert [path for _, path, _ in server.asked] == [
        "/v1/runs/r/mixtures?limit=1000",
        "/v1/runs/r/mixtures?limit=1000&page=abc",
    ]
    with scripted(pages[:1]) as server, Client(server.url) as client:
        assert client.versions("r", limit=2) == [1, 2]


def test_the_token_goes_with_every_call(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    file = tmp_path / "token"
    file.write_text("cf_of-the-file\n")
    monkeypatch.setenv("CROSSFADE_TOKEN", "cf_of-the-environment")
    tokens: list[Any] = [None, "cf_given", token_from(file)]
    with scripted([Answer(200, RUN)] * 3) as server:
        for token in tokens:
            with Client(server.url, token=token) as client:
                client.run("r")
    sent = [headers["Authorization"] for _, _, headers in server.asked]
    assert sent == ["Bearer cf_of-the-environment", "Bearer cf_given", "Bearer cf_of-the-file"]


def test_what_can_be_no_token_is_refused_without_showing_it(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"--token-file .* cannot be read"):
        token_from(tmp_path / "none")
    empty = tmp_path / "empty"
    empty.touch()
    with pytest.raises(UserError, match="is empty"):
        token_from(empty)
    monkeypatch.setenv("CROSSFADE_TOKEN", "secret\nX-Header: 1")
    with pytest.raises(UserError, match="CROSSFADE_TOKEN holds no token") as refusal:
        Client()
    assert "secret" not in str(refusal.value)


@pytest.mark.parametrize("run", ["a/b", "Ä", "", "a?b"])
def test_a_name_that_is_none_goes_nowhere(run: str) -> None:
    with Client("http://127.0.0.1:9") as client, pytest.raises(UserError, match="is not a valid name"):
        client.mixture(run)


def test_a_secret_whose_answer_was_lost_is_said() -> None:
    with (
        scripted([DROP, Answer(201, {"id": 7, "token": None})]) as server,
        Client(server.url) as client,
        pytest.raises(UnreachableError, match="secret of token 7 was lost on its way; revoke it"),
    ):
        client.create_token("ada", scopes=["viewer"])
