"""The chain of hashes: how a line is bound to the one before, and how a break is found. Pure functions."""

from __future__ import annotations

import hashlib
import json
from collections.abc import AsyncIterable, AsyncIterator
from datetime import UTC
from typing import Any, Protocol

GENESIS = "0" * 64
"""What the first line follows."""


class Line(Protocol):
    """One line of the audit."""

    sequence: Any
    at: Any
    actor: Any
    action: Any
    run: Any
    detail: Any
    previous_hash: Any
    hash: Any


def line_hash(line: Line) -> str:
    """Give the SHA-256 of a line's content and of the hash before it.

    The number of the line is no part of it: so a line that was slipped in shows itself, not all those after it.
    """
    content = [line.previous_hash, line.at.astimezone(UTC).isoformat(), line.actor, line.action, line.run, line.detail]
    canonical = json.dumps(content, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(canonical.encode()).hexdigest()


async def breaks(lines: AsyncIterable[Line], *, head_sequence: int, head_hash: str) -> AsyncIterator[str]:
    """Give a sentence for every line, in order, that was altered, removed or inserted; none for a sound chain."""
    number, before_last, last = 0, "", GENESIS
    async for line in lines:
        if line.sequence != number + 1:
            yield _missing(number + 1, line.sequence - 1)
        elif line.previous_hash == before_last:
            yield f"line {number} was inserted: line {line.sequence} follows line {number - 1}"
        elif line.previous_hash != last:
            yield f"line {line.sequence} does not follow line {number}: that one was replaced, or one after it removed"
        if line.hash != line_hash(line):
            yield f"line {line.sequence} was altered: its hash is not that of its content"
        number, before_last, last = line.sequence, last, line.hash
    if number < head_sequence:
        yield _missing(number + 1, head_sequence)
    elif number > head_sequence:
        yield f"line {head_sequence + 1} was inserted: the chain ends with line {head_sequence}"
    elif last != head_hash:
        yield f"line {number} was replaced: the chain ends with another"


def _missing(first: int, last: int) -> str:
    return f"line {first} is missing" if first == last else f"lines {first} to {last} are missing"
