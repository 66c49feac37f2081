"""merge, plan, inspect, stats, write_report, compare, verify and push."""

import os
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext, suppress
from typing import TYPE_CHECKING, Any, Literal, TypeAlias, TypeVar

from robomerge.errors import VerificationError, error_of, format_problems
from robomerge.hub.sources import as_exceptions, located, located_paths
from robomerge.progress_bar import progress_bar
from robomerge.recipe import PathLike, Source
from robomerge.report import (
    CompareReport,
    InspectReport,
    MergeProgress,
    MergeReport,
    Problem,
    StatsReport,
    VerifyReport,
    WrittenReport,
    from_fields,
)

if TYPE_CHECKING:
    from robomerge.hub.push import PushReport

T = TypeVar("T")

CopyMode: TypeAlias = Literal["auto", "share", "copy", "link"]
CodebaseVersion: TypeAlias = Literal["3.0", "2.1"]
StatsMode: TypeAlias = Literal["exact", "fold"]
SkipBroken: TypeAlias = Literal["nothing", "sources", "episodes"]


#: A callback; None for a bar on a terminal; False for nothing.
Progress: TypeAlias = Callable[[MergeProgress], object] | None | Literal[False]


def merge(
    sources: Iterable[PathLike | Source],
    destination: PathLike,
    *,
    num_workers: int | None = None,
    data_files_size_in_mb: float | None = None,
    video_files_size_in_mb: float | None = None,
    chunk_size: int | None = None,
    concatenate_videos: bool = True,
    concatenate_data: bool = True,
    codebase_version: CodebaseVersion = "3.0",
    padding: bool = True,
    copy_mode: CopyMode = "auto",
    stats: StatsMode = "exact",
    record_hashes: bool = False,
    sync: bool = True,
    overwrite: bool = False,
    retime: bool = False,
    skip_broken: SkipBroken = "nothing",
    skipped_path: PathLike | None = None,
    verify: bool = False,
    staging_root: PathLike | None = None,
    trace_path: PathLike | None = None,
    report_path: PathLike | None = None,
    report_thumbnails: bool = True,
    progress: Progress = None,
) -> MergeReport:
    """Merges LeRobot datasets of v3.0, v2.1 and v2.0 into a new one.

    The destination appears whole, by one rename, or not at all. Sources are only read. The same
    sources and options give the same bytes, whatever `num_workers` is. A merge that is done already
    is not done again. Everything that metadata and file indexes can show is checked before anything
    is written.

    Args:
        sources: dataset folders, or addresses on the Hugging Face Hub as
            "hf://datasets/owner/name@revision", in the order in which their episodes are to come. A
            `Source` gives one a name, and says what is done to it. `read_recipe` makes sources of a
            file.
        destination: a folder that is not there yet. Folders above it are made.
        num_workers: threads; None or 0 for one per core that this process may use.
        data_files_size_in_mb: the size of a data file, counted as uncompressed column bytes, at
            which the next file is begun; in MB of 1024² bytes. None for LeRobot's 100.
        video_files_size_in_mb: the same for the bytes of a video file. None for LeRobot's 200.
        chunk_size: files per chunk folder, 1 to 1000. None for 1000.
        concatenate_videos, concatenate_data: False keeps one file per source file.
        codebase_version: the version of LeRobot's format to write: "3.0", or "2.1" with one data
            file and one video for each episode (docs/versions.md).
        padding: False refuses videos of which frames must be kept that no episode shows, because
            others cannot be decoded without them.
        copy_mode: "auto" shares blocks with the sources where both file systems can, "share" also
            where only some sources can, "copy" never.
        stats: "exact" measures statistics from all rows of the result, "fold" folds those of the
            sources by LeRobot's formula (docs/statistics.md).
        record_hashes: keep the SHA-256 of every file in meta/robomerge.json. `verify` of the result
            alone then finds a byte that has changed, also in a coded frame (docs/formats/record.md).
        sync: sync everything to the device before the destination appears.
        overwrite: replace a dataset (or an empty folder, nothing else) that is at the destination.
            It stays until the new one is whole.
        retime: mend timestamps: in every episode whose rows say otherwise, frame_index counts from
            0, timestamp is frame_index / fps, and from_timestamp moves so that every row keeps its
            picture. A warning says of how many rows.
        skip_broken: "sources" leaves out every source that a merge would refuse, or that has another
            form than most; "episodes" single episodes, where the rest of their source is sound. The
            report's `skipped` lists what is left out (docs/skip-broken.md).
        skipped_path: file for that list, as JSON Lines.
        verify: read the sources and the result once more before it appears at the destination, as
            `verify` does. The report then has a `verification`. If something differs, nothing
            appears.
        staging_root: where the staging folder lies, on the destination's file system; None for
            beside the destination. Only that folder and its journals are made and removed there.
        trace_path: file for a timeline of all the work, in Chrome's trace-event format.
        report_path: file for a page of HTML that shows the result, and what the merge did
            (docs/report.md). Only an older page is replaced.
        report_thumbnails: show pictures in that page, if the command ffmpeg is there to decode them.
        progress: called in this thread with a MergeProgress, at most about ten times a second. If
            it raises, the merge stops. None draws a bar in a notebook, and a tqdm bar if standard
            error is a terminal and tqdm is installed; False never does. Nothing else is printed.

    Returns:
        A MergeReport: every file with its sources, counts, bytes, warnings and times.

    Raises:
        InvalidArgumentError: an option is out of range, a path cannot be one, there is no source,
            or the destination lies in a source (a ValueError).
        TypeError: an argument is of a wrong type.
        DestinationExistsError: the destination is there, is being written by another run, or
            something foreign is in the staging folder (a FileExistsError).
        DatasetNotFoundError: a source is not there (a FileNotFoundError).
        IncompatibleDatasetsError, UnsupportedError, CorruptDatasetError: with all problems of all
            sources (ValueErrors).
        SystemRefusedError: the system refused to read or write (an OSError).
        VerificationError: what was written differs from the sources (a RuntimeError). The staging
            folder stays, to be looked at.
        KeyboardInterrupt: Ctrl-C.

    After Ctrl-C, after a refusal of the system, and if something at the destination or in the
    staging folder is in the way, what was written stays in the staging folder. The same merge,
    called again, continues there. Every other failure except VerificationError leaves nothing
    behind.
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
        codebase_version=codebase_version,
        padding=padding,
        copy_mode=copy_mode,
        stats=stats,
        record_hashes=record_hashes,
        sync=sync,
        overwrite=overwrite,
        retime=retime,
        skip_broken=skip_broken,
        skipped_path=skipped_path,
        verify=verify,
        staging_root=staging_root,
        trace_path=trace_path,
        report_path=report_path,
        report_thumbnails=report_thumbnails,
        progress=progress,
    )


def edit(
    source: PathLike | Source,
    destination: PathLike | None = None,
    *,
    keep_file_numbers: bool = False,
    backup: bool = True,
    add: Mapping[str, PathLike] | None = None,
    dry_run: bool = False,
    num_workers: int | None = None,
    copy_mode: CopyMode = "auto",
    record_hashes: bool = False,
    sync: bool = True,
    overwrite: bool = False,
    verify: bool = False,
    trace_path: PathLike | None = None,
    progress: Progress = None,
) -> MergeReport:
    """Edits one dataset by the rules of a `Source`, into a new dataset or in place.

    Files are not joined, and the sizes of files are those of its info.json. README.md, LICENSE,
    .gitattributes, GR00T's meta/modality.json and other small files of meta/ go with it. In place
    the new dataset is exchanged with the old one at once, when it is whole.

    Args:
        source: the dataset, and what is done to it.
        destination: a folder that is not there yet; None for in place.
        keep_file_numbers: data and video files keep their numbers; for edits that leave out no
            episode.
        backup: in place, keep what was there as `<folder>_old`. An older one goes when the new
            dataset stands.
        add: features to add, each with a `.npy` or `.parquet` file that has a row for each frame
            (docs/edit.md, "Add a feature"); for edits that leave out no episode and no frame, so
            not with `trim` or a choice of episodes. Elements of vectors get no names.
        dry_run: report what would be done, and write nothing.
        record_hashes: as for `merge`. In place, a dataset that has hashes keeps them without; an
            edit in place without any rule gives hashes to a dataset that has none, and new ones to
            files that have changed.
        num_workers, copy_mode, sync, overwrite, verify, trace_path, progress: as for `merge`.

    Raises:
        CorruptDatasetError: also if something was written into the dataset while it was edited in
            place; then nothing is exchanged.
        UnsupportedError: also if the file system cannot exchange two folders.
        Others as `merge`.
    """
    where = source.path if isinstance(source, Source) else source
    options = {
        "dry_run": dry_run,
        "num_workers": num_workers,
        "copy_mode": copy_mode,
        "record_hashes": record_hashes,
        "sync": sync,
        "overwrite": overwrite,
        "trace_path": trace_path,
    }
    changes: dict[str, object] = {
        "keep_file_numbers": keep_file_numbers,
        "in_place": destination is None,
        "backup": backup,
        "add": [{"name": name, "path": path} for name, path in (add or {}).items()],
    }
    return _edit(source, where if destination is None else destination, changes, options, verify, progress)


def exchange(
    source: PathLike | Source, destination: PathLike, *, keep_file_numbers: bool, backup: bool, num_workers: int | None
) -> MergeReport:
    """edit() of another source than the dataset at `destination`, whose place it takes. For what
    makes its source of that dataset."""
    changes: dict[str, object] = {"keep_file_numbers": keep_file_numbers, "in_place": True, "backup": backup}
    return _edit(source, destination, changes, {"num_workers": num_workers}, False, False)


def add_to(
    source: PathLike | Source,
    destination: PathLike,
    added: Sequence[Mapping[str, object]],
    *,
    num_workers: int | None = None,
) -> MergeReport:
    """edit() into a new dataset that adds features, each with `name`, `path`, and its `entry` of
    info.json as JSON. Files keep their numbers."""
    changes: dict[str, object] = {"keep_file_numbers": True, "add": [dict(one) for one in added]}
    return _edit(source, destination, changes, {"num_workers": num_workers}, False, False)


def _edit(
    source: PathLike | Source,
    destination: PathLike,
    changes: dict[str, object],
    options: dict[str, object],
    verify: bool,
    progress: Progress,
) -> MergeReport:
    from robomerge.library import extension

    [source] = located([source], progress, options)
    with told(progress) as callback, replacing(changes.get("in_place") or options.get("overwrite"), options):
        return _proven(_value(MergeReport, extension.edit(source, destination, changes, options, verify, callback)))


def plan(
    sources: Iterable[PathLike | Source],
    destination: PathLike,
    *,
    num_workers: int | None = None,
    data_files_size_in_mb: float | None = None,
    video_files_size_in_mb: float | None = None,
    chunk_size: int | None = None,
    concatenate_videos: bool = True,
    concatenate_data: bool = True,
    codebase_version: CodebaseVersion = "3.0",
    padding: bool = True,
    copy_mode: CopyMode = "auto",
    stats: StatsMode = "exact",
    record_hashes: bool = False,
    overwrite: bool = False,
    retime: bool = False,
    skip_broken: SkipBroken = "nothing",
    skipped_path: PathLike | None = None,
    progress: Progress = None,
) -> MergeReport:
    """Reports what `merge` with the same arguments would do, with every file and its exact size.

    Writes nothing. Arguments and errors are those of `merge`; the report's `dry_run` is True.
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
        codebase_version=codebase_version,
        padding=padding,
        copy_mode=copy_mode,
        stats=stats,
        record_hashes=record_hashes,
        overwrite=overwrite,
        retime=retime,
        skip_broken=skip_broken,
        skipped_path=skipped_path,
        verify=False,
        progress=progress,
    )


