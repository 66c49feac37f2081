#!/usr/bin/env python3
"""Turns results of run.py and critical_path.py into Markdown.

report.py                  prints what lies in bench/results
report.py --update-docs    also makes it docs/benchmarks.json, the tables of docs/benchmarks.md and that of README.md
"""

import argparse
import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from statistics import median

HERE = Path(__file__).resolve().parent
DOCS = HERE.parent / "docs"
README = HERE.parent / "README.md"
MARKED = re.compile(r"(<!-- bench: begin -->\n).*(<!-- bench: end -->)", re.DOTALL)
SPEED = re.compile(r"(<!-- speed: begin -->\n).*(<!-- speed: end -->)", re.DOTALL)
#: The cases of README's table, and what they are.
SHOWN = {
    "recorder16": "recorded datasets, two cameras",
    "images": "with pictures in Parquet",
    "tiny1000": "of one short episode",
    "recordings": "real recordings",
}
NO_RESULTS = "There is no recorded run: `bench/run.py` and `bench/report.py --update-docs` make one.\n"


def seconds_of(way: dict, key: str = "seconds") -> list[float]:
    return [run[key] for run in way["runs"] if key in run and not run.get("timed_out")]


def median_seconds(result: dict, name: str, key: str = "seconds") -> float | None:
    """None if the case has no such way, or it came to no end."""
    way = result["ways"].get(name)
    times = seconds_of(way, key) if way else []
    return median(times) if times else None


def peak_bytes(way: dict) -> int:
    return max(run["peak_memory_bytes"] for run in way["runs"])


def _time(seconds: float) -> str:
    return f"{seconds:,.1f} s" if seconds >= 100 else f"{seconds:.2f} s" if seconds >= 1 else f"{1e3 * seconds:.0f} ms"


def _size(num_bytes: float) -> str:
    return f"{num_bytes / 1e9:,.2f} GB" if num_bytes >= 1e9 else f"{num_bytes / 1e6:,.1f} MB"


def _ratio(one: float | None, other: float | None) -> str:
    if not one or not other:
        return ""
    return f"{one / other:.2f}" if one / other >= 0.1 else f"1/{other / one:.0f}"


def _row(result: dict, name: str, way: dict) -> str:
    times = seconds_of(way)
    base = median_seconds(result, result["base_synced"] if way["is_synced"] else result["base"])
    lerobot = median_seconds(result, way.get("lerobot", "lerobot"), "call_seconds")
    if times:
        middle, spread = median(times), f"{_time(min(times))} – {_time(max(times))}"
        cells = [_time(middle), spread, _ratio(middle, base), _ratio(middle, lerobot)]
    else:
        cells = [f"more than {_time(min(run['seconds'] for run in way['runs']))}", "", "", ""]
    output = [_size(way[key]) if key in way else "" for key in ("output_bytes", "new_bytes")]
    return " | ".join(
        ["", f"`{way['command']}`", *cells, str(len(way["runs"])), _size(peak_bytes(way)), *output, ""]
    ).strip()


def case_section(result: dict) -> str:
    letter = f"({result['letter']}) " if result["letter"] else ""
    lines = [
        f"### {letter}{result['title']}: `{result['case']}`",
        "",
        f"{result['num_sources']:,} datasets, {result['num_files']:,} files, {_size(result['num_bytes'])}."
        + (f" **Scaled to {result['scale']}: a try, no result.**" if result["scale"] != 1 else ""),
        "",
        "| command | median | min – max | to the copy | to LeRobot | runs | peak memory | output | new space |",
        "|---|---:|---:|---:|---:|---:|---:|---:|---:|",
        *(_row(result, name, way) for name, way in result["ways"].items()),
        "",
    ]
    called = {
        name: _time(seconds)
        for name in result["ways"]
        if (seconds := median_seconds(result, name, "call_seconds")) is not None
    }
    if called:
        shown = ", ".join(f"{seconds} of `{result['ways'][name]['command']}`" for name, seconds in called.items())
        lines += [f"The call itself, to which ratios are taken: {shown}.", ""]
    if result.get("note"):
        lines += [result["note"], ""]
    if result["traces"]:
        lines += _trace_lines(result["traces"]["2"])
    return "\n".join(lines)


