"""An XFS volume with shared extents on a loop device, gone when the block is left, however it is
left. Needs root.

An image in the same folder that a killed run left mounted is cleaned up first.
"""

import contextlib
import os
import shutil
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

from inputs import NotAvailable


def _run(*command: object) -> str:
    return subprocess.run([str(word) for word in command], check=True, capture_output=True, text=True).stdout.strip()


def _clean_up(image: Path, mount_point: Path) -> None:
    if os.path.ismount(mount_point):
        _run("umount", mount_point)
    for line in _run("losetup", "--associated", image).splitlines() if image.exists() else []:
        _run("losetup", "--detach", line.split(":")[0])
    if mount_point.exists():
        mount_point.rmdir()
    image.unlink(missing_ok=True)


@contextlib.contextmanager
def xfs_volume(folder: Path, size_bytes: int) -> Iterator[Path]:
    """Yields the mount point. Raises NotAvailable where such a volume cannot be made."""
    if os.geteuid() != 0:
        raise NotAvailable("mounting a loop device needs root")
    missing = [command for command in ("mkfs.xfs", "losetup", "mount") if shutil.which(command) is None]
    if missing:
        raise NotAvailable(f"there is no {', '.join(missing)}")
    folder.mkdir(parents=True, exist_ok=True)
    image, mount_point = folder / "xfs.img", folder / "xfs-volume"
    _clean_up(image, mount_point)

    def leave(signal_number: int, frame: object) -> None:
        raise SystemExit(128 + signal_number)

    # When it is ended from outside, the process must still reach the finally below.
    handlers = {number: signal.signal(number, leave) for number in (signal.SIGTERM, signal.SIGHUP)}
    try:
        try:
            with image.open("wb") as file:
                file.truncate(size_bytes)
            _run("mkfs.xfs", "-q", "-m", "reflink=1", image)
            # Without direct I/O every byte would pass through the page cache twice: the volume's
            # and the image's.
            device = _run("losetup", "--find", "--show", "--direct-io=on", image)
            mount_point.mkdir()
            _run("mount", "-t", "xfs", device, mount_point)
        except subprocess.CalledProcessError as error:
            raise NotAvailable(f"{' '.join(error.cmd)}: {error.stderr.strip()}") from error
        yield mount_point
    finally:
        _clean_up(image, mount_point)
        for number, handler in handlers.items():
            signal.signal(number, handler)
