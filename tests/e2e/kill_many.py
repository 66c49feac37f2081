#!/usr/bin/env python3
"""Kills the real command N times and counts what that left: kill_many.py 1000 [--robomerge PATH] [--seed 1] [--folder DIR] [--codebase-version 2.1]

Every kill is followed by the checks of kills.py; the last line says that nothing was lost. Exits 1 at the first loss.
"""

import argparse
import tempfile
import time
from pathlib import Path

from conftest import Command
from kills import SCENARIOS, STAGES, Loss, Kills


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("num_kills", type=int)
    parser.add_argument("--robomerge", type=Path, help="the command (default: ROBOMERGE, or the release build)")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--codebase-version", default="3.0", help="of what is written: 3.0 or 2.1")
    parser.add_argument("--folder", type=Path, help="where to work: in memory (/dev/shm) runs are short, on a disk most kills meet a sync")
    arguments = parser.parse_args()
    command = Command()
    if arguments.robomerge:
        command.path = arguments.robomerge.absolute()
    start = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="robomerge-kills-", dir=arguments.folder) as folder:
        kills = Kills(command, Path(folder), arguments.seed, arguments.codebase_version)
        try:
            for number, scenario in enumerate(SCENARIOS):
                share = (arguments.num_kills * (number + 1)) // len(SCENARIOS) - (arguments.num_kills * number) // len(SCENARIOS)
                kills.kill(scenario, share)
        except Loss as loss:
            print(f"LOST: {loss}")
            return 1
    print(f"{'scenario':<20}" + "".join(f"{stage:>12}" for stage in STAGES) + f"{'kills':>8}")
    for scenario in SCENARIOS:
        counts = kills.found[scenario]
        print(f"{scenario:<20}" + "".join(f"{counts[stage]:>12}" for stage in STAGES) + f"{sum(counts.values()):>8}")
    total = sum(sum(counts.values()) for counts in kills.found.values())
    print(f"{total} kills in {time.monotonic() - start:.0f} s, {kills.num_unharmed} runs ended before their kill; after each the destination was absent, the old "
          "or the new one, the sources were untouched, and the same command again gave the same bytes and left no stray file")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