def _trace_lines(trace: dict) -> list[str]:
    summary, replayed = trace["summary"], trace["replay"]
    stages = ", ".join(f"{stage['stage']} {_time(stage['seconds'])}" for stage in summary["stages"])
    moved = ", ".join(f"{_size(summary[f'{how}_bytes'])} {how}" for how in ("copied", "shared", "encoded"))
    path = f"{_time(replayed['critical_path_seconds'])} over {replayed['critical_path_tasks']}"
    return [
        f"With `--no-sync -j 2 --trace`: {stages}; {moved}; workers {100 * summary['utilisation']:.0f} % busy, "
        f"critical path {path} of {replayed['num_tasks']:,} tasks.",
        "",
    ]


@dataclass(frozen=True)
class Goal:
    """A bound of the project: `find` returns what was measured, or None if the run does not hold
    it."""

    what: str
    bound: float
    find: Callable[[dict[str, dict]], float | None]
    at_least: bool = False
    show: Callable[[float], str] = lambda value: _plain(value)

    def line(self, results: dict[str, dict]) -> str | None:
        found = self.find(results)
        if found is None:
            return None
        met = found >= self.bound if self.at_least else found <= self.bound
        side = "at least" if self.at_least else "at most"
        return f"| {self.what} | {side} {self.show(self.bound)} | {self.show(found)} | {'yes' if met else '**no**'} |"


def _plain(value: float) -> str:
    return f"1/{1 / value:.0f}" if 0 < value < 0.1 else f"{value:.2f}x"


def _percent(value: float) -> str:
    return f"{100 * value:.1f} %"


def _between(case: str, way: str, base: str, base_case: str | None = None, key: str = "seconds") -> Callable:
    def find(results: dict[str, dict]) -> float | None:
        if case not in results or (base_case or case) not in results:
            return None
        one = median_seconds(results[case], way)
        other = median_seconds(results[base_case or case], base, key)
        return one / other if one is not None and other else None

    return find


def _seconds_of(case: str, way: str) -> Callable:
    return lambda results: median_seconds(results[case], way) if case in results else None


def _measuring(case: str, base: str) -> Callable:
    """What measuring adds to a merge, to another way's time."""

    def find(results: dict[str, dict]) -> float | None:
        if case not in results:
            return None
        exact, fold = (median_seconds(results[case], way) for way in ("exact", "fold"))
        return max(0.0, exact - fold) / median_seconds(results[case], base, "call_seconds")

    return find


def _more_memory(case: str, way: str, base: str) -> Callable:
    """Of 200 MB."""

    def find(results: dict[str, dict]) -> float | None:
        ways = results[case]["ways"] if case in results else {}
        return (peak_bytes(ways[way]) - peak_bytes(ways[base])) / 200e6 if way in ways and base in ways else None

    return find


def _new_space(results: dict[str, dict]) -> float | None:
    way = results.get("xfs", {"ways": {}})["ways"].get("share")
    return way["new_bytes"] / way["output_bytes"] if way and "new_bytes" in way else None


def _memory(case: str, way: str) -> Callable:
    def find(results: dict[str, dict]) -> float | None:
        found = results.get(case, {"ways": {}})["ways"].get(way)
        return peak_bytes(found) / 200e6 if found else None

    return find


def _utilisation(results: dict[str, dict]) -> float | None:
    return results["regroup"]["traces"]["2"]["summary"]["utilisation"] if "regroup" in results else None


def _replayed_utilisation(results: dict[str, dict]) -> float | None:
    if "regroup" not in results:
        return None
    rows = results["regroup"]["traces"]["1"]["replay"]["workers"]
    return next((row["utilisation"] for row in rows if row["num_workers"] == 64), None)


