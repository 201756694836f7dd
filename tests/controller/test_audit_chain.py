"""The chain of hashes alone: every single change of it is found, and the line is named."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st

from crossfade_controller.audit.chain import GENESIS, breaks, line_hash
from crossfade_controller.audit.models import AuditEntry

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)


def chain(num_lines: int, *, previous: str = GENESIS, actor: str = "ada") -> list[AuditEntry]:
    made: list[AuditEntry] = []
    for number in range(1, num_lines + 1):
        line = AuditEntry(
            sequence=number, at=NOON, actor=actor, action="x", run=None, detail={"n": number}, previous_hash=previous
        )
        line.hash = previous = line_hash(line)
        made.append(line)
    return made


def found(lines: Sequence[AuditEntry], *, head: AuditEntry) -> list[str]:
    async def each() -> AsyncIterator[AuditEntry]:
        for line in lines:
            yield line

    async def collect() -> list[str]:
        return [said async for said in breaks(each(), head_sequence=head.sequence, head_hash=head.hash)]

    return asyncio.run(collect())


def renumber(lines: Sequence[AuditEntry]) -> list[AuditEntry]:
    for number, line in enumerate(lines, start=1):
        line.sequence = number
    return list(lines)


places = st.integers(min_value=2, max_value=6).flatmap(lambda size: st.tuples(st.just(size), st.integers(1, size)))


@given(places)
def test_a_sound_chain_has_no_break_and_a_removed_line_is_missing(place: tuple[int, int]) -> None:
    size, number = place
    lines = chain(size)
    assert found(lines, head=lines[-1]) == []
    removed = [line for line in lines if line.sequence != number]
    assert f"line {number} is missing" in found(removed, head=lines[-1])


@given(places)
def test_a_line_slipped_in_with_good_hashes_and_new_numbers_is_named(place: tuple[int, int]) -> None:
    size, number = place
    lines = chain(size)
    slipped = chain(1, previous=lines[number - 1].previous_hash, actor="eve")[0]
    spoilt = renumber([*lines[: number - 1], slipped, *lines[number - 1 :]])
    assert found(spoilt, head=spoilt[-1]) == [
        f"line {number} was inserted: line {number + 1} follows line {number - 1}"
    ]


@given(places)
def test_a_line_replaced_with_a_good_hash_is_told_by_the_next_or_by_the_end(place: tuple[int, int]) -> None:
    size, number = place
    lines = chain(size)
    head = AuditEntry(sequence=size, hash=lines[-1].hash)
    lines[number - 1].actor = "eve"
    lines[number - 1].hash = line_hash(lines[number - 1])
    (told,) = found(lines, head=head)
    assert f"line {number}" in told
    assert "replaced" in told
