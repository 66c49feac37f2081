"""A dataset grows in its place, gets smaller again, and says what it was made of (docs/append.md)."""

from collections.abc import Iterable

from robomerge.calling import Progress, proven, replacing, told, value_of
from robomerge.errors import error_of
from robomerge.hub.sources import located
from robomerge.merging import CopyMode, StatsMode
from robomerge.recipe import PathLike, Source
from robomerge.report import LoggedSource, MergeReport, Problem, from_fields


def append(
    destination: PathLike,
    sources: Iterable[PathLike | Source],
    *,
    again: bool = False,
    backup: bool = True,
    dry_run: bool = False,
    num_workers: int | None = None,
    copy_mode: CopyMode = "auto",
    stats: StatsMode = "exact",
    record_hashes: bool = False,
    retime: bool = False,
    sync: bool = True,
    verify: bool = False,
    trace_path: PathLike | None = None,
    progress: Progress = None,
) -> MergeReport:
    """Puts datasets behind what is in one, in its place. Its payload files stay as they are.

    Nothing of them is copied: they are hard links, or share their extents where the file system
    can. The old dataset is `<destination>_old` then, and has these files in common with the new
    one.

    Args:
        destination: the dataset that grows.
        sources: what is put behind it: paths, or `Source` with rules and a name.
        again: also append sources that its record names already; without, they are left out with a
            warning, and if all are, the report is `already_done`.
        backup: keep the old dataset. An older one goes when the new dataset stands.
        dry_run: report what would be done, and write nothing.
        copy_mode: as for `merge`; "copy" lets the old dataset have files of its own.
        record_hashes: as for `merge`. A dataset that has hashes keeps them without.
        num_workers, stats, retime, sync, verify, trace_path, progress: as for `merge`.

    Raises:
        CorruptDatasetError: also if something was written into the dataset meanwhile; then nothing
            is exchanged.
        UnsupportedError: also if the file system cannot exchange two folders.
        Others as `merge`.
    """
    from robomerge.library import extension

    options = {
        "dry_run": dry_run,
        "num_workers": num_workers,
        "copy_mode": copy_mode,
        "stats": stats,
        "record_hashes": record_hashes,
        "retime": retime,
        "sync": sync,
        "trace_path": trace_path,
    }
    sources = located(sources, progress, options)
    changes = {"again": again, "backup": backup}
    with told(progress) as callback, replacing(True, options):
        answer = extension.append(destination, sources, changes, options, verify, callback)
        return proven(value_of(MergeReport, answer))


def remove_source(
    destination: PathLike,
    source: str | int,
    *,
    backup: bool = True,
    dry_run: bool = False,
    num_workers: int | None = None,
    copy_mode: CopyMode = "auto",
    stats: StatsMode = "exact",
    record_hashes: bool = False,
    sync: bool = True,
    verify: bool = False,
    trace_path: PathLike | None = None,
    progress: Progress = None,
) -> MergeReport:
    """Takes the episodes of one source out of a dataset, in its place.

    Args:
        destination: the dataset.
        source: the name or the number that `log` gives the source.
        backup, dry_run, num_workers, copy_mode, stats, record_hashes, sync, verify, trace_path,
            progress: as for `append`.

    Raises:
        InvalidArgumentError: there is no such source, or nothing would be left.
        Others as `append`.
    """
    from robomerge.library import extension

    options = {
        "dry_run": dry_run,
        "num_workers": num_workers,
        "copy_mode": copy_mode,
        "stats": stats,
        "record_hashes": record_hashes,
        "sync": sync,
        "trace_path": trace_path,
    }
    with told(progress) as callback, replacing(True, options):
        answer = extension.remove_source(destination, str(source), {"backup": backup}, options, verify, callback)
        return proven(value_of(MergeReport, answer))


def log(root: PathLike) -> tuple[LoggedSource, ...]:
    """What a dataset was made of, by its record: one after another the sources have all episodes.

    Where the record does not fit the episodes, or is not there, they are one source without a
    fingerprint; so are those that were recorded since the last merge.

    Raises:
        The errors of `merge` for a dataset that cannot be read.
    """
    from robomerge.library import extension

    sources, problems = extension.log(root)
    if sources is None:
        raise error_of([from_fields(Problem, problem) for problem in problems])
    return tuple(from_fields(LoggedSource, source) for source in sources)
