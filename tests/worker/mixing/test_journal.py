"""The ledger on disk survives torn lines and names damaged ones."""

from __future__ import annotations

from pathlib import Path

import pytest

from crossfade_shared.errors import UserError
from crossfade_shared.ledger import LedgerEntry
from crossfade_shared.mixture import Mixture
from crossfade_worker.mixing.journal import LedgerJournal

ENTRIES = [
    LedgerEntry(0, 0, Mixture.from_weights({"web": 0.9, "math": 0.1})),
    LedgerEntry(3, 12, Mixture.from_weights({"web": 0.5, "math": 0.5})),
]


@pytest.fixture
def journal(tmp_path: Path) -> LedgerJournal:
    journal = LedgerJournal(tmp_path / "ledger.jsonl")
    for entry in ENTRIES:
        journal.append(entry)
    return journal


def test_what_was_appended_is_read(journal: LedgerJournal) -> None:
    ledger = journal.read()
    assert ledger is not None
    assert list(ledger) == ENTRIES


def test_there_may_be_none(tmp_path: Path) -> None:
    assert LedgerJournal(tmp_path / "ledger.jsonl").read() is None


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
