"""LeRobot's functions that edit a dataset, beside those of the same names of robomerge, and what a
call costs: files opened, bytes read, memory.

Each call runs in this process, so that both are measured in the same way.
"""

import contextlib
import ctypes
import gc
import json
import os
import struct
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import lerobot.scripts.lerobot_edit_dataset as lerobots_command
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from lerobot.datasets import dataset_tools

import robomerge_package  # noqa: F401
import robomerge.lerobot
from dataset_view import DatasetView
from mergers import verify_findings
from read_through_lerobot import open_dataset
from robomerge.lerobot import edit_dataset as our_command
from silence import silence

NAMES = (
    "delete_episodes",
    "split_dataset",
    "modify_features",
    "add_features",
    "remove_feature",
    "modify_tasks",
    "recompute_stats",
)
TOP = "observation.images.top"


@dataclass(frozen=True)
class Editor:
    """The functions of one of the two, and its command."""

    name: str
    functions: dict[str, Callable]
    command: Callable

    def __call__(self, operation: str, root: Path, *arguments, **options):
        """Edits the dataset in `root`, opened as LeRobot opens it."""
        with silence():
            return self.functions[operation](open_dataset(root), *arguments, **options)

    def run_command(self, monkeypatch, *flags: object) -> object:
        """The exit code of the command, or the exception that ends it."""
        monkeypatch.setattr(sys, "argv", ["edit", *map(str, flags)])
        try:
            with silence():
                return self.command() or 0
        except SystemExit as error:
            return error.code
        except Exception as error:
            return error


THEIRS = Editor("lerobot", {name: getattr(dataset_tools, name) for name in NAMES}, lerobots_command.edit_dataset)
OURS = Editor("robomerge", {name: getattr(robomerge.lerobot, name) for name in NAMES}, our_command.main)


def proven(root: Path) -> DatasetView:
    """The dataset, after `robomerge verify` has found nothing wrong with it and LeRobot has read
    each of its frames."""
    assert verify_findings(root) == []
    dataset = open_dataset(root)
    for row in range(len(dataset)):
        assert int(dataset[row]["index"]) == row
    assert len(dataset) == dataset.meta.total_frames > 0
    return DatasetView(root)


def stats_of(root: Path) -> dict:
    return json.loads((root / "meta/stats.json").read_text())


def packets_of(root: Path, key: str = TOP) -> list[bytes]:
    """The coded pictures of a camera, of all its files in order."""
    view = DatasetView(root)
    paths = sorted((root / "videos" / key).glob("*/*.mp4"))
    return [packet for path in paths for packet in view.video(path).packets]


def files_of(root: Path, folder: str) -> list[str]:
    return sorted(path.relative_to(root / folder).as_posix() for path in (root / folder).rglob("*.*"))


def schema_of(root: Path) -> pa.Schema:
    return pq.read_schema(sorted((root / "data").glob("*/*.parquet"))[0])


def row_groups_of(root: Path) -> list[int]:
    """The number of row groups of each data file."""
    return [pq.read_metadata(path).num_row_groups for path in sorted((root / "data").glob("*/*.parquet"))]


def size_of(root: Path) -> int:
    return sum(path.stat().st_size for path in root.rglob("*") if path.is_file())


@contextlib.contextmanager
def counted_reads() -> Iterator[Callable[[], int]]:
    """Inside, the bytes that this process has read from files until now."""

    def bytes_read() -> int:
        lines = Path("/proc/self/io").read_text().splitlines()
        return int(dict(line.split(": ") for line in lines)["rchar"])

    before = bytes_read()
    yield lambda: bytes_read() - before


@contextlib.contextmanager
def counted_opens(folder: Path) -> Iterator[Callable[[], int]]:
    """Inside, how often a file of this folder has been opened until now, by any process."""
    system = ctypes.CDLL(None, use_errno=True)
    watcher = system.inotify_init1(os.O_NONBLOCK)
    opened, closed = 0x20, 0x10  # without the closes, opens that follow each other would be one
    assert watcher >= 0 and system.inotify_add_watch(watcher, bytes(folder), opened | closed) >= 0
    count = 0

    def opens() -> int:
        nonlocal count
        with contextlib.suppress(BlockingIOError):
            while events := os.read(watcher, 1 << 16):
                at = 0
                while at < len(events):
                    _, mask, _, length = struct.unpack_from("iIII", events, at)
                    count += mask & opened != 0 and length > 0
                    at += 16 + length
        return count

    try:
        yield opens
    finally:
        os.close(watcher)


@contextlib.contextmanager
def counted_memory() -> Iterator[Callable[[], int]]:
    """Inside, the bytes by which this process's memory has grown at most until now."""

    def kilobytes(name: str) -> int:
        lines = Path("/proc/self/status").read_text().splitlines()
        (line,) = [line for line in lines if line.startswith(f"{name}:")]
        return int(line.split()[1])

    gc.collect()
    pa.default_memory_pool().release_unused()
    ctypes.CDLL(None).malloc_trim(0)  # what was freed shall not serve the call unseen
    Path("/proc/self/clear_refs").write_text("5")  # the peak begins anew
    before = kilobytes("VmRSS")
    yield lambda: (kilobytes("VmHWM") - before) * 1024


def failure_of(call: Callable[[], object]) -> Exception:
    with pytest.raises(Exception) as caught, silence():
        call()
    return caught.value
