"""Names of the Redis keys, channels and streams of one run."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Channels:
    """Where one run's mixture, notifications and telemetry live in Redis."""

    run: str

    @property
    def mixture(self) -> str:
        """String: the envelope of the newest version."""
        return f"crossfade:{self.run}:mixture"

    @property
    def changed(self) -> str:
        """Channel: carries the number of a version that was just published."""
        return f"crossfade:{self.run}:changed"

    @property
    def telemetry(self) -> str:
        """Stream, capped: batches of worker reports."""
        return f"crossfade:{self.run}:telemetry"

    @property
    def attempt(self) -> str:
        """String: the highest attempt seen; lower ones are fenced off."""
        return f"crossfade:{self.run}:attempt"


TELEMETRY_GROUP = "controller"
TELEMETRY_MAX_ENTRIES = 100_000
