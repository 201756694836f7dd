"""The checker finds what it is there to find."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from tests.controller.chaos.checker import violations
from tests.controller.chaos.history import History, Seen, Write


def good() -> History:
    """Give a history without fault: two writers on version 1, one of them wins; version 3 restores version 1."""
    log = [
        {
            "version": number,
            "digest": "ab"[number % 2],
            "reason": f"reason {number}",
            "base_version": number - 1 or None,
            "author": "ada",
            "created_at": "2026-01-01T00:00:00Z",
            "evidence": [],
            "guardrails": [],
        }
        for number in (1, 2, 3)
    ]
    writes = [
        Write(key="a", based_on=1, reason="reason 2", outcome="ok", answers=[log[1]]),
        Write(key="b", based_on=1, reason="lost", outcome="failed"),
        Write(key="c", based_on=2, reason="reason 3", outcome="ok", answers=[log[2], log[2]], restores=1),
    ]
    seen = [Seen(attempt=1, version=number, digest="ab"[number % 2]) for number in (1, 3)]
    return History(writes=writes, seen=seen, read=[log[0]], log=log, accepted=[1, 2, 3])


def spoil(history: History, guarantee: str) -> None:
    """Break one guarantee."""
    faults: dict[str, Callable[[], object]] = {
        "V1 the versions": lambda: history.log[1].update(version=4),
        "V1 the events": lambda: history.accepted.remove(2),
        "V1 version": lambda: history.read.append({"version": 1, "digest": "z"}),
        "V2 version 2 was acknowledged": lambda: history.log.pop(1),
        "V2 version 2 was made although": lambda: setattr(history.writes[0], "outcome", "failed"),
        "V3 version": lambda: history.log[2].update(base_version=1),
        "V3 2 writers": lambda: setattr(history.writes[1], "outcome", "ok"),
        "V3 0 writers": lambda: setattr(history.writes[0], "outcome", "failed"),
        "V4 the key c made": lambda: history.writes[2].answers.append({**history.log[2], "version": 4}),
        "V4 the key c is behind": lambda: history.log.append({**history.log[2], "version": 4, "base_version": 3}),
        "V5": lambda: setattr(history.writes[2], "restores", 2),
        "V6": lambda: history.log[1].update(author=""),
        "D1": lambda: history.seen.insert(1, history.seen[-1]),
        "D2": history.seen.pop,
        "D4": lambda: history.seen.insert(1, Seen(attempt=1, version=9, digest="a")),
        "D5": lambda: history.seen.insert(1, Seen(attempt=1, version=2, digest="z")),
    }
    faults[guarantee]()


def test_a_good_history_passes() -> None:
    assert violations(good()) == []


@pytest.mark.parametrize(
    "guarantee",
    [
        "V1 the versions",
        "V1 the events",
        "V1 version",
        "V2 version 2 was acknowledged",
        "V2 version 2 was made although",
        "V3 version",
        "V3 2 writers",
        "V3 0 writers",
        "V4 the key c made",
        "V4 the key c is behind",
        "V5",
        "V6",
        "D1",
        "D2",
        "D4",
        "D5",
    ],
)
def test_a_broken_guarantee_is_found(guarantee: str) -> None:
    history = good()
    spoil(history, guarantee)
    assert any(found.startswith(guarantee) for found in violations(history)), violations(history)
