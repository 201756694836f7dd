"""The envelope: what is altered, foreign or unsigned is refused."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crossfade_shared.envelope import (
    FORMAT,
    AtStep,
    AtTokens,
    EnvelopeError,
    MixtureEnvelope,
    TakesEffect,
    open_envelope,
)
from crossfade_shared.mixture import Mixture

KEY = b"key of the run"
MIXTURE = Mixture.from_weights({"web": 0.9, "math": 0.1})


def envelope(takes_effect: TakesEffect = "next_step") -> MixtureEnvelope:
    return MixtureEnvelope(
        run="r",
        version=7,
        weights_ppm=dict(MIXTURE.weights_ppm),
        digest=MIXTURE.digest,
        takes_effect=takes_effect,
        author="ann",
        reason="why — because",
    )


@pytest.mark.parametrize("takes_effect", ["next_step", AtStep(step=5), AtTokens(tokens=5000)])
def test_what_is_sealed_opens_unchanged(takes_effect: TakesEffect) -> None:
    opened = open_envelope(envelope(takes_effect).seal(KEY), run="r", key=KEY)
    assert opened == envelope(takes_effect)
    assert opened.mixture == MIXTURE


def test_tokens_are_rounded_up_to_a_step() -> None:
    assert envelope(AtTokens(tokens=4097)).earliest_step(tokens_per_step=4096) == 2
    assert envelope(AtTokens(tokens=4096)).earliest_step(tokens_per_step=4096) == 1
    assert envelope(AtStep(step=9)).earliest_step(tokens_per_step=4096) == 9
    assert envelope().earliest_step(tokens_per_step=4096) == 0


@given(st.data())
def test_no_altered_byte_opens(data: st.DataObject) -> None:
    wire = bytearray(envelope().seal(KEY))
    place = data.draw(st.integers(0, len(wire) - 1))
    bit = data.draw(st.integers(0, 7))
    wire[place] ^= 1 << bit
    with pytest.raises(EnvelopeError):
        open_envelope(bytes(wire), run="r", key=KEY)


@given(st.integers(0, 400))
def test_no_part_of_an_envelope_opens(length: int) -> None:
    wire = envelope().seal(KEY)
    with pytest.raises(EnvelopeError):
        open_envelope(wire[: min(length, len(wire) - 1)], run="r", key=KEY)


def signed(**changes: object) -> bytes:
    """Sign a body that the controller would not make."""
    body = envelope().model_dump(mode="json") | changes
    return MixtureEnvelope.model_construct(**body).seal(KEY)


@pytest.mark.parametrize(
    ("wire", "hint"),
    [
        (b"\xff\xfe", "not readable as JSON"),
        (b"[1]", "not a JSON object"),
        (b"[" * 100_000, "not readable as JSON"),
        (json.dumps({"format": "crossfade.mixture/2"}).encode(), "format"),
        (envelope().seal(b"another key"), "signature"),
        (b'{"format":"crossfade.mixture/1","format":"crossfade.mixture/1"}', "stands twice"),
        (signed(digest="0" * 64), "digest"),
        (signed(weights_ppm={"web": 1}), "malformed"),
        (signed(version=0), "malformed"),
        (signed(run="other"), "belongs to run 'other'"),
    ],
)
def test_what_is_refused_says_why(wire: bytes, hint: str) -> None:
    with pytest.raises(EnvelopeError, match=hint):
        open_envelope(wire, run="r", key=KEY)


def test_what_is_nested_too_deeply_to_be_signed_is_refused() -> None:
    for depth in range(900, 1011):
        nest = "[" * depth + "]" * depth
        for wire in (f'{{"format":"{FORMAT}","signature":"x","more":{nest}}}', f'{{"format":{nest}}}', nest):
            with pytest.raises(EnvelopeError):
                open_envelope(wire.encode(), run="r", key=KEY)


def test_unknown_fields_of_a_newer_controller_are_ignored() -> None:
    class Newer(MixtureEnvelope):
        policy: str = "manual"

    newer = Newer(**envelope().model_dump())
    assert open_envelope(newer.seal(KEY), run="r", key=KEY) == envelope()


def test_a_decay_travels_in_tokens_and_is_counted_in_whole_steps() -> None:
    annealing = envelope().model_copy(update={"decay_tokens": 1001})
    opened = open_envelope(annealing.seal(KEY), run="r", key=KEY)
    assert (opened.decay_steps(1000), opened.decay_steps(1001)) == (2, 1)
    assert envelope().decay_steps(1000) is None
