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
