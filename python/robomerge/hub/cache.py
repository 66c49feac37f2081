"""The Hub's cache on disk, in huggingface_hub's own layout: blobs by their hash, and snapshots of
commits that are links to them."""

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from robomerge.hub.address import Address


def caches() -> list[Path]:
    """LeRobot's, into which is downloaded, and the Hub's own."""
    from huggingface_hub import constants

    from robomerge.lerobot.sources import lerobot_home

    return [lerobot_home() / "hub", Path(constants.HF_HUB_CACHE)]


def _storage(cache: Path, address: Address) -> Path:
    return Path(os.path.abspath(cache)) / f"datasets--{address.repo_id.replace('/', '--')}"


def storage_for(address: Address, commit: str) -> Path:
    """The folder of the repository in the cache that has most files of this commit."""

    def num_files(storage: Path) -> int:
        return sum(len(files) for _, _, files in os.walk(storage / "snapshots" / commit))

    return max((_storage(cache, address) for cache in caches()), key=num_files)


def cached_commit(address: Address, names: tuple[str, ...]) -> str | None:
    """The commit that one of these tags or branches had when it was last asked for."""
    for name in names:
        for cache in caches():
            try:
                commit = (_storage(cache, address) / "refs" / name).read_text(encoding="ascii").strip()
            except (OSError, UnicodeDecodeError):
                continue
            if Address(address.repo_id, commit).is_pinned:
                return commit
    return None


def note_commit(storage: Path, name: str, commit: str) -> None:
    """So that the name is known when the Hub cannot be asked."""
    path = storage / "refs" / name
    path.parent.mkdir(parents=True, exist_ok=True)
    _replace(path, lambda temporary: temporary.write_text(commit, encoding="ascii"))


def link(blob: Path, pointer: Path) -> None:
    pointer.parent.mkdir(parents=True, exist_ok=True)
    target = os.path.relpath(blob, pointer.parent)
    _replace(pointer, lambda temporary: temporary.symlink_to(target))


def _replace(path: Path, make: Callable[[Path], object]) -> None:
    temporary = path.with_name(f".{path.name}.{os.getpid()}.{os.urandom(4).hex()}.tmp")
    make(temporary)
    os.replace(temporary, path)


@contextmanager
def incomplete(blob: Path) -> Iterator[int]:
    """Yields the descriptor of the file that is to become `blob`, with what earlier runs got of it.
    No other process has it meanwhile."""
    import fcntl

    path = blob.with_name(f"{blob.name}.robomerge.incomplete")
    path.parent.mkdir(parents=True, exist_ok=True)
    while True:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            try:
                is_ours = os.path.samestat(os.stat(path), os.fstat(descriptor))
            except FileNotFoundError:
                is_ours = False
            if is_ours:  # else another process has finished it while we waited
                yield descriptor
                return
        finally:
            os.close(descriptor)


def finish(blob: Path) -> None:
    """Within `incomplete`: what is there becomes the blob, unless there is one."""
    path = blob.with_name(f"{blob.name}.robomerge.incomplete")
    if blob.exists():
        path.unlink()
    else:
        os.replace(path, blob)
