#!/usr/bin/env python3
"""Measures cases side by side with `cp -r` and LeRobot: `run.py [CASE...]`, all cases if none is given. See README.md.

The ways of a case take turns, so that other load on the machine affects all of them. Before every
run the destination is gone, the file system is synced and the sources are in the page cache.
"""

import argparse
import json
import os
import subprocess
import sys
from pathlib import Path

import report
from cases import BY_NAME, CASES, Case, Tools, Way
from inputs import (
    HERE,
    Inputs,
    Maker,
    NotAvailable,
    add_arguments,
    allocated_bytes,
    default_robomerge,
    files_of,
    fill_volume,
    maker_from,
    remove_tree,
    tree_bytes,
)
from machine import describe_machine
from measure import Run, read_into_page_cache, run, sync_file_system, used_bytes
from replay import analyse, read_trace
from xfs import xfs_volume

DEFAULT_RESULTS = HERE / "results"
#: Once for its sources and once for the largest destination, with as much again to spare.
XFS_BYTES_PER_SOURCE_BYTE = 4


class Bench:
    def __init__(self, arguments: argparse.Namespace, maker: Maker):
        self.arguments = arguments
        self.maker = maker
        self.robomerge = arguments.robomerge.absolute()
        self.machine = describe_machine(self.robomerge, maker.peer_python, maker.data)

    def measure(self, case: Case) -> dict:
        inputs = self.maker.make(case.inputs)
        if not case.on_xfs:
            return self._measure(case, inputs, self.maker.data / "work")
        size_bytes = XFS_BYTES_PER_SOURCE_BYTE * max(inputs.stamp["num_bytes"] * 16, 1 << 29)
        with xfs_volume(self.maker.data, size_bytes) as volume:
            return self._measure(case, fill_volume(inputs, volume, self.maker.scale), volume / "work")

    def _measure(self, case: Case, inputs: Inputs, work: Path) -> dict:
        if case.num_sources is not None:
            inputs = inputs.first(case.num_sources)
        remove_tree(work)
        work.mkdir(parents=True)
        paths = files_of(inputs.folder, inputs.sources)
        result = {
            "case": case.name,
            "letter": case.letter,
            "title": case.title,
            "note": case.note,
            "base": case.base,
            "base_synced": case.base_synced,
            "scale": self.maker.scale,
            "num_sources": len(inputs.sources),
            "num_files": len(paths),
            "num_bytes": sum(path.stat().st_size for path in paths),
            "machine": self.machine,
            "ways": {},
        }
        ways = [way for way in case.ways if not (way.is_lerobot and self.arguments.no_lerobot)]
        lerobot_seconds = 0.0
        for number in range(self.arguments.rounds):
            # Each round begins with another way, so that none always follows the same one.
            start = number % len(ways)
            for way in ways[start:] + ways[:start]:
                measured = result["ways"].setdefault(
                    way.name, {"command": way.shown, "is_synced": way.is_synced, "lerobot": way.lerobot, "runs": []}
                )
                if way.is_lerobot and measured["runs"]:
                    last = measured["runs"][-1]["seconds"]
                    if lerobot_seconds + last > self.arguments.lerobot_seconds:
                        continue
                one, sizes = self._run_way(case, way, inputs, paths, work)
                if way.is_lerobot:
                    lerobot_seconds += one.seconds
                measured["runs"].append(one.as_json())
                measured.update(sizes)
                print(f"{case.name}: round {number + 1}: {way.name}: {one.seconds:.3f} s", file=sys.stderr)
        result["ways"] = {way.name: result["ways"][way.name] for way in ways}
        counts = (1, 2) if case.is_traced else ()
        result["traces"] = {str(workers): self._trace(case, inputs, paths, work, workers) for workers in counts}
        remove_tree(work)
        return result

    def _environment(self, work: Path) -> dict:
        # Temporary files of a way must lie on the same file system.
        return os.environ | {"TMPDIR": str(work), "LC_ALL": "C.UTF-8"}

    def _run_way(self, case: Case, way: Way, inputs: Inputs, paths: list[Path], work: Path) -> tuple[Run, dict]:
        destination = work / "destination"
        tools = Tools(self.robomerge, self.maker.peer_python, work, inputs.folder)
        commands = way.build(tools, inputs.sources, str(destination))
        if not way.makes_destination:
            destination.mkdir()
        if way.prepare is not None:
            for command in way.prepare(tools, inputs.sources, str(destination)):
                subprocess.run(command, cwd=inputs.folder, env=self._environment(work), check=True)
        read_into_page_cache(paths)
        sync_file_system(work)
        used_before = used_bytes(work)
        output = work / "output.txt"
        one = run(
            commands,
            cwd=inputs.folder,
            output=output,
            environment=self._environment(work),
            limit_seconds=self.arguments.limit_seconds,
        )
        sync_file_system(work)
        sizes = {}
        if not one.timed_out:
            # df would count what others write too. Where nothing is shared, the output's blocks say
            # the same.
            new_bytes = used_bytes(work) - used_before if case.on_xfs else allocated_bytes(destination)
            sizes = {"output_bytes": tree_bytes(destination), "new_bytes": new_bytes}
        if way.prints_seconds and not one.timed_out:
            call_seconds = json.loads(output.read_text().splitlines()[-1])["seconds"]
            one = Run(**{**vars(one), "call_seconds": call_seconds})
        if way.makes_destination and not one.timed_out:
            self._check_result(inputs, destination, way)
        # What an edit in place keeps, and what was prepared.
        for left in (destination, Path(f"{destination}_old"), work / "prepared"):
            remove_tree(left)
        sync_file_system(work)
        return one, sizes

    @staticmethod
    def _check_result(inputs: Inputs, destination: Path, way: Way) -> None:
        """What left something out would be fast; tests/peer proves the rest."""
        made = [json.loads(path.read_text()) for path in sorted(destination.glob("**/meta/info.json"))]
        num_left_out = 0
        for total in ("total_episodes", "total_frames"):
            expected = sum(
                json.loads((inputs.folder / source / "meta/info.json").read_text())[total] for source in inputs.sources
            )
            found = sum(each[total] for each in made)
            if total == "total_episodes":
                num_left_out = expected - way.keeps(expected)
                expected -= num_left_out
            elif num_left_out > 0:
                continue  # episodes differ in length
            if found != expected:
                raise RuntimeError(f"{destination}: {total}: expected {expected}, found {found}")

    def _trace(self, case: Case, inputs: Inputs, paths: list[Path], work: Path, workers: int) -> dict:
        """One more run, which is not measured: writing the trace costs time."""
        destination, trace, output = work / "destination", work / "trace.json", work / "output.txt"
        options = ["--no-sync", "-j", str(workers), *case.trace_options, "--trace", str(trace), "--json"]
        read_into_page_cache(paths)
        sync_file_system(work)
        run(
            [[str(self.robomerge), "merge", *inputs.sources, "-o", str(destination), *options]],
            cwd=inputs.folder,
            output=output,
            environment=self._environment(work),
            limit_seconds=self.arguments.limit_seconds,
        )
        lines = [json.loads(line) for line in output.read_text().splitlines() if line.startswith("{")]
        summary = next(line for line in lines if line["message_type"] == "summary")
        del summary["destination"]
        remove_tree(destination)
        if self.arguments.keep_traces:
            self.arguments.keep_traces.mkdir(parents=True, exist_ok=True)
            (self.arguments.keep_traces / f"{case.name}-j{workers}.json").write_bytes(trace.read_bytes())
        return {"summary": summary, "replay": analyse(read_trace(trace))}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("cases", nargs="*", metavar="CASE", help=f"some of {', '.join(BY_NAME)}; all if none is given")
    parser.add_argument("--rounds", type=int, default=5, help="times that every way is run (default: 5)")
    parser.add_argument(
        "--lerobot-seconds",
        type=float,
        default=600,
        help="LeRobot is run once in any case, and again while it has taken less than this in the case (default: 600)",
    )
    parser.add_argument("--no-lerobot", action="store_true", help="leave LeRobot out")
    parser.add_argument("--limit-seconds", type=float, default=3600, help="a run is ended after this (default: 3600)")
    parser.add_argument("--results", type=Path, default=DEFAULT_RESULTS, help="folder (default: bench/results)")
    parser.add_argument("--keep-traces", type=Path, metavar="DIR", help="keep the trace files here, for replay.py")
    parser.add_argument(
        "--robomerge",
        type=Path,
        default=default_robomerge(),
        help="the command to measure (default: $ROBOMERGE, or build/release/cli/robomerge)",
    )
    add_arguments(parser)
    arguments = parser.parse_args()
    unknown = [name for name in arguments.cases if name not in BY_NAME]
    if unknown:
        parser.error(f"no case is called {', '.join(unknown)}")
    if not arguments.robomerge.exists():
        parser.error(f"no {arguments.robomerge}: run scripts/setup.sh, or set ROBOMERGE")

    bench = Bench(arguments, maker_from(arguments))
    arguments.results.mkdir(parents=True, exist_ok=True)
    left_out = False
    for case in [BY_NAME[name] for name in arguments.cases] or CASES:
        try:
            result = bench.measure(case)
        except NotAvailable as problem:
            print(f"{case.name}: left out: {problem}", file=sys.stderr)
            left_out = True
            continue
        (arguments.results / f"{case.name}.json").write_text(json.dumps(result, indent=2) + "\n")
        print(report.case_section(result), flush=True)
    sys.exit(1 if left_out else 0)


if __name__ == "__main__":
    main()
