"""Files of 64 MB and more, which are copied in parts: what a kill costs, and how many are open at
once."""

import json
import resource
import shutil
import signal
import struct
import subprocess
import tempfile
import time
from pathlib import Path

import pytest
from stages import Stages
from tiny_dataset import make_tiny_dataset
from tiny_video import add_video, write_large_mp4

MB = 1 << 20
SIZES_IN_MB = (70, 100, 200, 80, 90, 70, 120, 75, 85, 80, 70, 90)
# For tests of open files: files as small as possible that are copied in parts.
MANY_SIZES_IN_MB = (65,) * 16
FEW = 40  # ulimit -n


def make_large_sources(folder: Path, sizes_in_mb: tuple[int, ...]) -> list[Path]:
    """Datasets of one video each, with one frame a megabyte."""
    sources = []
    for number, size in enumerate(sizes_in_mb):
        sources.append(make_tiny_dataset(folder / f"source-{number}", lengths=(size,)))
        add_video(sources[-1], (size,), seed=number)
        write_large_mp4(sources[-1] / "videos/camera/chunk-000/file-000.mp4", size, MB, seed=number)
    return sources


@pytest.fixture(scope="module")
def large_sources(tmp_path_factory) -> list[Path]:
    return make_large_sources(tmp_path_factory.mktemp("large"), SIZES_IN_MB)


@pytest.fixture(scope="module")
def many_large_sources(tmp_path_factory) -> list[Path]:
    return make_large_sources(tmp_path_factory.mktemp("many-large"), MANY_SIZES_IN_MB)


@pytest.fixture(scope="module")
def many_tiny_sources(tmp_path_factory) -> list[Path]:
    folder = tmp_path_factory.mktemp("many-tiny")
    return [make_tiny_dataset(folder / f"source-{number}") for number in range(60)]


@pytest.fixture
def folder(tmp_path):
    """The folder for a gigabyte of files: in memory if there is room, since the disk is not tested
    here."""
    memory = Path("/dev/shm")
    if not memory.is_dir() or shutil.disk_usage(memory).free < 4 << 30:
        yield tmp_path
        return
    with tempfile.TemporaryDirectory(prefix="robomerge-", dir=memory) as made:
        yield Path(made)


def videos(folder: Path) -> list[Path]:
    """Video files below `folder`, those under a temporary name included."""
    return [path for path in folder.glob("videos/camera/chunk-000/*") if path.is_file()]


def head(path: Path) -> bytes:
    with path.open("rb") as file:
        return file.read(64)


def expect_whole(destination: Path, sources: list[Path]) -> None:
    """Checks that each video is that of its source: its size, its head and the beginning of every
    frame."""
    found = sorted(videos(destination))
    assert len(found) == len(sources)
    for path, source in zip(found, sources):
        (original,) = videos(source)
        assert path.stat().st_size == original.stat().st_size and head(path) == head(original)
        with path.open("rb") as file:
            for number in range(original.stat().st_size // MB):
                file.seek(28 + number * MB)
                assert file.read(8) == struct.pack(">II", sources.index(source), number)


def allocated(paths: list[Path]) -> int:
    """The bytes that were written into videos. What is not written yet is a hole."""
    total = 0
    for path in paths:
        try:
            total += path.stat().st_blocks * 512
        except FileNotFoundError:  # renamed meanwhile
            continue
    return total


def journalled(journals: Path) -> dict[str, int]:
    """The videos that journals name, with their sizes."""
    sizes = {}
    for journal in journals.glob("*.jsonl"):
        # The first line is the header, and what follows the last newline is an incomplete line.
        for line in journal.read_text().split("\n")[1:-1]:
            entry = json.loads(line)
            if entry["path"].startswith("videos/"):
                sizes[entry["path"]] = entry["size_bytes"]
    return sizes


def kill_at(robomerge, words: list[str], folder: Path, moved_bytes: int, left: set[Path]) -> Path:
    """Kills the command as soon as `moved_bytes` are written, without those `left` by killed runs.
    Returns its staging folder."""
    process = subprocess.Popen([str(robomerge.path), *words], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, env=robomerge.environment())
    while process.poll() is None:
        for staging in folder.glob(".merged.robomerge-*[0-9a-f]"):
            if allocated([path for path in videos(staging) if path not in left]) >= moved_bytes:
                process.send_signal(signal.SIGKILL)
        time.sleep(0.002)
    _, errors = process.communicate()
    assert process.returncode == -signal.SIGKILL, errors
    return staging


@pytest.mark.parametrize("command, num_workers", [("merge", 1), ("merge", 2), ("write", 2)])
def test_a_kill_costs_no_more_than_the_files_under_way(robomerge, large_sources, folder, command, num_workers):
    options = ["--no-concatenate-videos", "--copy-mode", "copy", "--no-sync"]
    stages = Stages(robomerge, large_sources, folder / "work", folder / "merged", *options)
    words = ["merge", *map(str, large_sources), "-o", str(folder / "merged"), *options, "--json"]
    if command == "write":
        stages.run(stages.describe())
        stages.run(stages.plan())
        words = stages.write()
    words += ["-j", str(num_workers)]
    total = sum(path.stat().st_size for source in large_sources for path in videos(source))
    largest = max(SIZES_IN_MB) * MB + MB
    inodes: dict[str, int] = {}
    # Temporary files of killed writers, which `merge` removes at its begin and `publish` at its
    # end.
    left: set[Path] = set()
    for percent in (40, 75):
        staging = kill_at(robomerge, words, folder, total * percent // 100, left)
        kept = journalled(staging.with_name(staging.name + ".journal"))
        under_way = {path for path in videos(staging) if str(path.relative_to(staging)) not in kept} - left
        assert len(under_way) <= num_workers, under_way
        left |= under_way
        assert sum(kept.values()) >= total * percent // 100 - num_workers * largest
        for path, inode in inodes.items():
            assert (staging / path).stat().st_ino == inode, f"{path} was moved again"
        inodes = {path: (staging / path).stat().st_ino for path in kept}
    run = robomerge(*words)
    assert run.exit_code == 0, run.stderr
    summary = run.json_lines()[-1]
    assert summary["num_files_skipped"] >= len(kept) >= len(large_sources) // 2
    # The data files, which are tiny, are also copied.
    assert summary["copied_bytes"] <= total - sum(kept.values()) + MB
    if command == "write":
        stages.run(stages.publish())
    expect_whole(folder / "merged", large_sources)


def run_limited(robomerge, soft: int, hard: int, *words: object) -> dict:
    """Runs a command that must succeed with few descriptors, and returns its summary."""
    process = subprocess.run(
        [str(robomerge.path), *map(str, words)], capture_output=True, env=robomerge.environment(), timeout=60,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard)),
    )
    assert process.returncode == 0, process.stderr.decode()
    return json.loads(process.stdout.splitlines()[-1])


