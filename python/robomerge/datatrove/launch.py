"""run: the four phases one after the other, on one machine, on Slurm or on Ray.

datatrove's `depends=` is used only with Slurm, where the scheduler itself enforces it. Completion
markers of earlier runs are never used, since they name neither the number of tasks nor the merge.
Every run() begins without markers and repeats all tasks. If a task's work is done, the command
finds that in the files themselves and ends at once. `robomerge publish` checks that everything is
complete.
"""

import difflib
import inspect
import math
import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from os import PathLike
from pathlib import Path
from typing import Any, Literal, get_args

from datatrove.executor.local import LocalPipelineExecutor
from datatrove.executor.ray import RayPipelineExecutor
from datatrove.executor.slurm import SlurmPipelineExecutor

from robomerge.datatrove import slurm_chain
from robomerge.datatrove.local_executor import SteadyLocalExecutor
from robomerge.datatrove.phases import Phase, run_in_turn
from robomerge.datatrove.ray_cluster import run_on_ray
from robomerge.datatrove.steps import Describe, Plan, Publish, Write, available_cores
from robomerge.datatrove.work_directory import WorkDirectory, read_sources
from robomerge.merging import CopyMode, SkipBroken, StatsMode

EXECUTORS = {"local": LocalPipelineExecutor, "slurm": SlurmPipelineExecutor, "ray": RayPipelineExecutor}
#: The options that run() itself gives to datatrove's executors.
OWN_OPTIONS = frozenset(
    ("self", "pipeline", "tasks", "workers", "logging_dir", "depends", "depends_job_id", "skip_completed")
    + ("local_tasks", "local_rank_offset")
)


@dataclass(frozen=True)
class Launch:
    """What run() has done, or has asked Slurm to do.

    Attributes:
        destination: The dataset. With Slurm it is not there yet.
        work_dir: The folder of the plan and the logs.
        job_ids: With Slurm, the job array of each phase, in order.
    """

    destination: str
    work_dir: str
    job_ids: tuple[str, ...] = ()


