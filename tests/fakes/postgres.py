"""A PostgreSQL of our own for the tests: a fresh cluster on a free port, run by somebody who is not root."""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import mkdtemp

from tests.fakes.ports import free_port


def server_binaries() -> Path | None:
    """The folder with initdb and postgres; None where no server is installed."""
    config = shutil.which("pg_config")
    told = subprocess.run([config, "--bindir"], capture_output=True, text=True, check=True).stdout.strip() if config else ""
    folders = [Path(told), *sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)]
    return next((folder for folder in folders if (folder / "initdb").exists()), None)


@dataclass(slots=True)
class Server:
    binaries: Path
    folder: Path
    port: int
    user: str | None
    process: subprocess.Popen[bytes] | None = None

    def url(self, database: str) -> str:
        return f"postgresql://nidaa@127.0.0.1:{self.port}/{database}"

    def start(self) -> None:
        options = ["-D", str(self.folder / "data"), "-p", str(self.port), "-k", str(self.folder)]
        self.process = subprocess.Popen(
            [self.binaries / "postgres", *options, "-c", "listen_addresses=127.0.0.1", "-c", "max_connections=200"],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            user=self.user,
            cwd=self.folder,
        )
        self._wait()

    def stop(self, how: str = "immediate") -> None:
        """`immediate` is a crash: nothing is flushed but what was promised."""
        if self.process is not None:
            self.process.send_signal({"immediate": 3, "fast": 2}[how])
            self.process.wait(30)
            self.process = None

    def run_sql(self, sql: str, database: str = "postgres") -> str:
        command = ["psql", "-h", "127.0.0.1", "-p", str(self.port), "-U", "nidaa", "-d", database, "-XAtc", sql]
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()

    def _wait(self) -> None:
        ready = [self.binaries / "pg_isready", "-q", "-h", "127.0.0.1", "-p", str(self.port)]
        for _ in range(600):
            if subprocess.run(ready, check=False).returncode == 0:
                return
            time.sleep(0.05)
        raise TimeoutError("PostgreSQL did not start")


@contextmanager
def running_server(binaries: Path, *, within: Path | None = None) -> Iterator[Server]:
    """A fresh one; `within` a folder that anybody may enter."""
    folder = Path(mkdtemp(prefix="nidaa-pg-", dir=within))
    user = None
    if os.geteuid() == 0:
        user = next(name for name in ("postgres", "nobody") if name in {entry.pw_name for entry in pwd.getpwall()})
        shutil.chown(folder, user)
    server = Server(binaries, folder, free_port(), user)
    try:
        command = [binaries / "initdb", "-D", folder / "data", "-U", "nidaa", "-A", "trust", "-E", "UTF8", "--no-locale"]
        subprocess.run(command, check=True, user=user, cwd=folder, stdout=subprocess.DEVNULL)
        server.start()
        yield server
    finally:
        server.stop()
        shutil.rmtree(folder, ignore_errors=True)
