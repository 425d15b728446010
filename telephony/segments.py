r"""One file of the journal: blocks that stand each for itself, so that a damaged one costs only what it held.

    file  = "AVJRNL1\n"  block*
    block = "\xA5AVB"  length (u32)  number (u64)  digest (8 bytes)  head (u32)  payload (`length` bytes)

Integers are little-endian. `payload` is raw deflate (RFC 1951) with the preset dictionary of `journal_words`; inflated it is
whole manager messages and marks of our own. `digest` is BLAKE2b-64 of length, number and payload; `head` the CRC-32 of the 24
bytes before it. `number` counts the blocks of all segments of a journal without a hole, so that a missing one is noticed.
"""

from __future__ import annotations

import dataclasses
import hashlib
import struct
import zlib
from collections.abc import Iterator
from typing import BinaryIO

from telephony.journal_words import WORDS

MAGIC = b"AVJRNL1\n"
_MARK = b"\xa5AVB"
_HEAD = struct.Struct("<4sIQ8sI")
_WITHOUT_CRC = _HEAD.size - 4
#: Level 1: the PBX must not wait for us. Raw deflate, since each block has a checksum already.
_LEVEL, _WINDOW = 1, -15
#: A block's bytes, packed and unpacked, are fewer than this; a header that says more is damaged.
MAX_BLOCK_BYTES = 64 << 20
_STEP_BYTES = 1 << 20


@dataclasses.dataclass(frozen=True, kw_only=True)
class Block:
    """`offset` is its first byte in the file, `text` what it holds."""

    offset: int
    number: int
    text: bytes


@dataclasses.dataclass(frozen=True, kw_only=True)
class Damage:
    """Bytes that are not what was written. `torn` is a last block that was never finished: a crash, and nothing is lost."""

    segment: str
    offset: int
    bytes: int
    torn: bool = False


def pack(text: bytes, number: int) -> bytes:
    """The block that holds `text`."""
    deflate = zlib.compressobj(_LEVEL, zlib.DEFLATED, _WINDOW, zlib.DEF_MEM_LEVEL, zlib.Z_DEFAULT_STRATEGY, WORDS)
    payload = deflate.compress(text) + deflate.flush()
    head = struct.pack("<4sIQ8s", _MARK, len(payload), number, _digest(number, payload))
    return head + struct.pack("<I", zlib.crc32(head)) + payload


def blocks(file: BinaryIO, segment: str, *, since: int = 0) -> Iterator[Block | Damage]:
    """Every block from byte `since` on, and in its place each stretch that is damaged, joined where they touch."""
    size = file.seek(0, 2)
    offset = max(since, len(MAGIC))
    file.seek(0)
    if file.read(len(MAGIC)) != MAGIC[:size]:
        yield Damage(segment=segment, offset=0, bytes=min(size, len(MAGIC)))
    while offset < size:
        found = _block(file, offset)
        if isinstance(found, tuple):
            block, offset = found
            yield block
            continue
        if found is not None and offset + found > size:
            yield Damage(segment=segment, offset=offset, bytes=size - offset, torn=True)
            return
        after = _next(file, offset + 1, size)
        torn = found is None and after == size and _is_torn(file, offset, size)
        yield Damage(segment=segment, offset=offset, bytes=after - offset, torn=torn)
        offset = after


def _block(file: BinaryIO, offset: int) -> tuple[Block, int] | int | None:
    """The block that begins at `offset` with the offset after it; its length where only the header is whole; else None."""
    file.seek(offset)
    head = file.read(_HEAD.size)
    if len(head) < _HEAD.size:
        return None
    mark, length, number, digest, crc = _HEAD.unpack(head)
    if mark != _MARK or crc != zlib.crc32(head[:_WITHOUT_CRC]) or length > MAX_BLOCK_BYTES:
        return None
    payload = file.read(length)
    whole = _HEAD.size + int(length)
    if len(payload) < length or digest != _digest(number, payload):
        return whole
    return Block(offset=offset, number=number, text=_inflated(payload)), offset + whole


def _next(file: BinaryIO, offset: int, size: int) -> int:
    """Where the next whole block begins, `size` where none does. Its mark may turn up in a payload by chance: each is tried."""
    while offset < size:
        file.seek(offset)
        step = file.read(_STEP_BYTES)
        at = step.find(_MARK)
        if at < 0:
            offset += max(1, len(step) - len(_MARK) + 1)
        elif isinstance(_block(file, offset + at), tuple):
            return offset + at
        else:
            offset += at + 1
    return size


def _is_torn(file: BinaryIO, offset: int, size: int) -> bool:
    """Whether the rest is the beginning of a header, or zeros that a file system put where nothing was written yet."""
    file.seek(offset)
    rest = file.read(min(size - offset, _STEP_BYTES))
    if not rest.strip(b"\0"):
        return True
    return len(rest) < _HEAD.size and rest[: len(_MARK)] == _MARK[: len(rest)]


def _inflated(payload: bytes) -> bytes:
    return zlib.decompressobj(_WINDOW, WORDS).decompress(payload, MAX_BLOCK_BYTES)


def _digest(number: int, payload: bytes) -> bytes:
    return hashlib.blake2b(struct.pack("<QI", number, len(payload)) + payload, digest_size=8).digest()
