"""Kills merges at moments from a seeded generator, and checks after each kill that nothing is lost
or half there."""

import random
import shutil
import signal
import subprocess
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path

from stages import tree
from tiny_dataset import make_tiny_dataset
from tiny_video import add_video

SCENARIOS = ("fresh", "resumed", "overwrite", "overwrite_resumed", "write", "publish")
STAGES = ("nothing", "staging", "published", "finished")
NUM_SOURCES = 12


class Loss(AssertionError):
    """A kill has lost something."""


class Kills:
    """Sources in one folder, and merges of them that are killed."""

    def __init__(self, robomerge, folder: Path, seed: int, version: str = "3.0"):
        self.robomerge = robomerge
        self.random = random.Random(seed)
        self.out = folder / "out"
        self.destination = self.out / "merged"
        self.plan = folder / "plan"
        lengths = (4, 5)
        self.sources = []
        for number in range(NUM_SOURCES):
            source = make_tiny_dataset(folder / "sources" / str(number), lengths=lengths, task=f"task {number % 3}")
            add_video(source, lengths, seed=number)
            self.sources.append(source)
        self.before = self._sources_as_they_are()
        self.words = ["merge", *map(str, self.sources), "-o", str(self.destination), "--no-concatenate-data", "--no-concatenate-videos"]
        self.words += ["--codebase-version", version, "-j", "2"]
        self.merge_seconds = self._seconds(self.words, lambda: shutil.rmtree(self.out, ignore_errors=True))
        self.new = tree(self.destination)
        self._run(["merge", *map(str, self.sources[:3]), "-o", str(folder / "old")])
        self.old_folder = folder / "old"
        self.old = tree(self.old_folder)
        self.found = {scenario: Counter() for scenario in SCENARIOS}
        self.num_unharmed = 0

    def kill(self, scenario: str, num_kills: int, with_signal: signal.Signals = signal.SIGKILL) -> None:
        """Runs the command of the scenario until it has been killed `num_kills` times."""
        words = {"write": ["write", "--plan", str(self.plan)], "publish": ["publish", "--plan", str(self.plan)]}.get(scenario, self.words)
        if scenario.startswith("overwrite"):
            words = [*words, "--overwrite"]
        most_seconds = 1.1 * self._seconds(words, lambda: self._prepare(scenario))
        wanted = sum(self.found[scenario].values()) + num_kills
        for attempt in range(20 * num_kills):
            if sum(self.found[scenario].values()) >= wanted:
                return
            self._prepare(scenario)
            # Spread evenly over the whole run: a random moment in each tenth of it, one tenth after
            # the other.
            delay = (attempt % 10 + self.random.random()) / 10 * most_seconds
            process = subprocess.Popen(
                [str(self.robomerge.path), *words], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, env=self.robomerge.environment(), text=True
            )
            time.sleep(delay)
            process.send_signal(with_signal)
            _, errors = process.communicate()
            when = f"{scenario}, {with_signal.name} after {delay * 1000:.2f} ms of about {most_seconds * 1000:.2f} ms"
            if process.returncode == 0:
                self.num_unharmed += 1
            elif process.returncode == -with_signal or (process.returncode == 130 and with_signal != signal.SIGKILL):
                self.found[scenario][self._look(scenario, when)] += 1
            else:
                raise Loss(f"{when}: the command ended with {process.returncode}: {errors}")
            self._go_on(scenario, words, when)
        raise Loss(f"{scenario}: runs of {most_seconds * 1000:.1f} ms end before they can be killed")

    def _seconds(self, words: list[str], prepare: Callable[[], None]) -> float:
        """How long the command usually takes. The first of three runs may wait for the disk."""
        seconds = []
        for _ in range(3):
            prepare()
            start = time.monotonic()
            self._run(words)
            seconds.append(time.monotonic() - start)
        return sorted(seconds)[1]

    def _run(self, words: list[str]) -> None:
        run = self.robomerge(*words)
        if run.exit_code != 0:
            raise Loss(f"{' '.join(words[:1])} ended with {run.exit_code}: {run.stderr}")

    def _prepare(self, scenario: str) -> None:
        shutil.rmtree(self.out, ignore_errors=True)
        shutil.rmtree(self.plan, ignore_errors=True)
        if scenario.startswith("overwrite"):
            shutil.copytree(self.old_folder, self.destination)
        if scenario.endswith("resumed"):
            self._begin()
        if scenario in ("write", "publish"):
            self._run(["plan", *self.words[1:-2], "--plan", str(self.plan)])
        if scenario == "publish":
            self._run(["write", "--plan", str(self.plan)])

    def _begin(self) -> None:
        """Kills a merge when some of its files are there."""
        words = [*self.words, "--overwrite"]
        old = tree(self.destination)
        is_begun = lambda: any(self.out.glob(".merged.robomerge-*.journal/*"))
        longest_seconds = 0.5 * self.merge_seconds
        for _ in range(200):
            process = subprocess.Popen([str(self.robomerge.path), *words], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=self.robomerge.environment())
            # Not by time alone: on a busy machine that would miss the middle again and again.
            while process.poll() is None and not is_begun():
                time.sleep(0.0002)
            time.sleep(self.random.uniform(0, longest_seconds))
            process.send_signal(signal.SIGKILL)
            process.wait()
            if tree(self.destination) == old and is_begun():
                return
            longest_seconds *= 0.8
            shutil.rmtree(self.out, ignore_errors=True)
            if old:
                shutil.copytree(self.old_folder, self.destination)
        raise Loss("no merge could be stopped half-way")

    def _look(self, scenario: str, when: str) -> str:
        """What the kill left: nothing of the merge, a staging folder, the result with something
        beside it, or the result alone."""
        there = tree(self.destination) if self.destination.exists() else None
        if there is not None and there != self.new and not (scenario.startswith("overwrite") and there == self.old):
            raise Loss(f"{when}: the destination is neither whole nor absent")
        if there is None and scenario.startswith("overwrite"):
            raise Loss(f"{when}: neither the old nor the new dataset is there")
        beside = self.out.exists() and any(path.name != "merged" for path in self.out.iterdir())
        if there == self.new:
            return "published" if beside else "finished"
        return "staging" if beside else "nothing"

    def _go_on(self, scenario: str, words: list[str], when: str) -> None:
        self._run(words)
        if scenario == "write":
            self._run(["publish", "--plan", str(self.plan)])
        if tree(self.destination) != self.new:
            raise Loss(f"{when}: the second run made other bytes")
        strays = sorted(path.name for path in self.out.iterdir() if path.name != "merged")
        if strays:
            raise Loss(f"{when}: {', '.join(strays)} is left beside the destination")
        if self._sources_as_they_are() != self.before:
            raise Loss(f"{when}: a source has changed")

    def _sources_as_they_are(self) -> dict:
        return {
            path: (path.stat().st_mtime_ns, path.stat().st_ctime_ns, path.read_bytes() if path.is_file() else sorted(path.iterdir()))
            for source in self.sources for path in [source, *source.rglob("*")]
        }
