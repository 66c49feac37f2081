#!/usr/bin/env python3
"""Computes what a merge of 10 TB on 100 machines moves and how long it takes, from costs that one machine measured.

    bench/model_distributed.py [COSTS] [--nodes N] [--update-docs]

COSTS is what bench/full_scale.py wrote. The model assumes that the machines are like the measured
one, and that their file system gives each of them what the measured disk gave;
--file-system-gb-per-second bounds all of them together. It compares the merge by one plan with a
tree of materialised merges of pairs by the same commands, level by level. --update-docs puts the
table into docs/distributed.md.
"""

import argparse
import json
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
COSTS = ROOT / "docs" / "distributed-costs.json"
PAGE = ROOT / "docs" / "distributed.md"
BEGIN, END = "<!-- model: begin -->", "<!-- model: end -->"
#: More do not help: metadata servers are the bound then.
MAX_DESCRIBE_TASKS = 16
#: Writing tasks for each machine, so that a slow one does not hold up the rest by much.
WRITE_TASKS_PER_NODE = 4


@dataclass(frozen=True)
class Line:
    """A cost of the form fixed + slope * amount."""

    fixed: float
    slope: float

    def at(self, amount: float) -> float:
        return self.fixed + self.slope * amount


def fit(points: Sequence[tuple[float, float]]) -> Line:
    """Least squares; neither part may be below zero, which only noise could cause."""
    mean_x = sum(x for x, _ in points) / len(points)
    mean_y = sum(y for _, y in points) / len(points)
    spread = sum((x - mean_x) ** 2 for x, _ in points)
    slope = sum((x - mean_x) * (y - mean_y) for x, y in points) / spread if spread > 0 else 0.0
    slope = max(0.0, slope)
    fixed = mean_y - slope * mean_x
    if fixed < 0:
        return Line(0.0, sum(x * y for x, y in points) / sum(x * x for x, _ in points))
    return Line(fixed, slope)


