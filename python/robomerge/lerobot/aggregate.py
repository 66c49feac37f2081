"""LeRobot's aggregate_datasets and merge_datasets: its arguments, its defaults, its log lines, its
errors."""

import json
import logging
import operator
import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from robomerge.errors import IncompatibleDatasetsError, InvalidArgumentError
from robomerge.lerobot.sources import find_sources, lerobot_home
from robomerge.merging import merge
from robomerge.report import MergeReport, Problem

if TYPE_CHECKING:
    from lerobot.datasets.lerobot_dataset import LeRobotDataset  # type: ignore[import-not-found, unused-ignore]

# LeRobot's own logger, so that handlers for its merge get these lines too.
logger = logging.getLogger("lerobot.datasets.aggregate")


class DatasetOnDisk(Protocol):
    """What merge_datasets needs of a dataset. A LeRobotDataset has it."""

    repo_id: str
    root: Any


def aggregate_datasets(
    repo_ids: Sequence[str],
    aggr_repo_id: str,
    roots: Sequence[str | os.PathLike[str] | None] | None = None,
    aggr_root: str | os.PathLike[str] | None = None,
    data_files_size_in_mb: float | None = None,
    video_files_size_in_mb: float | None = None,
    chunk_size: int | None = None,
    concatenate_videos: bool = True,
    concatenate_data: bool = True,
    num_workers: int | None = None,
    tmp_root: str | os.PathLike[str] | None = None,
) -> None:
    """Merges LeRobot datasets into one, in the order of `repo_ids`. Replaces LeRobot's function of
    this name.

    The destination appears whole or not at all. Everything is checked before anything is written.
    Log lines and warnings go to the logger `lerobot.datasets.aggregate`.

    Args:
        repo_ids: the datasets' names.
        aggr_repo_id: the name of the new one.
        roots: the datasets' folders; None instead of the list or of one folder for
            `$HF_LEROBOT_HOME/<repo_id>`. A dataset that is not there is fetched from the Hub, as
            LeRobot would do, if huggingface_hub is installed.
        aggr_root: the new folder; None for `$HF_LEROBOT_HOME/<aggr_repo_id>`.
        data_files_size_in_mb: in MB of 1024² uncompressed bytes; None for 100.
        video_files_size_in_mb: in MB of 1024² bytes; None for 200.
        chunk_size: files per folder, 1 to 1000; None for 1000.
        concatenate_videos, concatenate_data: False keeps one file per source file.
        num_workers: threads; None, 0 and 1 are sequential. Any number gives the same bytes and log
            lines.
        tmp_root: folder for the staging folder, on the destination's file system; None for beside
            the destination. Nothing else in it is touched.

    Raises:
        ValueError: `fps`, `robot_type` or features differ (LeRobot's sentence, and then all
            problems), options are out of range, or sources are damaged. `.problems` has the
            problems as data, see robomerge.errors.
        FileExistsError: the new folder exists already.
        FileNotFoundError: datasets are not there and cannot be fetched. All of them are named.
    """
    aggregate(
        repo_ids,
        aggr_repo_id,
        roots=roots,
        aggr_root=aggr_root,
        data_files_size_in_mb=data_files_size_in_mb,
        video_files_size_in_mb=video_files_size_in_mb,
        chunk_size=chunk_size,
        concatenate_videos=concatenate_videos,
        concatenate_data=concatenate_data,
        num_workers=num_workers,
        tmp_root=tmp_root,
    )


