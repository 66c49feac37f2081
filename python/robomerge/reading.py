"""inspect, stats, write_report, compare and verify: what reads datasets."""

from collections.abc import Iterable, Sequence

from robomerge.calling import Progress, replacing, told, value_of
from robomerge.hub.sources import located, located_paths
from robomerge.recipe import PathLike, Source
from robomerge.report import CompareReport, InspectReport, StatsReport, VerifyReport, WrittenReport


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
    return value_of(InspectReport, answer)


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
    return value_of(StatsReport, answer)


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
    return value_of(WrittenReport, answer)


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
    return value_of(CompareReport, extension.compare(sources, {"recipe_out": recipe_out, "num_workers": num_workers}))


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
    return value_of(VerifyReport, answer)
