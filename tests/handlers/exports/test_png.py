"""A picture is drawn by a process of its own, which ends with its picture, its failure, or whoever waited for it."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path

import pytest

from bot.core.errors import FileNotMade
from handlers.exports.png import _environment, chart_png

TOLD = {"rtl": True, "title": "مؤشرات", "note": "اليوم", "numbers": [], "parts": []}


def children() -> set[str]:
    """The processes that this one has started and not yet buried."""
    return set(Path(f"/proc/{os.getpid()}/task/{os.getpid()}/children").read_text(encoding="ascii").split())


async def test_a_told_chart_becomes_a_picture() -> None:
    assert (await chart_png(TOLD)).startswith(b"\x89PNG\r\n")


async def test_what_cannot_be_drawn_is_a_file_not_made() -> None:
    with pytest.raises(FileNotMade, match="painter failed"):
        await chart_png({})


async def test_a_painter_does_not_outlive_who_waits_for_it() -> None:
    before = children()
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.2):
            await chart_png(TOLD)
    assert children() == before


def test_a_painter_knows_no_secret_of_ours(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NIDAA_TELEGRAM_TOKEN", "a secret")
    assert "a secret" not in _environment().values()
    assert _environment()["PATH"] == os.environ["PATH"]
