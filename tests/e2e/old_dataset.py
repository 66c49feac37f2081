"""Makes a small LeRobot dataset of v2.1 or v2.0: a data file, and a video, for each episode. Needs
pyarrow only."""

import json
from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
from tiny_dataset import COUNTERS, DEFAULT_FEATURES, feature, make_columns, split_by_episode, statistics
from tiny_video import FRAME_TICKS, HEIGHT, WIDTH, make_mp4

DATA = "data/chunk-{episode_chunk:03d}/episode_{episode_index:06d}.parquet"
VIDEO = "videos/chunk-{episode_chunk:03d}/{video_key}/episode_{episode_index:06d}.mp4"


def data_path(root: Path, episode: int, chunk: int = 0) -> Path:
    return root / DATA.format(episode_chunk=chunk, episode_index=episode)


def video_path(root: Path, episode: int, chunk: int = 0) -> Path:
    return root / VIDEO.format(episode_chunk=chunk, episode_index=episode, video_key="camera")


def make_old_dataset(
    root: Path,
    *,
    lengths: tuple[int, ...] = (5, 7),
    task: str = "stack the cups",
    version: str = "v2.1",
    seed: int | None = 1,
    fps: int = 10,
    num_values: int = 2,
) -> Path:
    """One episode for each of `lengths`, with the camera `camera` unless `seed` is None."""
    features = {"observation.state": feature("float32", [num_values])}
    features |= {name: feature(dtype, [1]) for name, dtype in DEFAULT_FEATURES.items()}
    columns = make_columns(lengths, fps, num_values)
    episodes = split_by_episode(columns, lengths)
    for number, episode in enumerate(episodes):
        write_episode(data_path(root, number), episode, num_values)
    stats = [{name: number_statistics(name, rows) for name, rows in episode.items()} for episode in episodes]
    whole = {name: statistics(rows) for name, rows in columns.items()}
    if seed is not None:
        shape = {"shape": [HEIGHT, WIDTH, 3], "names": ["height", "width", "channels"]}
        info = {"video.codec": "mpeg4", "video.fps": 10}
        features = {"camera": {"dtype": "video", **shape, "info": info}} | features
        picture = {stat: [[[0.5]], [[0.25]], [[0.75]]] for stat in ("min", "max", "mean", "std")}
        whole["camera"] = picture
        for number, length in enumerate(lengths):
            write_video(video_path(root, number), length, seed + number)
            stats[number] = {"camera": picture | {"count": [length]}} | stats[number]
    (root / "meta").mkdir(parents=True, exist_ok=True)
    write_lines(root / "meta/tasks.jsonl", [{"task_index": 0, "task": task}])
    write_lines(
        root / "meta/episodes.jsonl",
        [{"episode_index": number, "tasks": [task], "length": length} for number, length in enumerate(lengths)],
    )
    if version == "v2.0":
        for one in whole.values():
            one.pop("count", None)
        (root / "meta/stats.json").write_text(json.dumps(whole, indent=4))
    else:
        lines = [{"episode_index": number, "stats": one} for number, one in enumerate(stats)]
        write_lines(root / "meta/episodes_stats.jsonl", lines)
    info = {
        "codebase_version": version,
        "robot_type": "toy_arm",
        "total_episodes": len(lengths),
        "total_frames": sum(lengths),
        "total_tasks": 1,
        "total_videos": 0 if seed is None else len(lengths),
        "total_chunks": 1,
        "chunks_size": 1000,
        "fps": fps,
        "splits": {"train": f"0:{len(lengths)}"},
        "data_path": DATA,
        "video_path": None if seed is None else VIDEO,
        "features": features,
    }
    (root / "meta/info.json").write_text(json.dumps(info, indent=4))
    return root


def number_statistics(name: str, rows: list) -> dict:
    """As LeRobot 0.3.3 writes them: the least and greatest integer are integers."""
    stats = statistics(rows)
    if name in COUNTERS:
        stats |= {stat: [int(number) for number in stats[stat]] for stat in ("min", "max")}
    return stats


def write_episode(path: Path, episode: dict[str, list], num_values: int) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    state = pa.array(episode["observation.state"], pa.list_(pa.float32(), num_values))
    columns = {"observation.state": state}
    for name, dtype in DEFAULT_FEATURES.items():
        columns[name] = pa.array([row[0] for row in episode[name]], pa.type_for_alias(dtype))
    pq.write_table(pa.table(columns), path, compression="snappy")


def write_video(path: Path, num_frames: int, seed: int, first_tick: int = 0) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(make_mp4([first_tick + number * FRAME_TICKS for number in range(num_frames)], seed))


def write_lines(path: Path, objects: list[dict]) -> None:
    path.write_text("".join(json.dumps(one) + "\n" for one in objects))


def read_lines(path: Path) -> list[dict]:
    return [json.loads(line) for line in path.read_text().splitlines() if line.strip()]


def edit_lines(path: Path, change: Callable[[list[dict]], list[dict] | None]) -> None:
    lines = read_lines(path)
    write_lines(path, change(lines) or lines)
