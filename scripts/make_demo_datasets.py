#!/usr/bin/env python3
"""Makes three small LeRobot v3.0 datasets in a folder: source-0, source-1, source-2. Needs pyarrow, and ffmpeg for cameras.

Each has three episodes of a few seconds, an arm with four joints and two cameras; two of them share
a task. Without ffmpeg they have no cameras. The same call makes the same datasets.
"""

import argparse
import json
import math
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

FPS = 30
HEIGHT, WIDTH = 120, 160
JOINTS = ["shoulder", "elbow", "wrist", "gripper"]
CAMERAS = {"observation.images.top": "testsrc2", "observation.images.wrist": "rgbtestsrc"}
TASKS = ["stack the cups", "open the drawer", "stack the cups"]
LENGTHS = [[60, 75, 45], [50, 40, 90], [30, 60, 70]]

DATA_PATH = "data/chunk-{chunk_index:03d}/file-{file_index:03d}.parquet"
VIDEO_PATH = "videos/{video_key}/chunk-{chunk_index:03d}/file-{file_index:03d}.mp4"
PATTERN = {"chunk_index": 0, "file_index": 0}


def features(has_cameras: bool) -> dict:
    joints = {"dtype": "float32", "shape": [len(JOINTS)], "names": JOINTS}
    camera = {
        "dtype": "video",
        "shape": [HEIGHT, WIDTH, 3],
        "names": ["height", "width", "channels"],
        "info": {
            "video.height": HEIGHT,
            "video.width": WIDTH,
            "video.codec": "h264",
            "video.pix_fmt": "yuv420p",
            "video.fps": FPS,
            "video.channels": 3,
            "has_audio": False,
            "is_depth_map": False,
        },
    }
    integer = {"dtype": "int64", "shape": [1], "names": None}
    return {
        "action": joints,
        "observation.state": joints,
        **(dict.fromkeys(CAMERAS, camera) if has_cameras else {}),
        "timestamp": {"dtype": "float32", "shape": [1], "names": None},
        **dict.fromkeys(["frame_index", "episode_index", "index", "task_index"], integer),
    }


def rows(number: int, first_index: int, episode: int, length: int) -> pa.Table:
    """The frames of one episode as a data file holds them."""
    goals = [[math.sin(0.05 * frame + joint + number + episode) for joint in range(4)] for frame in range(length)]
    states = [[0.9 * value for value in goal] for goal in goals]
    joints = pa.list_(pa.float32(), len(JOINTS))
    return pa.table(
        {
            "action": pa.array(goals, joints),
            "observation.state": pa.array(states, joints),
            "timestamp": pa.array([frame / FPS for frame in range(length)], pa.float32()),
            "frame_index": pa.array(range(length), pa.int64()),
            "episode_index": pa.array([episode] * length, pa.int64()),
            "index": pa.array(range(first_index, first_index + length), pa.int64()),
            "task_index": pa.array([0] * length, pa.int64()),
        }
    )


def encode(path: Path, picture: str, hue: int, length: int) -> None:
    path.parent.mkdir(parents=True)
    source = f"{picture}=size={WIDTH}x{HEIGHT}:rate={FPS},hue=h={hue}:s=1+0.2*sin(t)"
    command = ["ffmpeg", "-v", "error", "-nostdin", "-f", "lavfi", "-i", source, "-frames:v", str(length)]
    # One thread and bit-exact: the same file on every machine with the same encoder.
    encoder = ["-c:v", "libx264", "-g", "2", "-bf", "0", "-pix_fmt", "yuv420p", "-threads", "1", "-bitexact"]
    subprocess.run([*command, *encoder, "-movflags", "+faststart", str(path)], check=True)


def planes(path: Path) -> list[list[pa.Array]]:
    """The red, green and blue bytes of each frame of a video."""
    command = ["ffmpeg", "-v", "error", "-nostdin", "-i", str(path), "-f", "rawvideo", "-pix_fmt", "gbrp", "-"]
    data = subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout
    size = HEIGHT * WIDTH
    pixels = pa.Array.from_buffers(pa.uint8(), len(data), [None, pa.py_buffer(data)])
    frames = range(0, len(data), 3 * size)
    return [[pixels.slice(frame + plane * size, size) for plane in (2, 0, 1)] for frame in frames]


def statistics(values: list[pa.Array], count: int, scale: float = 1.0) -> dict:
    """LeRobot's statistics of a feature, one array of values for each of its components."""
    quantiles = {"q01": 0.01, "q10": 0.10, "q50": 0.50, "q90": 0.90, "q99": 0.99}
    columns = [component.cast(pa.float64()) for component in values]
    result = {
        "min": [pc.min(column).as_py() * scale for column in columns],
        "max": [pc.max(column).as_py() * scale for column in columns],
        "mean": [pc.mean(column).as_py() * scale for column in columns],
        "std": [pc.stddev(column).as_py() * scale for column in columns],
        "count": [count],
    }
    for name, place in quantiles.items():
        result[name] = [pc.quantile(column, q=place)[0].as_py() * scale for column in columns]
    return result


def statistics_of_rows(table: pa.Table) -> dict:
    result = {}
    for name in table.column_names:
        column = table[name].combine_chunks()
        parts = [column]
        if pa.types.is_fixed_size_list(column.type):
            parts = [pc.list_element(column, place) for place in range(column.type.list_size)]
        result[name] = statistics(parts, len(table))
    return result


def statistics_of_frames(frames: list[list[pa.Array]]) -> dict:
    """A camera's statistics over the pixels of all frames, in [0, 1]; each channel's value is
    nested as (1, 1)."""
    channels = [pa.chunked_array([frame[channel] for frame in frames]) for channel in range(3)]
    result = statistics(channels, len(frames), 1 / 255)
    return {name: value if name == "count" else [[[v]] for v in value] for name, value in result.items()}


