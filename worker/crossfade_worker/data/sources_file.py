"""A sources file: where the token shards of a corpus lie that other tools, or other machines, made."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationInfo

from crossfade_shared.errors import UserError
from crossfade_shared.mixture import MAX_SOURCES
from crossfade_worker.data.corpus import Corpus, TokenSource, digest_of
from crossfade_worker.data.errors import CorpusError
from crossfade_worker.data.manifest import hash_file
from crossfade_worker.data.megatron import open_megatron
from crossfade_worker.data.prepared import local_file_opener, open_prepared_source, read_manifest
from crossfade_worker.data.remote_folder import RemoteFolder, open_remote_manifest
from crossfade_worker.data.settings import SourceName
from crossfade_worker.data.shard_cache import ShardCache
from crossfade_worker.data.shard_folder import LocalFolder, ShardFolder
from crossfade_worker.data.token_files import open_token_files
from crossfade_worker.data.tokenizing import end_of_text_id, open_tokenizer, token_space, tokenizer_file
from crossfade_worker.settings_file import PathBesideFile, read_settings


def _beside_the_file(place: str, info: ValidationInfo) -> str:
    folder = (info.context or {}).get("folder")
    return str(folder / Path(place).expanduser()) if folder and not is_remote(place) else place


def is_remote(place: str) -> bool:
    """Say whether a place is an address such as s3://bucket/folder instead of a path."""
    return "://" in place


class _Settings(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)


class DescribedSource(_Settings):
    """One source's shards."""

    format: Literal["prepared", "token_files", "megatron"]
    """A corpus that `crossfade data prepare` made; datatrove's token files; a Megatron .bin and .idx."""
    path: Annotated[str, AfterValidator(_beside_the_file)]
    """Folder of the corpus or of the .ds files, or path of the pair without .bin and .idx; or such an address."""
    source: str | None = None
    """Of a prepared corpus: the source to take, if it has another name there."""
    token_bytes: Literal[2, 4] | None = None
    """Of token files without metadata and index: the bytes of a token."""


class DescribedTokenizer(_Settings):
    """The tokenizer that all the shards were made with."""

    path: PathBesideFile
    """A Hugging Face `tokenizer.json`, or a folder that holds one."""
    end_of_text: str = "<|endoftext|>"


class CacheSettings(_Settings):
    """Where copies of remote shards are kept."""

    directory: PathBesideFile
    max_bytes: Annotated[int, Field(gt=0)] = 100_000_000_000
    """Most bytes to keep; the least recently used shards go first."""


class SourcesFile(_Settings):
    """A whole sources file. Relative paths are relative to it."""

    tokenizer: DescribedTokenizer
    sources: Annotated[dict[SourceName, DescribedSource], Field(min_length=1, max_length=MAX_SOURCES)]
    cache: CacheSettings | None = None


def open_described_corpus(path: Path) -> Corpus:
    """Open the sources that a YAML or JSON file describes; raises `UserError` naming the field or the shard file."""
    described = read_settings(path, SourcesFile)
    tokenizer_path = tokenizer_file(described.tokenizer.path)
    tokenizer, tokenizer_fingerprint = open_tokenizer(tokenizer_path), hash_file(tokenizer_path)
    cache = ShardCache(described.cache.directory, max_bytes=described.cache.max_bytes) if described.cache else None
    sources = {
        name: open_source(name, source, cache=cache, tokenizer_fingerprint=tokenizer_fingerprint)
        for name, source in described.sources.items()
    }
    return Corpus(
        directory=path,
        sources=sources,
        tokenizer_path=tokenizer_path,
        tokenizer_fingerprint=tokenizer_fingerprint,
        vocab_size=token_space(tokenizer),
        end_of_text=end_of_text_id(tokenizer, described.tokenizer.end_of_text),
        held_out={},
        fingerprint=digest_of(f"{name} {source.fingerprint}" for name, source in sources.items()),
    )


def open_source(
    name: str, source: DescribedSource, *, cache: ShardCache | None, tokenizer_fingerprint: str
) -> TokenSource:
    """Open one source in place; raises `UserError` naming the field or the shard file."""
    if source.format == "prepared":
        return _open_prepared(name, source, cache, tokenizer_fingerprint)
    if source.format == "megatron":
        folder, _, prefix = source.path.rpartition("/")
        return open_megatron(name, _folder(name, folder, cache), prefix)
    return open_token_files(name, _folder(name, source.path, cache), token_bytes=source.token_bytes)


def _folder(name: str, place: str, cache: ShardCache | None) -> ShardFolder:
    return RemoteFolder(place, _needed(name, cache)) if is_remote(place) else LocalFolder(Path(place))


def _open_prepared(
    name: str, source: DescribedSource, cache: ShardCache | None, tokenizer_fingerprint: str
) -> TokenSource:
    if is_remote(source.path):
        manifest, open_file = open_remote_manifest(source.path, _needed(name, cache))
    else:
        manifest, open_file = read_manifest(Path(source.path)), local_file_opener(Path(source.path))
    if manifest.tokenizer.sha256 != tokenizer_fingerprint:
        raise CorpusError(
            f"sources.{name}: {source.path} was made with another tokenizer than `tokenizer` names", field="tokenizer"
        )
    own_name = source.source or name
    if own_name not in manifest.sources:
        raise CorpusError(
            f"sources.{name}.source: {source.path} has no source {own_name!r}; it has {', '.join(manifest.sources)}",
            field=f"sources.{name}.source",
        )
    return open_prepared_source(own_name, manifest, open_file)


def _needed(name: str, cache: ShardCache | None) -> ShardCache:
    if cache is None:
        raise UserError(f"cache: sources.{name} is remote; say where copies go: {{directory: cache}}", field="cache")
    return cache
