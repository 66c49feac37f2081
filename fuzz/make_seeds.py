#!/usr/bin/env python3
"""Makes fuzz/seeds/: small whole inputs to begin from. Needs pyarrow; ROBOMERGE names the command.

Videos are made by hand (tests/e2e/tiny_video.py) and, where ffmpeg is there, encoded: 32 x 32
pixels, a few frames of each codec.
"""

import json
import os
import random
import shutil
import subprocess
import sys
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

REPOSITORY = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(REPOSITORY / "tests/e2e"))
from old_dataset import make_old_dataset  # noqa: E402
from tiny_dataset import make_tiny_dataset  # noqa: E402
from tiny_video import add_video, make_mp4  # noqa: E402

SEEDS = REPOSITORY / "fuzz/seeds"
COMMAND = os.environ.get("ROBOMERGE", str(REPOSITORY / "build/release/cli/robomerge"))
WORK = Path("/var/tmp/robomerge-seeds")
LENGTHS = (5, 7)

# name -> arguments of ffmpeg
ENCODED = {
    "h264-b-frames": ["-c:v", "libx264", "-bf", "2", "-g", "6", "-x264-params", "bframes=2:b-adapt=0"],
    "h264-edit-list-audio": ["-c:v", "libx264", "-movflags", "+faststart"],
    "hevc": ["-c:v", "libx265", "-tag:v", "hvc1"],
    "av1": ["-c:v", "libsvtav1", "-g", "2"],
    "mpeg4": ["-c:v", "mpeg4"],
    "vp9": ["-c:v", "libvpx-vp9"],
    "fragmented": ["-c:v", "libx264", "-movflags", "frag_keyframe+empty_moov+default_base_moof"],
    "fragmented-b-frames": ["-c:v", "libx264", "-g", "3", "-movflags", "frag_keyframe"],
    "quicktime": ["-c:v", "libx264", "-f", "mov"],
}


def write(target: str, name: str, content: bytes) -> None:
    path = SEEDS / target / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)


def folder(root: Path) -> bytes:
    """The form of fuzz/folder_input.h."""
    paths = sorted(path for path in root.rglob("*") if path.is_file())
    return b"".join(b"\n@@ " + str(path.relative_to(root)).encode() + b"\n" + path.read_bytes() for path in paths)


def encode(arguments: list[str], path: Path) -> bool:
    source = ["-f", "lavfi", "-i", "testsrc2=size=32x32:rate=10:duration=0.8"]
    if path.stem.endswith("audio"):
        source += ["-f", "lavfi", "-i", "sine=duration=0.8"]
    command = ["ffmpeg", "-v", "error", "-y", *source, *arguments, "-pix_fmt", "yuv420p", "-threads", "1", str(path)]
    if subprocess.run(command, stderr=subprocess.DEVNULL, check=False).returncode != 0:
        print(f"make_seeds: this ffmpeg cannot make {path.stem}")
        return False
    return True


def make_videos(work: Path) -> None:
    hand_made = {
        "even": make_mp4([number * 1024 for number in range(6)], 1),
        "one-frame": make_mp4([0], 2),
        "uneven": make_mp4([0, 1024, 2050, 3072], 3),
    }
    for name, content in hand_made.items():
        write("mp4", name, content)
    if shutil.which("ffmpeg") is None:
        return
    for name, arguments in ENCODED.items():
        path = work / f"{name}.mp4"
        if encode(arguments, path):
            write("mp4", name, path.read_bytes())


