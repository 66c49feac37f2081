"""datatrove's local executor, with a run() that always ends, and in which one rank cannot harm
another."""

import multiprocessing
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess

from datatrove.executor.local import LocalPipelineExecutor

from robomerge.datatrove.command import sigterm_raises


class SteadyLocalExecutor(LocalPipelineExecutor):
    """Runs each rank in a process of its own.

    datatrove 0.10.1 uses a pool: if a rank raises, all running ranks are stopped, and if a rank
    dies, for example by the kernel's out-of-memory killer, run() waits for ever. Here the others go
    on, and `failures` holds the errors.
    """

    #: The error of every rank that failed in the last run().
    failures: dict[int, str]

    def run(self) -> None:
        self.failures = {}
        self.save_executor_as_json()
        context = multiprocessing.get_context(self.start_method)
        if self.start_method == "forkserver":
            # Imported once, and not by each rank.
            context.set_forkserver_preload([__name__, "robomerge.datatrove.steps"])
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
                        telling.close()  # the rank's own end is left, and closes with the rank
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
    """The error that the rank reported, or how it ended if it could not report one; None if it
    succeeded."""
    with told:
        try:
            error: str | None = told.recv()
        except EOFError:
            error = ""
    process.join()
    if error == "":
        return f"the task's process ended with exit code {process.exitcode} (negative: the signal that killed it)"
    return error
