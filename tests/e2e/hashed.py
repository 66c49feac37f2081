"""Datasets with hashes in their record, and what damages them."""

import hashlib
import json
import os
import shutil
from pathlib import Path

import pytest
from edits import STATS, VIDEO, edit_json
from stages import tree
from tiny_dataset import make_tiny_dataset
from tiny_video import add_video

RECORD = "meta/robomerge.json"


@pytest.fixture(scope="module")
def sources(tmp_path_factory) -> list[Path]:
    folder = tmp_path_factory.mktemp("hashes")
    roots = [make_tiny_dataset(folder / "a"), make_tiny_dataset(folder / "b", lengths=(3,), task="open the drawer")]
    add_video(roots[0], (5, 7), seed=1)
    add_video(roots[1], (3,), seed=2)
    return roots


@pytest.fixture(scope="module")
def hashed(robomerge, sources, tmp_path_factory) -> Path:
    """A merge with hashes: not to be changed."""
    destination = tmp_path_factory.mktemp("hashed") / "merged"
    run = robomerge("merge", *sources, "-o", destination, "--record-hashes", "-j", "1")
    assert run.exit_code == 0, run.stderr
    return destination


@pytest.fixture
def merged(hashed, tmp_path) -> Path:
    return shutil.copytree(hashed, tmp_path / "merged")


def lines_of(root: Path) -> list[str] | None:
    return json.loads((root / RECORD).read_text()).get("sha256")


def assert_right(root: Path) -> None:
    """The record has the hash of every file but itself and what people write into a dataset."""
    others = {path: content for path, content in tree(root).items() if path not in (RECORD, "README.md")}
    assert sorted(lines_of(root) or []) == sorted(f"{hashlib.sha256(content).hexdigest()}  {path}" for path, content in others.items())


def flip(path: Path, offset: int, unseen: bool = False) -> tuple[str, str]:
    """Flips one bit; `unseen` sets the time back. Returns both hashes."""
    stat, content = path.stat(), bytearray(path.read_bytes())
    before = hashlib.sha256(content).hexdigest()
    content[offset] ^= 1
    path.write_bytes(content)
    if unseen:
        os.utime(path, ns=(stat.st_atime_ns, stat.st_mtime_ns))
    return before, hashlib.sha256(content).hexdigest()


def in_a_coded_frame(video: Path) -> int:
    return video.read_bytes().index(b"mdat") + 40


def hash_findings(robomerge, root: Path) -> list[dict]:
    run = robomerge("verify", root, "--json")
    found = [line for line in run.json_lines() if line["message_type"] == "finding" and line["kind"] in ("V-hash", "V-record")]
    assert run.exit_code == (3 if found else 0), run.stdout + run.stderr
    return found


@pytest.fixture
def third(tmp_path) -> Path:
    root = make_tiny_dataset(tmp_path / "third", lengths=(4,), task="wipe the table")
    add_video(root, (4,), seed=3)
    return root


def in_place(command: str, root: Path, third: Path) -> list:
    return {
        "append": ["append", root, third],
        "remove-source": ["remove-source", root, "1"],
        "delete-episodes": ["delete-episodes", root, "1", "--in-place"],
        "modify-tasks": ["modify-tasks", root, "--set-task", "pick", "--in-place"],
        "stats": ["stats", root, "--in-place"],
        "convert": ["convert", root, "--in-place", "--codebase-version", "2.1"],
    }[command]


def problems_of(run) -> list[dict]:
    return [json.loads(line) for line in run.stderr.splitlines() if line.startswith("{")]


def warnings_of(run, kind: str) -> list[dict]:
    assert run.exit_code == 0, run.stderr
    return [line for line in run.json_lines() if line.get("kind") == kind]


def wrong_mean(root: Path) -> None:
    """So that `stats` has something to do."""
    edit_json(root / STATS, lambda stats: stats["observation.state"].update(mean=[0.5, 0.5]))


def damaged(change):
    return lambda root: edit_json(root / RECORD, lambda record: change(record["sha256"], record))


def without(path: str):
    return damaged(lambda lines, record: record.update(sha256=[line for line in lines if not line.endswith(path)]))


NOT_UNDERSTOOD = "a hash of the record is not understood"
DAMAGES = {
    "no list": (damaged(lambda _, record: record.update(sha256={"a": 1})), "hashes of the record are not understood", "sha256"),
    "no text": (damaged(lambda lines, _: lines.append(7)), NOT_UNDERSTOOD, "sha256[6]"),
    "no hash": (damaged(lambda lines, _: lines.append("0" * 63 + "g  data/a")), NOT_UNDERSTOOD, "sha256[6]"),
    "upper case": (damaged(lambda lines, _: lines.append("A" * 64 + "  data/a")), NOT_UNDERSTOOD, "sha256[6]"),
    "no path": (damaged(lambda lines, _: lines.append("0" * 64)), NOT_UNDERSTOOD, "sha256[6]"),
    "outside": (damaged(lambda lines, _: lines.append("0" * 64 + "  ../a/meta/info.json")), NOT_UNDERSTOOD, "sha256[6]"),
    "absolute": (damaged(lambda lines, _: lines.append("0" * 64 + "  /dev/zero")), NOT_UNDERSTOOD, "sha256[6]"),
    "twice": (damaged(lambda lines, _: lines.append(lines[0])), "the record has two hashes of a file", "sha256[6]"),
    "file gone": (damaged(lambda lines, _: lines.append("0" * 64 + "  data/gone.parquet")), "a file that was written is not there", "gone.parquet"),
    "a folder": (damaged(lambda lines, _: lines.append("0" * 64 + "  data")), "a file that was written is not there", "/data"),
    "no video": (without(VIDEO), "the record has no hash of this file", VIDEO),
    "no statistics": (without(STATS), "the record has no hash of this file", STATS),
}
