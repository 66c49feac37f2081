"""One measured run of a command, and what must hold before it so that runs can be compared."""

import os
import signal
import subprocess
import threading
import time
from dataclasses import asdict, dataclass
from pathlib import Path


class RunFailed(Exception):
    """A command did not exit with 0; says what it printed."""


@dataclass(frozen=True)
class Run:
    seconds: float  # wall time of all commands together
    peak_memory_bytes: int  # the largest resident set of any one process
    user_seconds: float
    system_seconds: float
    timed_out: bool = False
    call_seconds: float | None = None  # of LeRobot: the call alone, without starting Python and importing LeRobot

    def as_json(self) -> dict:
        return {key: value for key, value in asdict(self).items() if value is not None and value is not False}


def run(commands: list[list[str]], *, cwd: Path, output: Path, environment: dict, limit_seconds: float) -> Run:
    """Runs the commands one after the other. What they print goes to `output`. Raises RunFailed."""
    usages = []
    timed_out = threading.Event()
    with output.open("wb") as sink:
        start = time.perf_counter()
        for command in commands:
            process = subprocess.Popen(
                command,
                cwd=cwd,
                stdin=subprocess.DEVNULL,
                stdout=sink,
                stderr=sink,
                env=environment,
                start_new_session=True,  # a group of its own, which can be ended as a whole
            )

            def end(process: subprocess.Popen = process) -> None:
                timed_out.set()
                os.killpg(process.pid, signal.SIGKILL)

            timer = threading.Timer(max(0.0, start + limit_seconds - time.perf_counter()), end)
            timer.start()
            try:
                # wait4, not RUSAGE_CHILDREN, which is the peak over all earlier children.
                _, status, usage = os.wait4(process.pid, 0)
            except BaseException:
                # Interrupted from outside. A process that still runs would keep a volume from being
                # unmounted.
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()
                raise
            finally:
                timer.cancel()
            process.returncode = os.waitstatus_to_exitcode(status)
            usages.append(usage)
            if process.returncode != 0 and not timed_out.is_set():
                printed = output.read_text(errors="replace")[-4000:]
                raise RunFailed(f"{' '.join(command)[:300]} exited with {process.returncode}:\n{printed}")
            if timed_out.is_set():
                break
        seconds = time.perf_counter() - start
    return Run(
        seconds=seconds,
        peak_memory_bytes=max(usage.ru_maxrss for usage in usages) * 1024,
        user_seconds=sum(usage.ru_utime for usage in usages),
        system_seconds=sum(usage.ru_stime for usage in usages),
        timed_out=timed_out.is_set(),
    )


def sync_file_system(path: Path) -> None:
    subprocess.run(["sync", "-f", str(path)], check=True)


def used_bytes(path: Path) -> int:
    """Bytes in use on the file system of `path`, as df counts them."""
    status = os.statvfs(path)
    return (status.f_blocks - status.f_bfree) * status.f_frsize


def read_into_page_cache(paths: list[Path]) -> None:
    buffer = bytearray(1 << 20)
    for path in paths:
        with path.open("rb", buffering=0) as file:
            while file.readinto(buffer):
                pass
