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
from crossfade_worker.batch_log import BatchLog
from crossfade_worker.data.reader import RowReader
from crossfade_worker.data.shards import Corpus, open_corpus
from crossfade_worker.leader import ask_leader
from crossfade_worker.link import open_link
from crossfade_worker.mixing.cap_watch import CapWatch
from crossfade_worker.mixing.epochs import caps_in_rows
from crossfade_worker.mixing.exposure import Exposure
from crossfade_worker.mixing.planner import Planner
from crossfade_worker.mixture_stream import MixtureStream
from crossfade_worker.run_directory import RunDirectory
from crossfade_worker.start import claim_run
from crossfade_worker.stream_settings import StreamSettings, load_stream_settings, sequences_of_rank
from crossfade_worker.world import Ranks, ranks_of_trainer


def open_stream(
    settings: StreamSettings | Path,
    *,
    ranks: Ranks | None = None,
    identity: Mapping[str, Any] = MappingProxyType({}),
) -> MixtureStream:
    """Open the sources of a run, hold its folder and begin to follow its mixture; to be called on every rank.

    Under torchrun, open it when the trainer's process group is there; the stream makes a gloo group of its own.
    `identity` says what else than sources and sizes must be equal for a resume. Raises `UserError`, the same on every
    rank, for what a person must mend.
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
        planner = Planner(reader.num_rows, seed=settings.seed, batch_sequences=settings.batch_sequences, caps=caps)
        exposure = Exposure(reader.num_rows, sequence_length=settings.sequence_length)
        directory = RunDirectory(settings.directory)
        made_of = identity_of(settings, corpus) | dict(identity)
        ask_leader(lambda: bool(settings.control.signing_key()), ranks)  # a mistake is told before anybody waits
        start = opened.enter_context(claim_run(directory, made_of, ranks))
        link = opened.enter_context(
            open_link(settings, planner.sources, directory, attempt=start.attempt, is_leader=ranks.is_leader)
        )
        attempt = ask_leader(lambda: link.attempt, ranks)
        batch_log = opened.enter_context(
            BatchLog(directory.batches, attempt=attempt, rank=ranks.rank, world_size=ranks.size)
        )
        return MixtureStream(
            settings,
            corpus,
            identity=made_of,
            ranks=ranks,
            reader=reader,
            planner=planner,
            exposure=exposure,
            cap_watch=CapWatch(planner, exposure, caps, total_steps=settings.total_steps),
            start=start,
            link=link,
            batch_log=batch_log,
            opened=opened.pop_all(),
        )


def identity_of(settings: StreamSettings, corpus: Corpus) -> dict[str, Any]:
    """Give what must be equal for a resume to draw the same batches."""
    return {
        "run": settings.run,
        "seed": settings.seed,
        "batch_sequences": settings.batch_sequences,
        "sequence_length": settings.sequence_length,
        "vocab_size": corpus.vocab_size,
        "epochs": {name: epochs.model_dump(mode="json") for name, epochs in settings.epochs.items()},
        "sources": {name: source.fingerprint for name, source in corpus.sources.items()},
    }