def each(function: Callable[[tuple], float], values: list) -> list | float:
    """`function` of the numbers at each place of lists of one form."""
    if isinstance(values[0], list):
        return [each(function, list(place)) for place in zip(*values, strict=True)]
    return function(tuple(values))


def aggregated(parts: list[dict]) -> dict:
    """LeRobot's statistics of a feature of the whole, from those of its episodes."""
    of = {key: [part[key] for part in parts] for key in parts[0]}
    counts = [count for (count,) in of["count"]]

    def average(values: tuple) -> float:
        return sum(count * value for count, value in zip(counts, values, strict=True)) / sum(counts)

    mean = each(average, of["mean"])
    squares = [each(lambda v: v[0] ** 2 + v[1] ** 2, list(pair)) for pair in zip(of["std"], of["mean"], strict=True)]
    result = {"count": [sum(counts)], "mean": mean}
    result["std"] = each(lambda v: max(0.0, v[0] - v[1] ** 2) ** 0.5, [each(average, squares), mean])
    for key in of.keys() - result.keys():
        result[key] = each(max if key in ("max", "q90", "q99") else min, of[key])
    return {key: result[key] for key in parts[0]}


def write_json(path: Path, value: dict) -> None:
    path.write_text(json.dumps(value, indent=4, ensure_ascii=False), encoding="utf-8")


def make_dataset(root: Path, number: int, has_cameras: bool) -> None:
    lengths = LENGTHS[number]
    num_frames = sum(lengths)
    starts = [sum(lengths[:episode]) for episode in range(len(lengths))]
    parts = [rows(number, *place) for place in zip(starts, range(len(lengths)), lengths, strict=True)]
    for folder in ["meta/episodes/chunk-000", "data/chunk-000"]:
        (root / folder).mkdir(parents=True)

    with pq.ParquetWriter(root / DATA_PATH.format(**PATTERN), parts[0].schema) as writer:
        for part in parts:  # a row group for each episode, as LeRobot's recorder writes them
            writer.write_table(part)

    frames_of = {}
    for place, (camera, picture) in enumerate(CAMERAS.items() if has_cameras else []):
        path = root / VIDEO_PATH.format(video_key=camera, **PATTERN)
        encode(path, picture, 60 * number + 180 * place, num_frames)
        frames_of[camera] = planes(path)
        if len(frames_of[camera]) != num_frames:
            sys.exit(f"{path}: expected {num_frames} frames, found {len(frames_of[camera])}")

    episodes, all_statistics = [], []
    for episode, (start, length, part) in enumerate(zip(starts, lengths, parts, strict=True)):
        row = {
            "episode_index": episode,
            "tasks": [TASKS[number]],
            "length": length,
            "data/chunk_index": 0,
            "data/file_index": 0,
            "dataset_from_index": start,
            "dataset_to_index": start + length,
        }
        for camera in frames_of:
            row |= {f"videos/{camera}/chunk_index": 0, f"videos/{camera}/file_index": 0}
            row |= {f"videos/{camera}/from_timestamp": start / FPS}
            row |= {f"videos/{camera}/to_timestamp": (start + length) / FPS}
        of_episode = statistics_of_rows(part)
        of_episode |= {camera: statistics_of_frames(frames[start : start + length]) for camera, frames in frames_of.items()}
        all_statistics.append(of_episode)
        row |= {f"stats/{name}/{key}": value for name, stats in of_episode.items() for key, value in stats.items()}
        row |= {"meta/episodes/chunk_index": 0, "meta/episodes/file_index": 0}
        episodes.append(row)
    pq.write_table(pa.Table.from_pylist(episodes), root / "meta/episodes/chunk-000/file-000.parquet")

    tasks = pa.table({"task_index": pa.array([0], pa.int64()), "task": [TASKS[number]]})
    # pandas reads the task strings as the index of the table, and so does LeRobot.
    columns = [("task_index", "int64", "int64"), ("task", "unicode", "object")]
    keys = ["name", "field_name", "pandas_type", "numpy_type", "metadata"]
    columns = [dict(zip(keys, [name, name, *types, None], strict=True)) for name, *types in columns]
    pandas = json.dumps({"index_columns": ["task"], "column_indexes": [], "columns": columns})
    pq.write_table(tasks.replace_schema_metadata({"pandas": pandas}), root / "meta/tasks.parquet")

    of_dataset = {name: aggregated([one[name] for one in all_statistics]) for name in all_statistics[0]}
    write_json(root / "meta/stats.json", of_dataset)
    info = {
        "codebase_version": "v3.0",
        "fps": FPS,
        "features": features(has_cameras),
        "total_episodes": len(lengths),
        "total_frames": num_frames,
        "total_tasks": 1,
        "chunks_size": 1000,
        "data_files_size_in_mb": 100,
        "video_files_size_in_mb": 200,
        "data_path": DATA_PATH,
        "video_path": VIDEO_PATH if has_cameras else None,
        "robot_type": "demo_arm",
        "splits": {"train": f"0:{len(lengths)}"},
    }
    write_json(root / "meta/info.json", info)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path, help="where to make them; made if it is not there")
    folder = parser.parse_args().folder
    has_cameras = shutil.which("ffmpeg") is not None
    for number in range(len(LENGTHS)):
        root = folder / f"source-{number}"
        make_dataset(root, number, has_cameras)
        cameras = "two cameras" if has_cameras else "no camera, as there is no ffmpeg"
        print(f"made {root}: {len(LENGTHS[number])} episodes, {sum(LENGTHS[number])} frames, {cameras}")


if __name__ == "__main__":
    main()
