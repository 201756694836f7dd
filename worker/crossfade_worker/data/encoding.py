"""The second half of preparing: staged parts become token shards, several at a time, each in a process of its own."""

from __future__ import annotations

import multiprocessing
import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from functools import cache
from itertools import islice
from multiprocessing.sharedctypes import Synchronized
from multiprocessing.synchronize import Event
from pathlib import Path

import numpy as np

from crossfade_worker.child_process import follow_parent
from crossfade_worker.data.errors import CorpusError
from crossfade_worker.data.manifest import ShardRecord, record_file
from crossfade_worker.data.shards import END_DTYPE
from crossfade_worker.data.staging import read_texts
from crossfade_worker.data.tokenizing import open_tokenizer
from crossfade_worker.files import write_atomically

_LOOK_SECONDS = 0.2
_BATCH_DOCUMENTS = 256
_open_once = cache(open_tokenizer)


@dataclass(frozen=True)
class Encoding:
    """How every part of one corpus is encoded."""

    directory: Path
    """The corpus directory; paths in records are relative to it."""
    tokenizer: Path
    end_of_text: int
    token_bytes: int


@dataclass(frozen=True)
class Part:
    """One staged part and what it becomes."""

    text: Path
    num_text_bytes: int
    tokens: Path
    record: Path
    """Written last: the part is finished when this file exists."""

    @property
    def finished(self) -> bool:
        """Whether the shard is complete."""
        return self.record.exists()

    def read_record(self) -> ShardRecord:
        """Give the description of the finished shard."""
        return ShardRecord.model_validate_json(self.record.read_bytes())


def encode_parts(
    parts: Sequence[Part], encoding: Encoding, *, num_processes: int, report: Callable[[int], None]
) -> None:
    """Encode every unfinished part; `report` is told now and then how many bytes of text are done so far.

    An interruption leaves only whole shards. Raises `CorpusError` if a process dies.
    """
    unfinished = [part for part in parts if not part.finished]
    if not unfinished:
        return
    context = multiprocessing.get_context("spawn")
    stop, num_text_bytes = context.Event(), context.Value("Q", 0)
    with ProcessPoolExecutor(
        min(num_processes, len(unfinished)), context, initializer=_begin, initargs=(stop, num_text_bytes)
    ) as pool:
        try:
            waiting: set[Future[None]] = {pool.submit(_encode_part, part, encoding) for part in unfinished}
            while waiting:
                done, waiting = wait(waiting, timeout=_LOOK_SECONDS, return_when=FIRST_COMPLETED)
                for future in done:
                    future.result()
                report(num_text_bytes.value)
        except BrokenProcessPool as error:
            raise CorpusError(
                "a tokenising process died, perhaps for want of memory; run again to go on with the finished shards, "
                "with fewer --processes"
            ) from error
        finally:
            stop.set()
            pool.shutdown(wait=False, cancel_futures=True)


_stop: Event
_num_text_bytes: Synchronized[int]


def _begin(stop: Event, num_text_bytes: Synchronized[int]) -> None:
    """Prepare a process of the pool: it is stopped by its parent, ends with it, and uses one core."""
    global _stop, _num_text_bytes
    _stop, _num_text_bytes = stop, num_text_bytes
    os.environ["TOKENIZERS_PARALLELISM"] = "false"
    follow_parent()


def _encode_part(part: Part, encoding: Encoding) -> None:
    tokenizer = _open_once(encoding.tokenizer)
    dtype = np.dtype(f"<u{encoding.token_bytes}")
    tokens, ends, num_tokens = bytearray(), [], 0
    for texts in _batches(read_texts(part.text)):
        if _stop.is_set():
            return
        for encoded in tokenizer.encode_batch_fast(texts, add_special_tokens=False):
            document = [*encoded.ids, encoding.end_of_text]
            num_tokens += len(document)
            tokens += np.array(document, dtype=dtype).tobytes()
            ends.append(num_tokens)
        with _num_text_bytes.get_lock():
            _num_text_bytes.value += sum(len(text.encode()) for text in texts)
    ends_path = part.tokens.with_name(f"{part.tokens.name}.index")
    part.tokens.parent.mkdir(parents=True, exist_ok=True)
    write_atomically(part.tokens, bytes(tokens))
    write_atomically(ends_path, np.array(ends, dtype=END_DTYPE).tobytes())
    record = ShardRecord(
        tokens=record_file(part.tokens, directory=encoding.directory),
        ends=record_file(ends_path, directory=encoding.directory),
        num_tokens=num_tokens,
        num_documents=len(ends),
        num_text_bytes=part.num_text_bytes,
    )
    write_atomically(part.record, record.model_dump_json(indent=1).encode())


def _batches(texts: Iterable[str]) -> Iterator[list[str]]:
    texts = iter(texts)
    while batch := list(islice(texts, _BATCH_DOCUMENTS)):
        yield batch
