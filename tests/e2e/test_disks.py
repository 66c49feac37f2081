"""Destinations and sources on file systems that are too small, read-only or closed. Needs root and
loop mounts, and is skipped without."""

import os
import shutil
import subprocess
import time
from pathlib import Path

import pytest
from stages import tree
from tiny_dataset import make_tiny_dataset
from tiny_video import add_video

NUM_SOURCES = 8
LENGTHS = (120, 100)
# How much a filler file is written at a time.
FILLER_BYTES = 1 << 20
NOBODY = 65534


def run_or_skip(*words: object) -> None:
    try:
        outcome = subprocess.run([str(word) for word in words], capture_output=True)
    except FileNotFoundError:
        pytest.skip(f"{words[0]} is not installed")
    if outcome.returncode != 0:
        pytest.skip(f"no file system can be made or mounted here: {outcome.stderr.decode().strip()}")


@pytest.fixture
def mount(tmp_path):
    """mount(kind, size_bytes): makes a file system in a file, mounts it, and returns its folder."""
    if os.geteuid() != 0:
        pytest.skip("mounting a file system needs root")
    mounted = []

    def mount_one(kind: str, size_bytes: int) -> Path:
        folder = tmp_path / f"disk-{kind}"
        if kind == "tmpfs":
            folder.mkdir()
            run_or_skip("mount", "-t", "tmpfs", "-o", f"size={size_bytes}", "tmpfs", folder)
            mounted.append(folder)
            return folder
        image = tmp_path / f"{kind}.img"
        folder.mkdir()
        with open(image, "wb") as file:
            file.truncate(size_bytes)
        run_or_skip(f"mkfs.{kind}", *{"ext4": ["-q", "-m", "0"], "xfs": ["-q"]}[kind], image)
        run_or_skip("mount", "-o", "loop", image, folder)
        mounted.append(folder)
        return folder

    yield mount_one
    for folder in mounted:
        subprocess.run(["umount", folder], check=True)


@pytest.fixture(scope="module")
def video_sources(tmp_path_factory) -> list[Path]:
    folder = tmp_path_factory.mktemp("disk-sources")
    sources = []
    for number in range(NUM_SOURCES):
        sources.append(make_tiny_dataset(folder / str(number), lengths=LENGTHS, task=f"task {number}", num_values=200))
        add_video(sources[-1], LENGTHS, seed=number)
    return sources


@pytest.fixture(scope="module")
def expected(robomerge, video_sources, tmp_path_factory) -> dict[str, bytes]:
    destination = tmp_path_factory.mktemp("disk-expected") / "merged"
    assert robomerge(*merge_words(video_sources, destination)).exit_code == 0
    return tree(destination)


def merge_words(sources: list[Path], destination: Path) -> list[str]:
    # On XFS files would be laid out for sharing, and have other bytes.
    return ["merge", *map(str, sources), "-o", str(destination), "--no-concatenate-data", "--copy-mode", "copy", "-j", "2"]


def as_they_are(folders: list[Path]) -> dict:
    return {path: (path.stat().st_mtime_ns, path.stat().st_ctime_ns) for folder in folders for path in [folder, *folder.rglob("*")]}


def fill(disk: Path, leave_bytes: int) -> Path:
    """Takes all space except `leave_bytes`."""
    filler = disk / "filler"
    with open(filler, "wb") as file:
        while (free := shutil.disk_usage(disk).free) > leave_bytes:
            file.write(bytes(min(FILLER_BYTES, max(4096, free - leave_bytes))))
            file.flush()
            os.fsync(file.fileno())
    return filler


def wait_for_space(disk: Path, num_bytes: int) -> None:
    """XFS frees the space of a removed file a moment later."""
    end = time.monotonic() + 10
    while os.statvfs(disk).f_bavail * os.statvfs(disk).f_frsize < num_bytes and time.monotonic() < end:
        time.sleep(0.05)


