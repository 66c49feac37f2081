"""datatrove's local executor, with a run() that always ends and lets no rank suffer for another."""

import multiprocessing
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess

from datatrove.executor.local import LocalPipelineExecutor

from robomerge.datatrove.command import sigterm_raises


class SteadyLocalExecutor(LocalPipelineExecutor):
    """Runs each rank in a process of its own.

    datatrove 0.10.1 uses a pool: a rank that raises takes those in flight with it, and one that dies, as the kernel's
    out-of-memory killer ends it, makes run() wait for ever. Here the others go on, and `failures` tells what was wrong.
    """

    #: The error of every rank that failed in the last run().
    failures: dict[int, str]

    def run(self) -> None:
        self.failures = {}
        self.save_executor_as_json()
        context = multiprocessing.get_context(self.start_method)
        if self.start_method == "forkserver":
            context.set_forkserver_preload([__name__, "robomerge.datatrove.steps"])  # imported once, not by each rank
        first = self.local_rank_offset
        waiting = self.get_incomplete_ranks(range(first, first + self.local_tasks))[::-1]
        running: dict[Connection, tuple[int, BaseProcess]] = {}
        with sigterm_raises():
            try:
                while waiting or running:
                    while waiting and len(running) < self.workers:
                        rank = waiting.pop()
                        told, telling = context.Pipe(duplex=False)
                        process = context.Process(target=_run_rank, args=(self, rank, telling), name=f"rank {rank}")
                        running[told] = rank, process
                        process.start()
                        telling.close()  # what is left is the rank's own end: it closes when the rank ends
                    for ready in wait(list(running)):
                        assert isinstance(ready, Connection)
                        ended, its_process = running.pop(ready)
                        error = _error_of(ready, its_process)
                        if error is not None:
                            self.failures[ended] = error
            finally:
                started = [process for _, process in running.values() if process.pid is not None]
                for left in started:
                    left.terminate()
                for left in started:
                    left.join()


def _run_rank(executor: SteadyLocalExecutor, rank: int, telling: Connection) -> None:
    with sigterm_raises():
        try:
            executor._run_for_rank(rank, local_rank=rank)
        except Exception as error:
            telling.send(str(error) or type(error).__name__)
        else:
            telling.send(None)


def _error_of(told: Connection, process: BaseProcess) -> str | None:
    """What the rank said of itself, or how it ended if it could say nothing."""
    with told:
        try:
            error: str | None = told.recv()
        except EOFError:
            error = ""
    process.join()
    if error == "":
        return f"the task's process ended with exit code {process.exitcode} (negative: the signal that killed it)"
    return error
