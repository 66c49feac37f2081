"""What every call of the extension module shares."""

import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, nullcontext, suppress
from typing import Any, Literal, TypeAlias, TypeVar

from robomerge.errors import VerificationError, error_of, format_problems
from robomerge.progress_bar import progress_bar
from robomerge.report import MergeProgress, MergeReport, Problem, from_fields

T = TypeVar("T")

#: A callback; None for a bar on a terminal; False for nothing.
Progress: TypeAlias = Callable[[MergeProgress], object] | None | Literal[False]


@contextmanager
def told(progress: Progress) -> Iterator[Callable[[dict[str, Any]], object] | None]:
    """Yields the function that the extension module is to call with progress, or None."""
    if not (progress is None or progress is False or callable(progress)):
        raise TypeError(f"progress must be a callable, None or False, not {progress!r}")
    with progress_bar() if progress is None else nullcontext(progress) as callback:
        yield (lambda fields: callback(MergeProgress(**fields))) if callable(callback) else None


@contextmanager
def replacing(does: object, options: Mapping[str, object] | None = None) -> Iterator[None]:
    """Around what may put a dataset in the place of another. LeRobot keeps decoders of videos by
    their paths; if it is loaded, it is made to forget them, and then shows the new pictures."""
    try:
        yield
    finally:  # an exception may come after the exchange
        if does and not (options or {}).get("dry_run"):
            videos = sys.modules.get("lerobot.datasets.video_utils")
            clear = getattr(getattr(videos, "_default_decoder_cache", None), "clear", None)
            if callable(clear):
                with suppress(Exception):  # of another version of LeRobot
                    clear()


def value_of(kind: type[T], answer: tuple[dict[str, Any] | None, tuple[dict[str, Any], ...]]) -> T:
    """Makes a value of `kind` of what the extension module returned, or raises its problems."""
    fields, problems = answer
    if fields is None:
        raise error_of([from_fields(Problem, problem) for problem in problems])
    return from_fields(kind, fields)


def proven(report: MergeReport) -> MergeReport:
    if report.verification is not None and not report.verification and not report.dry_run:
        found = [finding.as_problem() for finding in report.verification.findings]
        raise VerificationError(format_problems(found, "difference"), found)
    return report
