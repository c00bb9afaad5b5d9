"""Durable turns per second: nidaa against the floor and its peers, on the same machine and in the same run."""

from __future__ import annotations

import argparse
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.benchmarks.measure import ROOT, Figures, fresh_database, ports, running, under_load
from tests.fakes.postgres import Server, running_server, server_binaries

ANSWERS = (
    "جمعية أمل للتنمية والتضامن",
    "مركز الأمل للنساء",
    "2",
    "فاطمة العلوي",
    "0600000001",
    "fatima@example.com",
    "الصويرة",
)
NIDAA = [
    ("/start", 2), ("واخا", 1), *((answer, 1) for answer in ANSWERS[:4]), (ANSWERS[4], 2),
    *((answer, 1) for answer in ANSWERS[5:]), ("نعم", 1), (ANSWERS[3], 2), ("واخا", 1),
]  # fmt: skip
"""The sign-up as nidaa asks it, with the replies each turn brings (a keyboard that must go takes one more)."""
EIGHT = [("/start", 1), *((answer, 1) for answer in (*ANSWERS, ANSWERS[3]))]
"""The eight questions as the floor and the peers ask them."""
SECRET = "a secret for the benchmarks, long enough"
TOKEN = "123456789:" + "b" * 35


def nidaa(url: str, port: int, api_port: int, folder: Path) -> tuple[list[str], dict[str, str]]:
    environment = {
        "NIDAA_DATABASE_URL": url, "NIDAA_DATA_DIR": str(folder), "NIDAA_SECRET_KEY": SECRET, "NIDAA_PORT": str(port),
        "NIDAA_PUBLIC_URL": f"http://127.0.0.1:{port}", "NIDAA_TELEGRAM_TOKEN": TOKEN,
        "NIDAA_TELEGRAM_API_URL": f"http://127.0.0.1:{api_port}", "NIDAA_TELEGRAM_SECRET": "bench-secret",
    }  # fmt: skip
    subprocess.run(
        [sys.executable, "-m", "bot", "migrate"],
        cwd=ROOT,
        env={**_env(), **environment},
        check=True,
        stdout=subprocess.DEVNULL,
    )
    return ["-m", "bot", "serve"], environment


def _env() -> dict[str, str]:
    import os

    return dict(os.environ)


def measure(
    stack: str, engine: str, server: Server | None, *, people: int = 64, seconds: float = 10, warm: float = 3
) -> Figures:
    """One stack on one engine, on an empty database."""
    port, api_port = ports()
    with TemporaryDirectory() as name:
        folder = Path(name)
        url = f"sqlite:///{folder / 'bench.db'}"
        if engine == "postgresql":
            assert server is not None
            url = fresh_database(server, "bench")
        api = f"http://127.0.0.1:{api_port}"
        if stack == "nidaa":
            command, environment = nidaa(url, port, api_port, folder)
            process, script = running(command, environment, "nidaa:"), NIDAA
        elif stack == "floor":
            place = url if engine == "postgresql" else str(folder / "bench.db")
            process, script = running(["-m", "tests.benchmarks.floor", engine, place, str(port), api], {}, "ready"), EIGHT
        else:
            orm = url.replace("postgresql://", "postgresql+asyncpg://").replace("sqlite://", "sqlite+aiosqlite://")
            process, script = running(["-m", f"tests.benchmarks.{stack}", orm, str(port), api], {}, "ready"), EIGHT
        return under_load(process, script, port=port, api_port=api_port, people=people, seconds=seconds, warm=warm)


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--stacks", default="floor,nidaa,peer_ptb,peer_aiogram")
    parser.add_argument("--engines", default="postgresql,sqlite")
    parser.add_argument("--people", type=int, default=64)
    parser.add_argument("--seconds", type=float, default=8)
    chosen = parser.parse_args(arguments)
    binaries = server_binaries()
    assert binaries is not None
    with running_server(binaries) as server:
        for engine in chosen.engines.split(","):
            for stack in chosen.stacks.split(","):
                figures = measure(stack, engine, server, people=chosen.people, seconds=chosen.seconds)
                line = "  ".join(
                    f"{key}={value:.3g}" if isinstance(value, float) else f"{key}={value}"
                    for key, value in asdict(figures).items()
                )
                sys.stdout.write(f"{engine:10} {stack:13} {line}\n")
                sys.stdout.flush()


if __name__ == "__main__":
    main()
