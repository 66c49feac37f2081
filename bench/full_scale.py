#!/usr/bin/env python3
"""Measures what each stage of a merge of 10 TB costs, with all of its datasets, on one machine with 20 GB of disk.

    bench/full_scale.py --launch-seconds S [--robomerge PATH] [--data DIR] [--scale X] [-o FILE]

Two merges of the same 10 TB and 1.35 million episodes with three cameras: 50,000 shards of 27
episodes (200 MB), and 1,000 datasets of 1,350 episodes (10 GB). Describing and planning read
metadata and indexes only, and the same dataset twice is a valid pair of sources, so one dataset
listed 50,000 times costs as much as 50,000 datasets whose metadata is in the page cache. Everything
is described and planned in full. Of the write stage, some ranks of a few gigabytes each are run.
Publishing is measured on a small merge of many files. A destination of 10 TB needs that much room,
so it lies on an XFS volume of that size in a sparse file: this needs root, and what is not written
takes no space. bench/model_distributed.py makes docs/distributed.md's table of the result.
"""

import argparse
import json
import os
import subprocess
import sys
import time
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "scripts"))

import make_demo_datasets as demo  # noqa: E402
from inputs import remove_tree  # noqa: E402
from machine import describe_machine  # noqa: E402
from measure import Run, read_into_page_cache, run  # noqa: E402
from xfs import xfs_volume  # noqa: E402

EPISODES_PER_SHARD, FRAMES_PER_EPISODE, FPS = 27, 300, 30
CAMERAS = [f"observation.images.{name}" for name in ("left", "right", "wrist")]
NUM_JOINTS = 14
#: Noise cannot be compressed: these frames take 8 kB each, so that a shard has 200 MB and three of
#: its videos fill a file.
WIDTH, HEIGHT = 96, 64
SHARDS_PER_LARGE = 50
NUM_SHARDS = 50_000
DESCRIBE_RANKS = 8
#: Ranks of these sizes are written, so that the fixed part of a rank and its bandwidth can be told
#: apart.
WRITTEN_BYTES = (0.2e9, 2e9)
ROUNDS = 3
VOLUME_BYTES = 12e12
LIMIT_SECONDS = 3600


def make_shard(root: Path) -> None:
    """One shard; its numbers and pictures are noise."""
    total = EPISODES_PER_SHARD * FRAMES_PER_EPISODE
    joints = pa.list_(pa.float32(), NUM_JOINTS)
    integers = ("frame_index", "episode_index", "index", "task_index")

    def rows(episode: int) -> pa.Table:
        frames = range(FRAMES_PER_EPISODE)
        values = [[((frame * 7919 + joint * 104729) % 1000) / 1000 for joint in range(NUM_JOINTS)] for frame in frames]
        first = episode * FRAMES_PER_EPISODE
        columns = {name: pa.array(values, joints) for name in ("action", "observation.state")}
        columns["timestamp"] = pa.array([frame / FPS for frame in frames], pa.float32())
        of_frame = {"frame_index": frames, "index": range(first, first + FRAMES_PER_EPISODE)}
        of_frame |= {"episode_index": [episode] * FRAMES_PER_EPISODE, "task_index": [0] * FRAMES_PER_EPISODE}
        return pa.table(columns | {name: pa.array(of_frame[name], pa.int64()) for name in integers})

    for folder in ("meta/episodes/chunk-000", "data/chunk-000"):
        (root / folder).mkdir(parents=True)
    parts = [rows(episode) for episode in range(EPISODES_PER_SHARD)]
    with pq.ParquetWriter(root / demo.DATA_PATH.format(**demo.PATTERN), parts[0].schema) as writer:
        for part in parts:
            writer.write_table(part)
    for camera in CAMERAS:
        encode_noise(root / demo.VIDEO_PATH.format(video_key=camera, **demo.PATTERN), total)

    quantiles = ("q01", "q10", "q50", "q90", "q99")
    of_camera = {name: [[[0.5]]] * 3 for name in ("min", "max", "mean", "std", *quantiles)} | {"count": [100]}
    episodes = []
    for episode, part in enumerate(parts):
        first = episode * FRAMES_PER_EPISODE
        row = {"episode_index": episode, "tasks": ["stack the cups"], "length": FRAMES_PER_EPISODE}
        row |= {"data/chunk_index": 0, "data/file_index": 0}
        row |= {"dataset_from_index": first, "dataset_to_index": first + FRAMES_PER_EPISODE}
        for camera in CAMERAS:
            row |= {f"videos/{camera}/chunk_index": 0, f"videos/{camera}/file_index": 0}
            row |= {f"videos/{camera}/from_timestamp": first / FPS}
            row |= {f"videos/{camera}/to_timestamp": (first + FRAMES_PER_EPISODE) / FPS}
        stats = demo.statistics_of_rows(part) | dict.fromkeys(CAMERAS, of_camera)
        row |= {f"stats/{name}/{key}": value for name, of in stats.items() for key, value in of.items()}
        row |= {"meta/episodes/chunk_index": 0, "meta/episodes/file_index": 0}
        episodes.append(row)
    pq.write_table(pa.Table.from_pylist(episodes), root / "meta/episodes/chunk-000/file-000.parquet")
    tasks = pa.table({"task_index": pa.array([0], pa.int64()), "task": ["stack the cups"]})
    names = [("task_index", "int64", "int64"), ("task", "unicode", "object")]
    keys = ("name", "field_name", "pandas_type", "numpy_type", "metadata")
    columns = [dict(zip(keys, (name, name, *types, None), strict=True)) for name, *types in names]
    pandas = json.dumps({"index_columns": ["task"], "column_indexes": [], "columns": columns})
    pq.write_table(tasks.replace_schema_metadata({"pandas": pandas}), root / "meta/tasks.parquet")
    whole = demo.statistics_of_rows(pa.concat_tables(parts)) | dict.fromkeys(CAMERAS, of_camera)
    demo.write_json(root / "meta/stats.json", whole)
    demo.write_json(root / "meta/info.json", info(total, integers))