def run(
    sources: Sequence[str | PathLike[str]] | str | PathLike[str],
    destination: str | PathLike[str],
    work_dir: str | PathLike[str],
    executor: Literal["local", "slurm", "ray"] = "local",
    *,
    describe_tasks: int = 1,
    write_tasks: int | None = None,
    workers: int | None = None,
    threads_per_task: int | None = None,
    data_files_size_in_mb: float = 100,
    video_files_size_in_mb: float = 200,
    chunk_size: int = 1000,
    concatenate_videos: bool = True,
    concatenate_data: bool = True,
    copy_mode: CopyMode = "auto",
    stats: StatsMode = "exact",
    record_hashes: bool = False,
    sync: bool = True,
    overwrite: bool = False,
    tmp_root: str | PathLike[str] | None = None,
    skip_broken: SkipBroken = "nothing",
    command: str = "",
    executor_options: dict[str, Any] | None = None,
) -> Launch:
    """Merges LeRobot datasets of v3.0, v2.1 and v2.0 into a new one, with many tasks. The result has the same bytes
    as that of `robomerge merge`.

    The same call again continues where an earlier one ended or was killed. The numbers of tasks and
    the executor may then differ, but not sources and options. With "local" and "ray" it returns
    when the destination is there, with "slurm" when all jobs are submitted. Paths must mean the
    same on every machine.

    Args:
        sources: The dataset folders in the order of the merge, or one file that lists them, one per
            line.
        destination: The dataset to be made.
        work_dir: A folder of this merge alone: the plan, the logs, and what is needed to continue.
        executor: "local", "slurm" or "ray".
        describe_tasks: Tasks that read the sources. One suffices for thousands of sources; more
            than 16 gain nothing.
        write_tasks: Tasks that write the destination; None: as many as workers.
        workers: Tasks that run at the same time; None: locally one per core, elsewhere no limit.
        threads_per_task: Threads of each task; None: locally the cores by the workers, elsewhere
            all cores of the task.
        data_files_size_in_mb, video_files_size_in_mb, chunk_size, concatenate_videos,
            concatenate_data: As in LeRobot.
        copy_mode: "auto", "share" or "copy", as docs/cli.md says.
        stats: "exact" or "fold", as docs/statistics.md says.
        record_hashes: Whether meta/robomerge.json keeps the SHA-256 of every file. `publish` then
            also holds what the tasks have written against what they have noted.
        sync: Whether every file is flushed to the device before it counts as written.
        overwrite: Whether a dataset that is at the destination may be replaced.
        tmp_root: Where the destination grows; None: beside its place. Must be on the same file
            system.
        skip_broken: "sources" leaves out sources that cannot be merged, "episodes" single episodes
            (docs/skip-broken.md). The log of the phase `publish`, and the result's
            meta/robomerge.json, say which.
        command: Words that start robomerge; empty: the installed package.
        executor_options: Further options for datatrove's executor, such as `time` and `partition`
            for Slurm.

    Raises:
        ValueError: Arguments are wrong (all are named), or the work directory belongs to another
            merge.
        PhaseFailed: Tasks failed ("local", "ray"). The text has their errors.
        ImportError: The executor is "ray", but Ray is not installed.
    """
    options: dict[str, Any] = {
        "data_files_size_in_mb": data_files_size_in_mb,
        "video_files_size_in_mb": video_files_size_in_mb,
        "chunk_size": chunk_size,
        "concatenate_videos": concatenate_videos,
        "concatenate_data": concatenate_data,
        "copy_mode": copy_mode,
        "stats": stats,
        "sync": sync,
        "overwrite": overwrite,
        "tmp_root": os.path.abspath(tmp_root) if tmp_root else "",
    }
    # A work directory of before has no such options.
    later = {"record_hashes": True} if record_hashes else {}
    # Of the descriptions, not of the plan.
    described = {"skip_broken": skip_broken}
    given = dict(executor_options or {})
    counts = {
        "describe_tasks": describe_tasks,
        "write_tasks": write_tasks,
        "workers": workers,
        "threads_per_task": threads_per_task,
    }
    problems = _wrong_executor(executor, given) + _wrong_numbers(counts, options | described)
    if executor in ("slurm", "ray") and write_tasks is None and workers is None:
        problems.append(f"write_tasks is needed with executor {executor!r} where workers is not given")
    if problems:
        raise ValueError("\n".join(problems))

    cores = available_cores()
    if executor == "local":
        workers = workers or cores
        threads_per_task = threads_per_task or max(1, cores // workers)
    threads = threads_per_task or 0
    num_writers = write_tasks or workers
    assert num_writers is not None

    source_paths = read_sources(sources)
    target = os.path.abspath(destination)
    work = WorkDirectory(Path(os.path.abspath(work_dir)))
    _keep_apart(target, str(work.root), source_paths)
    work.claim(source_paths, target, options | later | (described if skip_broken != "nothing" else {}))

    partials, plan = str(work.partials_dir(describe_tasks)), str(work.plan_dir)
    planned = {k: v for k, v in options.items() if k != "stats"}
    steps = (
        (Describe(str(work.sources_file), partials, threads, command, **described, stats=stats), describe_tasks),
        (Plan(partials, target, plan, **planned, command=command, record_hashes=record_hashes), 1),
        (Write(plan, threads, command), num_writers),
        (Publish(plan, command), 1),
    )
    phases = [Phase(step.name, step, tasks, work.logging_dir(step.name, tasks)) for step, tasks in steps]
    job_ids: tuple[str, ...] = ()
    if executor == "slurm":
        job_ids = slurm_chain.submit(phases, workers, given)
    elif executor == "ray":
        run_on_ray(phases, workers, given)
    else:
        run_in_turn(
            phases,
            lambda phase: SteadyLocalExecutor(
                pipeline=[phase.step],
                tasks=phase.num_tasks,
                workers=workers,
                logging_dir=str(phase.logging_dir),
                skip_completed=False,
                **given,
            ),
        )
    return Launch(target, str(work.root), job_ids)


def _wrong_executor(executor: str, given: dict[str, Any]) -> list[str]:
    if executor not in EXECUTORS:
        return [
            f"unknown executor {executor!r}: expected {_either(list(EXECUTORS))}{_did_you_mean(executor, EXECUTORS)}"
        ]
    known = sorted(inspect.signature(EXECUTORS[executor].__init__).parameters.keys() - OWN_OPTIONS)
    problems = []
    for name in given:
        if name in OWN_OPTIONS:
            problems.append(f"executor_options: `{name}` is what run() decides itself")
        elif name not in known:
            problems.append(
                f"executor_options: executor {executor!r} has no option `{name}`: expected {_either(known)}"
                f"{_did_you_mean(name, known)}"
            )
    if executor == "slurm":
        problems += slurm_chain.problems_with(given)
    return problems


def _wrong_numbers(counts: dict[str, int | None], options: dict[str, Any]) -> list[str]:
    """Checks the bounds that the command has, before anything is submitted."""
    problems = [
        f"{name}: expected a whole number above 0, found {value!r}"
        for name, value in counts.items()
        if (value is not None or name == "describe_tasks") and not _is_whole(value, 1)
    ]
    for name in ("data_files_size_in_mb", "video_files_size_in_mb"):
        value = options[name]
        if type(value) not in (int, float) or not 0 < value < math.inf:
            problems.append(f"{name}: expected a number of MB above 0, found {value!r}")
    if not _is_whole(options["chunk_size"], 1) or options["chunk_size"] > 1000:
        problems.append(f"chunk_size: expected a whole number from 1 to 1000, found {options['chunk_size']!r}")
    if options["stats"] not in get_args(StatsMode):
        problems.append(f"stats: expected {_either(get_args(StatsMode))}, found {options['stats']!r}")
    if options["copy_mode"] not in get_args(CopyMode):
        problems.append(f"copy_mode: expected {_either(get_args(CopyMode))}, found {options['copy_mode']!r}")
    if options["skip_broken"] not in get_args(SkipBroken):
        problems.append(f"skip_broken: expected {_either(get_args(SkipBroken))}, found {options['skip_broken']!r}")
    return problems


def _is_whole(value: object, least: int) -> bool:
    return type(value) is int and value >= least


def _keep_apart(destination: str, work_dir: str, sources: Sequence[str]) -> None:
    """Refuses folders inside each other: sources are only read, and the work directory may be
    removed later."""

    def lies_in(path: str, folder: str) -> bool:
        return Path(folder) in (Path(path), *Path(path).parents)

    if lies_in(work_dir, destination) or lies_in(destination, work_dir):
        raise ValueError(
            f"work_dir and destination lie in each other\n  work_dir    {work_dir}\n  destination {destination}"
        )
    for source in sources:
        if lies_in(work_dir, source):
            raise ValueError(f"work_dir lies in a source\n  work_dir {work_dir}\n  source   {source}")


def _either(words: Sequence[str]) -> str:
    return ", ".join(words[:-1]) + f" or {words[-1]}"


def _did_you_mean(word: object, words: Iterable[str]) -> str:
    nearest = difflib.get_close_matches(str(word), list(words), 1)
    return f"; did you mean `{nearest[0]}`?" if nearest else ""
