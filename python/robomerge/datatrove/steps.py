"""The four stages of a merge as steps of a datatrove pipeline.

A step holds only strings and numbers, since datatrove pickles it for every task and writes it into
executor.json. The stages exchange files only, so a step works in any executor, with any number of
tasks, any number of times.
"""

import os
import time
from abc import abstractmethod

from datatrove.pipeline.base import DocumentsPipeline, PipelineStep
from datatrove.utils.logging import logger
from datatrove.utils.stats import Stats

from robomerge.datatrove.command import CommandFailed, Message, command_words, problem_text, run_command

#: Seconds between two lines of progress in a task's log. The command itself writes one a second.
SECONDS_BETWEEN_PROGRESS = 30.0


def available_cores() -> int:
    """The cores of this task: those that the executor gave it, but no more than the kernel lets it
    use."""
    usable = len(os.sched_getaffinity(0))
    given = int(os.environ.get("DATATROVE_CPUS_PER_TASK", "-1"))  # -1: the executor does not know
    return min(given, usable) if given > 0 else usable


class CommandStep(PipelineStep):
    """A step that runs `robomerge` once per task.

    The numbers of the command's summary and the number of its warnings become statistics of the
    task. Warnings go to the task's log. If the command fails, the task fails with the command's own
    error (`CommandFailed`).
    """

    type = "robomerge"
    #: Whether this step's log says what is left out; once is enough.
    tells_skipped = False

    def __init__(self, command: str = "") -> None:
        super().__init__()
        self.command = command

    @abstractmethod
    def arguments(self, rank: int, world_size: int) -> list[str]:
        """The arguments of `robomerge`, without --json."""

    def run(self, data: DocumentsPipeline = None, rank: int = 0, world_size: int = 1) -> None:
        # Slurm with tasks_per_job > 1 runs several ranks with the same step; each has statistics of
        # its own.
        self.stats = Stats(str(self))
        last_progress = time.monotonic()

        def receive(message: Message) -> None:
            nonlocal last_progress
            kind = message["message_type"]
            if kind == "summary":
                self._count(message)
            elif kind == "warning":
                self.stat_update("warnings", unit="task")
                logger.warning(problem_text(message))
            elif kind == "skipped" and self.tells_skipped:
                what = f"episodes {message['episodes']} of " if message["episodes"] else ""
                for reason in message["reasons"]:
                    logger.warning(f"left out {what}{message['source']}: {problem_text(reason)}")
            elif kind == "text":
                logger.info(message["text"])
            elif kind == "status" and time.monotonic() - last_progress >= SECONDS_BETWEEN_PROGRESS:
                last_progress = time.monotonic()
                logger.info(", ".join(f"{name} {value}" for name, value in message.items() if name != "message_type"))

        words = [*command_words(self.command), *self.arguments(rank, world_size), "--json"]
        with self.track_time("task"):
            try:
                for line in run_command(words, receive):
                    logger.info(line)
            except CommandFailed as failure:
                logger.error(f"rank {rank} of {world_size}: {failure}")
                raise

    def _count(self, summary: Message) -> None:
        for name, value in summary.items():
            # Positions, such as first_source, are not counts.
            if type(value) in (int, float) and not name.startswith("first_"):
                self.stat_update(name, value=value, unit="task")


class Describe(CommandStep):
    """Reads a slice of the sources and writes what a plan needs to know of them.

    Args:
        sources_file: A file with one source dataset per line, in the order of the merge. Absolute
            paths: a task may run in any folder.
        partials_dir: Where the descriptions go; one folder for one number of tasks.
        num_workers: Threads of each task; 0: as many as the task has cores.
        command: Words that start robomerge; empty: the installed package.
        stats: "exact" or "fold", as docs/statistics.md says.
        skip_broken: "nothing", "sources" or "episodes": what is left out if it cannot be merged.
    """

    name = "describe"

    def __init__(
        self,
        sources_file: str,
        partials_dir: str,
        num_workers: int = 0,
        command: str = "",
        skip_broken: str = "nothing",
        stats: str = "exact",
    ) -> None:
        super().__init__(command)
        self.stats_mode = stats
        self.sources_file = str(sources_file)
        self.partials_dir = str(partials_dir)
        self.num_workers = num_workers
        self.skip_broken = skip_broken

    def arguments(self, rank: int, world_size: int) -> list[str]:
        words = ["describe", "--from", self.sources_file, "--partial", self.partials_dir]
        if self.skip_broken != "nothing":
            words += ["--skip-broken", self.skip_broken]
        words += ["--rank", str(rank), "--world-size", str(world_size), "--stats", self.stats_mode]
        return [*words, "-j", str(self.num_workers or available_cores())]


