"""Those who take part in a history: who steers, who trains, and who reports."""

from __future__ import annotations

import threading
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx2
from tests.controller.chaos.history import History, Seen, Write
from tests.controller.served import Controller

from crossfade_worker.mixing.last_known_good import LastKnownGood
from crossfade_worker.mixing.subscriber import MixtureSubscriber

SOURCES = ("web", "math")


class Steerer:
    """Makes one version after another, each on the one before; repeats with the same key what had no answer."""

    def __init__(self, controller: Controller, run: str, history: History) -> None:
        self._controller = controller
        self._run = run
        self._history = history
        self._version = 1

    def steer(self) -> None:
        """Make a version; every fifth one restores the one before the last."""
        number = len(self._history.writes)
        restores = self._version - 2 if number % 5 == 4 and self._version > 2 else None
        write = Write(key=uuid.uuid4().hex, based_on=self._version, reason=f"write {number}", restores=restores)
        self._history.writes.append(write)
        self._send(write)

    def settle(self) -> None:
        """Repeat what had no answer."""
        for write in self._history.writes:
            if write.outcome == "unknown":
                self._send(write)

    def _send(self, write: Write) -> None:
        headers = {"If-Match": f'"{write.based_on}"', "Idempotency-Key": write.key}
        path, body = f"/v1/runs/{self._run}/mixtures", {"reason": write.reason}
        if write.restores is not None:
            path += f"/{write.restores}:restore"
        else:
            body |= {"weights": {"web": 0.9 + 0.001 * (write.based_on % 7), "math": 0.1}}
        try:
            answer = self._controller.http.post(path, json=body, headers=headers)
        except httpx2.TransportError:
            write.outcome = "unknown"
            return
        if answer.status_code == 201:
            write.answered(answer.json())
            self._version = max(self._version, answer.json()["version"])
            self._history.read.append(answer.json())
        else:
            assert answer.status_code in {412, 503}, answer.text
            write.outcome = "unknown" if answer.json()["type"].endswith("outcome-unknown") else "failed"


class Follower:
    """A worker's subscriber in one attempt, and everything it ever held."""

    def __init__(self, controller: Controller, run: str, key: bytes, history: History, folder: Path) -> None:
        self._history = history
        self._stopping = threading.Event()
        self.attempt = 1
        last_known_good = LastKnownGood(folder / "last_known_good.json", run=run, key=key, sources=SOURCES)
        self.refusals: list[str] = []
        self.subscriber = MixtureSubscriber(
            controller.redis_url,
            run=run,
            key=key,
            sources=SOURCES,
            last_known_good=last_known_good,
            on_refusal=self.refusals.append,
        )
        self._watching = threading.Thread(target=self._watch, daemon=True)

    @contextmanager
    def following(self) -> Iterator[None]:
        """Follow until the end of the block."""
        self.subscriber.start(patience_seconds=5)
        self._watching.start()
        try:
            yield
        finally:
            self._stopping.set()
            self._watching.join()
            self.subscriber.stop()

    @property
    def version(self) -> int:
        """The version it holds."""
        return self.subscriber.newest.version if self.subscriber.newest else 0

    def _watch(self) -> None:
        held: Any = None
        is_last = False
        while not is_last:
            is_last = self._stopping.is_set()  # what came since the look before belongs to the history too
            newest = self.subscriber.newest
            if newest is not held and newest is not None:
                held = newest
                seen = Seen(attempt=self.attempt, version=newest.version, digest=newest.digest)
                self._history.seen.append(seen)
            time.sleep(0.001)


def close(controller: Controller, run: str, history: History) -> None:
    """Read the log and the events at the end."""
    history.log = sorted(
        controller.get(f"/v1/runs/{run}/mixtures", limit=1000)["items"], key=lambda item: item["version"]
    )
    events = controller.events(run, "mixture")
    history.accepted = [event["data"]["version"] for event in events if event["data"]["state"] == "accepted"]
