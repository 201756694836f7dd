"""The guarantees of the version log (V1-V6) and of delivery (D1, D2, D4, D5), read off a history.

Each checker gives what it found wrong, in words. D3 is a figure (`make load`), D6 is about a worker's start.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from itertools import pairwise

from tests.controller.chaos.history import History


def violations(history: History) -> list[str]:
    """Give everything that breaks a guarantee, beginning with its name."""
    checkers = (
        _gap_free_and_immutable,
        _acknowledged_survives,
        _one_of_many_wins,
        _one_key_one_version,
        _rollback_is_new,
        _says_who_and_why,
        _never_back,
        _converges,
        _nothing_else_is_held,
    )
    return [found for checker in checkers for found in checker(history)]


def _gap_free_and_immutable(history: History) -> Iterator[str]:
    numbers = [version["version"] for version in history.log]
    if numbers != list(range(1, len(numbers) + 1)):
        yield f"V1 the versions are {numbers}"
    if history.accepted != numbers:
        yield f"V1 the events tell of the versions {history.accepted}, the log has {numbers}"
    digests = {version["version"]: version["digest"] for version in history.log}
    for version in history.read:
        if digests.get(version["version"]) != version["digest"]:
            yield f"V1 version {version['version']} was read with other weights than the log has"


def _acknowledged_survives(history: History) -> Iterator[str]:
    kept = {(version["version"], version["digest"], version["reason"]) for version in history.log}
    for write in history.writes:
        for answer in write.answers:
            if (answer["version"], answer["digest"], answer["reason"]) not in kept:
                yield f"V2 version {answer['version']} was acknowledged and is not in the log as it was"
    known = {write.reason for write in history.writes if write.outcome in {"ok", "unknown"}}
    for version in history.log[1:]:
        if version["reason"] not in known:
            yield f"V2 version {version['version']} was made although its writer was told that it failed"


def _one_of_many_wins(history: History) -> Iterator[str]:
    for lower, version in pairwise(history.log):
        if version["base_version"] != lower["version"]:
            yield f"V3 version {version['version']} is based on {version['base_version']}: the log forks"
    winners = Counter(write.based_on for write in history.writes if write.outcome == "ok")
    settled = {write.based_on for write in history.writes} - {
        write.based_on for write in history.writes if write.outcome in {"invoked", "unknown"}
    }
    for base in settled:
        if winners[base] != 1:
            yield f"V3 {winners[base]} writers succeeded on version {base}"
    for base, num_winners in winners.items():
        if num_winners > 1:
            yield f"V3 {num_winners} writers succeeded on version {base}"


def _one_key_one_version(history: History) -> Iterator[str]:
    for write in history.writes:
        made = {answer["version"] for answer in write.answers}
        if len(made) > 1:
            yield f"V4 the key {write.key} made the versions {sorted(made)}"
    reasons = Counter(version["reason"] for version in history.log)
    for write in history.writes:
        if reasons[write.reason] > 1:
            yield f"V4 the key {write.key} is behind {reasons[write.reason]} versions of the log"


def _rollback_is_new(history: History) -> Iterator[str]:
    digests = {version["version"]: version["digest"] for version in history.log}
    for write in history.writes:
        for answer in write.answers:
            if write.restores is None:
                continue
            if answer["version"] <= write.restores or answer["digest"] != digests[write.restores]:
                yield f"V5 restoring version {write.restores} gave version {answer['version']} with other weights"


def _says_who_and_why(history: History) -> Iterator[str]:
    for version in history.log:
        for member in ("author", "reason", "created_at"):
            if not version.get(member):
                yield f"V6 version {version['version']} does not say its {member}"
        for member in ("evidence", "guardrails"):
            if not isinstance(version.get(member), list):
                yield f"V6 version {version['version']} does not say its {member}"
        if version["version"] > 1 and not version.get("base_version"):
            yield f"V6 version {version['version']} does not say its base"


def _never_back(history: History) -> Iterator[str]:
    for earlier, later in pairwise(history.seen):
        if earlier.attempt == later.attempt and later.version <= earlier.version:
            yield f"D1 attempt {later.attempt} went from version {earlier.version} to {later.version}"


def _converges(history: History) -> Iterator[str]:
    if history.seen and history.log and history.seen[-1].version != history.log[-1]["version"]:
        yield f"D2 the worker holds version {history.seen[-1].version} of {len(history.log)}"


def _nothing_else_is_held(history: History) -> Iterator[str]:
    digests = {version["version"]: version["digest"] for version in history.log}
    for seen in history.seen:
        if seen.version not in digests:
            yield f"D4 the worker held version {seen.version}, which was never made"
        elif digests[seen.version] != seen.digest:
            yield f"D5 the worker held version {seen.version} with other weights than it has"
