#!/usr/bin/env python3
"""Merges pairs, then pairs of the results, and so on: the tree of materialised merges, to show what one plan saves.

    materialised_tree.py -o DST [-j N] [--robomerge PATH] [--scratch DIR] SRC...

Every merge is a `robomerge merge --no-sync -j 1` of two neighbours; up to N run at a time, each as
soon as its two inputs are there. An inner result is removed once it has been merged. A result
without a neighbour moves up as it is.
"""

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
import threading
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

HERE = Path(__file__).resolve().parent


class Tree:
    """Pairs as in robomerge's own tree. The later of two inputs submits their merge, so no thread
    waits for another."""

    def __init__(self, robomerge: Path, scratch: Path, destination: Path, pool: ThreadPoolExecutor):
        self._robomerge, self._scratch, self._destination, self._pool = robomerge, scratch, destination, pool
        self._widths: list[int] = []
        self._lock = threading.Lock()
        self._waiting: dict[tuple[int, int], str] = {}  # by level and position: what has no neighbour yet
        self._finished: Future[None] = Future()

    def run(self, sources: list[str]) -> None:
        self._widths = [len(sources)]
        while self._widths[-1] > 1:
            self._widths.append((self._widths[-1] + 1) // 2)
        for position, source in enumerate(sources):
            self._arrive(0, position, source)
        self._finished.result()

    def _arrive(self, level: int, position: int, path: str) -> None:
        root_level = len(self._widths) - 1
        while level < root_level and position % 2 == 0 and position == self._widths[level] - 1:
            level, position = level + 1, position // 2
        if level == root_level:
            self._finished.set_result(None)
            return
        with self._lock:
            neighbour = self._waiting.pop((level, position ^ 1), None)
            if neighbour is None:
                self._waiting[level, position] = path
                return
        pair = (neighbour, path) if position % 2 == 1 else (path, neighbour)
        self._pool.submit(self._merge, level + 1, position // 2, *pair)

    def _merge(self, level: int, position: int, left: str, right: str) -> None:
        if self._finished.done():
            return
        try:
            is_root = level == len(self._widths) - 1
            output = str(self._destination if is_root else self._scratch / f"level-{level}-{position}")
            command = [str(self._robomerge), "merge", left, right, "-o", output, "--no-sync", "-j", "1", "--quiet"]
            subprocess.run(command, check=True)
            for merged in (left, right):
                if Path(merged).parent == self._scratch:
                    shutil.rmtree(merged)
            self._arrive(level, position, output)
        except Exception as error:
            with self._lock:
                if not self._finished.done():
                    self._finished.set_exception(error)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("sources", nargs="+", metavar="SRC")
    parser.add_argument("-o", "--output", type=Path, required=True)
    parser.add_argument("-j", "--num-workers", type=int, default=os.cpu_count())
    parser.add_argument("--robomerge", type=Path, default=HERE.parent / "build/release/cli/robomerge")
    parser.add_argument("--scratch", type=Path, help="folder for what lies between (default: beside the destination)")
    arguments = parser.parse_args()
    if len(arguments.sources) < 2:
        sys.exit("materialised_tree: a tree has at least two sources")
    with tempfile.TemporaryDirectory(dir=arguments.scratch or arguments.output.absolute().parent) as scratch:
        with ThreadPoolExecutor(arguments.num_workers) as pool:
            Tree(arguments.robomerge, Path(scratch), arguments.output, pool).run(arguments.sources)


if __name__ == "__main__":
    main()
