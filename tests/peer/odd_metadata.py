"""Makes odd sources of good ones, in place: edits of info.json, stats.json, tasks.parquet and the
episodes files.

Every function takes the root of a dataset and returns nothing. The results are valid, or contradict
the payload. Broken files are made by broken_sources.py.
"""

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from dataset_view import DatasetView

OLD_INFO_KEYS = [
    "codebase_version", "robot_type", "total_episodes", "total_frames", "total_tasks", "chunks_size",
    "data_files_size_in_mb", "video_files_size_in_mb", "fps", "splits", "data_path", "video_path", "features",
]  # fmt: skip
OWN_DATA_PATH = "data/part-{chunk_index:03d}/rows-{file_index:05d}.parquet"
OWN_VIDEO_PATH = "videos/{video_key}/part-{chunk_index:03d}/clip-{file_index:05d}.mp4"
TOOL = {"type": "function", "function": {"name": "grip", "parameters": {"type": "object", "properties": {}}}}


def write_json(path: Path, value) -> None:
    path.write_text(json.dumps(value, indent=4, ensure_ascii=False))


def edit_info(root: Path, edit: Callable[[dict], None]) -> None:
    path = root / "meta/info.json"
    info = json.loads(path.read_text())
    edit(info)
    write_json(path, info)


def edit_stats(root: Path, edit: Callable[[dict], None]) -> None:
    path = root / "meta/stats.json"
    stats = json.loads(path.read_text())
    edit(stats)
    write_json(path, stats)


def edit_episodes(root: Path, edit: Callable[[pa.Table], pa.Table]) -> None:
    for path in sorted((root / "meta/episodes").glob("*/*.parquet")):
        pq.write_table(edit(pq.read_table(path)), path)


def set_column(table: pa.Table, name: str, values, type_: pa.DataType | None = None) -> pa.Table:
    array = pa.array(values, type_)
    if name not in table.column_names:
        return table.append_column(name, array)
    return table.set_column(table.column_names.index(name), name, array)


# -- info.json


def set_info(root: Path, **values) -> None:
    edit_info(root, lambda info: info.update(values))


def old_info_order(root: Path) -> None:
    """The order of keys in recordings from before April 2026."""
    info = json.loads((root / "meta/info.json").read_text())
    write_json(root / "meta/info.json", {key: info[key] for key in OLD_INFO_KEYS})


def old_video_info(root: Path) -> None:
    """As recordings of 2025: no encoder settings, and the depth marker under its old name."""
    kept = {
        "video.height",
        "video.width",
        "video.codec",
        "video.pix_fmt",
        "video.fps",
        "video.channels",
        "has_audio",
    }

    def edit(info: dict) -> None:
        for feature in info["features"].values():
            if feature["dtype"] == "video":
                depth = feature["info"].get("is_depth_map", False)
                old = {key: value for key, value in feature["info"].items() if key in kept}
                feature["info"] = old | {"video.is_depth_map": depth}

    edit_info(root, edit)


def feature_level_fps(root: Path) -> None:
    """What the converter from v2.1 leaves in every feature that is no video (W-17)."""

    def edit(info: dict) -> None:
        for feature in info["features"].values():
            if feature["dtype"] != "video":
                feature["fps"] = info["fps"]

    edit_info(root, edit)


def reversed_features(root: Path) -> None:
    edit_info(root, lambda info: info.update(features=dict(reversed(info["features"].items()))))


def edit_feature(root: Path, name: str, **values) -> None:
    edit_info(root, lambda info: info["features"][name].update(values))


def edit_feature_info(root: Path, name: str, **values) -> None:
    edit_info(
        root,
        lambda info: info["features"][name]["info"].update(
            {k.replace("__", "."): v for k, v in values.items()}
        ),
    )


def without_feature(root: Path, name: str) -> None:
    edit_info(root, lambda info: info["features"].pop(name))


def own_templates(root: Path) -> None:
    """Other names for data and video files, as info.json allows (W-18)."""
    view = DatasetView(root)
    moves = {}
    for row in view.episodes:
        slot = {"chunk_index": row["data/chunk_index"], "file_index": row["data/file_index"]}
        moves[view.data_path(**slot)] = root / OWN_DATA_PATH.format(**slot)
        for key in view.video_keys:
            slot = {name: row[f"videos/{key}/{name}"] for name in ("chunk_index", "file_index")}
            moves[view.video_path(key, **slot)] = root / OWN_VIDEO_PATH.format(video_key=key, **slot)
    for old, new in moves.items():
        new.parent.mkdir(parents=True, exist_ok=True)
        old.rename(new)
        if not any(old.parent.iterdir()):
            old.parent.rmdir()
    set_info(root, data_path=OWN_DATA_PATH, video_path=OWN_VIDEO_PATH if view.video_keys else None)


# -- statistics


def without_stats_file(root: Path) -> None:
    (root / "meta/stats.json").unlink()


def without_statistics_of(root: Path, feature: str) -> None:
    edit_stats(root, lambda stats: stats.pop(feature))
    edit_episodes(
        root,
        lambda table: table.drop_columns(
            [n for n in table.column_names if n.startswith(f"stats/{feature}/")]
        ),
    )


def without_quantiles(root: Path) -> None:
    """Converted datasets and early recordings have no quantiles (W-15)."""

    def edit(stats: dict) -> None:
        for feature in stats.values():
            for stat in ("q01", "q10", "q50", "q90", "q99"):
                feature.pop(stat, None)

    edit_stats(root, edit)
    edit_episodes(
        root,
        lambda table: table.drop_columns(
            [n for n in table.column_names if n.startswith("stats/") and n.rsplit("/q", 1)[-1].isdigit()]
        ),
    )


