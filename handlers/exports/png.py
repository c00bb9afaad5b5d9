"""Charts → PNG, each drawn by a process of its own (handlers.exports.painting): nobody who writes meanwhile waits."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec

from bot.core.errors import FileNotMade

_PAINTER = Path(__file__).with_name("painting.py")


async def chart_png(told: Mapping[str, Any]) -> bytes:
    """The picture of a told chart (bot.reports.chart.told). FileNotMade: the painter failed."""
    painter = await asyncio.create_subprocess_exec(
        sys.executable,
        "-I",
        _PAINTER,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
        env=_environment(),
    )
    try:
        picture, _ = await painter.communicate(msgspec.json.encode(told))
    finally:
        if painter.returncode is None:
            painter.kill()
            await painter.wait()
    if painter.returncode != 0:
        raise FileNotMade("painter failed")
    return picture


def _environment() -> dict[str, str]:
    """Ours without its secrets; one thread is enough."""
    rest = {name: value for name, value in os.environ.items() if not name.upper().startswith("NIDAA_")}
    return {**rest, "OPENBLAS_NUM_THREADS": "1"}
