"""Runs the command that ROBOMERGE names, by default build/release/cli/robomerge."""

import json
import os
import signal
import subprocess
from dataclasses import dataclass
from pathlib import Path

import pytest
from tiny_dataset import make_tiny_dataset

REPOSITORY = Path(__file__).resolve().parents[2]
TIMEOUT_SECONDS = 60


@pytest.fixture(scope="session", autouse=True)
def interrupts_as_in_a_terminal():
    """Makes SIGINT work: processes that a shell runs in the background inherit that it is
    ignored."""
    handler = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, handler)


@dataclass(frozen=True)
class Run:
    exit_code: int
    stdout: str
    stderr: str

    def json_lines(self) -> list[dict]:
        return [json.loads(line) for line in self.stdout.splitlines()]


class Command:
    """The command, in an environment without the caller's settings."""

    path = Path(os.environ.get("ROBOMERGE", REPOSITORY / "build/release/cli/robomerge")).absolute()

    def environment(self, **more: str) -> dict[str, str]:
        cleared = {"NO_COLOR", "TERM", "ROBOMERGE_NUM_WORKERS", "ROBOMERGE_TRACE"}
        return {name: value for name, value in os.environ.items() if name not in cleared} | {"TERM": "xterm"} | more

    def __call__(self, *arguments: object, stdin: str = "", cwd: Path | None = None, **environment: str) -> Run:
        process = subprocess.run(
            [str(self.path), *map(str, arguments)],
            input=stdin.encode(),
            capture_output=True,
            timeout=TIMEOUT_SECONDS,
            cwd=cwd,
            env=self.environment(**environment),
        )
        return Run(process.returncode, process.stdout.decode(), process.stderr.decode())


@pytest.fixture(scope="session")
def robomerge() -> Command:
    command = Command()
    assert command.path.is_file(), f"build it first, or name it with ROBOMERGE: {command.path}"
    return command


@pytest.fixture(scope="session")
def sources(tmp_path_factory) -> list[Path]:
    """Two datasets that can be merged."""
    folder = tmp_path_factory.mktemp("sources")
    return [make_tiny_dataset(folder / "a"), make_tiny_dataset(folder / "b", lengths=(3,), task="open the drawer")]