def merge_datasets(
    datasets: Sequence[DatasetOnDisk],
    output_repo_id: str,
    output_dir: str | os.PathLike[str] | None = None,
    concatenate_videos: bool = True,
    concatenate_data: bool = True,
    num_workers: int | None = None,
) -> "LeRobotDataset | MergeReport":
    """Merges LeRobotDatasets into one. Replaces LeRobot's function of this name.

    As in LeRobot, whole datasets are merged, even if one was opened with a choice of `episodes`.

    Args:
        datasets: LeRobotDatasets, or anything else that has `repo_id` and `root`.
        output_repo_id: the name of the new one.
        output_dir: the new folder; None for `$HF_LEROBOT_HOME/<output_repo_id>`.
        concatenate_videos, concatenate_data, num_workers: as for aggregate_datasets.

    Returns:
        The new dataset, a LeRobotDataset with the first one's `image_transforms`,
        `delta_timestamps` and `tolerance_s`. Where LeRobot cannot be imported, the MergeReport.

    Raises:
        ValueError: there are no datasets; otherwise as aggregate_datasets.
    """
    if not datasets:
        raise InvalidArgumentError(
            "No datasets to merge", [Problem("invalid_argument", "E-no-sources", "no sources to merge")]
        )
    output_dir = Path(output_dir) if output_dir is not None else lerobot_home() / output_repo_id
    report = aggregate(
        [dataset.repo_id for dataset in datasets],
        output_repo_id,
        roots=[dataset.root for dataset in datasets],
        aggr_root=output_dir,
        concatenate_videos=concatenate_videos,
        concatenate_data=concatenate_data,
        num_workers=num_workers,
    )
    try:
        from lerobot.datasets.lerobot_dataset import LeRobotDataset
    except ImportError:
        return report
    first = datasets[0]
    options = {
        name: getattr(first, name)
        for name in ("image_transforms", "delta_timestamps", "tolerance_s")
        if hasattr(first, name)
    }
    return LeRobotDataset(repo_id=output_repo_id, root=output_dir, **options)


def aggregate(
    repo_ids: Sequence[str],
    aggr_repo_id: str,
    *,
    roots: Sequence[str | os.PathLike[str] | None] | None = None,
    aggr_root: str | os.PathLike[str] | None = None,
    num_workers: int | None = None,
    tmp_root: str | os.PathLike[str] | None = None,
    **options: Any,
) -> MergeReport:
    """Does what aggregate_datasets does, and returns a report."""
    logger.info("Start aggregate_datasets")
    sources = find_sources(repo_ids, roots)
    destination = Path(aggr_root) if aggr_root is not None else lerobot_home() / aggr_repo_id
    try:
        report = merge(
            sources,
            destination,
            # For the command 0 means all cores. Here None, 0 and 1 mean sequential.
            num_workers=1 if num_workers is None else operator.index(num_workers) or 1,
            staging_root=tmp_root,
            **options,
        )
    except IncompatibleDatasetsError as error:
        sentence = _lerobot_sentence(error.problems[0], sources[0])
        if sentence is None:
            raise
        raise IncompatibleDatasetsError(f"{sentence}\n\n{error.text}", error.problems) from None
    # Logged at the end, so that their order does not depend on the workers.
    for warning in report.warnings:
        logger.warning(warning.what if warning.kind == "W-video-encoder" else str(warning))
    for line in ("Find all tasks", "write tasks", "write info", "write stats", "Aggregation complete."):
        logger.info(line)
    return report


def _lerobot_sentence(problem: Problem, first_root: Path) -> str | None:
    """The sentence of validate_all_metadata in LeRobot's aggregate.py for this disagreement. Of the
    features it shows only those that differ."""
    if problem.kind not in ("E-fps", "E-robot-type", "E-features") or not problem.source:
        return None
    expected, found = (json.loads(Path(root, "meta/info.json").read_bytes()) for root in (first_root, problem.source))
    if problem.kind == "E-features":
        name, all_expected, all_found = "features", expected["features"], found["features"]
        differ = [key for key in {**all_expected, **all_found} if all_expected.get(key) != all_found.get(key)]
        values = [{key: features[key] for key in differ if key in features} for features in (all_found, all_expected)]
    else:
        name = "fps" if problem.kind == "E-fps" else "robot_type"
        values = [found.get(name), expected.get(name)]
    return f"Same {name} is expected, but got {name}={values[0]} instead of {values[1]}."