def convert(
    source: PathLike,
    destination: PathLike | None = None,
    *,
    codebase_version: CodebaseVersion = "3.0",
    in_place: bool = False,
    num_workers: int | None = None,
    data_files_size_in_mb: float | None = None,
    video_files_size_in_mb: float | None = None,
    chunk_size: int | None = None,
    padding: bool = True,
    copy_mode: CopyMode = "auto",
    record_hashes: bool = False,
    sync: bool = True,
    overwrite: bool = False,
    progress: Progress = None,
) -> MergeReport:
    """Writes one dataset in another version of LeRobot's format: as a merge of it alone.

    Arguments and errors are those of `merge`, but:

    Args:
        source: the dataset.
        destination: the new folder; None with `in_place`.
        in_place: put the result in the place of `source`, which is kept as `<source>_old`, as
            LeRobot's scripts do. What was there before is removed last. A dataset of that version
            already stays as it is. After a kill, the same call goes on.
    """
    options = {
        "codebase_version": codebase_version,
        "num_workers": num_workers,
        "data_files_size_in_mb": data_files_size_in_mb,
        "video_files_size_in_mb": video_files_size_in_mb,
        "chunk_size": chunk_size,
        "padding": padding,
        "copy_mode": copy_mode,
        "record_hashes": record_hashes,
        "sync": sync,
    }
    if in_place == (destination is not None):
        problem = Problem(
            "invalid_argument",
            "E-no-destination",
            "convert takes either a destination or in_place",
            expected="convert(source, destination), or convert(source, in_place=True)",
        )
        raise error_of([problem])
    if destination is not None:
        return _run([source], destination, dry_run=False, overwrite=overwrite, verify=False, progress=progress, **options)
    return _edit(source, source, {"in_place": True, "converts": True}, options, False, progress)


