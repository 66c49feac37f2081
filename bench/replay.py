#!/usr/bin/env python3
"""Computes from a trace of `robomerge merge --trace FILE` what 1 to 64 workers would take.

    replay.py TRACE [--workers 1,2,4] [--json]

The tasks are scheduled again as robomerge's one queue does it: a task is ready when those it waited
for are done, a free worker takes the ready one of the highest level, and among equals the one that
was begun first in the trace. Each takes as long as it did when it was recorded, so a shared disk or
memory bus that is full is not seen: record with one worker to see the structure alone.
"""

import argparse
import heapq
import json
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

DEFAULT_WORKERS = [1, 2, 4, 8, 16, 32, 64]


@dataclass(frozen=True)
class Task:
    id: int
    after: tuple[int, ...]
    seconds: float
    level: int = 0
    start: float = 0.0
    category: str = ""


@dataclass(frozen=True)
class Schedule:
    num_workers: int
    seconds: float  # from the first start to the last end
    busy_seconds: float

    @property
    def utilisation(self) -> float:
        return self.busy_seconds / (self.num_workers * self.seconds) if self.seconds > 0 else 0.0


def read_trace(path: Path) -> list[Task]:
    """The tasks of a trace file, by id."""
    events = [event for event in json.loads(path.read_text())["traceEvents"] if event["ph"] == "X"]
    tasks = [
        Task(
            id=event["args"]["id"],
            after=tuple(event["args"]["after"]),
            seconds=event["dur"] / 1e6,
            level=event["args"]["level"],
            start=event["ts"] / 1e6,
            category=event["cat"],
        )
        for event in events
    ]
    return sorted(tasks, key=lambda task: task.id)


def critical_path(tasks: Iterable[Task]) -> tuple[float, int]:
    """Seconds and number of tasks of the longest chain. Sorted by id; a task waits only for smaller
    ids."""
    longest: dict[int, tuple[float, int]] = {}
    for task in tasks:
        # A task that is not in the list (cancelled, or of a stage left out) takes no time.
        seconds, count = max((longest[id] for id in task.after if id in longest), default=(0.0, 0))
        longest[task.id] = (seconds + task.seconds, count + 1)
    return max(longest.values(), default=(0.0, 0))


def replay(tasks: list[Task], num_workers: int) -> Schedule:
    """List scheduling: no worker idles while a task is ready."""
    if num_workers < 1:
        raise ValueError(f"expected at least one worker, found {num_workers}")
    by_id = {task.id: task for task in tasks}
    missing = {task.id: sum(id in by_id for id in task.after) for task in tasks}
    followers: dict[int, list[int]] = {task.id: [] for task in tasks}
    for task in tasks:
        for id in task.after:
            if id in by_id:
                followers[id].append(task.id)

    def rank(task: Task) -> tuple[int, float, int]:
        return (-task.level, task.start, task.id)

    ready = [rank(task) for task in tasks if missing[task.id] == 0]
    heapq.heapify(ready)
    running: list[tuple[float, int]] = []
    now = 0.0
    num_done = 0
    while ready or running:
        while ready and len(running) < num_workers:
            task = by_id[heapq.heappop(ready)[2]]
            heapq.heappush(running, (now + task.seconds, task.id))
        now, finished = heapq.heappop(running)
        num_done += 1
        for id in followers[finished]:
            missing[id] -= 1
            if missing[id] == 0:
                heapq.heappush(ready, rank(by_id[id]))
    if num_done != len(tasks):
        raise ValueError(f"{len(tasks) - num_done} of {len(tasks)} tasks wait for each other in a circle")
    return Schedule(num_workers, now, sum(task.seconds for task in tasks))


def idle_seconds(tasks: list[Task]) -> float:
    """Time of the recorded run, from the first start to the last end, in which no task ran at
    all."""
    idle = 0.0
    end = None
    for task in sorted(tasks, key=lambda task: task.start):
        if end is not None and task.start > end:
            idle += task.start - end
        end = max(end or 0.0, task.start + task.seconds)
    return idle


def analyse(tasks: list[Task], workers: list[int] = DEFAULT_WORKERS) -> dict:
    seconds, count = critical_path(tasks)
    schedules = [replay(tasks, number) for number in workers]
    by_category: dict[str, float] = {}
    for task in tasks:
        by_category[task.category] = by_category.get(task.category, 0.0) + task.seconds
    return {
        "num_tasks": len(tasks),
        "busy_seconds": sum(task.seconds for task in tasks),
        "busy_seconds_by_category": by_category,
        "idle_seconds": idle_seconds(tasks),
        "critical_path_seconds": seconds,
        "critical_path_tasks": count,
        "workers": [
            {"num_workers": schedule.num_workers, "seconds": schedule.seconds, "utilisation": schedule.utilisation}
            for schedule in schedules
        ],
    }


def table(analysis: dict) -> str:
    one = analysis["busy_seconds"]
    lines = [
        f"{analysis['num_tasks']:,} tasks, {1e3 * one:,.1f} ms of work",
        "  "
        + ", ".join(f"{name} {1e3 * spent:,.1f} ms" for name, spent in analysis["busy_seconds_by_category"].items()),
        f"critical path {1e3 * analysis['critical_path_seconds']:,.1f} ms over {analysis['critical_path_tasks']} tasks",
        f"no task ran for {1e3 * analysis['idle_seconds']:,.1f} ms of the recorded run, which the table leaves out",
        "",
        "| workers | time, ms | speed-up | utilisation |",
        "|---:|---:|---:|---:|",
    ]
    for row in analysis["workers"]:
        speed_up = one / row["seconds"] if row["seconds"] > 0 else 1.0
        time, busy = f"{1e3 * row['seconds']:,.1f}", f"{100 * row['utilisation']:.0f} %"
        lines.append(f"| {row['num_workers']} | {time} | {speed_up:.1f} | {busy} |")
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("trace", type=Path)
    parser.add_argument(
        "--workers",
        type=lambda text: [int(word) for word in text.split(",")],
        default=DEFAULT_WORKERS,
        help="numbers of workers, with commas (default: 1,2,4,8,16,32,64)",
    )
    parser.add_argument("--json", action="store_true", help="print JSON instead of a table")
    arguments = parser.parse_args()
    analysis = analyse(read_trace(arguments.trace), arguments.workers)
    print(json.dumps(analysis, indent=2) if arguments.json else table(analysis))


if __name__ == "__main__":
    main()
