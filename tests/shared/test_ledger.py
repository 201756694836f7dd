"""The ledger: one version for every step, and nothing is ever rewritten."""

from __future__ import annotations

import json

import pytest

from crossfade_shared.ledger import Ledger, LedgerEntry
from crossfade_shared.mixture import Mixture, MixtureError
from crossfade_shared.phases import Anneal

WEB = Mixture.from_weights({"web": 0.9, "math": 0.1})
MATH = Mixture.from_weights({"web": 0.5, "math": 0.5})


def ledger() -> Ledger:
    return Ledger([LedgerEntry(0, 0, WEB), LedgerEntry(2, 10, MATH), LedgerEntry(3, 11, WEB)])


def test_every_step_has_the_newest_version_that_is_in_effect() -> None:
    versions = [ledger().entry_at(step).version for step in (0, 9, 10, 11, 10**12)]
    assert versions == [0, 0, 2, 3, 3]
    assert ledger().mixture_at(10) == MATH


def test_the_next_change_is_after_the_step() -> None:
    assert [ledger().next_change(step) for step in (0, 9, 10, 11, 10**12)] == [10, 10, 11, None, None]


def test_a_ledger_survives_json() -> None:
    assert Ledger.from_json(ledger().to_json()) == ledger()


def test_an_altered_entry_is_found() -> None:
    values = ledger().to_json()
    values[1]["weights_ppm"] = {"math": 400_000, "web": 600_000}
    with pytest.raises(ValueError, match="version 2: the digest does not fit"):
        Ledger.from_json(values)


@pytest.mark.parametrize(
    ("entry", "hint"),
    [
        (LedgerEntry(3, 20, WEB), "does not follow version 3"),
        (LedgerEntry(4, 11, WEB), "not after step 11"),
        (LedgerEntry(4, 5, WEB), "not after step 11"),
    ],
)
def test_an_entry_must_be_later_in_version_and_step(entry: LedgerEntry, hint: str) -> None:
    with pytest.raises(ValueError, match=hint):
        ledger().append(entry)


def test_an_entry_must_name_the_same_sources() -> None:
    with pytest.raises(MixtureError, match="no source 'code'"):
        ledger().append(LedgerEntry(4, 20, Mixture.from_weights({"web": 0.9, "math": 0.05, "code": 0.05})))


def test_a_ledger_begins_at_step_0() -> None:
    with pytest.raises(ValueError, match="step 0"):
        Ledger([LedgerEntry(1, 5, WEB)])
    with pytest.raises(ValueError, match="step 0"):
        Ledger([])
    with pytest.raises(ValueError, match="counted from 0"):
        ledger().entry_at(-1)


def test_the_first_version_that_begins_a_decay_is_the_one_that_counts() -> None:
    plain = ledger()
    assert plain.anneal is None
    assert all("decay_steps" not in entry for entry in plain.to_json())
    plain.append(LedgerEntry(4, 20, WEB, decay_steps=5))
    plain.append(LedgerEntry(5, 22, MATH, decay_steps=50))
    assert plain.anneal == Anneal(begin_step=20, num_steps=5)
    again = Ledger.from_json(json.loads(json.dumps(plain.to_json())))
    assert again == plain
    assert again.anneal == plain.anneal