def inspect(
    root: PathLike, *, read_data: bool = False, num_workers: int | None = None, progress: Progress = None
) -> InspectReport:
    """Reads one dataset and reports what is in it and what is wrong with it.

    Problems are in the report; they are not raised.

    Args:
        root: the dataset.
        read_data: also read all rows and the indexes of all videos, and report what `verify` finds
            in them (`findings`), and what people look for before training (`notes`).
        num_workers: threads; None or 0 for one per core that this process may use.
        progress: as in `verify`, with `read_data`.

    Raises:
        DatasetNotFoundError: there is no dataset at `root` (a FileNotFoundError).
        SystemRefusedError: the rows could not be read (an OSError).
        KeyboardInterrupt: Ctrl-C.
    """
    from robomerge.library import extension

    (root,) = located_paths([root], progress)
    with told(progress) as callback:
        answer = extension.inspect(root, {"read_data": read_data, "num_workers": num_workers}, callback)
    return _value(InspectReport, answer)


def stats(
    root: PathLike,
    *,
    rewrite: bool = False,
    relative_chunk_size: int = 0,
    excluded_joints: Sequence[str] = (),
    num_workers: int | None = None,
    progress: Progress = None,
) -> StatsReport:
    """Measures the statistics of all numeric features from the rows of a dataset, exactly.

    index, episode_index and task_index are left out. Nothing is written but temporary files, about
    two bytes for a float32, in $TMPDIR.

    Args:
        root: the dataset.
        rewrite: put what was measured into meta/stats.json, which is replaced at once; entries of
            cameras and of what cannot be measured stay. `edit` without rules mends the statistics of
            the episodes as well.
        relative_chunk_size: measure `action` as a policy sees it that is trained with LeRobot's
            `use_relative_actions`: over all chunks of so many frames, each less the
            `observation.state` in which it begins. 0: as it is.
        excluded_joints: elements of `action` whose names hold one of these, in any case, stay
            absolute.
        num_workers: threads; None or 0 for one per core that this process may use. The report does
            not depend on it.
        progress: as in `verify`.

    Returns:
        A StatsReport, which is true if the statistics that the dataset states are those of its rows.

    Raises:
        DatasetNotFoundError, UnsupportedError, CorruptDatasetError, SystemRefusedError: the dataset
            could not be read.
        IncompatibleDatasetsError, InvalidArgumentError: actions cannot be made relative; no episode is as
            long as a chunk; stats.json cannot be replaced.
        KeyboardInterrupt: Ctrl-C.
    """
    from robomerge.library import extension

    (root,) = located_paths([root], progress)
    with told(progress) as callback, replacing(rewrite):
        relative = {"chunk_size": relative_chunk_size, "excluded_joints": list(excluded_joints)}
        call = extension.rewrite_stats if rewrite else extension.stats
        answer = call(root, {"num_workers": num_workers, "relative_actions": relative}, callback)
    return _value(StatsReport, answer)


