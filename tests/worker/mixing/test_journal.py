"""The ledger on disk survives torn lines and names damaged ones."""

from __future__ import annotations

from pathlib import Path

import pytest

from crossfade_shared.errors import UserError
from crossfade_shared.ledger import LedgerEntry
from crossfade_shared.mixture import Mixture
from crossfade_worker.mixing.course import Course, Turn
from crossfade_worker.mixing.exhaustion import Cap
from crossfade_worker.mixing.journal import Attempt, LedgerJournal

ENTRIES = [
    LedgerEntry(0, 0, Mixture.from_weights({"web": 0.9, "math": 0.1})),
    LedgerEntry(3, 12, Mixture.from_weights({"web": 0.5, "math": 0.5})),
]


CAPS = {"math": Cap(70, "stop")}


def begin(journal: LedgerJournal, number: int, start_step: int, course: Course, *, rewound: bool = False) -> None:
    journal.begin(Attempt(number, start_step, rewound, course))


@pytest.fixture
def journal(tmp_path: Path) -> LedgerJournal:
    journal = LedgerJournal(tmp_path / "ledger.jsonl")
    begin(journal, 1, 0, Course.begin(ENTRIES[0], CAPS))
    journal.append(ENTRIES[1])
    return journal


def test_what_was_appended_is_read(journal: LedgerJournal) -> None:
    ledger = journal.read()
    assert ledger is not None
    assert list(ledger) == ENTRIES


def test_there_may_be_none(tmp_path: Path) -> None:
    assert LedgerJournal(tmp_path / "ledger.jsonl").read() is None


def test_a_resume_shares_its_versions_and_a_rewind_does_not(journal: LedgerJournal) -> None:
    (first,) = journal.attempts()
    later, newest = (LedgerEntry(version, step, ENTRIES[0].mixture) for version, step in ((4, 20), (5, 10)))
    begin(journal, 2, 15, first.course)
    journal.append(later)
    rewound = first.course.left_at(10).turned(10, {}, {"web": 16})
    begin(journal, 3, 10, rewound, rewound=True)
    journal.append(newest)
    attempts = journal.attempts()
    assert [list(attempt.course.ledger) for attempt in attempts] == [
        [*ENTRIES, later],
        [*ENTRIES, later],
        [ENTRIES[0], newest],
    ]
    assert [attempt.course.turns for attempt in attempts] == [
        (Turn(0, CAPS),),
        (Turn(0, CAPS),),
        (Turn(0, CAPS), Turn(10, {}, {"web": 16})),
    ]
    assert journal.read() == attempts[-1].course.ledger


def test_a_version_before_the_first_attempt_is_named(tmp_path: Path) -> None:
    journal = LedgerJournal(tmp_path / "ledger.jsonl")
    journal.append(ENTRIES[0])
    with pytest.raises(UserError, match="line 1: not a ledger entry"):
        journal.attempts()


def test_a_line_torn_at_any_byte_is_cut_off_and_can_be_written_again(journal: LedgerJournal) -> None:
    whole = journal.path.read_bytes()
    first_line = whole.index(b"\n") + 1
    for length in range(first_line, len(whole)):
        journal.path.write_bytes(whole[:length])
        ledger = journal.read()
        assert ledger is not None
        assert list(ledger) == ENTRIES[:1]
        assert journal.path.read_bytes() == whole[:length]  # to read is not to repair
        journal.repair()
        journal.append(ENTRIES[1])
        assert journal.path.read_bytes() == whole


def test_entries_in_no_order_are_named(journal: LedgerJournal) -> None:
    journal.append(ENTRIES[0])
    with pytest.raises(UserError, match="line 3: not a ledger entry"):
        journal.read()


def test_a_damaged_line_is_named(journal: LedgerJournal) -> None:
    journal.path.write_bytes(journal.path.read_bytes().replace(b"500000", b"400000", 1))
    with pytest.raises(UserError, match="line 2: not a ledger entry"):
        journal.read()