def info(num_frames: int, integers: tuple[str, ...]) -> dict:
    vector = {"dtype": "float32", "shape": [NUM_JOINTS], "names": None}
    video = {"video.height": HEIGHT, "video.width": WIDTH, "video.codec": "h264", "video.pix_fmt": "yuv420p"}
    video |= {"video.fps": FPS, "video.channels": 3, "has_audio": False, "is_depth_map": False}
    camera = {"dtype": "video", "shape": [HEIGHT, WIDTH, 3], "names": ["height", "width", "channels"], "info": video}
    features = {"action": vector, "observation.state": vector, **dict.fromkeys(CAMERAS, camera)}
    features["timestamp"] = {"dtype": "float32", "shape": [1], "names": None}
    features |= dict.fromkeys(integers, {"dtype": "int64", "shape": [1], "names": None})
    return {
        "codebase_version": "v3.0",
        "fps": FPS,
        "features": features,
        "total_episodes": EPISODES_PER_SHARD,
        "total_frames": num_frames,
        "total_tasks": 1,
        "chunks_size": 1000,
        "data_files_size_in_mb": 100,
        "video_files_size_in_mb": 200,
        "data_path": demo.DATA_PATH,
        "video_path": demo.VIDEO_PATH,
        "robot_type": "noise",
        "splits": {"train": f"0:{EPISODES_PER_SHARD}"},
    }


def encode_noise(path: Path, num_frames: int) -> None:
    path.parent.mkdir(parents=True)
    raw = ["-f", "rawvideo", "-pix_fmt", "yuv420p", "-video_size", f"{WIDTH}x{HEIGHT}", "-framerate", str(FPS)]
    command = ["ffmpeg", "-v", "error", "-nostdin", *raw, "-i", "/dev/urandom", "-frames:v", str(num_frames)]
    encoder = ["-c:v", "libx264", "-preset", "ultrafast", "-qp", "21", "-g", "2", "-bf", "0", "-movflags", "+faststart"]
    subprocess.run([*command, *encoder, str(path)], check=True)


class Stages:
    """Runs the commands of the stages in a folder of its own, and measures each."""

    def __init__(self, robomerge: Path, work: Path) -> None:
        self._robomerge, self._work = robomerge, work
        remove_tree(work)
        work.mkdir(parents=True)

    def __call__(self, *words: object) -> tuple[Run, dict]:
        """Returns how long it took, and the command's summary."""
        output = self._work / "output.txt"
        command = [str(word) for word in (self._robomerge, *words, "--json")]
        done = run([command], cwd=self._work, output=output, environment=dict(os.environ), limit_seconds=LIMIT_SECONDS)
        with output.open("rb") as lines:
            lines.seek(max(0, output.stat().st_size - 65536))
            return done, json.loads(lines.read().splitlines()[-1])

    def path(self, name: str) -> Path:
        return self._work / name

    def num_cores(self) -> int:
        return len(os.sched_getaffinity(0))

    def describe(self, num_ranks: int) -> dict:
        cpu = wall = 0.0
        for rank in range(num_ranks):
            words = ("--from", "sources.txt", "--partial", "partials", "--rank", rank, "--world-size", num_ranks)
            done, _ = self("describe", *words, "-j", self.num_cores())
            cpu += done.user_seconds + done.system_seconds
            wall += done.seconds
        return {"cpu_seconds": cpu, "seconds": wall}

    def plan(self) -> dict:
        done, summary = self("plan", "--partial", "partials", "-o", self.path("merged"), "--plan", "plan", "-j", 1)
        names = ("num_files", "num_episodes", "payload_bytes")
        measured = {"cpu_seconds": done.user_seconds + done.system_seconds, "seconds": done.seconds}
        return measured | {"peak_memory_bytes": done.peak_memory_bytes} | {name: summary[name] for name in names}

    def write(self, total_bytes: int) -> list[dict]:
        """Single ranks from all over the plan; each is the only one that runs, with a thread for
        every core."""
        rows = []
        for number, num_bytes in enumerate(WRITTEN_BYTES * ROUNDS):
            world_size = max(1, round(total_bytes / num_bytes))
            rank = world_size * (2 * number + 1) // (2 * len(WRITTEN_BYTES) * ROUNDS)
            words = ("--plan", "plan", "--rank", rank, "--world-size", world_size, "-j", self.num_cores())
            done, summary = self("write", *words)
            rows.append({"seconds": done.seconds, "num_files": summary["num_files_written"], "bytes": written(summary)})
        return rows