GOALS = [
    *(
        goal
        for letter, case, bound in [
            ("a", "recorder16", 1.1),
            ("b", "av1", 1.1),
            ("c", "images", 1.1),
            ("d", "lowdim", 1.6),
        ]
        for goal in (
            Goal(f"({letter}) `{case}`, `--no-sync`, to `cp -r`", bound, _between(case, "merge-no-sync", "cp")),
            Goal(f"({letter}) `{case}`, to `cp -r && sync -f`", bound, _between(case, "merge", "cp-sync")),
        )
    ),
    Goal("(e) 10,000 datasets, `--no-sync`, to `cp -r`", 3, _between("tiny10000", "merge-no-sync", "cp")),
    Goal("(e) 10,000 datasets, to `cp -r && sync -f`", 3, _between("tiny10000", "merge", "cp-sync")),
    Goal(
        "(e) 10,000 datasets to 1,000, `--no-sync`",
        11,
        _between("tiny10000", "merge-no-sync", "merge-no-sync", "tiny1000"),
    ),
    Goal("(e) 10,000 datasets to 1,000", 11, _between("tiny10000", "merge", "merge", "tiny1000")),
    Goal(
        "(f) without sharing, `--no-sync`, to `cp -r --reflink=never`", 1.1, _between("xfs", "copy-no-sync", "cp-never")
    ),
    Goal("(f) without sharing, to the same and `sync -f`", 1.1, _between("xfs", "copy", "cp-never-sync")),
    Goal("(f) sharing, `--no-sync`, to `cp -r --reflink=never`", 1 / 20, _between("xfs", "share-no-sync", "cp-never")),
    Goal("(f) sharing, to `cp -r --reflink=never && sync -f`", 1 / 20, _between("xfs", "share", "cp-never-sync")),
    Goal("(f) sharing: new space of the output", 0.05, _new_space, show=_percent),
    Goal("(i) every second episode, `--no-sync`, to `cp -r` of all", 0.7, _between("rules", "half", "cp")),
    Goal("(i) 3 of 64 episodes left out, `--no-sync`, to `cp -r` of all", 1.1, _between("rules", "without-3", "cp")),
    Goal("(i) one of two cameras left out, `--no-sync`, to `cp -r` of all", 0.6, _between("rules", "one-camera", "cp")),
    Goal("(i) a camera renamed, `--no-sync`, to the plain merge", 1.1, _between("rules", "renamed", "merge-no-sync")),
    Goal(
        "(i) 3 of 64 episodes left out, to LeRobot's `delete_episodes` alone",
        1 / 500,
        _between("rules", "without-3", "lerobot-delete", key="call_seconds"),
    ),
    Goal(
        "(j) 1,000 datasets, each by its own rules, to the plain merge",
        1.3,
        _between("own-rules", "own-rules", "merge-no-sync"),
    ),
    Goal("(k) 16 datasets of v2.1, `--no-sync`, to `cp -r`", 1.2, _between("v21", "merge-no-sync", "cp")),
    Goal("(k) 16 datasets of v2.1, `--no-sync`, to LeRobot's converter", 1 / 50, _between("v21", "merge-no-sync", "lerobot", key="call_seconds")),
    Goal("(k) 10,000 episodes of v2.1, `--no-sync`, to `cp -r`", 3, _between("v21-episodes", "merge-no-sync", "cp")),
    Goal("(l) 3 of 64 episodes deleted, to `cp -r`", 1.1, _between("edits", "delete-3", "cp")),
    Goal("(l) split into 4, to `cp -r`", 1.2, _between("edits", "split-4", "cp")),
    *(
        Goal(f"(l) in place with links: {way}", 0.06, _seconds_of("edits", way), show=lambda value: _time(value))
        for way in ("rename", "modify-tasks", "remove")
    ),
    *(
        Goal(f"(l) {way}, to LeRobot's call alone", 1 / 300, _between("edits", way, f"lerobot-{way}", key="call_seconds"))
        for way in ("delete-3", "split-4", "modify-tasks", "remove")
    ),
    Goal("(l) 4 GB: 3 episodes of one file deleted, with links, to `cp -r`", 0.15, _between("large", "delete-3", "cp")),
    Goal("(l) 4 GB: 1/64 appended, to `cp -r`", 0.1, _between("large", "append", "cp")),
    Goal("(l) 4 GB: 1/64 appended, `--stats fold`, to `cp -r`", 0.1, _between("large", "append-fold", "cp")),
    *(
        Goal(f"(l) 4 GB: {way}, to LeRobot's call alone", 1 / 300, _between("large", way, f"lerobot-{way}", key="call_seconds"))
        for way in ("delete-3", "append")
    ),
    Goal("(l) 10,000 episodes: every third deleted, to `cp -r`", 3, _between("episodes", "delete-third", "cp")),
    Goal("(l) 10,000 episodes: one appended", 1.1, _seconds_of("episodes", "append"), show=lambda value: _time(value)),
    Goal("(m) measured, `--no-sync`, to `--stats fold`", 1.1, _between("statistics", "exact", "fold")),
    Goal(
        "(m) measured anew, to LeRobot's `recompute_stats` alone",
        1 / 100,
        _between("statistics", "recompute", "lerobot-recompute", key="call_seconds"),
    ),
    Goal("(m) low-dimensional: what measuring adds, to pyarrow's reading", 2, _measuring("statistics-lowdim", "read-columns")),
    Goal("(m) low-dimensional: memory of measuring, to 200 MB", 1, _more_memory("statistics-lowdim", "exact", "fold")),
    # LeRobot does not sync, and both start a process, so the fair row compares `--no-sync` with its
    # process; the others ask for more.
    *(
        Goal(f"({letter}) {ours}, to LeRobot's {theirs}", 1 / 50, _between(case, way, "lerobot", key=key))
        for letter, case in [("a", "recorder16"), ("g", "recordings")]
        for ours, way in [("`--no-sync`", "merge-no-sync"), ("synced", "merge")]
        for theirs, key in [("process", "seconds"), ("call alone", "call_seconds")]
    ),
    Goal("(a) peak memory, to 200 MB", 1, _memory("recorder16", "merge")),
    Goal("(f) without sharing, peak memory, to 200 MB", 1, _memory("xfs", "copy")),
    Goal(
        "bound by the CPU: `-j 1` to `-j 2`",
        1.8,
        _between("regroup", "merge-no-sync-j1", "merge-no-sync"),
        at_least=True,
    ),
    Goal("bound by the CPU: workers busy with `-j 2`", 0.95, _utilisation, at_least=True, show=_percent),
    Goal("bound by the CPU: 64 workers busy, replayed", 0.9, _replayed_utilisation, at_least=True, show=_percent),
]


