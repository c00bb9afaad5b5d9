"""One person alone: the middle time of a turn with nothing else going on, beside the floor's.

    python -m tests.benchmarks.alone [--rounds 3] [--seconds 8] [--pause 0.05] [--engines postgresql,sqlite]

The person waits `pause` seconds before each message, as people do, so that a turn meets nothing of the one before it. Floor
and nidaa take turns, and the middle of the rounds counts.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from statistics import median

from tests.benchmarks.measure import databases, say
from tests.benchmarks.turns import measure

AIM = 3.0


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--engines", default="postgresql,sqlite")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=8)
    parser.add_argument("--pause", type=float, default=0.05)
    chosen = parser.parse_args(arguments)
    options = {"people": 1, "warm": 2, "seconds": chosen.seconds, "pause": chosen.pause}
    with databases(chosen.engines) as make:
        for engine in chosen.engines.split(","):
            times: dict[str, list[float]] = {"floor": [], "nidaa": []}
            for _ in range(chosen.rounds):
                for stack, each in times.items():
                    each.append(measure(stack, make(engine, "alone"), **options).p50_ms)
            floor, nidaa = (median(each) for each in times.values())
            say(
                f"{engine:10} floor p50={floor:.2f} ms  nidaa p50={nidaa:.2f} ms  ÷ floor={nidaa / floor:.2f} (aim: {AIM:g})"
            )


if __name__ == "__main__":
    main()
