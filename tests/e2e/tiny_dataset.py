"""Makes a small LeRobot v3.0 dataset without video. Needs pyarrow only."""

import json
import math
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

COUNTERS = ("frame_index", "episode_index", "index", "task_index")
DEFAULT_FEATURES = {"timestamp": "float32"} | dict.fromkeys(COUNTERS, "int64")


def feature(dtype: str, shape: list[int]) -> dict:
    return {"dtype": dtype, "shape": shape, "names": None}


def make_tiny_dataset(
    root: Path,
    *,
    lengths: tuple[int, ...] = (5, 7),
    task: str = "stack the cups",
    fps: int = 10,
    num_values: int = 2,
    with_stats: bool = True,
) -> Path:
    """Writes a dataset with one episode per entry of `lengths`; `num_values` numbers of state per
    frame."""
    features = {"observation.state": feature("float32", [num_values])}
    features |= {name: feature(dtype, [1]) for name, dtype in DEFAULT_FEATURES.items()}
    columns = make_columns(lengths, fps, num_values)
    (root / "meta").mkdir(parents=True)
    write_data(root / "data/chunk-000/file-000.parquet", columns, lengths, num_values)
    write_tasks(root / "meta/tasks.parquet", task)
    episodes = split_by_episode(columns, lengths)
    stats = [{name: statistics(values) for name, values in episode.items()} for episode in episodes]
    write_episodes(root / "meta/episodes/chunk-000/file-000.parquet", lengths, task, stats)
    if with_stats:
        whole = {name: statistics(values) for name, values in columns.items()}
        (root / "meta/stats.json").write_text(json.dumps(whole, indent=4))
    info = {
        "codebase_version": "v3.0",
        "robot_type": "toy_arm",
        "total_episodes": len(lengths),
        "total_frames": sum(lengths),
        "total_tasks": 1,
        "chunks_size": 1000,
        "data_files_size_in_mb": 100,
        "video_files_size_in_mb": 200,
        "fps": fps,
        "splits": {"train": f"0:{len(lengths)}"},
        "data_path": "data/chunk-{chunk_index:03d}/file-{file_index:03d}.parquet",
        "video_path": None,
        "features": features,
    }
    (root / "meta/info.json").write_text(json.dumps(info, indent=4))
    return root


def make_columns(lengths: tuple[int, ...], fps: int, num_values: int) -> dict[str, list[list[float]]]:
    """Every column as a list of rows, each row a list of numbers."""
    frames = [(episode, frame) for episode, length in enumerate(lengths) for frame in range(length)]
    return {
        "observation.state": [[math.sin(at * (joint + 1)) for joint in range(num_values)] for at in range(len(frames))],
        "timestamp": [[frame / fps] for _, frame in frames],
        "frame_index": [[frame] for _, frame in frames],
        "episode_index": [[episode] for episode, _ in frames],
        "index": [[at] for at in range(len(frames))],
        "task_index": [[0] for _ in frames],
    }


def split_by_episode(columns: dict[str, list], lengths: tuple[int, ...]) -> list[dict[str, list]]:
    first, episodes = 0, []
    for length in lengths:
        episodes.append({name: rows[first : first + length] for name, rows in columns.items()})
        first += length
    return episodes


def statistics(rows: list[list[float]]) -> dict[str, list[float]]:
    count = len(rows)
    values = list(zip(*rows))
    means = [sum(column) / count for column in values]
    deviations = [math.sqrt(sum((x - mean) ** 2 for x in column) / count) for column, mean in zip(values, means)]
    return {
        "min": [float(min(column)) for column in values],
        "max": [float(max(column)) for column in values],
        "mean": means,
        "std": deviations,
        "count": [count],
    }


def write_data(path: Path, columns: dict[str, list], lengths: tuple[int, ...], num_values: int) -> None:
    """One row group per episode, as LeRobot's recorder writes them."""
    path.parent.mkdir(parents=True)
    state_type = pa.list_(pa.float32(), num_values)
    types = {name: pa.type_for_alias(dtype) for name, dtype in DEFAULT_FEATURES.items()}
    schema = pa.schema([("observation.state", state_type), *types.items()])
    with pq.ParquetWriter(path, schema, compression="snappy") as writer:
        for episode in split_by_episode(columns, lengths):
            arrays = [pa.array(episode["observation.state"], state_type)]
            arrays += [pa.array([row[0] for row in episode[name]], column_type) for name, column_type in types.items()]
            writer.write_table(pa.Table.from_arrays(arrays, schema=schema), row_group_size=len(arrays[0]))


def write_tasks(path: Path, task: str) -> None:
    """Writes the table as pandas would write a frame whose index is the task."""
    pandas = {"index_columns": ["task"], "column_indexes": [], "columns": [], "creator": {}, "pandas_version": "2.3.3"}
    table = pa.table({"task_index": pa.array([0], pa.int64()), "task": [task]})
    pq.write_table(table.replace_schema_metadata({"pandas": json.dumps(pandas)}), path)


def write_episodes(path: Path, lengths: tuple[int, ...], task: str, stats: list[dict]) -> None:
    path.parent.mkdir(parents=True)
    starts = [sum(lengths[:episode]) for episode in range(len(lengths))]
    zeros = [0] * len(lengths)
    columns = {
        "episode_index": list(range(len(lengths))),
        "tasks": [[task] for _ in lengths],
        "length": list(lengths),
        "data/chunk_index": zeros,
        "data/file_index": zeros,
        "dataset_from_index": starts,
        "dataset_to_index": [start + length for start, length in zip(starts, lengths)],
    }
    for name in stats[0]:
        for stat in stats[0][name]:
            columns[f"stats/{name}/{stat}"] = [episode[name][stat] for episode in stats]
    columns |= {"meta/episodes/chunk_index": zeros, "meta/episodes/file_index": zeros}
    pq.write_table(pa.table(columns), path, compression="snappy")