def goals_section(results: dict[str, dict]) -> str:
    lines = [line for goal in GOALS if (line := goal.line(results)) is not None]
    if not lines:
        return ""
    return "\n".join(["| | bound | measured | met |", "|---|---:|---:|---|", *lines, ""])


def replay_section(results: dict[str, dict]) -> str:
    """What more workers would take, from the traces of one worker."""
    results = {name: result for name, result in results.items() if result["traces"]}
    if not results:
        return ""
    counts = [row["num_workers"] for row in next(iter(results.values()))["traces"]["1"]["replay"]["workers"]]
    heads = [f"{count} worker{'s' if count > 1 else ''}" for count in counts]
    lines = [
        " | ".join(["| case", "work", "critical path", *heads]) + " |",
        "|---|---:|---:|" + "---:|" * len(counts),
    ]
    for name, result in results.items():
        replayed = result["traces"]["1"]["replay"]
        cells = [f"{_time(row['seconds'])}, {100 * row['utilisation']:.0f} %" for row in replayed["workers"]]
        work, path = _time(replayed["busy_seconds"]), _time(replayed["critical_path_seconds"])
        lines.append(" | ".join([f"| `{name}`", work, path, *cells]) + " |")
    return "\n".join([*lines, ""])


def growth_section(growth: dict) -> str:
    lines = [
        "| datasets | combinations in a chain | chain of reading | whole critical path | work |",
        "|---:|---:|---:|---:|---:|",
    ]
    for row in growth["rows"]:
        times = [_time(median(row[key])) for key in ("reduction_seconds", "critical_path_seconds", "busy_seconds")]
        lines.append(f"| {row['num_sources']:,} | {row['combine_levels']} | " + " | ".join(times) + " |")
    return "\n".join([*lines, ""])


def machine_section(machines: list[dict]) -> str:
    machine = machines[0]
    commits = " and ".join(dict.fromkeys(machine["commit"] for machine in machines))
    memory = f"{machine['memory_bytes'] / 2**30:.0f} GiB of memory"
    return "\n".join(
        [
            f"* {machine['num_cores']} cores of {machine['cpu']}, {memory}; Linux {machine['kernel']}; "
            f"{machine['file_system']}; load average {machine['load_average']} before the first run",
            f"* {machine['robomerge']}, commit {commits}",
            f"* LeRobot {machine['lerobot']}; {machine['coreutils']}",
            "",
        ]
    )