@pytest.mark.parametrize("kind", ["ext4", "xfs"])
def test_space_runs_out_at_any_point_and_the_same_command_continues(robomerge, video_sources, expected, mount, kind):
    disk = mount(kind, (320 if kind == "xfs" else 64) << 20)
    before = as_they_are(video_sources)
    payload = sum(len(data) for path, data in expected.items() if not path.startswith("meta"))
    total = sum(len(data) for data in expected.values())
    words = merge_words(video_sources, disk / "merged")
    outcomes = []
    # With room for all bytes, but not for the rest of last blocks and for folders, the merge stops
    # in between.
    for leave_bytes in [payload // 4, payload, *(total + step * 8192 for step in range(5)), 8 * payload]:
        filler = fill(disk, leave_bytes)
        run = robomerge(*words)
        outcomes.append("done" if run.exit_code == 0 else "refused" if "error[E-disk-space]" in run.stderr else "stopped")
        if run.exit_code != 0:
            assert run.exit_code == 4 and not (disk / "merged").exists(), run.stderr
            beside = sorted(path.name for path in disk.iterdir() if path.name not in ("filler", "lost+found"))
            if outcomes[-1] == "refused":
                assert beside == []
            else:
                assert "No space left on device" in run.stderr and "run the same command again to continue" in run.stderr
            filler.unlink()
            wait_for_space(disk, 9 * payload)
            run = robomerge(*words)
            assert run.exit_code == 0, run.stderr
        assert tree(disk / "merged") == expected
        filler.unlink(missing_ok=True)
        assert sorted(path.name for path in disk.iterdir() if path.name != "lost+found") == ["merged"]
        shutil.rmtree(disk / "merged")
    assert outcomes[0] == "refused" and outcomes[-1] == "done" and "stopped" in outcomes, outcomes
    assert as_they_are(video_sources) == before


def test_a_device_that_fails_is_reported_and_the_same_command_continues(robomerge, video_sources, expected, mount, tmp_path):
    """A loop device fails if the file behind it gets no space. That is an error of the block layer,
    below ext4."""
    below = mount("tmpfs", 64 << 20)
    image, disk = below / "image", tmp_path / "failing"
    disk.mkdir()
    with open(image, "wb") as file:
        file.truncate(48 << 20)
    run_or_skip("mkfs.ext4", "-q", "-m", "0", image)
    run_or_skip("mount", "-o", "loop", image, disk)
    words = merge_words(video_sources, disk / "merged")
    before = as_they_are(video_sources)
    try:
        subprocess.run(["mount", "-o", f"remount,size={image.stat().st_blocks * 512 + (256 << 10)}", below], check=True)
        run = robomerge(*words)
        # Newer kernels pass the loop device's own error on, unless ext4 has become read-only
        # before.
        reasons = ("Input/output error", "Read-only file system", "No space left on device")
        assert run.exit_code == 4 and any(reason in run.stderr for reason in reasons), run.stderr
        assert not (disk / "merged").exists()
    finally:
        subprocess.run(["umount", disk], check=True)
    subprocess.run(["mount", "-o", "remount,size=64M", below], check=True)
    assert subprocess.run(["fsck.ext4", "-fy", image], capture_output=True).returncode in (0, 1)
    run_or_skip("mount", "-o", "loop", image, disk)
    try:
        run = robomerge(*words)
        assert run.exit_code == 0, run.stderr
        assert tree(disk / "merged") == expected and as_they_are(video_sources) == before
        assert sorted(path.name for path in disk.iterdir() if path.name != "lost+found") == ["merged"]
    finally:
        subprocess.run(["umount", disk], check=True)


def test_a_read_only_destination_is_refused_and_named(robomerge, video_sources, mount):
    disk = mount("ext4", 32 << 20)
    subprocess.run(["mount", "-o", "remount,ro", disk], check=True)
    run = robomerge(*merge_words(video_sources, disk / "merged"))
    assert run.exit_code == 4 and "Read-only file system" in run.stderr and str(disk) in run.stderr, run.stderr
    run = robomerge(*merge_words(video_sources, disk / "deep" / "er" / "merged"))
    assert run.exit_code == 4 and str(disk / "deep") in run.stderr, run.stderr


def test_read_only_sources_are_merged_and_not_even_touched(robomerge, video_sources, expected, mount, tmp_path):
    disk = mount("ext4", 64 << 20)
    copies = [shutil.copytree(source, disk / source.name) for source in video_sources]
    subprocess.run(["mount", "-o", "remount,ro", disk], check=True)
    before = as_they_are(copies)
    run = robomerge(*merge_words(copies, tmp_path / "merged"))
    assert run.exit_code == 0, run.stderr
    assert tree(tmp_path / "merged") == expected and as_they_are(copies) == before
    run = robomerge(*merge_words(copies, disk / "merged"))
    assert run.exit_code == 4 and "Read-only file system" in run.stderr


def test_a_folder_without_permission_is_refused_and_named(robomerge, video_sources, tmp_path):
    """Runs as another user, since root may write everywhere."""
    if os.geteuid() != 0:
        pytest.skip("becoming another user needs root")
    for folder in [tmp_path, *tmp_path.parents]:
        if folder.stat().st_mode & 0o001 == 0 and folder.stat().st_uid == 0 and str(folder).startswith("/tmp"):
            os.chmod(folder, folder.stat().st_mode | 0o055)
    copies = [shutil.copytree(source, tmp_path / source.name) for source in video_sources[:2]]
    locked = tmp_path / "locked"
    locked.mkdir(mode=0o755)
    before = as_they_are([*copies, locked])
    run = subprocess.run(
        [str(robomerge.path), *merge_words(copies, locked / "merged")], capture_output=True, text=True, env=robomerge.environment(),
        user=NOBODY, group=NOBODY, extra_groups=[],
    )
    if "Permission denied" not in run.stderr:
        pytest.skip(f"another user cannot run the command here: {run.stderr}")
    assert run.returncode == 4 and str(locked) in run.stderr and "check the permissions" in run.stderr, run.stderr
    assert as_they_are([*copies, locked]) == before
