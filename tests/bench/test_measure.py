"""bench/measure.py: a failed run gives no figure, and a run that is ended leaves no process."""

import os
import sys
import time
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "bench"))

from measure import RunFailed, run  # noqa: E402


def measure(tmp_path: Path, *commands: list[str], limit_seconds: float = 60):
    output = tmp_path / "output.txt"
    return run(list(commands), cwd=tmp_path, output=output, environment=dict(os.environ), limit_seconds=limit_seconds)


def test_takes_the_time_of_all_commands_together(tmp_path):
    start = time.perf_counter()
    one = measure(tmp_path, ["sleep", "0.2"], ["sleep", "0.3"])
    assert 0.5 <= one.seconds <= time.perf_counter() - start


def test_takes_the_peak_of_the_largest_process(tmp_path):
    large = measure(tmp_path, [sys.executable, "-c", "b'x' * 200_000_000"], [sys.executable, "-c", "pass"])
    assert 200e6 <= large.peak_memory_bytes < 400e6
    # A later run does not inherit it.
    assert measure(tmp_path, ["true"]).peak_memory_bytes < 200e6


def test_a_command_that_fails_is_no_figure(tmp_path):
    with pytest.raises(RunFailed, match="exited with 3:\nno space"):
        measure(tmp_path, ["sh", "-c", "echo no space; exit 3"])


def test_the_limit_ends_a_command_with_all_that_it_started(tmp_path):
    one = measure(tmp_path, ["sh", "-c", "sleep 60 & echo $! > child; wait"], limit_seconds=0.5)
    assert one.timed_out and one.seconds < 30
    child = Path("/proc", (tmp_path / "child").read_text().strip(), "stat")
    deadline = time.monotonic() + 10
    # After its end it is a zombie until the process that has adopted it waits for it.
    while child.exists() and child.read_text().rpartition(")")[2].split()[0] != "Z":
        assert time.monotonic() < deadline
        time.sleep(0.05)
