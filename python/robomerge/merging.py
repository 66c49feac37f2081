"""merge, plan, inspect and verify."""

import os
from collections.abc import Callable, Iterable
from contextlib import nullcontext
from typing import Any, Literal, TypeAlias

from robomerge.errors import VerificationError, error_of, format_problems
from robomerge.progress_bar import progress_bar
from robomerge.report import InspectReport, MergeProgress, MergeReport, VerifyReport, problems_from_fields

PathLike: TypeAlias = str | os.PathLike[str]
CopyMode: TypeAlias = Literal["auto", "share", "copy"]
#: A callback, None for a bar on a terminal, False for nothing.
Progress: TypeAlias = Callable[[MergeProgress], object] | None | Literal[False]

COPY_MODES = ("auto", "share", "copy")
# LeRobot's DEFAULT_DATA_FILE_SIZE_IN_MB, DEFAULT_VIDEO_FILE_SIZE_IN_MB and DEFAULT_CHUNK_SIZE (datasets/utils.py).
DATA_FILES_SIZE_IN_MB = 100
VIDEO_FILES_SIZE_IN_MB = 200
CHUNK_SIZE = 1000


def merge(
    sources: Iterable[PathLike],
    destination: PathLike,
    *,
    num_workers: int | None = None,
    data_files_size_in_mb: float | None = None,
    video_files_size_in_mb: float | None = None,
    chunk_size: int | None = None,
    concatenate_videos: bool = True,
    concatenate_data: bool = True,
    copy_mode: CopyMode = "auto",
    sync: bool = True,
    overwrite: bool = False,
    verify: bool = False,
    staging_root: PathLike | None = None,
    trace_path: PathLike | None = None,
    progress: Progress = None,
) -> MergeReport:
    """Merges LeRobot v3.0 datasets into a new one.

    The destination appears whole, by one rename, or not at all; sources are only read. A merge that is done already is
    found to be, and not done again. The same sources and options
    give the same bytes, whatever `num_workers` is. Everything that metadata and file indexes can show is checked before
    anything is written.

    Args:
        sources: dataset folders, in the order in which their episodes are to come.
        destination: a folder that is not there yet. Folders above it are made.
        num_workers: threads; None or 0 for one per core this process may use.
        data_files_size_in_mb: size of a data file in MB of 1024² bytes, counted as uncompressed column bytes, at which
            the next one is begun; None for LeRobot's 100.
        video_files_size_in_mb: the same for the bytes of a video file; None for LeRobot's 200.
        chunk_size: files per folder, 1 to 1000; None for 1000.
        concatenate_videos, concatenate_data: False keeps one file per source file.
        copy_mode: "auto" shares blocks with the sources where both file systems can, "share" also where only some
            sources can, "copy" never.
        sync: flush everything to the device before the destination appears.
        overwrite: replace a dataset that is at the destination (or an empty folder, nothing else); it stays until the
            new one is whole.
        verify: read sources and result once more before it appears at the destination, as `verify` does; the report then
            has a `verification`. If something differs, nothing appears.
        staging_root: where the staging folder lies, on the destination's file system; None for beside the destination.
            Only that folder is made and removed there.
        trace_path: file for a timeline of all tasks, in Chrome's trace-event format.
        progress: called in this thread with a MergeProgress, about ten times a second at most; what it raises stops the
            merge. None draws a tqdm bar if standard error is a terminal and tqdm is installed, False never does.
            Nothing else is printed.

    Returns:
        A MergeReport: every file with its sources, counts, bytes, warnings and times.

    Raises:
        InvalidArgumentError: an option is out of range, there is no source, or the destination lies in a source (a
            ValueError).
        DestinationExistsError: the destination is there (a FileExistsError).
        DatasetNotFoundError: a source is not there (a FileNotFoundError).
        IncompatibleDatasetsError, UnsupportedError, CorruptDatasetError: with all problems of all sources
            (ValueErrors).
        SystemRefusedError: the system refused to read or write (an OSError).
        VerificationError: `verify` found that what was written differs from the sources (a RuntimeError).
        KeyboardInterrupt: Ctrl-C. What is done stays in the staging folder, as it does when the system refuses: the
            same merge, called again, goes on there. Every other failure leaves nothing behind.
    """
    return _run(
        sources,
        destination,
        dry_run=False,
        num_workers=num_workers,
        data_files_size_in_mb=data_files_size_in_mb,
        video_files_size_in_mb=video_files_size_in_mb,
        chunk_size=chunk_size,
        concatenate_videos=concatenate_videos,
        concatenate_data=concatenate_data,
        copy_mode=copy_mode,
        sync=sync,
        overwrite=overwrite,
        verify=verify,
        staging_root=staging_root,
        trace_path=trace_path,
        progress=progress,
    )


