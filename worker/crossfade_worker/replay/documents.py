"""The documents of one step, by rank and source, with their text: how a loss spike is looked into."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import accumulate

import numpy as np
from numpy.typing import NDArray

from crossfade_shared.errors import UserError
from crossfade_worker.config import RunConfig
from crossfade_worker.data.corpus import Shard
from crossfade_worker.data.row_table import RowTable
from crossfade_worker.data.tokenizing import open_tokenizer
from crossfade_worker.mixing.planner import BatchPlan
from crossfade_worker.records.batch_log import BatchLogFile
from crossfade_worker.replay.history import History, open_history
from crossfade_worker.streaming.settings import StreamSettings


@dataclass(frozen=True)
class DocumentPart:
    """The part of a document that lies in one row of a batch."""

    rank: int
    source: str
    row: int
    """Number within the source."""
    document: int
    """Number within the source, counted from 0 through its shards; the same document may go on in another row."""
    first_token: int
    """Where the part begins within the document."""
    num_tokens: int
    text: str


def documents_of_step(
    config: RunConfig | StreamSettings, step: int, *, attempt: int | None = None
) -> list[DocumentPart]:
    """Give what a logged step holds, by rank and in the order of the batch, as an attempt or the newest one drew it.

    Raises `UserError` for a step that no rank logged, and `CorpusError` for a source whose documents are not known.
    """
    history = open_history(config)
    newest_log = _newest_log([log for log in history.logs if attempt in (None, log.attempt)], step, attempt)
    (course,) = (attempt.course for attempt in history.attempts if attempt.number == newest_log.attempt)
    plan = history.plan_of(course, step)
    rows_of_rank = len(plan.rows) // newest_log.world_size
    names = sorted(history.corpus.sources)
    text = open_tokenizer(history.corpus.tokenizer_path)
    return [
        DocumentPart(
            rank=place // rows_of_rank,
            source=names[plan.sources[place]],
            row=int(plan.rows[place]),
            document=span.document,
            first_token=span.first_token,
            num_tokens=len(span.tokens),
            text=text.decode(span.tokens.tolist(), skip_special_tokens=False),
        )
        for place, spans in sorted(_spans_by_place(history, plan).items())
        for span in spans
    ]


def _newest_log(logs: list[BatchLogFile], step: int, attempt: int | None) -> BatchLogFile:
    """Give the log of the newest attempt that drew a step."""
    for log in reversed(logs):
        if any(record.step == step for record in log.records()):
            return log
    who = "" if attempt is None else f" of attempt {attempt}"
    last = max((end for log in logs if (end := log.last_step()) is not None), default=None)
    told = "there are no logs" if last is None else f"the last step in the logs is {last}"
    raise UserError(f"--step {step}: no rank{who} drew it; {told}", field="step")


@dataclass(frozen=True, eq=False)
class _Span:
    document: int
    first_token: int
    tokens: NDArray[np.integer]


def _spans_by_place(history: History, plan: BatchPlan) -> dict[int, list[_Span]]:
    """Cut the rows of a plan where documents end, by place in the plan."""
    sources = [history.corpus.sources[name] for name in sorted(history.corpus.sources)]
    row_tokens = history.reader.row_tokens
    first_documents: dict[Shard, int] = {}
    for source in sources:
        before = accumulate((shard.num_documents for shard in source.shards), initial=0)
        first_documents |= dict(zip(source.shards, before, strict=False))
    return {
        place: list(_spans(location.shard, row * row_tokens, (row + 1) * row_tokens, first_documents[location.shard]))
        for location in RowTable(sources, row_tokens=row_tokens).locate(plan)
        for place, row in zip(location.places.tolist(), location.rows.tolist(), strict=True)
    }


def _spans(shard: Shard, begin: int, end: int, first_document: int) -> Iterator[_Span]:
    """Cut the tokens from `begin` to `end` of a shard where its documents end."""
    ends = shard.document_ends
    number = int(np.searchsorted(ends, np.uint64(begin), side="right"))
    while begin < end:
        document_begin = int(ends[number - 1]) if number else 0
        stop = min(end, int(ends[number]))
        yield _Span(first_document + number, begin - document_begin, shard.tokens[begin:stop])
        begin, number = stop, number + 1
