"""Datasets of v2.1 and v2.0, made of recorded ones: the files of each episode by themselves, and lines of
JSON in place of the tables (6.1)."""

import json
import shutil
from pathlib import Path

import pyarrow.parquet as pq

from dataset_view import DatasetView

DATA = "data/chunk-{episode_chunk:03d}/episode_{episode_index:06d}.parquet"
VIDEO = "videos/chunk-{episode_chunk:03d}/{video_key}/episode_{episode_index:06d}.mp4"


def as_version_21(root: Path) -> None:
    """REQUIRES: each episode has a video file of its own (Recording.video_mb is tiny)."""
    view = DatasetView(root)
    episodes, tasks, info = view.episodes, view.tasks, dict(view.info)
    tables = [pq.read_table(path) for path in sorted((root / "data").rglob("*.parquet"))]
    videos = {
        (key, row["episode_index"]): view.video_path(key, row[f"videos/{key}/chunk_index"], row[f"videos/{key}/file_index"])
        for key in view.video_keys
        for row in episodes
    }
    assert len(set(videos.values())) == len(videos)
    new = root.with_name(root.name + "-new")
    for row in episodes:
        number = row["episode_index"]
        place = {"episode_chunk": 0, "episode_index": number}
        (rows,) = [part for part in (table.filter(_is_of(table, number)) for table in tables) if len(part)]
        _write(new / DATA.format(**place), rows)
        for key in view.video_keys:
            path = new / VIDEO.format(video_key=key, **place)
            path.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(videos[key, number], path)
    (new / "meta").mkdir()
    _lines(new, "tasks", [{"task_index": at, "task": task} for at, task in enumerate(tasks)])
    _lines(new, "episodes", [{key: row[key] for key in ("episode_index", "tasks", "length")} for row in episodes])
    _lines(new, "episodes_stats", [{"episode_index": row["episode_index"], "stats": _statistics(row)} for row in episodes])
    for key in ("data_files_size_in_mb", "video_files_size_in_mb"):
        info.pop(key)
    info |= {
        "codebase_version": "v2.1",
        "total_chunks": 1,
        "total_videos": len(videos),
        "chunks_size": 1000,
        "data_path": DATA,
        "video_path": VIDEO if videos else None,
    }
    (new / "meta/info.json").write_text(json.dumps(info, indent=4))
    shutil.rmtree(root)
    new.rename(root)


def as_version_20(root: Path) -> None:
    """As LeRobot's converter from v1 left it: statistics of the whole, without counts."""
    stats = json.loads((root / "meta/stats.json").read_text())
    as_version_21(root)
    (root / "meta/episodes_stats.jsonl").unlink()
    for one in stats.values():
        for name in [name for name in one if name == "count" or name.startswith("q")]:
            one.pop(name)
    (root / "meta/stats.json").write_text(json.dumps(stats))
    info = json.loads((root / "meta/info.json").read_text())
    (root / "meta/info.json").write_text(json.dumps(info | {"codebase_version": "v2.0"}))


def _is_of(table, number: int):
    import pyarrow.compute as pc

    return pc.equal(table["episode_index"], number)


def _write(path: Path, rows) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    pq.write_table(rows, path)


def _lines(root: Path, name: str, objects: list[dict]) -> None:
    (root / f"meta/{name}.jsonl").write_text("".join(json.dumps(one) + "\n" for one in objects))


def _statistics(row: dict) -> dict:
    """v2.1 has no quantiles."""
    stats: dict[str, dict] = {}
    for column, value in row.items():
        if not column.startswith("stats/") or value is None:
            continue
        feature, stat = column.removeprefix("stats/").rsplit("/", 1)
        if stat in ("min", "max", "mean", "std", "count"):
            stats.setdefault(feature, {})[stat] = value
    return stats
