"""The phases as a chain of Slurm job arrays, submitted at once.

Of a phase with several arrays datatrove would let the next phase wait for the last one only, so
each phase has one array. If there are more tasks than an array may have elements, each element runs
several tasks.
"""

import os
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Sequence
from typing import Any

from datatrove.executor.slurm import SlurmPipelineExecutor

from robomerge.datatrove.phases import Phase, PhaseFailed

#: datatrove's default, and Slurm's default limit.
DEFAULT_ARRAY_SIZE = 1001
#: How long before its time limit a job is asked to stop.
SIGNAL_SECONDS = 120


def problems_with(options: dict[str, Any]) -> list[str]:
    """The reasons why nothing can be submitted from here, or with these options."""
    problems = [
        f"executor_options lacks `{name}`, which Slurm needs: expected such as {example}"
        for name, example in (("partition", '"cpu"'), ("time", '"04:00:00"'))
        if not options.get(name)
    ]
    if shutil.which("sbatch") is None:
        problems.append(
            "executor 'slurm' needs the command sbatch, which is not on PATH; hint: call it on a login node"
        )
    if "SLURM_JOB_ID" in os.environ:
        # Inside a job datatrove would take itself for a task, and submitted jobs would inherit this
        # job's limits.
        problems.append(
            f"run() was called inside Slurm job {os.environ['SLURM_JOB_ID']}; "
            "hint: call it on a login node, or remove the variables SLURM_* first"
        )
    size = options.get("max_array_size", DEFAULT_ARRAY_SIZE)
    if type(size) is not int or (size < 1 and size != -1):
        problems.append(f"max_array_size: expected a whole number above 0, or -1 for no limit, found {size!r}")
    return problems


def submit(phases: Sequence[Phase], workers: int | None, options: dict[str, Any]) -> tuple[str, ...]:
    """Submits every phase, each of which begins when the one before it has succeeded. Returns the
    ids of the arrays.

    Raises:
        PhaseFailed: sbatch refused a phase. The phases before it are submitted, and do no harm.
    """
    job_ids: list[str] = []
    before: SlurmPipelineExecutor | None = None
    for phase in phases:
        phase.forget_markers()
        executor = SlurmPipelineExecutor(
            pipeline=[phase.step],
            tasks=phase.num_tasks,
            workers=-1 if workers is None else workers,
            logging_dir=str(phase.logging_dir),
            skip_completed=False,
            depends=before,
            **_executor_options(phase, options),
        )
        try:
            executor.run()
        except subprocess.CalledProcessError as error:
            raise PhaseFailed(
                f"phase `{phase.name}`: sbatch refused it, with exit code {error.returncode}; its words are above\n"
                f"  submitted before it: {', '.join(job_ids) or 'nothing'}\n"
                "hint: what is submitted may run to its end; mend the cause, then make the same call again",
                phase.name,
                tuple(range(phase.num_tasks)),
            ) from error
        job_ids.append(str(executor.job_id))
        before = executor
    return tuple(job_ids)


def _executor_options(phase: Phase, given: dict[str, Any]) -> dict[str, Any]:
    """The options of the user, and those that a chain needs to be safe."""
    options = {"job_name": f"robomerge-{phase.name}", "qos": None} | given
    if not {"env_command", "condaenv", "venv_path"} & given.keys():
        # The tasks need the environment of the interpreter that submits.
        options["env_command"] = f'export PATH={shlex.quote(os.path.dirname(sys.executable))}:"$PATH"'
    array_size = options.get("max_array_size", DEFAULT_ARRAY_SIZE)
    if array_size != -1:
        options["tasks_per_job"] = max(options.get("tasks_per_job", 1), -(-phase.num_tasks // array_size))
    options["sbatch_args"] = {
        # Otherwise the jobs after a failed phase would stay in the queue for ever.
        "kill-on-invalid-dep": "yes",
        # Otherwise a requeued job would truncate the log of its first attempt.
        "open-mode": "append",
        "signal": f"USR1@{signal_seconds(str(options['time']))}",
    } | (given.get("sbatch_args") or {})
    # Since Slurm 22.05 srun does not inherit this from sbatch.
    options["srun_args"] = {"cpus-per-task": options.get("cpus_per_task", 1)} | (given.get("srun_args") or {})
    return options


def signal_seconds(time_limit: str) -> int:
    """How long before the limit to signal. For a short job it is at most a quarter of the limit."""
    seconds = limit_seconds(time_limit)
    return SIGNAL_SECONDS if seconds is None else max(1, min(SIGNAL_SECONDS, seconds // 4))


def limit_seconds(time_limit: str) -> int | None:
    """The seconds of a limit in one of sbatch's six notations; None for any other word, such as
    UNLIMITED."""
    match = re.fullmatch(r"(?:(\d+)-)?(\d+)(?::(\d+))?(?::(\d+))?", time_limit.strip())
    if match is None:
        return None
    days, *parts = match.groups()
    numbers = [int(part) for part in parts if part is not None]
    if days is not None or len(numbers) == 3:  # days-hours[:minutes[:seconds]], hours:minutes:seconds
        hours, minutes, seconds = (*numbers, 0, 0)[:3]
    else:  # minutes[:seconds]
        hours, (minutes, seconds) = 0, (*numbers, 0)[:2]
    return ((int(days or 0) * 24 + hours) * 60 + minutes) * 60 + seconds
