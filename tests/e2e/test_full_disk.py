"""A destination that is too small: a tmpfs of a few pages."""

import os
import subprocess
from pathlib import Path

import pytest


@pytest.fixture
def small_disk(tmp_path):
    """mount(size_bytes): mounts a file system of that size, and returns its folder."""
    if os.geteuid() != 0:
        pytest.skip("mounting a small file system needs root")
    mounted = []

    def mount(size_bytes: int, **options: int) -> Path:
        folder = tmp_path / f"disk-{len(mounted)}"
        folder.mkdir()
        words = ",".join([f"size={size_bytes}", *(f"{name}={value}" for name, value in options.items())])
        outcome = subprocess.run(["mount", "-t", "tmpfs", "-o", words, "tmpfs", folder], capture_output=True)
        if outcome.returncode != 0:
            pytest.skip(f"no file system can be mounted here: {outcome.stderr.decode().strip()}")
        mounted.append(folder)
        return folder

    yield mount
    for folder in mounted:
        subprocess.run(["umount", folder], check=True)


def test_payload_that_does_not_fit_is_refused_before_writing(robomerge, sources, small_disk):
    disk = small_disk(4096)
    run = robomerge("merge", *sources, "-o", disk / "merged")
    assert run.exit_code == 4
    assert "error[E-disk-space]" in run.stderr and str(disk) in run.stderr
    assert list(disk.iterdir()) == []


def test_a_merge_that_filled_the_disk_continues_where_there_is_room(robomerge, sources, small_disk, tmp_path):
    # Room for the bytes, which are counted before, but not for so many files.
    disk = small_disk(1 << 20, nr_inodes=10)
    run = robomerge("merge", *sources, "-o", disk / "merged")
    assert run.exit_code == 4
    assert "error[E-io]" in run.stderr and "No space left on device" in run.stderr
    assert "run the same command again to continue" in run.stderr and str(disk / ".merged.robomerge-") in run.stderr
    assert not (disk / "merged").exists()
    subprocess.run(["mount", "-o", "remount,nr_inodes=1000", disk], check=True)
    run = robomerge("merge", *sources, "-o", disk / "merged")
    assert run.exit_code == 0, run.stderr
    assert [path.name for path in disk.iterdir()] == ["merged"]
    assert robomerge("merge", *sources, "-o", tmp_path / "elsewhere").exit_code == 0
    assert subprocess.run(["diff", "-r", disk / "merged", tmp_path / "elsewhere"]).returncode == 0


@pytest.mark.parametrize("flags", [[], ["-n"]], ids=["split", "dry run"])
def test_splits_that_fit_each_but_not_together_are_refused_before_writing(robomerge, sources, small_disk, tmp_path, flags):
    assert robomerge("merge", *sources, "-o", tmp_path / "merged").exit_code == 0
    words = ["split", tmp_path / "merged", "--into", "a=50%", "--into", "b=50%", "-o"]
    assert robomerge(*words, tmp_path / "parts").exit_code == 0
    sizes = [
        sum(path.stat().st_size for path in (tmp_path / "parts" / part).rglob("*") if path.is_file()) for part in "ab"
    ]
    room = (max(sizes) + sum(sizes)) // 2
    disk = small_disk(room - room % 4096)
    run = robomerge(*words, disk / "parts", *flags)
    assert run.exit_code == 4 and "error[E-disk-space]" in run.stderr and str(disk) in run.stderr
    assert list(disk.iterdir()) == []


def test_a_split_that_filled_the_disk_says_how_to_continue(robomerge, sources, small_disk, tmp_path):
    assert robomerge("merge", *sources, "-o", tmp_path / "merged").exit_code == 0
    disk = small_disk(1 << 20, nr_inodes=20)
    words = ["split", tmp_path / "merged", "--into", "a=50%", "--into", "b=50%", "-o", disk / "parts"]
    run = robomerge(*words)
    assert run.exit_code == 4 and "No space left on device" in run.stderr, run.stderr
    left = {path.name for path in disk.iterdir()}
    assert len(left) == 1 and f"to give it up, remove {disk / left.pop()}\n" in run.stderr, run.stderr
    assert run.stderr.count("to give it up") == 1
    subprocess.run(["mount", "-o", "remount,nr_inodes=1000", disk], check=True)
    assert robomerge(*words).exit_code == 0
    assert [path.name for path in disk.iterdir()] == ["parts"]
