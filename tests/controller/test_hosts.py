"""The names a controller answers to: none that a web page could have made point here."""

from __future__ import annotations

from typing import Any

import pytest

from crossfade_controller.hosts import AllowedHosts, check_host_name
from crossfade_controller.settings import Settings
from crossfade_shared.errors import UserError


async def nobody(*_: Any) -> None:
    raise AssertionError("it was only asked")


@pytest.mark.parametrize(
    ("host", "on_loopback", "elsewhere"),
    [
        ("localhost", True, True),
        ("127.0.0.1", True, True),
        ("::1", True, True),
        ("Crossfade.example.org", True, True),
        ("192.0.2.7", False, True),
        ("2001:db8::1", False, True),
        ("", False, False),
        ("evil.example", False, False),
        ("localhost.evil.example", False, False),
        ("127.0.0.1.evil.example", False, False),
    ],
)
def test_it_answers_to_its_own_names_and_those_it_was_given(host: str, *, on_loopback: bool, elsewhere: bool) -> None:
    names = ["crossfade.example.org"]
    assert AllowedHosts(nobody, loopback=True, names=names).answers_to(host) == on_loopback
    assert AllowedHosts(nobody, loopback=False, names=names).answers_to(host) == elsewhere


@pytest.mark.parametrize("name", ["", "https://crossfade.example.org", "crossfade:8321", "*", "a b", "-a"])
def test_what_is_no_name_is_refused(name: str) -> None:
    with pytest.raises(UserError, match="give it without scheme and port") as refused:
        check_host_name(name)
    assert refused.value.field == "allowed-host"


def test_names_of_the_environment_are_separated_by_spaces(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CROSSFADE_ALLOWED_HOSTS", "one.example two.example")
    assert Settings().allowed_hosts == ("one.example", "two.example")