def write_report(
    root: PathLike,
    output: PathLike,
    *,
    thumbnails: bool = True,
    num_workers: int | None = None,
    progress: Progress = None,
) -> WrittenReport:
    """Writes one page of HTML that shows a dataset: where it came from, lengths, tasks, the
    distribution of every dimension, cameras, and what is wrong (docs/report.md).

    The page needs no network and no other file. A dataset that is broken gets a page of what can be
    read.

    Args:
        root: the dataset.
        output: the file, which appears whole or not at all. Only an older page is replaced. It may
            not lie in the dataset.
        thumbnails: show the first frames of a few episodes, if the command ffmpeg is there to decode
            them.
        num_workers: threads; None or 0 for one per core that this process may use. The page does not
            depend on it.
        progress: as in `verify`.

    Returns:
        A WrittenReport, which is true if a merge would take the dataset.

    Raises:
        DatasetNotFoundError: there is no dataset at `root` (a FileNotFoundError).
        InvalidArgumentError: `output` lies in the dataset, or is a file that is no such page (a
            ValueError).
        SystemRefusedError: the system refused to read or write (an OSError).
        KeyboardInterrupt: Ctrl-C.
    """
    from robomerge.library import extension

    (root,) = located_paths([root], progress)
    with told(progress) as callback:
        answer = extension.write_report(root, output, {"thumbnails": thumbnails, "num_workers": num_workers}, callback)
    return _value(WrittenReport, answer)


