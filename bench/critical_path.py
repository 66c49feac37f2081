#!/usr/bin/env python3
"""Measures how the critical path of a merge grows with the number of datasets: k = 16, 32, ... 4,096 of the tiny ones.

Each merge runs with one worker, so that tasks do not disturb each other. Its trace gives the
longest chain of tasks that waited for each other: for reading and reducing alone, which a tree
keeps at ceil(log2 k) combinations, and in all.
"""

import argparse
import json
import os
import sys
from pathlib import Path

import report
from inputs import HERE, Inputs, add_arguments, files_of, maker_from, remove_tree
from machine import describe_machine
from measure import read_into_page_cache, run
from replay import Task, critical_path, read_trace

FIRST, LAST = 16, 4096
READING = {"describe", "combine"}


def combine_levels(tasks: list[Task]) -> int:
    """The number of combinations on the chain that has most of them."""
    weighed = [
        Task(task.id, task.after, float(task.category == "combine")) for task in tasks if task.category in READING
    ]
    return round(critical_path(weighed)[0])


def trace_of(robomerge: Path, inputs: Inputs, work: Path) -> list[Task]:
    destination, trace = work / "destination", work / "trace.json"
    command = [str(robomerge), "merge", *inputs.sources, "-o", str(destination)]
    run(
        [[*command, "--no-sync", "-j", "1", "--quiet", "--trace", str(trace)]],
        cwd=inputs.folder,
        output=work / "output.txt",
        environment=dict(os.environ),
        limit_seconds=3600,
    )
    remove_tree(destination)
    return read_trace(trace)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--results", type=Path, default=HERE / "results", help="folder (default: bench/results)")
    parser.add_argument(
        "--robomerge",
        type=Path,
        default=Path(os.environ.get("ROBOMERGE", HERE.parent / "build/release/cli/robomerge")),
        help="the command to measure (default: $ROBOMERGE, or build/release/cli/robomerge)",
    )
    add_arguments(parser)
    arguments = parser.parse_args()
    robomerge, maker = arguments.robomerge.absolute(), maker_from(arguments)
    machine = describe_machine(robomerge, maker.peer_python, maker.data)
    tiny = maker.make("tiny")
    counts = [FIRST]
    while counts[-1] * 2 <= min(LAST, len(tiny.sources)):
        counts.append(counts[-1] * 2)
    work = maker.data / "work"
    remove_tree(work)
    work.mkdir(parents=True)
    rows = {
        count: {"num_sources": count, "reduction_seconds": [], "critical_path_seconds": [], "busy_seconds": []}
        for count in counts
    }
    for number in range(arguments.rounds):
        for count in counts:
            inputs = tiny.first(count)
            read_into_page_cache(files_of(inputs.folder, inputs.sources))
            tasks = trace_of(robomerge, inputs, work)
            row = rows[count]
            row["combine_levels"] = combine_levels(tasks)
            row["reduction_seconds"].append(critical_path(task for task in tasks if task.category in READING)[0])
            row["critical_path_seconds"].append(critical_path(tasks)[0])
            row["busy_seconds"].append(sum(task.seconds for task in tasks))
            print(f"round {number + 1}: {count} datasets", file=sys.stderr)
    remove_tree(work)
    result = {"scale": maker.scale, "machine": machine, "rows": list(rows.values())}
    arguments.results.mkdir(parents=True, exist_ok=True)
    (arguments.results / "critical_path.json").write_text(json.dumps(result, indent=2) + "\n")
    print(report.growth_section(result))


if __name__ == "__main__":
    main()
