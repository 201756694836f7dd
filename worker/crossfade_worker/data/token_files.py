"""datatrove's token files, as nanotron trains on them: a folder of flat arrays, opened in place.

Each `NAME.ds` holds little-endian tokens. Beside it there may be `NAME.ds.index`, the exclusive ends of its documents
as 64-bit integers, and `NAME.ds.metadata`, whose first line ends in `|` and the bytes of a token.
"""

from __future__ import annotations

from typing import Literal, NoReturn

import numpy as np

from crossfade_worker.data.corpus import END_DTYPE, Shard, TokenSource, Uint64s, digest_of
from crossfade_worker.data.errors import CorpusError
from crossfade_worker.data.local_file import MappedFile
from crossfade_worker.data.shard_folder import ShardFolder


def open_token_files(name: str, folder: ShardFolder, *, token_bytes: Literal[2, 4] | None = None) -> TokenSource:
    """Open every `.ds` file of a folder, in name order, as one source.

    `token_bytes` is needed where neither metadata nor index tell it. Raises `CorpusError` naming the file, or the
    field, that is missing or does not fit the others.
    """
    names = set(folder.names())
    shard_names = sorted(file for file in names if file.endswith(".ds"))
    if not shard_names:
        raise CorpusError(f"sources.{name}: {folder.place} holds no .ds file", field=f"sources.{name}.path")
    shards = tuple(_open_shard(name, folder, file, names, token_bytes) for file in shard_names)
    dtypes = {shard.dtype for shard in shards}
    if len(dtypes) > 1:
        raise CorpusError(f"sources.{name}: the files of {folder.place} differ in the bytes of a token")
    num_tokens = sum(shard.num_tokens for shard in shards)
    if num_tokens == 0:
        raise CorpusError(f"sources.{name}: the files of {folder.place} hold no tokens", field=f"sources.{name}.path")
    used = [file for shard in shard_names for file in (shard, f"{shard}.index") if file in names]
    return TokenSource(
        name=name,
        dtype=shards[0].dtype,
        shards=shards,
        num_tokens=num_tokens,
        num_documents=sum(shard.num_documents for shard in shards),
        num_text_bytes=0,
        num_held_out_documents=0,
        num_duplicates=0,
        fingerprint=digest_of([str(shards[0].dtype), *(f"{file} {folder.fingerprint(file)}" for file in used)]),
    )


def _open_shard(source: str, folder: ShardFolder, file: str, names: set[str], token_bytes: int | None) -> Shard:
    tokens = folder.open(file)
    ends = folder.open(f"{file}.index") if f"{file}.index" in names else None
    last_end = _last_end(ends, f"{folder.place}/{file}.index") if ends else None
    if f"{file}.metadata" in names:
        token_bytes = _metadata_token_bytes(folder, f"{file}.metadata") or token_bytes
    if token_bytes is None and last_end:
        token_bytes = tokens.num_bytes // last_end
    if token_bytes is None:
        raise CorpusError(
            f"sources.{source}.token_bytes: {folder.place}/{file} has neither .metadata nor .index; say 2 or 4",
            field=f"sources.{source}.token_bytes",
        )
    num_tokens = tokens.num_bytes // (token_bytes or 1)
    is_whole = token_bytes in {2, 4} and num_tokens * token_bytes == tokens.num_bytes
    if not is_whole or (last_end is not None and last_end != num_tokens):
        raise CorpusError(
            f"sources.{source}: {folder.place}/{file} has {tokens.num_bytes} bytes, which is not "
            f"{'a number' if last_end is None else last_end} of tokens of {token_bytes} bytes; restore it"
        )
    return Shard(
        file=tokens,
        dtype=np.dtype(f"<u{token_bytes}"),
        num_tokens=num_tokens,
        num_documents=ends.num_bytes // END_DTYPE.itemsize if ends else 0,
        read_ends=lambda: _ends(ends) if ends else _no_ends(f"{folder.place}/{file}"),
    )


def _ends(file: MappedFile) -> Uint64s:
    return file.content().view(END_DTYPE)


def _last_end(file: MappedFile, place: str) -> int:
    if file.num_bytes % END_DTYPE.itemsize:
        raise CorpusError(f"{place} has {file.num_bytes} bytes, which is not a number of 64-bit ends; restore it")
    ends = _ends(file)
    if (ends[1:] < ends[:-1]).any():
        raise CorpusError(f"{place} holds ends that do not grow; restore it")
    return int(ends[-1]) if len(ends) else 0


def _metadata_token_bytes(folder: ShardFolder, file: str) -> int | None:
    """Give the bytes of a token; files of older versions do not tell them."""
    first_line = folder.open(file).content().tobytes().decode("utf-8", "replace").partition("\n")[0]
    token_bytes = first_line.rpartition("|")[2]
    return int(token_bytes) if token_bytes in {"2", "4"} else None


def _no_ends(place: str) -> NoReturn:
    raise CorpusError(f"{place}.index is missing, so nobody knows where the documents of {place} end")
