"""Agreement: every rank takes a new mixture at the same step, and nobody waits for the network.

Rank 0 announces at each step boundary what governs the next step, in a small tensor broadcast on a CPU process group.
The broadcast is started one step before it is needed. Only when the announced version is new, which all ranks see in
the same tensor, do they exchange its body, so no rank ever enters a collective that another one skips.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass

import torch
import torch.distributed as dist

from crossfade_shared.envelope import MixtureEnvelope
from crossfade_shared.ledger import Ledger, LedgerEntry
from crossfade_shared.mixture import Mixture

_VERSION, _EFFECTIVE_STEP, _DECAY_STEPS, _BODY_BYTES, _STOP = range(5)
_DIGEST = slice(5, 9)
_UNCHANGED = 0
_NO_DECAY = 0


@dataclass(frozen=True)
class Adoption:
    """A version that every rank has appended to its ledger, with the step each one named, by rank."""

    entry: LedgerEntry
    effective_steps: dict[int, int]


@dataclass(frozen=True)
class Decision:
    """What all ranks do at a step boundary: the same on every rank."""

    stop: bool
    adoption: Adoption | None


_CARRY_ON = Decision(stop=False, adoption=None)


class Agreement:
    """Moves the ledger of every rank forward in step.

    `newest` reads rank 0's slot; `record` makes an entry durable on rank 0 before anybody acts on it. `group` is a
    CPU process group of all ranks, or None for a single process. `first_free_step` is the first step that may get a
    new version: after a crash, the first one that no earlier attempt can have drawn.
    """

    def __init__(
        self,
        ledger: Ledger,
        *,
        newest: Callable[[], MixtureEnvelope | None],
        record: Callable[[LedgerEntry], None],
        tokens_per_step: int,
        first_free_step: int,
        group: dist.ProcessGroup | None,
    ) -> None:
        self.ledger = ledger
        self._newest = newest
        self._record = record
        self._tokens_per_step = tokens_per_step
        self._first_free_step = first_free_step
        self._group = group
        self._is_leader = group is None or dist.get_rank() == 0
        self._announced: LedgerEntry | None = None  # on rank 0 only
        self._header = _header_of(None, stop=False)  # its own: on other ranks than 0 the broadcast writes into it
        self._in_flight: dist.Work | None = None

    def announce(self, step: int, *, stop: bool = False) -> None:
        """Start to tell all ranks what governs `step`; to be followed by `conclude(step)` on every rank.

        `stop` counts on rank 0 alone: it ends the run on every rank before `step` is drawn.
        """
        if self._is_leader:
            self._announced = None if stop else self._entry_for(step)
            self._header = _header_of(self._announced, stop=stop) if stop or self._announced else _QUIET
        if self._group is not None:
            # The group's own call: torch's wrapper around it doubles the time that the training thread spends here.
            self._in_flight = self._group.broadcast([self._header], _FROM_LEADER)

    def conclude(self, step: int) -> Decision:
        """Take what was announced for `step`."""
        self.finish()
        if self._header is _QUIET:
            return _CARRY_ON
        version, stop = int(self._header[_VERSION]), bool(self._header[_STOP])
        if version == _UNCHANGED:
            return Decision(stop=stop, adoption=None)
        entry = self._exchange_body(version)
        if entry.effective_step != step:
            raise RuntimeError(f"version {version} was announced for step {entry.effective_step} but reached {step}")
        self.ledger.append(entry)
        return Decision(stop=False, adoption=Adoption(entry, self._confirm(entry)))

    def check_ledgers(self) -> None:
        """Make sure that every rank begins with the same ledger; raises `RuntimeError` on every rank if not."""
        if self._group is None:
            return
        own = hashlib.sha256(json.dumps(self.ledger.to_json()).encode()).digest()
        word = torch.frombuffer(bytearray(own[:8]), dtype=torch.int64)
        words = [torch.empty_like(word) for _ in range(dist.get_world_size(self._group))]
        dist.all_gather(words, word, group=self._group)
        if any(not torch.equal(word, other) for other in words):
            raise RuntimeError("the ranks begin with different ledgers")

    def finish(self) -> None:
        """Wait for the announcement under way, if any, so that no rank leaves another one in a collective."""
        if self._in_flight is not None:
            self._in_flight.wait()
            self._in_flight = None

    def _entry_for(self, step: int) -> LedgerEntry | None:
        """Give the entry that begins at `step`, durably recorded, or None; the newest version overtakes the others."""
        envelope = self._newest()
        last = self.ledger.last
        if envelope is None or envelope.version <= last.version:
            return None
        earliest = max(envelope.earliest_step(self._tokens_per_step), self._first_free_step, last.effective_step + 1)
        if step < earliest:
            return None
        decay_steps = envelope.decay_steps(self._tokens_per_step)
        entry = LedgerEntry(envelope.version, step, envelope.mixture, decay_steps)
        self._record(entry)
        return entry

    def _exchange_body(self, version: int) -> LedgerEntry:
        body = torch.empty(int(self._header[_BODY_BYTES]), dtype=torch.uint8)
        if self._announced is not None:
            body = _to_bytes(self._announced.mixture)
        if self._group is not None:
            dist.broadcast(body, src=0, group=self._group)
        mixture = Mixture(json.loads(bytes(body.tolist())))
        if not torch.equal(_digest_words(mixture), self._header[_DIGEST]):
            raise RuntimeError(f"the body of version {version} does not fit its digest")
        decay_steps = int(self._header[_DECAY_STEPS])
        return LedgerEntry(
            version, int(self._header[_EFFECTIVE_STEP]), mixture, None if decay_steps == _NO_DECAY else decay_steps
        )

    def _confirm(self, entry: LedgerEntry) -> dict[int, int]:
        if self._group is None:
            return {0: entry.effective_step}
        steps = [torch.zeros(1, dtype=torch.int64) for _ in range(dist.get_world_size(self._group))]
        dist.all_gather(steps, torch.tensor([entry.effective_step]), group=self._group)
        return {rank: int(step) for rank, step in enumerate(steps)}


def _header_of(entry: LedgerEntry | None, *, stop: bool) -> torch.Tensor:
    header = torch.zeros(_DIGEST.stop, dtype=torch.int64)
    header[_STOP] = stop
    if entry is not None:
        header[_VERSION] = entry.version
        header[_EFFECTIVE_STEP] = entry.effective_step
        header[_DECAY_STEPS] = entry.decay_steps or _NO_DECAY
        header[_BODY_BYTES] = len(_to_bytes(entry.mixture))
        header[_DIGEST] = _digest_words(entry.mixture)
    return header


def _to_bytes(mixture: Mixture) -> torch.Tensor:
    return torch.frombuffer(bytearray(json.dumps(dict(mixture.weights_ppm)).encode()), dtype=torch.uint8)


def _digest_words(mixture: Mixture) -> torch.Tensor:
    return torch.frombuffer(bytearray(bytes.fromhex(mixture.digest)), dtype=torch.int64)


_QUIET = _header_of(None, stop=False)
_FROM_LEADER = dist.BroadcastOptions()  # its root rank is 0
