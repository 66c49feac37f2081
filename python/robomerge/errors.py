"""The exceptions of robomerge. Each is also one of Python's own exceptions, the one that callers
would expect.

`str(error)` names every problem: what, where, what was expected and found, and a way to fix it.
`error.problems` holds the same as data.
"""

from collections.abc import Callable, Sequence
from dataclasses import asdict

from robomerge.report import Problem


class RobomergeError(Exception):
    """Something was wrong with the call, the sources, the destination or the system. `problems` has
    everything, and the first problem decides the class.

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
    """An argument is wrong, or arguments contradict each other."""


class DatasetNotFoundError(RobomergeError, FileNotFoundError):
    """There is no dataset there, and none could be fetched."""


class DestinationExistsError(RobomergeError, FileExistsError):
    """The destination exists already, or another run is writing it."""


class IncompatibleDatasetsError(RobomergeError, ValueError):
    """The sources cannot be merged with each other. Choose others, or convert one."""


class UnsupportedError(RobomergeError, ValueError):
    """The dataset is valid, but robomerge does not support it, for example because of its
    version."""


class CorruptDatasetError(RobomergeError, ValueError):
    """A file is damaged, or contradicts another one. The problem names the file and the place."""


class SystemRefusedError(RobomergeError, OSError):
    """The system refused to read or write, or there is not enough space."""


class InternalError(RobomergeError, RuntimeError):
    """A bug of robomerge; please report it."""


class VerificationError(RobomergeError, RuntimeError):
    """What a merge has written differs from its sources, by a bug of robomerge or a faulty disk.
    Nothing is at the destination. `problems` are the findings, with their places in the staging
    folder."""


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
    """The exception for `problems`, of which there is at least one. `heading` is put in front of
    their text."""
    if problems[0].code == "cancelled":
        return KeyboardInterrupt(problems[0].what)
    text = format_problems(problems, "error")
    return _CLASS_OF[problems[0].code](f"{heading}\n\n{text}" if heading else text, problems)


def format_problems(problems: Sequence[Problem], heading: str) -> str:
    """The text that the command prints of these problems, all of them. `heading` is "error" or
    "warning"."""
    from robomerge.library import extension

    return extension.format_problems([asdict(problem) for problem in problems], heading).rstrip("\n")