def old_generation_statistics(root: Path, stats: tuple[str, ...] = ("min", "max")) -> None:
    """Minimum and maximum in the feature's own type, as before June 2026: list<int64> and
    list<bool> (W-14)."""
    features = DatasetView(root).features
    kinds = {}
    for name, feature in features.items():
        if feature["dtype"] == "bool":
            kinds[name] = (bool, pa.bool_())
        elif feature["dtype"].startswith(("int", "uint")):
            kinds[name] = (int, pa.int64())

    def edit_table(table: pa.Table) -> pa.Table:
        for name, (convert, type_) in kinds.items():
            for stat in stats:
                column = f"stats/{name}/{stat}"
                if column in table.column_names:
                    values = [[convert(value) for value in cell] for cell in table.column(column).to_pylist()]
                    table = set_column(table, column, values, pa.list_(type_))
        return table

    def edit_json(described: dict) -> None:
        for name, (convert, _) in kinds.items():
            for stat in stats:
                described[name][stat] = [convert(value) for value in described[name][stat]]

    edit_episodes(root, edit_table)
    edit_stats(root, edit_json)


def whole_number_statistics(root: Path) -> None:
    """Means and deviations are cut to whole numbers too, as LeRobot's own test fixtures write them
    for integers."""
    old_generation_statistics(root, ("min", "max", "mean", "std"))


# -- tasks


def unnamed_task_index(root: Path) -> None:
    """tasks.parquet of 2025: the strings in a column `__index_level_0__`."""
    path = root / "meta/tasks.parquet"
    frame = pq.read_table(path).to_pandas()
    frame.index.name = None
    frame.to_parquet(path)


def tasks_out_of_order(root: Path) -> None:
    path = root / "meta/tasks.parquet"
    table = pq.read_table(path)
    pq.write_table(table.take(list(reversed(range(len(table))))), path)


# -- episodes


def extra_episode_column(root: Path) -> None:
    """Columns that LeRobot does not know and that a merge carries through (1.7)."""

    def edit(table: pa.Table) -> pa.Table:
        numbers = table.column("episode_index").to_pylist()
        table = set_column(table, "operator", [f"operator {number % 2}" for number in numbers], pa.string())
        return set_column(table, "score", [number / 4 for number in numbers], pa.float32())

    edit_episodes(root, edit)


def reversed_episode_columns(root: Path) -> None:
    edit_episodes(root, lambda table: table.select(list(reversed(table.column_names))))


def all_in_episodes_file(root: Path, file_index: int) -> None:
    """Every row names another episodes file than the one it is in, as in results of LeRobot's own
    merge (W-1)."""
    edit_episodes(
        root,
        lambda table: set_column(table, "meta/episodes/file_index", [file_index] * len(table), pa.int64()),
    )


def short_to_timestamps(root: Path) -> None:
    """`to_timestamp` is one frame short in every row, as in a public recording (1.12)."""
    view = DatasetView(root)

    def edit(table: pa.Table) -> pa.Table:
        for key in view.video_keys:
            column = f"videos/{key}/to_timestamp"
            table = set_column(
                table, column, [value - 1 / view.fps for value in table.column(column).to_pylist()]
            )
        return table

    edit_episodes(root, edit)


def lying_length(root: Path, episode: int, length: int) -> None:
    def edit(table: pa.Table) -> pa.Table:
        numbers, lengths = table.column("episode_index").to_pylist(), table.column("length").to_pylist()
        return set_column(
            table,
            "length",
            [length if n == episode else old for n, old in zip(numbers, lengths, strict=True)],
        )

    edit_episodes(root, edit)


def consistently_lying_length(root: Path, length: int) -> None:
    """All metadata say that the last episode has `length` frames. Only the rows contradict them."""
    view = DatasetView(root)
    last = view.episodes[-1]
    lying_length(root, last["episode_index"], length)

    def edit(table: pa.Table) -> pa.Table:
        ends = table.column("dataset_to_index").to_pylist()
        ends[-1] = last["dataset_from_index"] + length
        return set_column(table, "dataset_to_index", ends, pa.int64())

    edit_episodes(root, edit)
    set_info(root, total_frames=last["dataset_from_index"] + length)


def tasks_of_episodes(root: Path, tasks: list[str]) -> None:
    edit_episodes(root, lambda table: set_column(table, "tasks", [tasks] * len(table), pa.list_(pa.string())))


def emptied(root: Path) -> None:
    """The dataset of a session in which no episode was kept. It has tasks only (W-20)."""
    shutil.rmtree(root / "data")
    shutil.rmtree(root / "meta/episodes")
    shutil.rmtree(root / "videos", ignore_errors=True)
    (root / "meta/stats.json").unlink()
    set_info(root, total_episodes=0, total_frames=0, splits={})


def with_subtasks(root: Path, text: str = "reach") -> None:
    """A dataset of the months in which there was a table of subtasks (1.11)."""
    pq.write_table(pa.table({"subtask_index": [0], "subtask": [text]}), root / "meta/subtasks.parquet")
    feature = {"dtype": "int64", "shape": [1], "names": None}
    edit_info(root, lambda info: info["features"].update(subtask_index=feature))
    for path in sorted((root / "data").glob("*/*.parquet")):
        table = pq.read_table(path)
        pq.write_table(set_column(table, "subtask_index", [0] * len(table), pa.int64()), path)
