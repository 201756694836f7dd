"""The newest valid envelope on disk: a change that Redis forgot while training was down is not lost."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from crossfade_shared.envelope import EnvelopeError, MixtureEnvelope, open_envelope
from crossfade_shared.mixture import MixtureError
from crossfade_worker.files import write_atomically


class LastKnownGood:
    """One envelope in a file, in its signed wire form, so that it is checked again when it is read."""

    def __init__(self, path: Path, *, run: str, key: bytes, sources: Iterable[str]) -> None:
        self._path = path
        self._run = run
        self._key = key
        self._sources = tuple(sources)

    def read(self) -> MixtureEnvelope | None:
        """Give the envelope, or None if there is none or it is damaged (Redis and the ledger then have the word)."""
        try:
            envelope = open_envelope(self._path.read_bytes(), run=self._run, key=self._key)
            envelope.mixture.check_covers(self._sources)
        except (OSError, EnvelopeError, MixtureError):
            return None
        return envelope

    def write(self, wire: bytes) -> None:
        """Replace it, whole or not at all."""
        write_atomically(self._path, wire)
