"""What the demo found: shares, losses and scores of every source before and after the change."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from typing import Any, Literal

from crossfade_shared.client import Client
from crossfade_shared.client.answers import Score
from crossfade_worker.config import RunConfig
from crossfade_worker.replay import Replay

LOSS_WINDOW_STEPS = 40


@dataclass(frozen=True)
class Change:
    """A version made while the run was under way."""

    version: int
    asked_at_step: int | None
    """Last step known to be trained when the change was asked for; None for changes the demo did not make."""
    effective_step: dict[str, int]
    """By rank, as each one reported it."""


@dataclass(frozen=True)
class BeforeAndAfter:
    """One figure on both sides of the change; None where it was not measured."""

    before: float | None
    after: float | None


@dataclass(frozen=True)
class SourceResult:
    """All figures of one source; shares are fractions of 1, losses mean nats a token over the last steps of a side."""

    requested: BeforeAndAfter
    realised: BeforeAndAfter
    loss: BeforeAndAfter
    bits_per_byte: BeforeAndAfter
    score: BeforeAndAfter
    score_stderr: BeforeAndAfter


@dataclass(frozen=True)
class DemoResult:
    """The whole demo in figures."""

    run: str
    ranks: int
    steps: int
    tokens: int
    changes: list[Change]
    sources: dict[str, SourceResult]
    replay: dict[str, int]

    def to_json(self) -> dict[str, Any]:
        """Give plain JSON values."""
        return asdict(self)


def demo_result(
    client: Client, config: RunConfig, replay: Replay, *, ranks: int, own_change: Mapping[str, int] | None
) -> DemoResult:
    """Gather the figures of a finished run from the controller and from the replay of its ledger.

    `own_change` is the version that the demo made and the step it was asked at: it parts before from after.
    """
    own_version = own_change["version"] if own_change else None
    steps = config.training.total_steps
    switch_step = next((entry.effective_step for entry in replay.ledger if entry.version == own_version), steps)
    scores = client.scores(config.run)
    before = _Side(client, config, replay, scores, steps=range(switch_step))
    after = _Side(client, config, replay, scores, steps=range(switch_step, steps))
    return DemoResult(
        run=config.run,
        ranks=ranks,
        steps=steps,
        tokens=steps * config.tokens_per_step,
        changes=_changes(client, config.run, own_change),
        sources={name: _source_result(name, before, after) for name in sorted(config.mixture)},
        replay={"batches": replay.num_batches, "mismatches": len(replay.mismatches)},
    )


def _changes(client: Client, run: str, own_change: Mapping[str, int] | None) -> list[Change]:
    return [
        Change(
            version=version["version"],
            asked_at_step=own_change["asked_at_step"]
            if own_change and version["version"] == own_change["version"]
            else None,
            effective_step=version["effective_steps"] or {},
        )
        for version in reversed(client.versions(run))
        if version["version"] > 1
    ]


@dataclass(frozen=True)
class _Side:
    """One side of the change: the steps before it, or those from it on."""

    client: Client
    config: RunConfig
    replay: Replay
    scores: list[Score]
    steps: range

    def requested(self, source: str) -> float | None:
        return self.replay.ledger.mixture_at(self.steps[-1]).weights[source] if self.steps else None

    def realised(self, source: str) -> float | None:
        drawn = [self.replay.sequences[step] for step in self.steps if step in self.replay.sequences]
        total = sum(sum(sequences.values()) for sequences in drawn)
        return sum(sequences[source] for sequences in drawn) / total if total else None

    def loss(self, source: str) -> float | None:
        if not self.steps:
            return None
        window = self.steps[-LOSS_WINDOW_STEPS:]
        name = f"source_loss/{source}"
        curves = self.client.curves(self.config.run, [name], x="step", start=window[0], end=window[-1], points=1)
        return curves["series"][name][0]["mean"] if curves["series"][name] else None

    def score(self, source: str, metric: str, member: Literal["value", "stderr"] = "value") -> float | None:
        """Give the newest score of a checkpoint that was trained on these steps and none after them."""
        found = [
            score
            for score in self.scores
            if score["source"] == source and score["metric"] == metric and score["step"] - 1 in self.steps
        ]
        return max(found, key=lambda score: score["step"])[member] if found else None


def _source_result(name: str, before: _Side, after: _Side) -> SourceResult:
    def both(figure: Callable[[_Side], float | None]) -> BeforeAndAfter:
        return BeforeAndAfter(figure(before), figure(after))

    return SourceResult(
        requested=both(lambda side: side.requested(name)),
        realised=both(lambda side: side.realised(name)),
        loss=both(lambda side: side.loss(name)),
        bits_per_byte=both(lambda side: side.score(name, "bits_per_byte")),
        score=both(lambda side: side.score(name, "acc_norm")),
        score_stderr=both(lambda side: side.score(name, "acc_norm", "stderr")),
    )
