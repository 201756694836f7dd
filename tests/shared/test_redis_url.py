"""What is no URL of a Redis is refused where it is given."""

from __future__ import annotations

import pytest

from crossfade_shared.errors import UserError
from crossfade_shared.redis_url import check_redis_url


@pytest.mark.parametrize(
    "url",
    [
        "redis://localhost",
        "redis://localhost:6379/0",
        "redis://ada:secret@[::1]:6379/3?socket_timeout=2",
        "rediss://host.example:6380/1",
        "unix:///run/redis.sock",
        "unix://ada:secret@/run/redis.sock?db=2",
    ],
)
def test_a_redis_url_is_given_back(url: str) -> None:
    assert check_redis_url(url, field="redis") == url


@pytest.mark.parametrize(
    ("url", "why"),
    [
        ("", "one of the following"),
        ("localhost:6379", "one of the following"),
        ("http://localhost:6379", "one of the following"),
        ("redis://", "it names no host"),
        ("redis://:6379/0", "it names no host"),
        ("redis://localhost:port", "[Pp]ort"),
        ("redis://localhost:99999", "[Pp]ort"),
        ("redis://[::1", "IPv6"),
        ("redis://localhost/first", "the database is a whole number, not 'first'"),
        ("redis://localhost?db=first", "db"),
        ("redis://localhost?colour=red", "colour"),
        ("unix://", "whole path"),
        ("unix://redis.sock", "whole path"),
        ("unix://run/redis.sock", "whole path"),
    ],
)
def test_what_is_none_is_refused_by_the_name_of_its_field(url: str, why: str) -> None:
    with pytest.raises(UserError, match=why) as refused:
        check_redis_url(url, field="telemetry.redis")
    assert refused.value.field == "telemetry.redis"
    assert str(refused.value).startswith("telemetry.redis: ")
    assert "write it like redis://host:6379/0" in str(refused.value)


def test_no_password_is_told() -> None:
    with pytest.raises(UserError) as refused:
        check_redis_url("http://ada:secret@localhost", field="redis")
    assert "secret" not in str(refused.value)
