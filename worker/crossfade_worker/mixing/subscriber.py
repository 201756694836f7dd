"""The subscriber: a background thread that brings the newest mixture version from Redis into a slot.

The training thread reads the slot, one reference, and never waits: whatever happens to the network happens here.
"""

from __future__ import annotations

import hashlib
import logging
import random
import threading
from collections.abc import Callable, Iterable

import redis

from crossfade_shared.channels import Channels
from crossfade_shared.envelope import EnvelopeError, MixtureEnvelope, open_envelope
from crossfade_shared.mixture import MixtureError
from crossfade_worker.mixing.last_known_good import LastKnownGood

POLL_SECONDS = 1.0
MAX_BACKOFF_SECONDS = 5.0
SOCKET_TIMEOUT_SECONDS = 5.0

logger = logging.getLogger(__name__)


class MixtureSubscriber:
    """Follows one run's mixture; `newest` is the highest valid version seen, or None.

    Notifications wake it at once; it polls as well, because a notification can be lost. Every value is checked
    (signature, run, digest, sources) and a version lower than the newest is ignored. `on_refusal` is called with the
    reason, once for each distinct bad value, from this thread.
    """

    def __init__(
        self,
        redis_url: str,
        *,
        run: str,
        key: bytes,
        sources: Iterable[str],
        last_known_good: LastKnownGood,
        on_refusal: Callable[[str], None],
    ) -> None:
        self.newest: MixtureEnvelope | None = last_known_good.read()
        self.highest_attempt = 0
        """Highest attempt that the controller has heard of; 0 as long as Redis has not been reached."""
        self._sources = tuple(sources)
        self._redis_url = redis_url
        self._run = run
        self._key = key
        self._channels = Channels(run)
        self._last_known_good = last_known_good
        self._on_refusal = on_refusal
        self._refused: str | None = None
        self._looked = threading.Event()
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._follow, name="mixture-subscriber", daemon=True)

    def start(self, *, patience_seconds: float) -> None:
        """Begin to follow; wait, but no longer than the patience, for the first look into Redis."""
        self._thread.start()
        self._looked.wait(patience_seconds)

    def stop(self) -> None:
        """End the thread; a connection that hangs is left behind (the thread is a daemon)."""
        self._stopping.set()
        self._thread.join(timeout=2 * POLL_SECONDS)

    def _follow(self) -> None:
        backoff_seconds = 0.1
        while not self._stopping.is_set():
            try:
                self._listen()
                backoff_seconds = 0.1
            except Exception as error:  # whatever it is, the next look may find a good version
                expected = isinstance(error, redis.RedisError | OSError)
                level = logging.INFO if expected else logging.ERROR
                logger.log(level, "no word from Redis (%s); training goes on under the mixture in force", error)
                self._stopping.wait(backoff_seconds * random.uniform(0.5, 1.5))  # noqa: S311 - spreads reconnects
                backoff_seconds = min(2 * backoff_seconds, MAX_BACKOFF_SECONDS)

    def _listen(self) -> None:
        client = redis.Redis.from_url(
            self._redis_url, socket_timeout=SOCKET_TIMEOUT_SECONDS, socket_connect_timeout=SOCKET_TIMEOUT_SECONDS
        )
        with client, client.pubsub(ignore_subscribe_messages=True) as messages:  # type: ignore[no-untyped-call]
            messages.subscribe(self._channels.changed)
            while not self._stopping.is_set():
                wire, attempt = client.mget(self._channels.mixture, self._channels.attempt)
                if isinstance(wire, bytes):
                    self._consider(wire)
                if isinstance(attempt, bytes) and attempt.isdigit():
                    self.highest_attempt = max(self.highest_attempt, int(attempt))
                self._looked.set()
                messages.get_message(timeout=POLL_SECONDS)

    def _consider(self, wire: bytes) -> None:
        try:
            envelope = open_envelope(wire, run=self._run, key=self._key)
            envelope.mixture.check_covers(self._sources)
        except (EnvelopeError, MixtureError) as error:
            fingerprint = hashlib.sha256(wire).hexdigest()
            if fingerprint != self._refused:
                self._refused = fingerprint
                logger.warning("refused a mixture from Redis: %s", error)
                self._on_refusal(str(error))
            return
        if self.newest is None or envelope.version > self.newest.version:
            self.newest = envelope
            self._keep(wire)

    def _keep(self, wire: bytes) -> None:
        try:
            self._last_known_good.write(wire)
        except OSError as error:
            logger.warning("the newest mixture could not be kept on disk: %s", error)
