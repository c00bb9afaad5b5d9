"""The erasure journal: who was erased, kept beside the database and outside its backups, so that restoring one cannot bring
anybody back. One JSON line an erased person; what it says of them leads back to nobody without the secret key."""

from __future__ import annotations

import asyncio
import errno
import os
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import msgspec

from bot.core.errors import JournalUnavailable
from storage.files import flush_folder

FILE = "erasures.jsonl"


@dataclass(frozen=True, slots=True)
class Erasure:
    """`person` is the keyed digest of the person's id; `key` marks the key, so that a journal of another one is noticed."""

    person: str
    at: datetime
    key: str


_decoder = msgspec.json.Decoder(Erasure)


@dataclass(frozen=True, slots=True)
class Journal:
    file: Path

    async def write(self, erasures: Sequence[Erasure]) -> None:
        """Add lines; they are durable when this returns. None at all tries whether it could be done. JournalUnavailable:
        none of them counts as written."""
        lines = b"".join(msgspec.json.encode(each) + b"\n" for each in erasures)
        try:
            await asyncio.to_thread(self._append, lines)
        except OSError as error:
            raise JournalUnavailable from error

    def read(self) -> tuple[list[Erasure], int]:
        """Everything written, oldest first, and how many lines cannot be read: a crash may leave one that was never
        acknowledged. OSError: there is no such file, or it cannot be read."""
        found: list[Erasure] = []
        unreadable = 0
        for line in self.file.read_bytes().splitlines():
            try:
                found.append(_decoder.decode(line))
            except msgspec.DecodeError:
                unreadable += 1
        return found, unreadable

    def _append(self, lines: bytes) -> None:
        self.file.parent.mkdir(parents=True, exist_ok=True)
        handle = os.open(self.file, os.O_RDWR | os.O_APPEND | os.O_CREAT, 0o600)
        try:
            size = os.fstat(handle).st_size
            if size and os.pread(handle, 1, size - 1) != b"\n":  # a crash cut the last line: ours begins its own
                lines = b"\n" + lines
            if os.write(handle, lines) != len(lines):
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
            os.fsync(handle)
        finally:
            os.close(handle)
        flush_folder(self.file.parent)
