"""A run's history: its attempts, what they logged, and every global batch computed once more."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from crossfade_shared.errors import UserError
from crossfade_worker.config import RunConfig
from crossfade_worker.data.reader import RowReader
from crossfade_worker.data.shards import Corpus, open_corpus
from crossfade_worker.mixing.course import Course
from crossfade_worker.mixing.journal import Attempt
from crossfade_worker.mixing.planner import BatchPlan
from crossfade_worker.mixing.walk import Supply, Walk
from crossfade_worker.records.batch_log import BatchLogFile, batch_log_files
from crossfade_worker.records.run_directory import RunDirectory
from crossfade_worker.streaming.settings import StreamSettings


@dataclass(frozen=True)
class History:
    """What determines a run's batches, and the logs of those that were drawn."""

    settings: StreamSettings
    corpus: Corpus
    reader: RowReader
    attempts: list[Attempt]
    logs: list[BatchLogFile]

    def walk(self, course: Course) -> Walk:
        """Begin to go along a course, at step 0."""
        return Walk(course, Supply(self.reader.num_rows, self.settings.seed, self.settings.batch_sequences))

    def plan_of(self, course: Course, step: int) -> BatchPlan:
        """Give the plan of one step; raises `UserError` if the data end before it."""
        for number, _, plan in self.walk(course).plans(step + 1):
            if number == step:
                return plan
        raise UserError(f"the data end before step {step}", field="step")

    def by_course(self) -> Iterator[tuple[Course, list[BatchLogFile]]]:
        """Give the logs of the attempts that each course governs."""
        courses: list[tuple[Course, list[BatchLogFile]]] = []
        for attempt in self.attempts:
            logs = [log for log in self.logs if log.attempt == attempt.number]
            if shared := next((shared for course, shared in courses if course == attempt.course), None):
                shared += logs
            elif logs:
                courses.append((attempt.course, logs))
        yield from courses


def open_history(config: RunConfig | StreamSettings) -> History:
    """Open a run's sources, ledger and logs; raises `UserError` if the run never began."""
    settings = config.stream_settings() if isinstance(config, RunConfig) else config
    directory = RunDirectory(settings.directory)
    attempts, logs = directory.journal.attempts(), batch_log_files(directory.batches)
    if not attempts:
        raise UserError(f"{directory.path} holds no ledger; train the run first", field="directory")
    unknown = {log.attempt for log in logs if log.last_step() is not None} - {attempt.number for attempt in attempts}
    if unknown:
        raise UserError(
            f"{directory.journal.path} says nothing of attempt {min(unknown)}, which logged batches; restore the "
            "file from a copy",
            field="directory",
        )
    corpus = open_corpus(settings.corpus)
    reader = RowReader(corpus, sequence_length=settings.sequence_length)
    return History(settings, corpus, reader, attempts, logs)