def written(summary: dict) -> int:
    return sum(summary[name] for name in ("copied_bytes", "shared_bytes", "encoded_bytes"))


def measure_case(robomerge: Path, work: Path, source: Path, num_datasets: int) -> dict:
    print(f"{num_datasets} datasets", file=sys.stderr)
    stages = Stages(robomerge, work)
    stages.path("sources.txt").write_text(f"{source}\n" * num_datasets)
    described = stages.describe(DESCRIBE_RANKS)
    planned = stages.plan()
    read_into_page_cache([path for path in source.rglob("*") if path.is_file()])
    rows = stages.write(planned["payload_bytes"])
    remove_tree(work)
    return {"num_datasets": num_datasets, "describe": described, "plan": planned, "write": rows}


def measure_publish(robomerge: Path, work: Path, folder: Path) -> dict:
    """Publishes a merge of many small files."""
    stages = Stages(robomerge, work)
    stages.path("sources.txt").write_text("".join(f"{folder}/source-{number % 3}\n" for number in range(400)))
    stages("describe", "--from", "sources.txt", "--partial", "partials")
    separate = ("--no-concatenate-data", "--no-concatenate-videos")
    stages("plan", "--partial", "partials", "-o", stages.path("merged"), "--plan", "plan", *separate)
    _, summary = stages("write", "--plan", "plan")
    done, _ = stages("publish", "--plan", "plan")
    remove_tree(work)
    return {"seconds": done.seconds, "num_files": summary["num_files_written"]}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, default=HERE.parent / "build/bench/full_scale")
    parser.add_argument("--robomerge", type=Path, default=HERE.parent / "build/release/cli/robomerge")
    parser.add_argument("--scale", type=float, default=1.0, help="fewer datasets, for trying things out")
    parser.add_argument("-o", "--output", type=Path, default=HERE.parent / "docs/distributed-costs.json")
    parser.add_argument(
        "--launch-seconds",
        type=float,
        required=True,
        help="from phase to phase: a quarter of `pytest tests/distributed/test_slurm.py -k chain --durations=1`",
    )
    arguments = parser.parse_args()
    robomerge, data = arguments.robomerge.absolute(), arguments.data.absolute()
    shard, large, small = data / "shard", data / "large", data / "small"
    if not (shard / "meta/info.json").exists():
        remove_tree(shard)
        make_shard(shard)
    if not large.exists():
        subprocess.run([robomerge, "merge", *[shard] * SHARDS_PER_LARGE, "-o", large, "--quiet"], check=True)
    if not small.exists():
        subprocess.run([sys.executable, HERE.parent / "scripts/make_demo_datasets.py", small], check=True)

    num_shards = max(SHARDS_PER_LARGE, round(NUM_SHARDS * arguments.scale))
    begin = time.time()
    with xfs_volume(data, int(VOLUME_BYTES)) as volume:
        machine = describe_machine(robomerge, Path("none"), volume)
        cases = [
            measure_case(robomerge, volume / "work", large, num_shards // SHARDS_PER_LARGE),
            measure_case(robomerge, volume / "work", shard, num_shards),
        ]
        published = measure_publish(robomerge, volume / "work", small)
    machine.pop("lerobot")
    result = {
        "how": "bench/full_scale.py; seconds are wall times, of files in the page cache and synced to the device",
        "machine": machine,
        "scale": arguments.scale,
        "cases": cases,
        "publish": published,
        "launch_seconds": arguments.launch_seconds,
    }
    arguments.output.write_text(json.dumps(result, indent=2) + "\n")
    print(f"measured in {time.time() - begin:.0f} s", file=sys.stderr)


if __name__ == "__main__":
    main()
