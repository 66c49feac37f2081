"""Checks episodes files: numbers and references (I-2, I-4, I-5, I-8, I-9), carried columns,
statistics (3.4)."""

import numpy as np
import pyarrow as pa

from dataset_view import BOOKKEEPING, DEFAULT_EPISODES_PATH, DatasetView
from findings import Findings, MergeOptions, Pair, Pairing
from statistics_of import bookkeeping_problem, is_measured, is_quantile, measured, numbers

LIST_OF_DOUBLES = pa.list_(pa.float64())
SECONDS_TOLERANCE = 1e-6


def check_references(
    merged: DatasetView,
    sources: list[DatasetView],
    pairing: Pairing,
    options: MergeOptions,
    findings: Findings,
) -> None:
    rows = merged.stored_episodes
    found = [row["episode_index"] for row in rows]
    findings.expect(
        found == list(range(len(pairing.pairs))), f"I-2: the episodes files hold the episodes {found}"
    )
    for path, table in merged.episode_tables:
        missing = merged.episode_columns - set(table.column_names)
        findings.expect(
            not missing, f"I-8: {path.relative_to(merged.root)} lacks the columns {sorted(missing)}"
        )
        for name in table.column_names:
            _check_type(path.relative_to(merged.root), name, table.schema.field(name).type, findings)
    kinds = ["data", "meta/episodes", *(f"videos/{key}" for key in merged.video_keys)]
    for kind in kinds:
        slots = [(row[f"{kind}/chunk_index"], row[f"{kind}/file_index"]) for row in rows]
        findings.expect(slots == sorted(slots), f"I-9: the references to {kind} decrease somewhere")
    next_index = 0
    for row in rows:
        name = f"episode {row['episode_index']}"
        slot = {part: row[f"meta/episodes/{part}"] for part in ("chunk_index", "file_index")}
        own, real = DEFAULT_EPISODES_PATH.format(**slot), str(row["(file)"].relative_to(merged.root))
        findings.expect(
            own == real,
            f"W-1: {name} says it is in {own}, it is in {real}",
        )
        findings.expect(
            row["dataset_from_index"] == next_index and row["dataset_to_index"] == next_index + row["length"],
            f"I-4: {name} of {row['length']} frames spans {row['dataset_from_index']}..{row['dataset_to_index']}, "
            f"it should begin at {next_index}",
        )
        next_index += row["length"]


def _check_type(file, name: str, type_: pa.DataType, findings: Findings) -> None:
    if name == "episode_index" or name == "length" or name.endswith(("chunk_index", "file_index")):
        findings.expect(type_ == pa.int64(), f"1.7: {file} stores {name} as {type_}, not int64")
    elif name.endswith("_timestamp"):
        findings.expect(type_ == pa.float64(), f"1.7: {file} stores {name} as {type_}, not double")
    elif name.startswith("stats/"):
        leaf, depth = type_, 0
        while pa.types.is_list(leaf) or pa.types.is_fixed_size_list(leaf):
            leaf, depth = leaf.value_type, depth + 1
        expected = pa.int64() if name.endswith("/count") else pa.float64()
        findings.expect(
            leaf == expected and depth in (1, 3),
            f"W-14: {file} stores {name} as {type_}, not as lists of {expected}",
        )


def check_values(
    merged: DatasetView,
    sources: list[DatasetView],
    pairing: Pairing,
    options: MergeOptions,
    findings: Findings,
) -> None:
    shifted = ("episode_index", "dataset_from_index", "dataset_to_index", "(file)")
    for pair in pairing.matched:
        count = pair.view.rows_by_episode[pair.source["episode_index"]].table.num_rows
        findings.expect(
            pair.merged["length"] == count,
            f"I-4: {pair.name} says {pair.merged['length']} frames, has {count}",
        )
        # What lists not all tasks of its rows is not believed.
        numbers = pair.view.rows_by_episode[pair.source["episode_index"]].table["task_index"].to_pylist()
        of_rows = {pair.view.tasks[number] for number in numbers}
        tasks = pair.source["tasks"] if of_rows <= set(pair.source["tasks"]) else of_rows
        findings.expect(
            sorted(pair.merged["tasks"]) == sorted(tasks),
            f"episodes: {pair.name} has the tasks {pair.merged['tasks']}, not {sorted(tasks)}",
        )
        unknown = set(pair.merged["tasks"]) - set(merged.tasks)
        findings.expect(
            not unknown, f"I-6: {pair.name} names tasks that are not in the table: {sorted(unknown)}"
        )
        for column, value in pair.source.items():
            known = column in shifted or column.startswith(("data/", "videos/", "meta/episodes/", "stats/"))
            if known or column in ("length", "tasks"):
                continue
            findings.expect(
                column in pair.merged and pair.merged[column] == value,
                f"episodes: {pair.name} has {column} = {pair.merged.get(column, 'absent')!r}, its source {value!r}",
            )
        for key in merged.video_keys:
            begin, end = (
                pair.merged[f"videos/{key}/from_timestamp"],
                pair.merged[f"videos/{key}/to_timestamp"],
            )
            findings.expect(
                abs((end - begin) - count / merged.fps) < SECONDS_TOLERANCE,
                f"I-7: {pair.name} of {count} frames spans {begin} s to {end} s in the video of {key}",
            )


