"""The phases of a merge, and how they are run one after the other where run() of an executor waits for its tasks."""

import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from datatrove.executor.base import PipelineExecutor

from robomerge.datatrove.steps import CommandStep

#: Errors that a message tells in full.
MAX_ERRORS_TOLD = 10


@dataclass(frozen=True)
class Phase:
    """One phase of the merge: a step, and how many tasks it is cut into."""

    name: str
    step: CommandStep
    num_tasks: int
    logging_dir: Path

    def forget_markers(self) -> None:
        """Removes the completion markers of earlier attempts: what is done, the command itself sees.

        datatrove believes a marker although what it stood for may be gone, and Ray's run() says nothing of a failed
        task, so afterwards the markers of this attempt must be the only ones.
        """
        shutil.rmtree(self.logging_dir / "completions", ignore_errors=True)

    def log_of(self, rank: int) -> Path:
        return self.logging_dir / "logs" / f"task_{rank:05d}.log"


class PhaseFailed(RuntimeError):
    """Tasks of a phase did not end well, and nothing after that phase was begun.

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
    """Runs each phase when the one before it is done, and looks for itself whether it is.

    Not by `depends=`: it waits for ever if a task of the phase before failed.

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
