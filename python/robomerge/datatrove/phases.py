"""The phases of a merge, and how to run them one after the other with executors whose run() waits
for its tasks."""

import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from datatrove.executor.base import PipelineExecutor

from robomerge.datatrove.steps import CommandStep

#: How many errors a message shows in full.
MAX_ERRORS_TOLD = 10


@dataclass(frozen=True)
class Phase:
    """One phase of the merge: a step, and its number of tasks."""

    name: str
    step: CommandStep
    num_tasks: int
    logging_dir: Path

    def forget_markers(self) -> None:
        """Removes the completion markers of earlier attempts, since the command itself finds what
        is done.

        datatrove believes a marker even if the files are gone. Ray's run() does not report a failed
        task, so afterwards there must be only the markers of this attempt.
        """
        shutil.rmtree(self.logging_dir / "completions", ignore_errors=True)

    def log_of(self, rank: int) -> Path:
        return self.logging_dir / "logs" / f"task_{rank:05d}.log"


class PhaseFailed(RuntimeError):
    """Tasks of a phase failed, and no later phase was begun.

    Attributes:
        phase: "describe", "plan", "write" or "publish".
        ranks: The tasks that are not done.
    """

    def __init__(self, text: str, phase: str = "", ranks: tuple[int, ...] = ()) -> None:
        super().__init__(text, phase, ranks)
        self.text = text
        self.phase = phase
        self.ranks = ranks

    def __str__(self) -> str:
        return self.text


def run_in_turn(phases: Sequence[Phase], executor_for: Callable[[Phase], PipelineExecutor]) -> None:
    """Runs each phase after the one before it, and checks that all tasks of that are done.

    Does not use `depends=`, which waits for ever if a task of the phase before has failed.

    Raises:
        PhaseFailed: Tasks of a phase are not done.
    """
    for phase in phases:
        phase.forget_markers()
        executor = executor_for(phase)
        executor.run()
        ranks = executor.get_incomplete_ranks(skip_completed=True)
        if ranks:
            raise PhaseFailed(_failure_text(phase, ranks, getattr(executor, "failures", {})), phase.name, tuple(ranks))


def _failure_text(phase: Phase, ranks: Sequence[int], errors: dict[int, str]) -> str:
    lines = [f"phase `{phase.name}`: {len(ranks)} of {phase.num_tasks} tasks failed"]
    for rank in ranks[:MAX_ERRORS_TOLD]:
        lines.append(f"rank {rank} of {phase.num_tasks}, log {phase.log_of(rank)}")
        if rank in errors:
            lines.append(errors[rank])
    if len(ranks) > MAX_ERRORS_TOLD:
        lines.append(f"and {len(ranks) - MAX_ERRORS_TOLD} more")
    lines.append("hint: what is done stays done; mend the cause, then make the same call again")
    return "\n".join(lines)