def plan(
    sources: Iterable[PathLike],
    destination: PathLike,
    *,
    num_workers: int | None = None,
    data_files_size_in_mb: float | None = None,
    video_files_size_in_mb: float | None = None,
    chunk_size: int | None = None,
    concatenate_videos: bool = True,
    concatenate_data: bool = True,
    copy_mode: CopyMode = "auto",
    overwrite: bool = False,
    progress: Progress = None,
) -> MergeReport:
    """What `merge` of the same arguments would do, with every file and its exact size. Writes nothing.

    Arguments and errors are those of `merge`; the report's `dry_run` is True.
    """
    return _run(
        sources,
        destination,
        dry_run=True,
        num_workers=num_workers,
        data_files_size_in_mb=data_files_size_in_mb,
        video_files_size_in_mb=video_files_size_in_mb,
        chunk_size=chunk_size,
        concatenate_videos=concatenate_videos,
        concatenate_data=concatenate_data,
        copy_mode=copy_mode,
        sync=False,
        overwrite=overwrite,
        verify=False,
        staging_root=None,
        trace_path=None,
        progress=progress,
    )


def inspect(root: PathLike) -> InspectReport:
    """One dataset as robomerge sees it, and what is wrong with it.

    Problems are in the report, they are not raised.

    Raises:
        DatasetNotFoundError: there is no dataset at `root` (a FileNotFoundError).
    """
    from robomerge.library import extension

    fields, problems = extension.inspect(os.fsencode(root))
    if fields is None:
        raise error_of(problems_from_fields(problems))
    return InspectReport.from_fields(fields)


def verify(
    destination: PathLike,
    against: Iterable[PathLike] | None = None,
    *,
    num_workers: int | None = None,
    progress: Progress = None,
) -> VerifyReport:
    """Proves a dataset over its real rows and frames, alone or against what it was merged from.

    Alone: totals, numbering, references, timestamps, statistics against the data, and that videos have a frame at the
    time of every episode's frame. With `against` also that every row, coded video frame, task and statistic is that of
    its source. Findings are in the report, they are not raised; nothing is written.

    Args:
        destination: the dataset to check.
        against: the datasets it was merged from, in that order.
        num_workers: threads; None or 0 for one per core this process may use. Findings do not depend on it.
        progress: as in `merge`; `planned_bytes` and `moved_bytes` are those to check and checked.

    Returns:
        A VerifyReport, which is true if nothing is wrong.

    Raises:
        DatasetNotFoundError, UnsupportedError, CorruptDatasetError, SystemRefusedError: the dataset or a source could
            not be read at all.
        KeyboardInterrupt: Ctrl-C.
    """
    from robomerge.library import extension

    with progress_bar() if progress is None else nullcontext(progress or None) as callback:
        fields, problems = extension.verify(
            os.fsencode(destination),
            [os.fsencode(source) for source in _several(against or ())],
            num_workers=0 if num_workers is None else num_workers,
            progress=None if callback is None else _with_fields(callback),
        )
    if fields is None:
        raise error_of(problems_from_fields(problems))
    return VerifyReport.from_fields(fields)


def _several(sources: Iterable[PathLike]) -> Iterable[PathLike]:
    if isinstance(sources, (str, bytes, os.PathLike)):
        raise TypeError(f"sources are several paths, not one: [{sources!r}]")
    return sources


def _run(
    sources: Iterable[PathLike],
    destination: PathLike,
    *,
    num_workers: int | None,
    data_files_size_in_mb: float | None,
    video_files_size_in_mb: float | None,
    chunk_size: int | None,
    copy_mode: str,
    staging_root: PathLike | None,
    trace_path: PathLike | None,
    progress: Progress,
    **flags: bool,
) -> MergeReport:
    _several(sources)
    if copy_mode not in COPY_MODES:
        raise ValueError(f"copy_mode is one of {', '.join(COPY_MODES)}, not {copy_mode!r}")
    from robomerge.library import extension

    with progress_bar() if progress is None else nullcontext(progress or None) as callback:
        fields, problems = extension.merge(
            [os.fsencode(source) for source in sources],
            os.fsencode(destination),
            num_workers=0 if num_workers is None else num_workers,
            data_files_size_in_mb=DATA_FILES_SIZE_IN_MB if data_files_size_in_mb is None else data_files_size_in_mb,
            video_files_size_in_mb=VIDEO_FILES_SIZE_IN_MB if video_files_size_in_mb is None else video_files_size_in_mb,
            chunk_size=CHUNK_SIZE if chunk_size is None else chunk_size,
            copy_mode=copy_mode,
            staging_root=b"" if staging_root is None else os.fsencode(staging_root),
            trace_path=b"" if trace_path is None else os.fsencode(trace_path),
            progress=None if callback is None else _with_fields(callback),
            **flags,
        )
    if fields is None:
        raise error_of(problems_from_fields(problems))
    report = MergeReport.from_fields(fields)
    if report.verification is not None and not report.verification and not report.dry_run:
        found = [finding.as_problem() for finding in report.verification.findings]
        raise VerificationError(format_problems(found, "difference"), found)
    return report


def _with_fields(callback: Callable[[MergeProgress], object]) -> Callable[[dict[str, Any]], object]:
    return lambda fields: callback(MergeProgress(**fields))
