#!/usr/bin/env python3
"""Draws docs/benchmarks-*.svg from docs/benchmarks.json. Needs matplotlib, which nothing else here does.

    plot.py [--results FOLDER] [--output FOLDER]

With --results it draws what lies in bench/results, or any such folder, instead.
"""

import argparse
import json
from pathlib import Path
from statistics import median

import matplotlib

matplotlib.use("svg")
# The same figures give the same file.
matplotlib.rcParams.update({"svg.hashsalt": "robomerge", "svg.fonttype": "none", "font.size": 10})

import matplotlib.pyplot as plot  # noqa: E402
from matplotlib.ticker import FuncFormatter  # noqa: E402

from report import DOCS, median_seconds, read_results, seconds_of  # noqa: E402

BLUE, ORANGE, GREY, RED = "#1f77b4", "#ff7f0e", "#7f7f7f", "#d62728"
PLAIN = FuncFormatter(lambda value, _: f"{value:,g}")


def save(figure, path: Path) -> None:
    figure.savefig(path, bbox_inches="tight", metadata={"Date": None})
    plot.close(figure)
    print(path)


def ratio_to_copy(results: dict[str, dict], output: Path) -> None:
    """Bars of every case: robomerge, and LeRobot where it was run, as multiples of the copy's
    median."""
    bars = [
        ("robomerge --no-sync -j 2, to the copy", ("merge-no-sync", "copy-no-sync"), "base", BLUE),
        ("robomerge -j 2, to the copy and sync -f", ("merge", "copy"), "base_synced", ORANGE),
        ("robomerge --copy-mode share -j 2, to the same", ("share",), "base_synced", RED),
        ("LeRobot's call, to the copy", ("lerobot",), "base", GREY),
    ]
    figure, axes = plot.subplots(figsize=(8, 0.75 * len(results) + 1.2))
    height = 0.2
    for number, (label, names, base, colour) in enumerate(bars):
        places, ratios, low, high = [], [], [], []
        for place, result in enumerate(results.values()):
            name = next((name for name in names if name in result["ways"]), None)
            # On XFS `robomerge -j 2` may share; there the way that copies is compared with a copy.
            if "copy" in result["ways"] and names[0] == "merge":
                name = "copy"
            copy = median_seconds(result, result[base])
            times = seconds_of(result["ways"][name], "call_seconds" if name == "lerobot" else "seconds") if name else []
            if times and copy:
                places.append(place + (number - 1.5) * height)
                ratios.append(median(times) / copy)
                low.append((median(times) - min(times)) / copy)
                high.append((max(times) - median(times)) / copy)
        if places:
            axes.barh(places, ratios, height, label=label, color=colour, xerr=[low, high], error_kw={"linewidth": 0.8})
    axes.axvline(1, color="black", linewidth=0.8)
    axes.set_xscale("log")
    axes.xaxis.set_major_formatter(PLAIN)
    axes.set_yticks(range(len(results)), list(results))
    axes.invert_yaxis()
    axes.set_xlabel("time as a multiple of the copy's (median; the lines reach from the fastest to the slowest run)")
    axes.legend(loc="upper center", bbox_to_anchor=(0.5, -0.12 - 0.4 / max(1, len(results))), ncols=2, frameon=False)
    axes.spines[["top", "right"]].set_visible(False)
    save(figure, output / "benchmarks-ratio.svg")


def time_over_datasets(results: dict[str, dict], output: Path) -> None:
    tiny = [result for name, result in results.items() if name.startswith("tiny")]
    lines = [
        ("cp -r", "cp", "seconds", "black"),
        ("robomerge --no-sync -j 2", "merge-no-sync", "seconds", BLUE),
        ("robomerge -j 2", "merge", "seconds", ORANGE),
        ("tree of materialised merges", "tree", "seconds", RED),
        ("LeRobot's call", "lerobot", "call_seconds", GREY),
    ]
    figure, axes = plot.subplots(figsize=(7, 4.5))
    for label, name, key, colour in lines:
        points = [(result["num_sources"], time) for result in tiny if (time := median_seconds(result, name, key))]
        if points:
            axes.plot(*zip(*points, strict=True), marker="o", label=label, color=colour)
    axes.set_xscale("log")
    axes.set_yscale("log")
    axes.xaxis.set_major_formatter(PLAIN)
    axes.yaxis.set_major_formatter(PLAIN)
    axes.set_xlabel("datasets of one short episode")
    axes.set_ylabel("seconds, median")
    axes.grid(alpha=0.3, which="both", linewidth=0.5)
    axes.legend(frameon=False)
    save(figure, output / "benchmarks-datasets.svg")


def critical_path_over_datasets(growth: dict, output: Path) -> None:
    rows = growth["rows"]
    counts = [row["num_sources"] for row in rows]
    figure, (levels, times) = plot.subplots(1, 2, figsize=(9, 3.8))
    levels.plot(counts, [row["combine_levels"] for row in rows], marker="o", color=BLUE)
    levels.set_ylabel("combinations in the longest chain")
    levels.set_ylim(bottom=0)
    for label, key, colour in [
        ("reading and reducing", "reduction_seconds", BLUE),
        ("all, with plan and writing", "critical_path_seconds", ORANGE),
        ("work: one worker", "busy_seconds", GREY),
    ]:
        middle = [1e3 * median(row[key]) for row in rows]
        times.plot(counts, middle, marker="o", label=label, color=colour)
        times.fill_between(
            counts,
            [1e3 * min(row[key]) for row in rows],
            [1e3 * max(row[key]) for row in rows],
            color=colour,
            alpha=0.2,
        )
    times.set_ylabel("milliseconds, median")
    times.set_yscale("log")
    times.yaxis.set_major_formatter(PLAIN)
    times.legend(frameon=False)
    for axes in (levels, times):
        axes.set_xscale("log", base=2)
        axes.xaxis.set_major_formatter(PLAIN)
        axes.set_xlabel("datasets, k")
        axes.grid(alpha=0.3, linewidth=0.5)
    figure.tight_layout()
    save(figure, output / "benchmarks-critical-path.svg")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--results", type=Path, help="folder of results (default: docs/benchmarks.json)")
    parser.add_argument("--output", type=Path, default=DOCS, help="folder (default: docs)")
    arguments = parser.parse_args()
    if arguments.results:
        everything = read_results(arguments.results)
    else:
        everything = json.loads((DOCS / "benchmarks.json").read_text())
    results = everything["cases"]
    arguments.output.mkdir(parents=True, exist_ok=True)
    if results:
        ratio_to_copy(results, arguments.output)
    if any(name.startswith("tiny") for name in results):
        time_over_datasets(results, arguments.output)
    if everything.get("critical_path"):
        critical_path_over_datasets(everything["critical_path"], arguments.output)


if __name__ == "__main__":
    main()