def odd_tables() -> dict[str, pa.Table]:
    numbers = pa.table({
        "episode_index": pa.array([0, 0, 1, 1], pa.int64()),
        "frame_index": pa.array([0, 1, 0, 1], pa.int32()),
        "index": pa.array([0, 1, 2, 3], pa.uint32()),
        "task_index": pa.array([0, 0, 1, 0], pa.int64()),
        "f": pa.array([0.5, None, float("nan"), 2.0], pa.float32()),
        "flag": pa.array([True, False, None, True]),
        "state": pa.array([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0], [7.0, 8.0]], pa.list_(pa.float32(), 2)),
        "lists": pa.array([[1, 2], [], None, [3, None]], pa.list_(pa.int64())),
        "deep": pa.array([[[[1.0]], [[2.0]]]] * 4, pa.list_(pa.list_(pa.list_(pa.float64())))),
        "text": pa.array(["a", "b", "a", "\N{SNOWMAN}"]),
        "texts": pa.array([["x"], ["y", "z"], [], ["x"]], pa.list_(pa.string())),
        "picture": pa.array([{"bytes": b"png", "path": "p"}] * 4, pa.struct([("bytes", pa.binary()), ("path", pa.string())])),
        "none": pa.nulls(4),
    })
    return {"odd": numbers, "empty": numbers.slice(0, 0), "long": pa.table({"task_index": list(range(60)), "task": [f"task {n % 7}" for n in range(60)]})}


def make_tables(dataset: Path, work: Path) -> None:
    files = {
        "episodes": dataset / "meta/episodes/chunk-000/file-000.parquet",
        "tasks": dataset / "meta/tasks.parquet",
        "data": dataset / "data/chunk-000/file-000.parquet",
    }
    kinds = {
        "": {},
        "-plain": {"compression": "none", "use_dictionary": False},
        "-v2": {"data_page_version": "2.0", "compression": "zstd"},
        "-index": {"write_page_index": True, "row_group_size": 2, "data_page_size": 64},
    }
    for name, table in odd_tables().items():
        for suffix, options in kinds.items():
            files[name + suffix] = work / f"{name}{suffix}.parquet"
            pq.write_table(table, files[name + suffix], **options)
    for name, path in files.items():
        if name != "episodes":
            write("parquet", name, path.read_bytes())
    for name in ("episodes", "tasks"):
        write("episodes", name, files[name].read_bytes())
    plain = pq.read_table(files["episodes"])
    plain = plain.select([name for name in plain.column_names if not name.startswith("stats/") or name.startswith("stats/task_index/")])
    pq.write_table(plain, work / "small.parquet", compression="none", use_dictionary=False)
    write("episodes", "episodes-small", (work / "small.parquet").read_bytes())


def make_json(dataset: Path) -> None:
    info = json.loads((dataset / "meta/info.json").read_text())
    write("info_json", "info", json.dumps(info, indent=1).encode())
    info |= {"fps": 29.97, "tools": [{"name": "x"}], "splits": None, "surplus": [1, -2.5e300, "\N{SNOWMAN}", True]}
    info["features"]["camera"] |= {"info": {"video.is_depth_map": True, "video.g": 2}, "video_info": {"has_audio": False}}
    info["data_path"] = "d/{chunk_index}/{file_index:d}.parquet"
    info["video_path"] = "v/{chunk_index:06d}{video_key}/{file_index:3d}"
    write("info_json", "odd", json.dumps(info).encode())
    statistics = json.loads((dataset / "meta/stats.json").read_text())
    statistics["camera"] = {key: [[[0.5]], [[1]], [[2]]] for key in ("min", "max", "mean", "std", "q01", "q50", "q99")} | {"count": [12]}
    write("stats_json", "stats", json.dumps(statistics).encode())
    write("stats_json", "odd", b'{"a": {"min": NaN, "max": [true], "mean": [Infinity], "std": [], "count": 3}, "b": {}}')


def make_folders(work: Path, datasets: list[Path]) -> None:
    for dataset in datasets:
        write("dataset", dataset.name, folder(dataset))
    subprocess.run([COMMAND, "describe", *datasets[:1], "--partial", work / "partials"], check=True, stdout=subprocess.DEVNULL)
    write("partials", "one", folder(work / "partials"))
    subprocess.run([COMMAND, "plan", *datasets[:1], "--plan", work / "plan", "--output", work / "out"], check=True, stdout=subprocess.DEVNULL)
    write("plan_directory", "one", folder(work / "plan"))