def document(everything: dict) -> str:
    results, growth = everything["cases"], everything.get("critical_path")
    parts = []
    if results:
        parts += ["## Machine", "", machine_section([result["machine"] for result in results.values()])]
    if goals := goals_section(results):
        parts += ["## What it must reach", "", goals]
    if results:
        parts += ["## Cases", "", "![Time as a multiple of the copy's, by case](benchmarks-ratio.svg)", ""]
        if any(name.startswith("tiny") for name in results):
            parts += ["![Time over the number of datasets](benchmarks-datasets.svg)", ""]
        parts += [*(case_section(result) for result in results.values())]
        parts += ["## More workers, replayed", "", replay_section(results)]
    if growth:
        picture = "![Length of the critical path over the number of datasets](benchmarks-critical-path.svg)"
        parts += ["## The critical path over the number of datasets", "", picture, "", growth_section(growth)]
    return "\n".join(parts) if parts else NO_RESULTS


def speed_table(results: dict[str, dict]) -> str:
    """README's table: medians, of LeRobot the call alone, and peaks of memory."""
    lines = [
        "| datasets | robomerge | `cp -r && sync` | `--no-sync` | `cp -r` | LeRobot | memory (LeRobot) |",
        "|---|---:|---:|---:|---:|---:|---:|",
    ]
    for case, what in SHOWN.items():
        if case not in results:
            continue
        result = results[case]
        times = [median_seconds(result, way) for way in ("merge", result["base_synced"], "merge-no-sync", result["base"])]
        lerobot = result["ways"].get("lerobot")
        called = median_seconds(result, "lerobot", "call_seconds")
        if called is None and lerobot:
            theirs = f"more than {min(run['seconds'] for run in lerobot['runs']):.0f} s"
        else:
            theirs = _seconds(called)
        memory = _whole(peak_bytes(result["ways"]["merge"])) + (f" ({_whole(peak_bytes(lerobot))})" if lerobot else "")
        cells = [f"{result['num_sources']:,} {what}, {_whole(result['num_bytes'])}", *map(_seconds, times), theirs, memory]
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join([*lines, ""])


def _whole(num_bytes: float) -> str:
    return f"{num_bytes / 1e9:.1f} GB" if num_bytes >= 1e9 else f"{num_bytes / 1e6:.0f} MB"


def _seconds(value: float | None) -> str:
    return "" if value is None else f"{value:.1f} s" if value >= 2 else f"{value:.2f} s"


def read_results(folder: Path) -> dict:
    """Results in the order of the cases, as docs/benchmarks.json holds them."""
    from cases import CASES

    found = {case.name: folder / f"{case.name}.json" for case in CASES}
    everything: dict = {"cases": {name: json.loads(path.read_text()) for name, path in found.items() if path.exists()}}
    growth = folder / "critical_path.json"
    if growth.exists():
        everything["critical_path"] = json.loads(growth.read_text())
    return everything


def update_docs(everything: dict) -> None:
    scaled = [name for name, result in everything["cases"].items() if result["scale"] != 1]
    if everything.get("critical_path", {"scale": 1})["scale"] != 1:
        scaled.append("critical_path")
    if scaled:
        raise SystemExit(f"report: {', '.join(scaled)}: scaled runs are no results; measure them in full first")
    (DOCS / "benchmarks.json").write_text(json.dumps(everything, indent=1) + "\n")
    write_between(DOCS / "benchmarks.md", MARKED, document(everything).rstrip("\n") + "\n\n")
    write_between(README, SPEED, speed_table(everything["cases"]))


def write_between(page: Path, marks: re.Pattern, generated: str) -> None:
    text = page.read_text()
    if not marks.search(text):
        raise SystemExit(f"report: {page} has no place for it: {marks.pattern}")
    page.write_text(marks.sub(lambda match: match[1] + generated + match[2], text))


def main() -> None:
    parser = argparse.ArgumentParser(description="Turns results of run.py and critical_path.py into Markdown.")
    parser.add_argument("--results", type=Path, default=HERE / "results", help="folder (default: bench/results)")
    parser.add_argument("--update-docs", action="store_true", help="write docs/benchmarks.json and docs/benchmarks.md")
    arguments = parser.parse_args()
    everything = read_results(arguments.results)
    print(document(everything))
    if arguments.update_docs:
        update_docs(everything)


if __name__ == "__main__":
    main()
