"""The wire form of one mixture version: versioned, digested, signed.

The signature is an HMAC with a key of the run that Redis never sees, so whoever can write to Redis can delay a
change but not make one.
"""

from __future__ import annotations

import hashlib
import hmac
import json
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from crossfade_shared.mixture import Mixture, MixtureError

FORMAT = "crossfade.mixture/1"
MAX_STEP = 2**53


class EnvelopeError(ValueError):
    """A value that is not a valid envelope of this run; it must be ignored and reported."""


class AtStep(BaseModel):
    """Take effect at this optimizer step (counted from 0), if no rank has drawn it yet."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)
    step: Annotated[int, Field(ge=0, le=MAX_STEP)]


class AtTokens(BaseModel):
    """Take effect at the first step that begins at or after this many trained tokens."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)
    tokens: Annotated[int, Field(ge=0, le=MAX_STEP)]


TakesEffect = Literal["next_step"] | AtStep | AtTokens


class MixtureEnvelope(BaseModel):
    """One version of a run's mixture as it travels through Redis. Unknown fields are ignored."""

    model_config = ConfigDict(frozen=True)

    run: str
    version: Annotated[int, Field(ge=1)]
    weights_ppm: dict[str, int]
    digest: str
    takes_effect: TakesEffect = "next_step"
    decay_tokens: Annotated[int, Field(ge=1, le=MAX_STEP)] | None = None
    """The tokens over which the learning rate falls to zero from the effective step on; None leaves it alone."""
    author: str = ""
    reason: str = ""
    created_at: str = ""

    @property
    def mixture(self) -> Mixture:
        """The weights as a checked `Mixture`."""
        return Mixture(self.weights_ppm)

    def earliest_step(self, tokens_per_step: int) -> int:
        """Give the first step this version may govern."""
        match self.takes_effect:
            case AtStep(step=step):
                return step
            case AtTokens(tokens=tokens):
                return -(-tokens // tokens_per_step)
            case _:
                return 0

    def decay_steps(self, tokens_per_step: int) -> int | None:
        """Give the optimizer steps that the decay goes over, if the version begins one."""
        return None if self.decay_tokens is None else -(-self.decay_tokens // tokens_per_step)

    def seal(self, key: bytes) -> bytes:
        """Give the signed wire form."""
        body = self.model_dump(mode="json") | {"format": FORMAT}
        return _canonical(body | {"signature": _signature(body, key)})


def open_envelope(wire: bytes, *, run: str, key: bytes) -> MixtureEnvelope:
    """Check format, signature, run and digest, in this order; raises `EnvelopeError` saying which one failed."""
    try:
        body = json.loads(wire, object_pairs_hook=_unique_keys)
    except (ValueError, RecursionError) as error:
        raise EnvelopeError(f"not readable as JSON: {error}") from None
    if not isinstance(body, dict):
        raise EnvelopeError("not a JSON object")
    if body.get("format") != FORMAT:
        raise EnvelopeError(f"its format is {body.get('format')!r:.80}, and {FORMAT!r} is the one understood here")
    if not _fits(body.pop("signature", None), body, key):
        raise EnvelopeError("the signature does not fit")
    try:
        envelope = MixtureEnvelope.model_validate(body)
        digest = envelope.mixture.digest
    except (ValidationError, MixtureError) as error:
        raise EnvelopeError(f"malformed: {error}") from None
    if envelope.run != run:
        raise EnvelopeError(f"it belongs to run {envelope.run!r}, not to {run!r}")
    if digest != envelope.digest:
        raise EnvelopeError("the digest does not fit the weights")
    return envelope


def _unique_keys(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    values = dict(pairs)
    if len(values) != len(pairs):
        raise ValueError("a key stands twice in one object")
    return values


def _fits(signature: object, body: dict[str, Any], key: bytes) -> bool:
    try:
        expected = _signature(body, key)
    except RecursionError:  # what can be read but is nested too deeply to be written was never signed
        return False
    return isinstance(signature, str) and hmac.compare_digest(signature.encode(errors="replace"), expected.encode())


def _canonical(body: dict[str, Any]) -> bytes:
    return json.dumps(body, sort_keys=True, separators=(",", ":")).encode()


def _signature(body: dict[str, Any], key: bytes) -> str:
    return hmac.new(key, _canonical(body), hashlib.sha256).hexdigest()
