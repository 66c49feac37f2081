"""Runs a merge stage by stage, and kills it."""

import contextlib
import random
import signal
import subprocess
import time
from pathlib import Path


class Stages:
    """The commands of one merge in stages, with one working folder."""

    def __init__(self, robomerge, sources, work: Path, destination: Path, *options: object):
        self.robomerge = robomerge
        self.sources = [str(source) for source in sources]
        self.partial = work / "partial"
        self.plan_directory = work / "plan"
        self.destination = destination
        self.options = [str(option) for option in options]

    def describe(self, rank: int = 0, world_size: int = 1) -> list[str]:
        return ["describe", *self.sources, "--partial", str(self.partial), "--rank", str(rank), "--world-size", str(world_size), "--json"]

    def plan(self) -> list[str]:
        paths = ["--partial", str(self.partial), "-o", str(self.destination), "--plan", str(self.plan_directory)]
        return ["plan", *paths, *self.options, "--json"]

    def write(self, rank: int = 0, world_size: int = 1) -> list[str]:
        return ["write", "--plan", str(self.plan_directory), "--rank", str(rank), "--world-size", str(world_size), "--json"]

    def publish(self) -> list[str]:
        return ["publish", "--plan", str(self.plan_directory), "--json"]

    def run(self, command: list[str]) -> dict:
        """Runs a command that must succeed, and returns its summary."""
        run = self.robomerge(*command)
        assert run.exit_code == 0, run.stderr
        return run.json_lines()[-1]

    def run_all(self, describers: int, writers: int) -> dict:
        for rank in range(describers):
            self.run(self.describe(rank, describers))
        self.run(self.plan())
        for rank in range(writers):
            self.run(self.write(rank, writers))
        return self.run(self.publish())


def tree(folder: Path) -> dict[str, bytes]:
    """Every file below `folder` with its bytes."""
    return {str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


class Killer:
    """Runs commands and kills some of them at a moment drawn from a seeded generator."""

    def __init__(self, robomerge, seed: int):
        self.robomerge = robomerge
        self.random = random.Random(seed)
        self.num_kills = 0

    def seconds_of(self, *words: str) -> float:
        start = time.monotonic()
        assert self.robomerge(*words).exit_code == 0
        return time.monotonic() - start

    def run(self, words: list[str], most_seconds: float) -> bool:
        """Returns whether the command ended before the kill. If so, it must have succeeded."""
        process = subprocess.Popen(
            [str(self.robomerge.path), *words], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, env=self.robomerge.environment()
        )
        with contextlib.suppress(subprocess.TimeoutExpired):
            _, errors = process.communicate(timeout=self.random.uniform(0, most_seconds))
            assert process.returncode == 0, errors.decode()
            return True
        process.send_signal(signal.SIGKILL)
        process.communicate()
        if process.returncode == -signal.SIGKILL:
            self.num_kills += 1
        return process.returncode == 0