def median_ends(rows: Sequence[dict]) -> tuple[tuple[float, float], tuple[float, float]]:
    """Bytes and seconds of the median small and the median large run."""
    middle = (min(row["bytes"] for row in rows) + max(row["bytes"] for row in rows)) / 2
    small = sorted((row["seconds"], row["bytes"]) for row in rows if row["bytes"] < middle)
    large = sorted((row["seconds"], row["bytes"]) for row in rows if row["bytes"] >= middle)
    ends = [side[len(side) // 2] for side in (small, large)]
    return (ends[0][1], ends[0][0]), (ends[1][1], ends[1][0])


def write_lines(cases: Sequence[dict]) -> dict[int, Line]:
    """One bandwidth for all, as it is the same disk; the time before the first byte is each plan's
    own."""
    ends = {case["num_datasets"]: median_ends(case["write"]) for case in cases}
    more_seconds = sum(large[1] - small[1] for small, large in ends.values())
    slope = more_seconds / sum(large[0] - small[0] for small, large in ends.values())
    return {count: Line(max(0.0, small[1] - slope * small[0]), slope) for count, (small, _) in ends.items()}


@dataclass(frozen=True)
class Costs:
    """Costs for all of the data, by the number of datasets it is cut into, and for a writing task,
    by its bytes."""

    describe_cpu_seconds: Line
    plan_seconds: Line
    write_seconds: dict[int, Line]  # by the number of datasets: a task loads the plan first
    publish_seconds_per_file: float
    launch_seconds: float  # from the end of a phase to the first words of the next
    cores_per_node: int


@dataclass(frozen=True)
class Workload:
    num_datasets: int
    num_bytes: float
    num_files: int


@dataclass(frozen=True)
class Cluster:
    num_nodes: int
    bytes_per_second: float = math.inf  # read and written by all nodes together


@dataclass(frozen=True)
class Estimate:
    moved_bytes: float
    seconds: dict[str, float]  # by phase or level, one after the other

    @property
    def critical_path_seconds(self) -> float:
        return sum(self.seconds.values())


def one_plan(costs: Costs, work: Workload, cluster: Cluster) -> Estimate:
    num_describing = min(cluster.num_nodes, MAX_DESCRIBE_TASKS)
    describe = costs.describe_cpu_seconds.at(work.num_datasets) / (num_describing * costs.cores_per_node)
    task = costs.write_seconds[work.num_datasets]
    num_tasks = WRITE_TASKS_PER_NODE * cluster.num_nodes
    of_node = WRITE_TASKS_PER_NODE * task.at(work.num_bytes / num_tasks)
    write = max(of_node, 2 * work.num_bytes / cluster.bytes_per_second)
    seconds = {
        "describe": describe,
        "plan": costs.plan_seconds.at(work.num_datasets),
        "write": write,
        "publish": work.num_files * costs.publish_seconds_per_file,
    }
    return Estimate(2 * work.num_bytes, {name: costs.launch_seconds + time for name, time in seconds.items()})


def tree_of_pairs(costs: Costs, work: Workload, cluster: Cluster) -> Estimate:
    """Every level reads, plans and writes all data again. A node makes one merge of a level at a
    time."""
    slope = next(iter(costs.write_seconds.values())).slope
    moved = 0.0
    seconds = {}
    for level, (width, num_merges) in enumerate(levels(work.num_datasets), 1):
        num_bytes = work.num_bytes * 2 * num_merges / width  # a dataset without a neighbour moves up as it is
        num_nodes = min(cluster.num_nodes, num_merges)
        described = costs.describe_cpu_seconds.at(width) / (num_nodes * costs.cores_per_node)
        planned = costs.plan_seconds.at(width) / num_nodes
        per_node = math.ceil(num_merges / num_nodes) * num_bytes / num_merges
        write = max(per_node * slope, 2 * num_bytes / cluster.bytes_per_second)
        moved += 2 * num_bytes
        seconds[f"level {level}"] = costs.launch_seconds + described + planned + write
    return Estimate(moved, seconds)


def levels(num_datasets: int) -> Iterator[tuple[int, int]]:
    """For each level, how many datasets go in and how many merges that makes."""
    while num_datasets > 1:
        yield num_datasets, num_datasets // 2
        num_datasets -= num_datasets // 2


def read_costs(measured: dict) -> tuple[Costs, list[Workload]]:
    cases = measured["cases"]
    # Describing and planning compute, so their CPU seconds count, which depend little on what else
    # the machine did.
    costs = Costs(
        describe_cpu_seconds=fit([(case["num_datasets"], case["describe"]["cpu_seconds"]) for case in cases]),
        plan_seconds=fit([(case["num_datasets"], case["plan"]["cpu_seconds"]) for case in cases]),
        write_seconds=write_lines(cases),
        publish_seconds_per_file=measured["publish"]["seconds"] / measured["publish"]["num_files"],
        launch_seconds=measured["launch_seconds"],
        cores_per_node=measured["machine"]["num_cores"],
    )
    plans = [(case["num_datasets"], case["plan"]) for case in cases]
    return costs, [Workload(count, plan["payload_bytes"], plan["num_files"]) for count, plan in plans]


def table(measured: dict, cluster: Cluster) -> str:
    costs, workloads = read_costs(measured)
    lines = [
        f"| {cluster.num_nodes} machines | moved | describe | plan | write | publish | critical path |",
        "|---|---:|---:|---:|---:|---:|---:|",
    ]
    for work in workloads:
        ours, tree = one_plan(costs, work, cluster), tree_of_pairs(costs, work, cluster)
        alone = one_plan(costs, work, Cluster(1, cluster.bytes_per_second))
        name = f"{work.num_datasets:,} datasets, {work.num_bytes / 1e12:.1f} TB, {work.num_files:,} files"
        lines.append(_row(f"**{name}: one plan**", ours))
        lines.append(_row(f"the same on one machine ({_ratio(alone, ours)})", alone))
        num_levels = len(tree.seconds)
        last = list(tree.seconds.values())[-1]
        cells = f"{num_levels} levels, of which the last alone takes {_time(last)}"
        lines.append(
            f"| tree of materialised pairs ({_ratio(tree, ours)}) | {tree.moved_bytes / 1e12:.0f} TB | {cells} | | | | "
            f"{_time(tree.critical_path_seconds)} |"
        )
    return "\n".join(lines)


def _row(name: str, estimate: Estimate) -> str:
    times = " | ".join(_time(seconds) for seconds in [*estimate.seconds.values(), estimate.critical_path_seconds])
    return f"| {name} | {estimate.moved_bytes / 1e12:.0f} TB | {times} |"


def _ratio(other: Estimate, ours: Estimate) -> str:
    return f"{other.critical_path_seconds / ours.critical_path_seconds:.0f} times as long"


def _time(seconds: float) -> str:
    if seconds < 10:
        return f"{seconds:.1f} s"
    if seconds < 600:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 7200 else f"{seconds / 3600:.1f} h"


def section(measured: dict, cluster: Cluster) -> str:
    """What docs/distributed.md holds between its two marks."""
    costs, workloads = read_costs(measured)
    machine = measured["machine"]
    file_system = machine["file_system"].split()[0]
    lines = [table(measured, cluster), "", "Made of these costs, measured on one machine:", ""]
    lines.append(
        f"* {machine['num_cores']} cores of {machine['cpu']}; {file_system}; {machine['robomerge']}; load average "
        f"{machine['load_average']:.0f} when it began"
    )
    for case, work in zip(measured["cases"], workloads, strict=True):
        described, planned, line = case["describe"], case["plan"], costs.write_seconds[work.num_datasets]
        lines.append(
            f"* {work.num_datasets:,} datasets: describe {described['cpu_seconds']:.0f} CPU seconds; "
            f"plan {planned['cpu_seconds']:.1f} CPU seconds and {planned['peak_memory_bytes'] / 1e9:.1f} GB of memory; "
            f"a writing task {line.fixed:.2f} s and then {1 / line.slope / 1e9:.2f} GB/s"
        )
    lines.append(f"* publish {1000 * costs.publish_seconds_per_file:.3f} ms for each file")
    lines.append(
        f"* from one phase to the next {costs.launch_seconds:.1f} s, measured on Slurm with two nodes on this machine"
    )
    return "\n".join(lines)


def update_page(page: str, text: str) -> str:
    before, rest = page.split(BEGIN)
    _, after = rest.split(END)
    return f"{before}{BEGIN}\n{text}\n{END}{after}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("costs", nargs="?", type=Path, default=COSTS)
    parser.add_argument("--nodes", type=int, default=100)
    parser.add_argument("--file-system-gb-per-second", type=float, default=math.inf)
    parser.add_argument("--update-docs", action="store_true")
    arguments = parser.parse_args()
    measured = json.loads(arguments.costs.read_text())
    text = section(measured, Cluster(arguments.nodes, arguments.file_system_gb_per_second * 1e9))
    print(text)
    if arguments.update_docs:
        PAGE.write_text(update_page(PAGE.read_text(), text))


if __name__ == "__main__":
    main()
