"""Breaks sources in place: files that are missing, cut, empty, or something else than their name
says."""

import json
from pathlib import Path

from odd_data import data_paths
from odd_videos import video_paths


def first_payload(root: Path, kind: str) -> Path:
    """The file to damage, by kind: "data", "video", "episodes", "tasks", "info" or "stats"."""
    named = {"info": "meta/info.json", "stats": "meta/stats.json", "tasks": "meta/tasks.parquet"}
    if kind in named:
        return root / named[kind]
    if kind == "episodes":
        return sorted((root / "meta/episodes").glob("*/*.parquet"))[0]
    return data_paths(root)[0] if kind == "data" else video_paths(root)[0]


def removed(path: Path) -> None:
    path.unlink()


def emptied_file(path: Path) -> None:
    path.write_bytes(b"")


def cut_in_half(path: Path) -> None:
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def one_byte_short(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-1])


def replaced_by_text(path: Path) -> None:
    """A git-lfs pointer in place of the file, which is the most common way to lack one."""
    path.write_text("version https://git-lfs.github.com/spec/v1\noid sha256:" + "0" * 64 + "\nsize 1234567\n")


def replaced_by_folder(path: Path) -> None:
    path.unlink()
    path.mkdir()


def without_info_key(root: Path, key: str) -> None:
    path = root / "meta/info.json"
    info = json.loads(path.read_text())
    del info[key]
    path.write_text(json.dumps(info, indent=4))


DAMAGES = {
    "empty": emptied_file,
    "cut in half": cut_in_half,
    "one byte short": one_byte_short,
    "a git-lfs pointer": replaced_by_text,
    "a folder": replaced_by_folder,
}
