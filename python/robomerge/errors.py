"""The exceptions of robomerge. Each is also the exception of Python's own that callers would expect there.

`str(error)` tells every problem: what, where, what was expected and found, and a way to mend it. `error.problems` is
the same as data.
"""

from collections.abc import Callable, Sequence
from dataclasses import asdict

from robomerge.report import Problem


class RobomergeError(Exception):
    """Something was wrong with the call, the sources, the destination or the system; `problems` says all of it, the
    first one decides the class.

    The destination is whole or not there.
    """

    problems: tuple[Problem, ...]

    def __init__(self, text: str, problems: Sequence[Problem]) -> None:
        super().__init__(text)
        self.text = text
        self.problems = tuple(problems)

    def __str__(self) -> str:
        return self.text

    def __reduce__(self) -> tuple[Callable[..., "RobomergeError"], tuple[str, tuple[Problem, ...]]]:
        return type(self), (self.text, self.problems)


class InvalidArgumentError(RobomergeError, ValueError):
    """Fix the call."""


class DatasetNotFoundError(RobomergeError, FileNotFoundError):
    """There is no dataset there, and none could be fetched."""


class DestinationExistsError(RobomergeError, FileExistsError):
    """The destination is there already, or is being written by another run."""


class IncompatibleDatasetsError(RobomergeError, ValueError):
    """The sources do not fit together: choose others, or convert one."""


class UnsupportedError(RobomergeError, ValueError):
    """The dataset is valid, but robomerge does not do this: another version of the format, for example."""


class CorruptDatasetError(RobomergeError, ValueError):
    """The bytes contradict themselves or what is said of them; the problem names the file and the place."""


class SystemRefusedError(RobomergeError, OSError):
    """The system refused to read or write, or there is not enough space."""


class InternalError(RobomergeError, RuntimeError):
    """A bug of robomerge; please report it."""


class VerificationError(RobomergeError, RuntimeError):
    """What a merge had written is not what its sources hold: a bug of robomerge, or a disk that does not keep what it is
    given. Nothing is at the destination. `problems` are the findings, with their places in the staging folder."""


_CLASS_OF: dict[str, type[RobomergeError]] = {
    "invalid_argument": InvalidArgumentError,
    "not_found": DatasetNotFoundError,
    "already_exists": DestinationExistsError,
    "incompatible": IncompatibleDatasetsError,
    "unsupported": UnsupportedError,
    "corrupt": CorruptDatasetError,
    "io": SystemRefusedError,
    "internal": InternalError,
}


def error_of(problems: Sequence[Problem], heading: str = "") -> BaseException:
    """The exception that stands for `problems`, of which there is at least one. `heading` is a text to put in front of
    theirs."""
    if problems[0].code == "cancelled":
        return KeyboardInterrupt(problems[0].what)
    text = format_problems(problems, "error")
    return _CLASS_OF[problems[0].code](f"{heading}\n\n{text}" if heading else text, problems)


def format_problems(problems: Sequence[Problem], heading: str) -> str:
    """The text that the command prints of these problems, all of them. `heading` is "error" or "warning"."""
    from robomerge.library import extension

    return extension.format_problems([asdict(problem) for problem in problems], heading).rstrip("\n")
