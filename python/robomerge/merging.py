"""merge, edit, plan, convert and push: what makes a dataset."""

import os
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Literal, TypeAlias

from robomerge.calling import Progress, proven, replacing, told, value_of
from robomerge.errors import error_of
from robomerge.hub.sources import as_exceptions, located
from robomerge.reading import inspect
from robomerge.recipe import PathLike, Source
from robomerge.report import MergeReport, Problem

if TYPE_CHECKING:
    from robomerge.hub.push import PushReport

CopyMode: TypeAlias = Literal["auto", "share", "copy", "link"]
CodebaseVersion: TypeAlias = Literal["3.0", "2.1"]
StatsMode: TypeAlias = Literal["exact", "fold"]
SkipBroken: TypeAlias = Literal["nothing", "sources", "episodes"]


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
        return proven(value_of(MergeReport, extension.edit(source, destination, changes, options, verify, callback)))


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
        return proven(value_of(MergeReport, extension.merge(sources, destination, options, verify, callback)))
