"""All benchmarks, one after the other: `python -m tests.benchmarks [NAME …] [--quick]`. Each can be run alone, with options of its own."""

from __future__ import annotations

import argparse
import shlex
import subprocess
import sys
from collections.abc import Sequence

from tests.benchmarks.measure import ROOT, say

QUICK = {
    "turns": "--seconds 2",
    "alone": "--rounds 1 --seconds 2",
    "memory": "--from 200 --to 1000",
    "million": "--many 10000 --rounds 1 --seconds 2",
    "start": "--times 2",
    "layers": "--seconds 4",
    "queue": "--applications 1000",
    "figures": "--applications 1000",
    "imports": "200",
    "announcements": "--recipients 20000 --sent 2000",
}
"""Every benchmark in its order, with what makes it short: for a look at whether it works, not for figures."""


def main(arguments: Sequence[str] | None = None) -> int:
    """How many failed; one that fails keeps none of the others from running."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=", ".join(QUICK))
    parser.add_argument("--quick", action="store_true", help="small numbers, to see that all of them work")
    chosen = parser.parse_args(arguments)
    if unknown := [name for name in chosen.names if name not in QUICK]:
        parser.error(f"there is no benchmark {', '.join(unknown)}; there are {', '.join(QUICK)}")
    failed = 0
    for name in chosen.names or QUICK:
        options = shlex.split(QUICK[name]) if chosen.quick else []
        say(f"\n{shlex.join(['python', '-m', f'tests.benchmarks.{name}', *options])}")
        failed += (
            subprocess.run([sys.executable, "-m", f"tests.benchmarks.{name}", *options], cwd=ROOT, check=False).returncode
            != 0
        )
    return failed


if __name__ == "__main__":
    sys.exit(main())
