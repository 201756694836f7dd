"""Lines of a Zstandard file, with the certainty that none is missing at its end."""

from __future__ import annotations

from collections.abc import Iterator
from typing import BinaryIO

import zstandard

_BLOCK_BYTES = 1 << 17


def zstandard_lines(file: BinaryIO) -> Iterator[bytes]:
    """Give the lines of all frames of a file, without their ends; raises `ZstdError` where a frame breaks off."""
    rest = b""
    for chunk in _chunks(file):
        *lines, rest = (rest + chunk).split(b"\n")
        yield from lines
    if rest:
        yield rest


def _chunks(file: BinaryIO) -> Iterator[bytes]:
    frame = None
    while block := file.read(_BLOCK_BYTES):
        while block:
            frame = frame or zstandard.ZstdDecompressor().decompressobj()
            yield frame.decompress(block)
            block = frame.unused_data
            if frame.eof:
                frame = None
    if frame is not None:
        raise zstandard.ZstdError("the file breaks off inside a frame")