def make_lines(work: Path) -> None:
    make_old_dataset(work / "v20", lengths=(2,), version="v2.0")
    old = make_old_dataset(work / "v21", lengths=(2, 3))
    for name in ("tasks", "episodes", "episodes_stats"):
        write("json_lines", name, (old / f"meta/{name}.jsonl").read_bytes())
    write(
        "json_lines",
        "odd",
        b'\xef\xbb\xbf{"episode_index": 3.0, "task_index": 1, "task": "a", "tasks": "a", "length": 2}\r\n\n'
        b'  {"episode_index": 0, "task_index": 1, "task": "a", "tasks": [], "stats": {"action": {"min": [NaN, 1], "count": [2]}, "camera": {"mean": [[[0.5]], [[1]], [[2]]]}}}\n'
        b'{"episode_index": 3, "task_index": 1, "task": "a", "length": null}',
    )


def make_choices() -> None:
    """Bytes that choose damages (fuzz/damaged_dataset.h): a sound dataset, then ever more of them."""
    chance = random.Random(13)
    for number in range(40):
        choices = bytes(chance.choice([chance.randrange(256), chance.randrange(12)]) for _ in range(number))
        write("one_mind", f"damages-{number:02}", choices)


def make_journals() -> None:
    header = b'{"format": "robomerge journal", "version": [1, 0], "plan_id": "0123456789abcdef"}\n'
    line = b'{"unit": %d, "path": "%s", "size_bytes": 10, "mode": "%s", "copied_bytes": 10, "shared_bytes": 0, "encoded_bytes": 0}\n'
    whole = header + line % (0, b"data/chunk-000/file-000.parquet", b"splice") + line % (2, b"meta/info.json", b"write")
    write("journal", "two-writers", b"\n@@ a.jsonl\n" + whole + b"\n@@ b.jsonl\n" + header + line % (1, b"videos/camera/chunk-000/file-000.mp4", b"copy"))
    write("journal", "torn", b"\n@@ a.jsonl\n" + whole[:-20])


def make_recipes() -> None:
    write("recipe", "example", (REPOSITORY / "examples/recipe.yaml").read_bytes())
    write(
        "recipe",
        "every-rule",
        b"""episodes: [1, 3-4, "7"]
exclude_episodes: 5,9-
select_task: "glob:pick *"
exclude_task: [b, ""]
min_frames: 5
max_frames: 100
where: ['a = "x"', b >= 1.5, next.success = true]
sample: 10
seed: 3
trim: {0: 5, 10: "3-", 2: 1-2}
rename: {a: b, "c": 'd'}
drop:
- "*.depth"
- e
fill: {f: 0.5, g: true, h: ""}
cast: {f: float32}
pad: {p: 7}
robot_type: arm
set_task: "yes"
replace_task: {"null": nothing}
allow_mixed_size: [cam]
keep_common: true
""",
    )
    write("recipe", "as-json", b'{"output": "o", "sources": ["a", {"path": "b", "trim": {"4": "1-2"}, "episodes": [0, 4]}]}')
    write("recipe", "what-is-refused", b"a: &x 1\nb: *x\nc: !!str 2\n? [k]\n: v\nset_task: |\n  two\n  lines\n")


def main() -> None:
    shutil.rmtree(SEEDS, ignore_errors=True)
    # Plans hold absolute paths: always the same, so that the seeds stay the same.
    shutil.rmtree(WORK, ignore_errors=True)
    WORK.mkdir()
    try:
        work = WORK
        with_camera = make_tiny_dataset(work / "with-camera", lengths=LENGTHS)
        add_video(with_camera, LENGTHS, seed=1)
        rows_only = make_tiny_dataset(work / "rows-only", lengths=(3,), with_stats=False)
        regrouped = make_tiny_dataset(work / "one-row-group", lengths=LENGTHS)
        data = regrouped / "data/chunk-000/file-000.parquet"
        pq.write_table(pq.read_table(data), data, row_group_size=100)
        make_videos(work)
        make_tables(with_camera, work)
        make_json(with_camera)
        make_lines(work)
        make_folders(work, [with_camera, rows_only, regrouped, work / "v21", work / "v20"])
        make_journals()
        make_recipes()
        make_choices()
    finally:
        shutil.rmtree(WORK)
    total = sum(path.stat().st_size for path in SEEDS.rglob("*") if path.is_file())
    print(f"make_seeds: {total:,} bytes")


if __name__ == "__main__":
    main()