@pytest.mark.parametrize("num_workers", [1, 2, 8])
def test_large_files_need_few_descriptors(robomerge, many_large_sources, folder, num_workers):
    options = ("--no-concatenate-videos", "--copy-mode", "copy", "--no-sync", "--json", "-j", num_workers)
    summary = run_limited(robomerge, FEW, FEW, "merge", *many_large_sources, "-o", folder / "merged", *options, "--trace", folder / "trace.json")
    assert summary["num_files_written"] > len(many_large_sources)
    expect_whole(folder / "merged", many_large_sources)
    assert json.loads((folder / "trace.json").read_text())


def test_large_files_need_few_descriptors_in_stages(robomerge, many_large_sources, folder):
    options = ("--no-concatenate-videos", "--copy-mode", "copy", "--no-sync")
    stages = Stages(robomerge, many_large_sources, folder / "work", folder / "merged", *options)
    for words in ([*stages.describe(), "-j", "8"], stages.plan(), [*stages.write(), "-j", "8"], stages.publish()):
        run_limited(robomerge, FEW, FEW, *words)
    expect_whole(folder / "merged", many_large_sources)


@pytest.mark.parametrize("num_workers", [1, 8])
@pytest.mark.parametrize("options", [(), ("--no-concatenate-data",)], ids=["one file", "many files"])
def test_many_sources_need_few_descriptors(robomerge, many_tiny_sources, tmp_path, num_workers, options):
    words = ("merge", *many_tiny_sources, "-o", tmp_path / "merged", *options, "--verify", "--json", "-j", num_workers)
    assert run_limited(robomerge, FEW, FEW, *words)["num_sources"] == len(many_tiny_sources)


def test_the_command_raises_its_soft_limit(robomerge, many_tiny_sources, tmp_path):
    """The limit is read while the command waits for the list of sources."""
    process = subprocess.Popen(
        [str(robomerge.path), "merge", "--from", "-", "-o", str(tmp_path / "merged"), "--json"],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=robomerge.environment(),
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (FEW, 1024)),
    )
    deadline = time.monotonic() + 10
    limits = resource.prlimit(process.pid, resource.RLIMIT_NOFILE)
    while limits == (FEW, 1024) and time.monotonic() < deadline:
        time.sleep(0.01)
        limits = resource.prlimit(process.pid, resource.RLIMIT_NOFILE)
    _, errors = process.communicate("\n".join(map(str, many_tiny_sources)).encode())
    assert process.returncode == 0, errors.decode()
    assert limits == (1024, 1024)
