"""The current mixture of a run as it is answered: its ETag and its JSON."""

from __future__ import annotations

from typing import NamedTuple


class CurrentMixture(NamedTuple):
    """What `GET …/mixture` answers."""

    etag: str
    body: bytes

    def is_known_to(self, if_none_match: str | None) -> bool:
        """Tell whether an If-None-Match header names this version, or any."""
        return if_none_match is not None and (self.etag in if_none_match or if_none_match.strip() == "*")
