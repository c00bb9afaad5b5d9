"""The erasure journal: what was written is there, for its owner alone; what a crash cut off is told apart."""

from __future__ import annotations

import asyncio
import shutil
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest

from bot.core.errors import JournalUnavailable
from storage.erasures import Erasure, Journal

AT = datetime(2026, 11, 23, 10, 0, tzinfo=UTC)
ONE, OTHER = Erasure("one", AT, "key"), Erasure("other", AT, "key")


@pytest.fixture
def journal(tmp_path: Path) -> Journal:
    return Journal(tmp_path / "data" / "erasures.jsonl")


async def test_what_is_written_is_read_in_order_and_by_its_owner_alone(journal: Journal) -> None:
    await journal.write([ONE])
    await journal.write([OTHER, ONE])
    assert journal.read() == ([ONE, OTHER, ONE], 0)
    assert journal.file.stat().st_mode & 0o777 == 0o600
    assert journal.file.read_text().splitlines()[0] == '{"person":"one","at":"2026-11-23T10:00:00Z","key":"key"}'


async def test_a_line_cut_off_by_a_crash_spoils_no_other(journal: Journal) -> None:
    await journal.write([ONE])
    with journal.file.open("ab") as file:
        file.write(b'{"person":"cut')
    await journal.write([OTHER])
    assert journal.read() == ([ONE, OTHER], 1)


async def test_many_at_once_leave_whole_lines(journal: Journal) -> None:
    await asyncio.gather(*(Journal(journal.file).write([ONE, OTHER]) for _ in range(50)))
    found, unreadable = journal.read()
    assert (len(found), unreadable) == (100, 0)


async def test_a_journal_that_cannot_be_written_is_named_so(tmp_path: Path) -> None:
    (tmp_path / "data").write_text("a file where the folder should be")
    with pytest.raises(JournalUnavailable):
        await Journal(tmp_path / "data" / "erasures.jsonl").write([ONE])


async def test_a_journal_on_a_full_disk_is_named_so() -> None:
    """/dev/full takes nothing, as a full disk does."""
    with pytest.raises(JournalUnavailable):
        await Journal(Path("/dev/full")).write([ONE])


@pytest.mark.skipif(shutil.which("strace") is None, reason="strace is not installed here")
def test_a_line_is_flushed_with_its_folder_before_the_writer_goes_on(tmp_path: Path) -> None:
    script = """
import asyncio, os, sys
from datetime import UTC, datetime
from pathlib import Path
from storage.erasures import Erasure, Journal
asyncio.run(Journal(Path(sys.argv[1])).write([Erasure("one", datetime.now(UTC), "key")]))
os.write(1, b"goes on")
"""
    traced = ["strace", "-f", "-qq", "-y", "-e", "trace=write,fsync", "-o", str(tmp_path / "trace")]
    subprocess.run([*traced, sys.executable, "-c", script, str(tmp_path / "erasures.jsonl")], check=True, timeout=60)
    calls = [
        line
        for line in (tmp_path / "trace").read_text().splitlines()
        if "erasures.jsonl" in line or str(tmp_path) in line or "goes on" in line
    ]
    assert [line.split(maxsplit=1)[1].partition("(")[0] for line in calls] == ["write", "fsync", "fsync", "write"]
    assert "erasures.jsonl" in calls[1]
    assert "erasures.jsonl" not in calls[2]


async def test_trying_it_writes_nothing(journal: Journal) -> None:
    await journal.write([])
    assert journal.read() == ([], 0)
    assert journal.file.read_bytes() == b""
