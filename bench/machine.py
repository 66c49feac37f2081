"""What the figures were measured on, without anything that names this machine or its folders."""

import os
import platform
import subprocess
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]


def _first_line(*command: str) -> str | None:
    try:
        run = subprocess.run(command, capture_output=True, text=True, cwd=ROOT)
    except FileNotFoundError:
        return None
    return run.stdout.splitlines()[0].strip() if run.returncode == 0 and run.stdout.strip() else None


def _field(path: str, name: str) -> str:
    lines = (line.partition(":") for line in Path(path).read_text().splitlines())
    return next((value.strip() for key, _, value in lines if key.strip() == name), "unknown")


def describe_machine(robomerge: Path, peer_python: Path, data: Path) -> dict:
    peer = "from importlib.metadata import version as v; "
    peer += "print(v('lerobot'), 'with PyAV', v('av'), 'and pyarrow', v('pyarrow'))"
    changed = subprocess.run(
        ["git", "status", "--porcelain", "--", "src", "cli", "include", "bench", "cmake", "CMakeLists.txt"],
        capture_output=True,
        text=True,
        cwd=ROOT,
    ).stdout.strip()
    return {
        "cpu": _field("/proc/cpuinfo", "model name"),
        "num_cores": len(os.sched_getaffinity(0)),
        "memory_bytes": os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES"),
        "kernel": platform.release(),
        "file_system": _first_line("findmnt", "-n", "-o", "FSTYPE,OPTIONS", "-T", str(data)) or "unknown",
        "coreutils": _first_line("cp", "--version") or "unknown",
        "robomerge": _first_line(str(robomerge), "--version") or "unknown",
        "lerobot": _first_line(str(peer_python), "-c", peer) or "not installed",
        "commit": (_first_line("git", "rev-parse", "HEAD") or "unknown")
        + (" and changes that are not committed" if changed else ""),
        "load_average": round(os.getloadavg()[0], 2),
    }