class _OnlyTask(CommandStep):
    """A step for a pipeline of one task."""

    def run(self, data: DocumentsPipeline = None, rank: int = 0, world_size: int = 1) -> None:
        if world_size != 1:
            raise ValueError(f"{self.name} is one task: expected world size 1, found {world_size}")
        super().run(data, rank, world_size)


class Plan(_OnlyTask):
    """Combines the descriptions, checks that the sources fit together, and plans every file of the
    destination.

    Args:
        partials_dir: The folder of `Describe`.
        destination: The dataset to be made. Absolute: it is kept in the plan.
        plan_dir: Where the plan goes. A plan never changes: with other sources or options it is
            refused.
        data_files_size_in_mb, video_files_size_in_mb, chunk_size, concatenate_videos,
            concatenate_data: As in LeRobot.
        copy_mode: "auto", "share" or "copy", as docs/cli.md says.
        sync: Whether every file is flushed to the device before it counts as written.
        overwrite: Whether a dataset that is at the destination may be replaced.
        tmp_root: Where the destination grows; empty: beside its place. Must be on the same file
            system.
        num_workers: Threads; 0: as many as the task has cores.
        command: Words that start robomerge; empty: the installed package.
        record_hashes: Whether the result's record keeps the SHA-256 of every file.
    """

    name = "plan"

    def __init__(
        self,
        partials_dir: str,
        destination: str,
        plan_dir: str,
        data_files_size_in_mb: float = 100,
        video_files_size_in_mb: float = 200,
        chunk_size: int = 1000,
        concatenate_videos: bool = True,
        concatenate_data: bool = True,
        copy_mode: str = "auto",
        sync: bool = True,
        overwrite: bool = False,
        tmp_root: str = "",
        num_workers: int = 0,
        command: str = "",
        record_hashes: bool = False,
    ) -> None:
        super().__init__(command)
        self.partials_dir = str(partials_dir)
        self.destination = str(destination)
        self.plan_dir = str(plan_dir)
        self.data_files_size_in_mb = data_files_size_in_mb
        self.video_files_size_in_mb = video_files_size_in_mb
        self.chunk_size = chunk_size
        self.concatenate_videos = concatenate_videos
        self.concatenate_data = concatenate_data
        self.copy_mode = copy_mode
        self.record_hashes = record_hashes
        self.sync = sync
        self.overwrite = overwrite
        self.tmp_root = str(tmp_root)
        self.num_workers = num_workers

    def arguments(self, rank: int, world_size: int) -> list[str]:
        words = ["plan", "--partial", self.partials_dir, "-o", self.destination, "--plan", self.plan_dir]
        words += ["--data-files-size-in-mb", str(self.data_files_size_in_mb)]
        words += ["--video-files-size-in-mb", str(self.video_files_size_in_mb)]
        words += ["--chunk-size", str(self.chunk_size), "--copy-mode", self.copy_mode]
        if not self.concatenate_videos:
            words.append("--no-concatenate-videos")
        if not self.concatenate_data:
            words.append("--no-concatenate-data")
        if self.record_hashes:
            words.append("--record-hashes")
        if not self.sync:
            words.append("--no-sync")
        if self.overwrite:
            words.append("--overwrite")
        if self.tmp_root:
            words += ["--tmp-root", self.tmp_root]
        return [*words, "-j", str(self.num_workers or available_cores())]


class Write(CommandStep):
    """Writes a slice of the destination's files, those that are not written yet.

    Args:
        plan_dir: The folder of `Plan`.
        num_workers: Threads of each task; 0: as many as the task has cores.
        command: Words that start robomerge; empty: the installed package.
    """

    name = "write"

    def __init__(self, plan_dir: str, num_workers: int = 0, command: str = "") -> None:
        super().__init__(command)
        self.plan_dir = str(plan_dir)
        self.num_workers = num_workers

    def arguments(self, rank: int, world_size: int) -> list[str]:
        words = ["write", "--plan", self.plan_dir, "--rank", str(rank), "--world-size", str(world_size)]
        return [*words, "-j", str(self.num_workers or available_cores())]


class Publish(_OnlyTask):
    """Checks that every file of the plan is written, and publishes the dataset. Names everything
    that is missing.

    Args:
        plan_dir: The folder of `Plan`.
        command: Words that start robomerge; empty: the installed package.
    """

    name = "publish"
    tells_skipped = True

    def __init__(self, plan_dir: str, command: str = "") -> None:
        super().__init__(command)
        self.plan_dir = str(plan_dir)

    def arguments(self, rank: int, world_size: int) -> list[str]:
        return ["publish", "--plan", self.plan_dir]