def compare(
    sources: Iterable[PathLike | Source], *, recipe_out: PathLike | None = None, num_workers: int | None = None
) -> CompareReport:
    """Compares datasets by their metadata, and reports how they differ and what settles it.

    Reads info.json, tasks and statistics, and the index of each camera's first video. Sources that
    cannot be read are in the report's `problems`; the others are compared.

    Args:
        sources: dataset folders. Where two forms are as frequent, the first source decides which
            one is the usual.
        recipe_out: a file into which everything that settles differences is written, as a recipe
            for a merge. Only an older recipe that nobody has changed is replaced.
        num_workers: threads; None or 0 for one per core that this process may use. The report does
            not depend on it.

    Returns:
        A CompareReport, which is true if a merge takes the sources as they are.

    Raises:
        InvalidArgumentError: there is no source, or a path cannot be one (a ValueError).
        DestinationExistsError: something else is at `recipe_out` (a FileExistsError).
        SystemRefusedError: the recipe could not be written (an OSError).
        KeyboardInterrupt: Ctrl-C.
    """
    from robomerge.library import extension

    sources = located(sources, False, None)
    return _value(CompareReport, extension.compare(sources, {"recipe_out": recipe_out, "num_workers": num_workers}))


def verify(
    destination: PathLike,
    against: Iterable[PathLike] | None = None,
    *,
    num_workers: int | None = None,
    retime: bool = False,
    measure_stats: bool = False,
    progress: Progress = None,
) -> VerifyReport:
    """Checks the real rows and frames of a dataset, alone or against what it was merged from.

    Alone, it checks totals, numbering, references, timestamps, statistics against the data, and
    that videos have a frame at the time of every frame of every episode. With `against`, it also
    checks that every row, coded video frame, task and statistic is that of its source. Findings are
    in the report; they are not raised. Nothing is written.

    Args:
        destination: the dataset to check.
        against: the datasets from which it was merged, in that order.
        num_workers: threads; None or 0 for one per core that this process may use. Findings do not
            depend on it.
        retime: the merge was made with `retime`.
        measure_stats: also measure the statistics of numbers from all rows, and hold those that are
            stated against them, as `stats` does.
        progress: as in `merge`; `planned_bytes` and `moved_bytes` are those to check and those
            checked.

    Returns:
        A VerifyReport, which is true if nothing is wrong.

    Raises:
        DatasetNotFoundError, UnsupportedError, CorruptDatasetError, SystemRefusedError: the dataset
            or a source could not be read at all.
        KeyboardInterrupt: Ctrl-C.
    """
    from robomerge.library import extension

    options = {"num_workers": num_workers, "retime": retime, "measure_stats": measure_stats}
    (destination,) = located_paths([destination], progress)
    sources = located_paths(() if against is None else against, progress, made=destination)
    with told(progress) as callback:
        answer = extension.verify(destination, sources, options, callback)
    return _value(VerifyReport, answer)