def check_statistics(
    merged: DatasetView,
    sources: list[DatasetView],
    pairing: Pairing,
    options: MergeOptions,
    findings: Findings,
) -> None:
    for pair in pairing.matched:
        of_rows = _Measured(merged, pair)
        for column, value in pair.source.items():
            if column.startswith("stats/") and value is not None and not of_rows.agrees(column):
                _check_cell(pair, column, value, merged, sources, findings)
        for column, value in pair.merged.items():
            if column.startswith("stats/") and value is not None and pair.source.get(column) is None:
                feature = column.split("/", 1)[1].rsplit("/", 1)[0]
                findings.expect(
                    feature in BOOKKEEPING or of_rows.agrees(column),
                    f"3.4: {pair.name} has {column}, its source has none",
                )


class _Measured:
    """The statistics of one episode's rows, where the merge measures them."""

    def __init__(self, merged: DatasetView, pair: Pair):
        self.merged, self.pair, self.features = merged, pair, {}

    def agrees(self, column: str) -> bool:
        """Whether the merged dataset states what its rows show."""
        feature, stat = column.removeprefix("stats/").rsplit("/", 1)
        found = self.pair.merged.get(column)
        known = feature in self.merged.features and feature not in BOOKKEEPING
        if found is None or not known or not (self.merged.is_measured and self.merged.is_numeric(feature)):
            return False
        if feature not in self.features:
            self.features[feature] = measured(_column(self.merged, self.pair.merged_number, feature))
        truth = self.features[feature]
        return stat in truth and is_measured(stat, numbers(found), truth)


def _check_cell(
    pair: Pair, column: str, value, merged: DatasetView, sources: list[DatasetView], findings: Findings
) -> None:
    feature, stat = column.removeprefix("stats/").rsplit("/", 1)
    found = pair.merged.get(column)
    if found is None:
        everywhere = all(column in view.episode_columns for view in sources)
        findings.expect(
            is_quantile(stat) and not everywhere, f"3.4: {pair.name} has lost {column}"
        )  # quantiles that some source lacks may be dropped, W-15
        return
    if feature == "task_index" and stat != "count":
        names = [
            pair.view.tasks[number]
            for number in _column(pair.view, pair.source["episode_index"], "task_index")
        ]
        values = np.array([merged.tasks.index(name) for name in names], dtype=np.float64)
        problem = bookkeeping_problem(stat, numbers(found), values)
        findings.expect(problem is None, f"W-5: {pair.name}, {column}: {problem}")
        return
    offset = {"episode_index": pair.episodes_before, "index": pair.frames_before}.get(feature, 0)
    if stat in ("std", "count"):
        offset = 0
    expected = numbers(value) + offset
    if feature in ("episode_index", "index") and stat != "count":
        length = pair.view.rows_by_episode[pair.source["episode_index"]].table.num_rows
        before = pair.frames_before + pair.source["dataset_from_index"]
        truth = np.arange(before, before + length) if feature == "index" else np.full(length, pair.source["episode_index"] + pair.episodes_before)
        if bookkeeping_problem(stat, expected, truth.astype(np.float64)) is not None:
            # The source's statistic is stale from an earlier merge. The result must have the true
            # one.
            problem = bookkeeping_problem(stat, numbers(found), truth.astype(np.float64))
            findings.expect(problem is None, f"3.4: {pair.name}, {column}: {problem}")
            return
    findings.expect(
        numbers(found).shape == expected.shape
        and bool(np.array_equal(numbers(found), expected, equal_nan=True)),
        f"3.4: {pair.name} has {column} = {found}, not {expected.tolist()}",
    )


def _column(view: DatasetView, episode: int, name: str) -> list[int]:
    return view.rows_by_episode[episode].table.column(name).to_pylist()
