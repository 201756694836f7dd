"""A live mixture for any trainer, in six lines; ours uses nothing else.

stream = open_stream(Path("stream.yaml"))
stream.load_state_dict(checkpoint["stream"])  # on a resume
for batch in stream:
    stream.step_ended(loss=train_on(batch.tokens))
    checkpoint = {"stream": stream.state_dict()}
stream.close()
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path
from types import MappingProxyType
from typing import Any

from crossfade_shared.mixture import Mixture
from crossfade_shared.telemetry import RefusedReport
from crossfade_worker.data.reader import RowReader
from crossfade_worker.data.shards import open_corpus
from crossfade_worker.leader import ask_leader
from crossfade_worker.mixing.epochs import caps_in_rows
from crossfade_worker.records.batch_log import BatchLog
from crossfade_worker.records.run_directory import RunDirectory
from crossfade_worker.records.run_record import RunRecord
from crossfade_worker.reporting.link import Link, open_link
from crossfade_worker.streaming.attempt import StreamParts
from crossfade_worker.streaming.beginning import Rewind
from crossfade_worker.streaming.identity import identity_of
from crossfade_worker.streaming.mixture_stream import MixtureStream
from crossfade_worker.streaming.settings import StreamSettings, load_stream_settings, sequences_of_rank
from crossfade_worker.streaming.start import RunStart, claim_run
from crossfade_worker.world import Ranks, ranks_of_trainer

__all__ = ["Rewind", "open_stream"]


def open_stream(
    settings: StreamSettings | Path,
    *,
    ranks: Ranks | None = None,
    identity: Mapping[str, Any] = MappingProxyType({}),
    narrow: bool = False,
) -> MixtureStream:
    """Open the sources of a run, hold its folder and begin to follow its mixture; to be called on every rank.

    Under torchrun, open it when the trainer's process group is there; the stream makes a gloo group of its own.
    `identity` says what else than sources and sizes must be equal for a resume. With `narrow`, tokens come as they are
    stored (torch.uint16 or torch.uint32), to be widened on a GPU by `tokens.to(device).long()`. Raises `UserError`, the
    same on every rank, for what a person must mend.
    """
    if isinstance(settings, Path):
        settings = load_stream_settings(settings)
    with ExitStack() as opened:
        ranks = ranks or opened.enter_context(ranks_of_trainer())
        sequences_of_rank(settings.batch_sequences, ranks.size, field="batch_sequences")
        corpus = open_corpus(settings.corpus)
        Mixture.from_weights(settings.mixture).check_covers(corpus.sources)
        reader = RowReader(corpus, sequence_length=settings.sequence_length)
        caps = caps_in_rows(settings.epochs, reader.num_rows)
        made_of = identity_of(settings, corpus) | dict(identity)
        start, attempt, link, record = _join_run(settings, made_of, sorted(corpus.sources), ranks, opened)
        return MixtureStream(
            StreamParts(
                settings=settings,
                corpus=corpus,
                identity=made_of,
                ranks=ranks,
                reader=reader,
                caps=caps,
                start=start,
                attempt=attempt,
                link=link,
                record=record,
                opened=opened.pop_all(),
                narrow=narrow,
            )
        )


def _join_run(
    settings: StreamSettings, identity: Mapping[str, Any], sources: list[str], ranks: Ranks, opened: ExitStack
) -> tuple[RunStart, int, Link, RunRecord]:
    """Hold the run's folder, follow its mixture and open its records as the next attempt, whose number is given."""
    directory = RunDirectory(settings.directory)
    ask_leader(lambda: bool(settings.control.signing_key()), ranks)  # a mistake is told before anybody waits
    start = opened.enter_context(claim_run(directory, identity, ranks))
    link = opened.enter_context(
        open_link(settings, sources, directory, attempt=start.attempt, is_leader=ranks.is_leader)
    )
    attempt = ask_leader(lambda: link.attempt, ranks)
    batch_log = opened.enter_context(
        BatchLog(directory.batches, attempt=attempt, rank=ranks.rank, world_size=ranks.size)
    )
    record = RunRecord(directory, batch_log, on_failure=lambda why: link.report(RefusedReport(why=why)))
    return start, attempt, link, record
