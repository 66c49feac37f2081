"""Makes datasets of v2.1 of recorded ones of v3.0: a data file and videos for each episode, whose frames are copied.

    as_v21.py FOLDER [--episodes N] SOURCE...

writes FOLDER/source-00000, ... With --episodes, the first episode of each N times, numbered anew.
"""

import argparse
import json
import os
import shutil
from pathlib import Path

import av
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

DATA = "data/chunk-{episode_chunk:03d}/episode_{episode_index:06d}.parquet"
VIDEO = "videos/chunk-{episode_chunk:03d}/{video_key}/episode_{episode_index:06d}.mp4"
CHUNK = 1000


def copy_frames(source: Path, target: Path, begin: float, end: float) -> None:
    """The frames from `begin` to `end` seconds, of which the first is a key frame."""
    target.parent.mkdir(parents=True, exist_ok=True)
    with av.open(str(source)) as reader, av.open(str(target), "w") as writer:
        stream = reader.streams.video[0]
        out = writer.add_stream_from_template(stream)
        first = None
        for packet in reader.demux(stream):
            if packet.pts is None or not begin - 1e-4 <= packet.pts * packet.time_base < end - 1e-4:
                continue
            first = packet.pts if first is None else first
            packet.pts, packet.dts, packet.stream = packet.pts - first, packet.dts - first, out
            writer.mux(packet)


def statistics(row: dict) -> dict:
    stats: dict[str, dict] = {}
    for column, value in row.items():
        if column.startswith("stats/") and value is not None:
            feature, stat = column.removeprefix("stats/").rsplit("/", 1)
            if stat in ("min", "max", "mean", "std", "count"):
                stats.setdefault(feature, {})[stat] = value
    return stats


def lines(path: Path, objects: list[dict]) -> None:
    path.write_text("".join(json.dumps(one) + "\n" for one in objects))


def convert(root: Path, target: Path, num_episodes: int | None) -> None:
    info = json.loads((root / "meta/info.json").read_text())
    keys = [name for name, feature in info["features"].items() if feature["dtype"] == "video"]
    recorded = [row for path in sorted((root / "meta/episodes").rglob("*.parquet")) for row in pq.read_table(path).to_pylist()]
    table = pa.concat_tables([pq.read_table(path) for path in sorted((root / "data").rglob("*.parquet"))])
    wanted = [(n, row) for n, row in enumerate(recorded)] if num_episodes is None else [(n, recorded[0]) for n in range(num_episodes)]
    made: dict[tuple, Path] = {}
    num_frames = 0
    episodes, stats = [], []
    for number, row in wanted:
        place = {"episode_chunk": number // CHUNK, "episode_index": number}
        rows = table.filter(pc.equal(table["episode_index"], row["episode_index"]))
        for name, values in {"episode_index": [number] * len(rows), "index": range(num_frames, num_frames + len(rows))}.items():
            rows = rows.set_column(rows.schema.get_field_index(name), name, pa.array(list(values), pa.int64()))
        num_frames += len(rows)
        path = target / DATA.format(**place)
        path.parent.mkdir(parents=True, exist_ok=True)
        pq.write_table(rows, path)
        for key in keys:
            path = target / VIDEO.format(video_key=key, **place)
            known = made.get((key, row["episode_index"]))
            if known is None:
                source = info["video_path"].format(video_key=key, chunk_index=row[f"videos/{key}/chunk_index"], file_index=row[f"videos/{key}/file_index"])
                copy_frames(root / source, path, row[f"videos/{key}/from_timestamp"], row[f"videos/{key}/to_timestamp"])
                made[key, row["episode_index"]] = path
            else:
                path.parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(known, path)
        episodes.append({"episode_index": number, "tasks": row["tasks"], "length": row["length"]})
        stats.append({"episode_index": number, "stats": statistics(row)})
    tasks = pq.read_table(root / "meta/tasks.parquet").to_pylist()
    (target / "meta").mkdir()
    lines(target / "meta/tasks.jsonl", [{"task_index": row["task_index"], "task": row["task"]} for row in tasks])
    lines(target / "meta/episodes.jsonl", episodes)
    lines(target / "meta/episodes_stats.jsonl", stats)
    for key in ("data_files_size_in_mb", "video_files_size_in_mb"):
        info.pop(key)
    info |= {
        "codebase_version": "v2.1",
        "total_episodes": len(wanted),
        "total_frames": num_frames,
        "total_chunks": (len(wanted) + CHUNK - 1) // CHUNK,
        "total_videos": len(wanted) * len(keys),
        "chunks_size": CHUNK,
        "splits": {"train": f"0:{len(wanted)}"},
        "data_path": DATA,
        "video_path": VIDEO if keys else None,
    }
    (target / "meta/info.json").write_text(json.dumps(info, indent=4))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("sources", type=Path, nargs="+")
    parser.add_argument("--episodes", type=int)
    arguments = parser.parse_args()
    os.environ["AV_LOG_LEVEL"] = "error"
    for number, source in enumerate(arguments.sources):
        convert(source, arguments.folder / f"source-{number:05d}", arguments.episodes)


if __name__ == "__main__":
    main()
