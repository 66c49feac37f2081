"""One run of the command `robomerge` inside a pipeline step.

It is a process of its own, and not a call of the library: if native code crashes inside a worker,
datatrove's local and Ray executors wait for ever, and while native code runs on the main thread,
Python cannot handle Slurm's signals.
"""

import json
import shlex
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from robomerge.launcher import COMMAND

#: How long the command may take to stop. Slurm kills everything after KillWait, which is 30 s.
GRACE_SECONDS = 20.0

#: The exit code that says: done, without what `--skip-broken` left out.
LEFT_OUT = 5

Message = dict[str, Any]


class CommandFailed(RuntimeError):
    """The command ended with an error. The text is the command's own.

    Attributes:
        exit_code: As listed in docs/cli.md; negative for the signal that killed the command.
        problems: The `error` lines of the command, as docs/cli.md describes them.
    """

    def __init__(self, text: str, exit_code: int = 1, problems: tuple[Message, ...] = ()) -> None:
        # The base class pickles its arguments. Without that the exception could not be sent back,
        # and a pool would hang.
        super().__init__(text, exit_code, problems)
        self.text = text
        self.exit_code = exit_code
        self.problems = problems

    def __str__(self) -> str:
        return self.text


def command_words(command: str) -> list[str]:
    """The words that start the command: those of `command`, or if it is empty those for the
    installed package."""
    return shlex.split(command) if command else [str(COMMAND)]


def problem_text(problem: Message) -> str:
    """An `error` or `warning` line as the command prints it for people."""
    kind = problem.get("kind")
    lines = [f"{problem.get('message_type', 'error')}{f'[{kind}]' if kind else ''}: {problem.get('what', '')}"]
    if problem.get("where"):
        lines.append(f"  --> {problem['where']}")
    lines += [f"  {name:<8} {problem[name]}" for name in ("expected", "found") if problem.get(name)]
    lines += [f"  while {step}" for step in problem.get("context") or ()]
    if problem.get("hint"):
        lines.append(f"hint: {problem['hint']}")
    return "\n".join(lines)


@contextmanager
def sigterm_raises() -> Iterator[None]:
    """Turns SIGTERM into SystemExit, so that what was started is stopped before the process ends.

    By default the process would end and leave the command running. Does nothing if another handler
    is installed, or outside the main thread, where Python allows no handlers.
    """

    def leave(number: int, frame: object) -> None:
        signal.signal(number, signal.SIG_IGN)  # a second one must not interrupt the stopping
        raise SystemExit(128 + number)

    in_charge = threading.current_thread() is threading.main_thread()
    if not in_charge or signal.getsignal(signal.SIGTERM) is not signal.SIG_DFL:
        yield
        return
    signal.signal(signal.SIGTERM, leave)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, signal.SIG_DFL)


def run_command(words: list[str], receive: Callable[[Message], None]) -> list[str]:
    """Runs the command to its end and gives each JSON line of its standard output to `receive`.

    Returns the lines of its standard error.

    If something interrupts the wait, such as datatrove's handler of SIGUSR1, the command is stopped
    first.

    Raises:
        CommandFailed: The command could not be started, ended with another code than 0 (or 5: some
            sources were left out), or was killed.
    """
    with sigterm_raises(), tempfile.TemporaryFile() as errors:
        try:
            child = subprocess.Popen(words, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=errors)
        except OSError as error:
            raise CommandFailed(f"cannot start `{shlex.join(words)}`: {error}", 4) from error
        with child:
            try:
                assert child.stdout is not None
                for line in child.stdout:
                    receive(_message_of(line.decode(errors="replace")))
                exit_code = child.wait()
            except BaseException:
                _stop(child)
                raise
        errors.seek(0)
        said = errors.read().decode(errors="replace").splitlines()
    if exit_code not in (0, LEFT_OUT):
        raise _failure(words, exit_code, said)
    return said


def _message_of(line: str) -> Message:
    try:
        message = json.loads(line)
    except ValueError:
        message = None
    # Other text between the lines, for example of the loader, is no reason to fail.
    if isinstance(message, dict) and isinstance(message.get("message_type"), str):
        return message
    return {"message_type": "text", "text": line.rstrip("\n")}


def _stop(child: subprocess.Popen[bytes]) -> None:
    child.terminate()
    try:
        child.wait(GRACE_SECONDS)
    except subprocess.TimeoutExpired:
        child.kill()  # safe: an unfinished file has a temporary name
        child.wait()


def _failure(words: list[str], exit_code: int, said: list[str]) -> CommandFailed:
    messages = [_message_of(line) for line in said]
    problems = tuple(message for message in messages if message["message_type"] == "error")
    texts = [problem_text(problem) for problem in problems]
    if not texts:
        texts = [f"`{shlex.join(words)}` {_ending(exit_code)}"]
        texts += [message["text"] for message in messages if message["message_type"] == "text"][-20:]
    return CommandFailed("\n".join(texts), exit_code, problems)


def _ending(exit_code: int) -> str:
    if exit_code >= 0:
        return f"ended with exit code {exit_code}"
    try:
        return f"was killed by {signal.Signals(-exit_code).name}"
    except ValueError:
        return f"was killed by signal {-exit_code}"
