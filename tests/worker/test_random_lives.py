"""Random lives of a run: changes, crashes, resumes under other caps, rewinds, skips; A2 to A7 hold on every course."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, event, given, settings
from hypothesis import strategies as st
from tests.worker.streams import rows_of, settings_of

from crossfade_shared.envelope import MixtureEnvelope
from crossfade_shared.errors import UserError
from crossfade_shared.mixture import PARTS_PER_MILLION, Mixture
from crossfade_worker.mixing.planner import Planner
from crossfade_worker.replay import replay_run
from crossfade_worker.stream import open_stream
from crossfade_worker.streaming.beginning import Rewind
from crossfade_worker.streaming.mixture_stream import MixtureStream
from crossfade_worker.streaming.settings import StreamSettings

SOURCES = ("code", "math", "web")
BATCH = 8
SEQUENCE_LENGTH = 400  # some 40 rows a source, so that epochs end
MAX_DRAWS = 2000

weights = st.fixed_dictionaries({name: st.sampled_from([0, 1, 3, 20]) for name in SOURCES}).filter(
    lambda values: any(values.values())
)
epochs = st.dictionaries(
    st.sampled_from(SOURCES), st.fixed_dictionaries({"max_epochs": st.sampled_from([0.3, 1, 2.5])}), max_size=2
)


@dataclass(frozen=True)
class Life:
    """One attempt: how it begins, under which caps, and what happens in it."""

    epochs: dict[str, Any]
    rewind_to: int | None
    """Which of the checkpoints ever made, newest first; None resumes from the newest of the course."""
    skip_steps: int
    stretches: list[tuple[int, dict[str, float] | None, bool]]
    """Steps, the mixture that is published after them, and whether a checkpoint is made then."""


lives = st.builds(
    Life,
    epochs=st.one_of(st.just({}), epochs),
    rewind_to=st.one_of(st.none(), st.integers(0, 5)),
    skip_steps=st.integers(0, 5),
    stretches=st.lists(
        st.tuples(st.integers(1, 6), st.one_of(st.none(), weights), st.booleans()), min_size=1, max_size=4
    ),
)


@dataclass(frozen=True)
class Step:
    """A step that was trained on, or a skip between two, which has no mixture."""

    mixture: Mixture | None
    draws: Counter[str]
    rows: list[tuple[int, int]]


@dataclass(frozen=True)
class Checkpoint:
    """A state, and the line of steps that leads to it."""

    state: dict[str, Any]
    line: list[Step]


@dataclass
class History:
    """A run, and what is known of it by plain means."""

    run: StreamSettings
    is_capped: bool
    checkpoints: list[Checkpoint] = field(default_factory=list)
    newest: Checkpoint | None = None
    arrived: MixtureEnvelope | None = None
    num_rewinds: int = 0
    versions: dict[tuple[int, int], int] = field(default_factory=dict)
    """By number of rewinds and step."""

    def live(self, life: Life) -> None:
        run = StreamSettings.model_validate(self.run.model_dump() | {"epochs": life.epochs})
        with open_stream(run) as stream:
            stream._parts.link.newest = lambda: self.arrived  # type: ignore[method-assign]  # as if by way of Redis
            line = self.begin(stream, life)
            for num_steps, mixture, is_saved in life.stretches:
                for _, batch in zip(range(num_steps), stream, strict=False):
                    line.append(self.step(stream, batch.step, batch.version, rows_of(batch)))
                    stream.step_ended()
                if is_saved and stream.num_trained_steps:
                    self.newest = Checkpoint(stream.state_dict(), list(line))
                    self.checkpoints.append(self.newest)
                if mixture:
                    self.arrived = envelope_of((self.arrived.version if self.arrived else 0) + 1, mixture)
            self.check(stream, line)

    def begin(self, stream: MixtureStream, life: Life) -> list[Step]:
        if life.rewind_to is not None and self.checkpoints:
            chosen = self.checkpoints[::-1][min(life.rewind_to, len(self.checkpoints) - 1)]
            try:
                stream.load_state_dict(chosen.state, rewind=Rewind(life.skip_steps))
            except UserError as error:
                if error.field != "skip_steps":  # the caps left less than was to be skipped
                    raise
                stream.load_state_dict(chosen.state, rewind=Rewind())
            skipped = Counter(stream._at.beginning.skipped)
            assert skipped.total() % BATCH == 0
            event(f"rewound, skipping {skipped.total() // BATCH} steps")
            self.num_rewinds += 1
            self.newest = replace(chosen, line=[*chosen.line, Step(None, skipped, [])])
        elif self.newest:
            stream.load_state_dict(self.newest.state)
        return list(self.newest.line) if self.newest else []

    def step(self, stream: MixtureStream, step: int, version: int, rows: list[tuple[int, int]]) -> Step:
        entry = stream.state.course.ledger.entry_at(step)
        assert entry.version == version
        assert self.versions.setdefault((self.num_rewinds, step), version) == version  # A2
        draws = Counter(SOURCES[source] for source, _ in rows)
        assert all(entry.mixture.weights_ppm[name] for name in draws)  # A7
        return Step(entry.mixture, draws, rows)

    def check(self, stream: MixtureStream, line: list[Step]) -> None:
        """Nothing is lost or repeated but what was skipped, shares are exact, and exposure is what was trained on."""
        num_rows = stream._parts.reader.num_rows
        order = {name: order_of(name, rows) for name, rows in num_rows.items()}
        trained, drawn, owed = Counter[str](), Counter[str](), Counter[str]()
        for step in line:
            for source, row in step.rows:
                assert row == order[SOURCES[source]][drawn[SOURCES[source]]]
                drawn[SOURCES[source]] += 1
            if step.mixture:
                trained += step.draws
                owed.update({name: BATCH * ppm for name, ppm in step.mixture.weights_ppm.items()})
                strayed = max(abs(trained[name] - owed[name] / PARTS_PER_MILLION) for name in SOURCES)
                assert self.is_capped or strayed < 2  # A3
            else:
                drawn += step.draws
        assert stream.source_epochs == {name: trained[name] / rows for name, rows in num_rows.items()}


def order_of(name: str, num_rows: int) -> list[int]:
    """Give the rows of a source in the order in which a run without other sources draws them."""
    plan = Planner({name: num_rows}, seed=0, batch_sequences=MAX_DRAWS).next_plan(Mixture.from_weights({name: 1}))
    return [int(row) for row in plan.rows]


def envelope_of(version: int, weights: dict[str, float]) -> MixtureEnvelope:
    mixture = Mixture.from_weights(weights)
    return MixtureEnvelope(run="toy", version=version, weights_ppm=dict(mixture.weights_ppm), digest=mixture.digest)


@given(st.lists(lives, min_size=2, max_size=5), st.sampled_from([1, 2, 4, 8]))
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_every_course_is_exact(
    tmp_path_factory: pytest.TempPathFactory, toy_corpus: Path, many_lives: list[Life], world_size: int
) -> None:
    folder = tmp_path_factory.mktemp("run")
    run = settings_of(folder, toy_corpus, sequence_length=SEQUENCE_LENGTH, total_steps=60)
    history = History(run, is_capped=any(life.epochs for life in many_lives))
    for life in many_lives:
        history.live(life)
    assert replay_run(run, world_size=world_size).mismatches == []  # A4, A5, A6
