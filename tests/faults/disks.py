"""A disk that can be full: a small file system in memory, mounted for a test."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from tempfile import mkdtemp

import pytest


@dataclass(frozen=True, slots=True)
class Disk:
    folder: Path

    def fill(self) -> None:
        """Not one more page is left."""
        with self._ballast.open("ab", buffering=0) as file:
            for size in (1 << 20, 1 << 12):
                _write_all_that_fits(file.fileno(), bytes(size))

    def free(self) -> None:
        self._ballast.unlink()

    @property
    def _ballast(self) -> Path:
        return self.folder / "ballast"


def _write_all_that_fits(file: int, block: bytes) -> None:
    with suppress(OSError):
        while os.write(file, block):
            pass


@contextmanager
def small_disk(megabytes: int) -> Iterator[Disk]:
    """Skips the test where this user may not mount one."""
    if shutil.which("mount") is None:
        pytest.skip("mount is not installed here")
    folder = Path(mkdtemp(prefix="nidaa-disk-"))
    options = f"size={megabytes}m,mode=0755"
    done = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", options, "tmpfs", folder], capture_output=True, text=True, check=False
    )
    try:
        if done.returncode != 0:
            pytest.skip(f"no file system can be mounted here: {done.stderr.strip()}")
        yield Disk(folder)
    finally:
        if done.returncode == 0:
            subprocess.run(["umount", "--lazy", folder], check=True)
        folder.rmdir()