def push(
    root: PathLike,
    address: str,
    *,
    private: bool = False,
    branch: str | None = None,
    progress: Progress = None,
) -> "PushReport":
    """Makes a dataset on the Hugging Face Hub what the one at `root` is (docs/hub.md).

    Uploads what differs, as one commit with a card, and puts the version tag on it. Called again
    after a failure, it goes on; if nothing differs, it does nothing. Needs huggingface_hub.

    Args:
        root: the dataset. It is refused if a merge would refuse it.
        address: "hf://datasets/owner/name".
        private: make a new dataset private, and refuse one that is public.
        branch: push to this branch, which is made of main if it is not there; None for main.
        progress: as in `merge`, with the stages "hash" and "upload".

    Returns:
        A PushReport, which is true if the Hub was changed.

    Raises:
        InvalidArgumentError: the address is none (a ValueError).
        DatasetNotFoundError: there is no dataset at `root`, or you may not see the one on the Hub.
        CorruptDatasetError, UnsupportedError: the dataset is not sound; huggingface_hub is missing.
        SystemRefusedError: the Hub or the network refused, after several tries (an OSError).
        KeyboardInterrupt: Ctrl-C.
    """
    problems = inspect(root, progress=False).problems
    if problems:
        raise error_of(problems)
    with told(progress) as callback, as_exceptions():
        from robomerge.hub.push import push_folder

        tell = callback or (lambda fields: None)
        return push_folder(os.fspath(root), address, private=private, branch=branch, tell=tell)


def _run(
    sources: Iterable[PathLike | Source], destination: PathLike, *, verify: bool, progress: Progress, **options: object
) -> MergeReport:
    from robomerge.library import extension

    sources = located(sources, progress, options)
    with told(progress) as callback, replacing(options.get("overwrite"), options):
        return _proven(_value(MergeReport, extension.merge(sources, destination, options, verify, callback)))


def _proven(report: MergeReport) -> MergeReport:
    if report.verification is not None and not report.verification and not report.dry_run:
        found = [finding.as_problem() for finding in report.verification.findings]
        raise VerificationError(format_problems(found, "difference"), found)
    return report


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


@contextmanager
def told(progress: Progress) -> Iterator[Callable[[dict[str, Any]], object] | None]:
    """Yields the function that the extension module is to call with progress, or None."""
    if not (progress is None or progress is False or callable(progress)):
        raise TypeError(f"progress must be a callable, None or False, not {progress!r}")
    with progress_bar() if progress is None else nullcontext(progress) as callback:
        yield (lambda fields: callback(MergeProgress(**fields))) if callable(callback) else None


def _value(kind: type[T], answer: tuple[dict[str, Any] | None, tuple[dict[str, Any], ...]]) -> T:
    """Makes a value of `kind` of what the extension module returned, or raises its problems."""
    fields, problems = answer
    if fields is None:
        raise error_of([from_fields(Problem, problem) for problem in problems])
    return from_fields(kind, fields)
