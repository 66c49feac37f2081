"""LeRobot's delete_episodes, split_dataset, modify_features, add_features, remove_feature and
modify_tasks: its arguments, its defaults, its log lines, its errors.

Each is an edit of robomerge (`robomerge.edit`): checked before anything is written, and the result
appears whole or not at all.
"""

import logging
import shutil
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from robomerge.errors import InvalidArgumentError
from robomerge.lerobot.sources import lerobot_home
from robomerge.merging import add_to, edit, exchange
from robomerge.recipe import PathLike, Source
from robomerge.report import MergeReport, Problem

if TYPE_CHECKING:
    from lerobot.datasets.lerobot_dataset import LeRobotDataset  # type: ignore[import-not-found, unused-ignore]

# As in LeRobot, whose functions use the root logger.
logger = logging.getLogger()

REQUIRED_FEATURES = {"timestamp", "frame_index", "episode_index", "index", "task_index"}


def delete_episodes(
    dataset: "LeRobotDataset",
    episode_indices: Sequence[int],
    output_dir: PathLike | None = None,
    repo_id: str | None = None,
    num_workers: int | None = None,
) -> "LeRobotDataset":
    """Makes a dataset without some episodes. Replaces LeRobot's function of this name.

    Args:
        dataset: the source; of one opened with a choice of `episodes`, all of it, as in LeRobot.
        episode_indices: the episodes to leave out.
        output_dir: the new folder; None for `$HF_LEROBOT_HOME/<repo_id>`.
        repo_id: the new name; None for `<name of the source>_modified`.
        num_workers: threads; None, 0 and 1 are sequential.

    Returns:
        The new dataset, with the source's `image_transforms`, `delta_timestamps` and `tolerance_s`.

    Raises:
        ValueError: there is no such episode, or none is left; the source is damaged.
        FileExistsError: the new folder exists already.
    """
    num_kept = check_deleted(episode_indices, dataset.meta.total_episodes)
    repo_id = repo_id if repo_id is not None else f"{dataset.repo_id}_modified"
    source = Source(dataset.root, exclude_episodes=sorted(set(map(int, episode_indices))))
    result = _edit_into(dataset, source, _place(output_dir, repo_id), repo_id, num_workers)
    logger.info(f"Created new dataset with {num_kept} episodes")
    return result


def split_dataset(
    dataset: "LeRobotDataset",
    splits: Mapping[str, float | Sequence[int]],
    output_dir: PathLike | None = None,
    num_workers: int | None = None,
) -> "dict[str, LeRobotDataset]":
    """Makes several datasets of one. Replaces LeRobot's function of this name.

    Fractions that leave a split without an episode are dealt with as LeRobot does: it is skipped
    with a warning. But the last split that has episodes takes all that is left, so that none is
    lost.

    Args:
        splits: by name, the episodes, or a fraction of them; fractions are taken in order.
        output_dir: a folder in which each split gets one of its name; None for
            `$HF_LEROBOT_HOME/<repo_id>_<name>`.
    """
    if not splits:
        raise _invalid("No splits provided")
    total = dataset.meta.total_episodes
    episodes_of: dict[str, Sequence[int]] = (
        _by_fractions(total, splits)  # type: ignore[arg-type]
        if all(isinstance(share, float) for share in splits.values())
        else dict(splits)  # type: ignore[arg-type]
    )
    everywhere: set[int] = set()
    for name, episodes in episodes_of.items():
        if not isinstance(episodes, Iterable):
            raise TypeError(f"'{type(episodes).__name__}' object is not iterable")
        if len(episodes) == 0:
            raise _invalid(f"Split '{name}' has no episodes")
        if everywhere.intersection(episodes):
            raise _invalid("Episodes cannot appear in multiple splits")
        everywhere.update(episodes)
    _check_episodes(everywhere, total)
    places = {}
    for name in episodes_of:
        repo_id = f"{dataset.repo_id}_{name}"
        places[name] = Path(output_dir) / name if output_dir is not None else lerobot_home() / repo_id
        if places[name].exists() or places[name].is_symlink():
            raise FileExistsError(17, "File exists", str(places[name]))
    results = {}
    for name, episodes in episodes_of.items():
        logger.info(f"Creating split '{name}' with {len(episodes)} episodes")
        source = Source(dataset.root, episodes=sorted(set(map(int, episodes))))
        results[name] = _edit_into(dataset, source, places[name], f"{dataset.repo_id}_{name}", num_workers)
    return results


def modify_features(
    dataset: "LeRobotDataset",
    add_features: Mapping[str, tuple[Any, Mapping[str, Any]]] | None = None,
    remove_features: str | Sequence[str] | None = None,
    output_dir: PathLike | None = None,
    repo_id: str | None = None,
    num_workers: int | None = None,
) -> "LeRobotDataset":
    """Makes a dataset with features added and removed. Replaces LeRobot's function of this name.

    Args:
        add_features: by name, the values and the entry of info.json. Values are an array with a row
            per frame, or a function of (row as a dict, episode_index, frame_index).
        remove_features: names of features.

    Statistics of what is added are computed, of the whole and of each episode; LeRobot has none.
    Files keep their numbers.

    Raises:
        ValueError: a value cannot be stored in the dtype that the entry says, as 410 in uint8 or NaN
            in int64 (a float may be rounded); a vector's `names` are not one for each element; values
            have another shape or number. Arrays are checked before anything is written, what a
            function returns before anything appears at `output_dir`.
    """
    if add_features is None and remove_features is None:
        raise _invalid("Must specify at least one of add_features or remove_features")
    removed = [remove_features] if isinstance(remove_features, str) else list(remove_features or ())
    added = dict(add_features or {})
    features = dataset.meta.features
    for name, (_, entry) in added.items():
        if name in features:
            raise _invalid(f"Feature '{name}' already exists in dataset")
        if not {"dtype", "shape"} <= entry.keys():
            raise _invalid(f"feature_info for '{name}' must contain keys: {{'dtype', 'shape'}}")
        if "/" in name:
            raise _invalid(f"Feature names should not contain '/'. Found '/' in '{name}'")
    check_removed(removed, features)
    repo_id = repo_id if repo_id is not None else f"{dataset.repo_id}_modified"
    place = _place(output_dir, repo_id)
    rules: dict[str, Any] = {"drop": [pattern_of(name) for name in removed]} if removed else {}
    if not added:
        return _edit_into(dataset, Source(dataset.root, **rules), place, repo_id, num_workers, keeps_numbers=True)
    if place.exists() or place.is_symlink():
        raise FileExistsError(17, "File exists", str(place))
    from robomerge.lerobot.overlay import columns_of, files_of, with_columns

    root = Path(dataset.root)
    columns = columns_of(root, added)
    place.parent.mkdir(parents=True, exist_ok=True)
    work = Path(tempfile.mkdtemp(prefix=f".{place.name}.columns-", dir=place.parent))
    try:
        files = files_of(added, columns, work)
        source = Source(root if files is not None else with_columns(root, added, columns, work / "source"), **rules)
        result = _edit_into(dataset, source, place, repo_id, num_workers, keeps_numbers=True, added=files)
    finally:
        shutil.rmtree(work, ignore_errors=True)
    return result


def add_features(
    dataset: "LeRobotDataset",
    features: Mapping[str, tuple[Any, Mapping[str, Any]]],
    output_dir: PathLike | None = None,
    repo_id: str | None = None,
    num_workers: int | None = None,
) -> "LeRobotDataset":
    """modify_features() that only adds. Replaces LeRobot's function of this name."""
    if not features:
        raise _invalid("No features provided")
    return modify_features(dataset, features, None, output_dir, repo_id, num_workers)


def remove_feature(
    dataset: "LeRobotDataset",
    feature_names: str | Sequence[str],
    output_dir: PathLike | None = None,
    repo_id: str | None = None,
    num_workers: int | None = None,
) -> "LeRobotDataset":
    """modify_features() that only removes. Replaces LeRobot's function of this name."""
    return modify_features(dataset, None, feature_names, output_dir, repo_id, num_workers)


def modify_tasks(
    dataset: "LeRobotDataset",
    new_task: str | None = None,
    episode_tasks: Mapping[int, str] | None = None,
    task_replacements: Mapping[str, str] | None = None,
    num_workers: int | None = None,
) -> "LeRobotDataset":
    """Gives episodes other tasks, in place. Replaces LeRobot's function of this name.

    As in LeRobot, each episode gets one task, by the first of these that there is: `episode_tasks`,
    `task_replacements` of its first task, `new_task`, its first task. Tasks are numbered by their
    texts.

    The new dataset takes the place of the old one at once, when it is whole; the old one is not
    kept.

    Returns:
        `dataset` itself, which then reads the new files.
    """
    if not new_task and not episode_tasks and not task_replacements:
        raise _invalid("Must specify at least one of new_task, episode_tasks, or task_replacements")
    meta = dataset.meta
    _check_episodes(episode_tasks or (), meta.total_episodes)
    tasks_of = first_tasks(Path(dataset.root))
    unknown = sorted(set(task_replacements or ()) - set(meta.tasks.index))
    if unknown:
        raise _invalid(f"Task replacements reference unknown tasks: {unknown}")
    task_of = resolve_tasks(tasks_of, new_task, episode_tasks or {}, task_replacements or {})
    texts = sorted(set(task_of))
    logger.info(f"Modifying tasks in {dataset.repo_id}")
    logger.info(f"New tasks: {texts}")
    from robomerge.lerobot.overlay import with_tasks

    root = Path(dataset.root)
    work = Path(tempfile.mkdtemp(prefix=f".{root.name}.tasks-", dir=root.parent))
    try:
        source = with_tasks(root, task_of, work / "source")
        exchange(source, root, keep_file_numbers=True, backup=False, num_workers=_workers(num_workers))
    finally:
        shutil.rmtree(work, ignore_errors=True)
    _reload(dataset)
    logger.info(f"Tasks: {texts}")
    return dataset


def check_deleted(episode_indices: Sequence[int], total: int) -> int:
    """The number of episodes that are left."""
    if len(episode_indices) == 0:
        raise _invalid("No episodes to delete")
    _check_episodes(episode_indices, total)
    logger.info(f"Deleting {len(episode_indices)} episodes from dataset")
    num_kept = total - len(set(episode_indices))
    if num_kept == 0:
        raise _invalid("Cannot delete all episodes from dataset")
    return num_kept


def check_removed(names: Sequence[str], features: Mapping[str, Any]) -> None:
    for name in names:
        if name not in features:
            raise _invalid(f"Feature '{name}' not found in dataset")
    if REQUIRED_FEATURES.intersection(names):
        raise _invalid(f"Cannot remove required features: {REQUIRED_FEATURES}")


def first_tasks(root: Path) -> list[str | None]:
    """The first task of each episode, as the episodes table says."""
    import pyarrow.parquet as pq

    rows: list[tuple[int, str | None]] = []
    for path in sorted((root / "meta/episodes").glob("*/*.parquet")):
        table = pq.read_table(path, columns=["episode_index", "tasks"])
        for episode, tasks in zip(table["episode_index"].to_pylist(), table["tasks"].to_pylist(), strict=True):
            rows.append((episode, tasks[0] if tasks else None))
    return [task for _, task in sorted(rows, key=lambda row: row[0])]


def resolve_tasks(
    tasks_of: Sequence[str | None],
    new_task: str | None,
    episode_tasks: Mapping[int, str],
    task_replacements: Mapping[str, str],
) -> list[str]:
    """The task of each episode, by LeRobot's order of precedence."""
    resolved = []
    for episode, own in enumerate(tasks_of):
        text = episode_tasks.get(episode)
        if text is None and own is not None:
            text = task_replacements.get(own)
        text = text if text is not None else new_task or own
        if not text:
            raise _invalid(f"Episode {episode} has no task; provide new_task or episode_tasks")
        resolved.append(text)
    return resolved


def _by_fractions(total: int, splits: Mapping[str, float]) -> dict[str, Sequence[int]]:
    if sum(splits.values()) > 1.0:
        raise _invalid("Split fractions must sum to <= 1.0")
    ends: dict[str, range] = {}
    first = 0
    for name, fraction in splits.items():
        count = int(total * fraction)
        if count <= 0:
            logger.warning(f"Split '{name}' has no episodes, skipping...")
            continue
        ends[name] = range(first, first + count)
        first += count
    if ends:
        name = list(ends)[-1]
        ends[name] = range(ends[name].start, total)
    return {name: list(episodes) for name, episodes in ends.items()}


def _check_episodes(episodes: Iterable[int], total: int) -> None:
    invalid = set(episodes) - set(range(total))
    if invalid:
        raise _invalid(f"Invalid episode indices: {invalid}")


def pattern_of(name: str) -> str:
    """The pattern of `drop` that only this name matches."""
    return "".join("\\" + sign if sign in "\\*?" else sign for sign in name)


def _place(output_dir: PathLike | None, repo_id: str) -> Path:
    return Path(output_dir) if output_dir is not None else lerobot_home() / repo_id  # type: ignore[arg-type]


def _workers(num_workers: int | None) -> int:
    # For the command 0 means all cores. Here None, 0 and 1 mean sequential.
    return num_workers or 1


def _invalid(text: str) -> InvalidArgumentError:
    return InvalidArgumentError(text, [Problem("invalid_argument", "E-options", text)])


def edit_of(
    source: Source,
    place: Path | None,
    *,
    keeps_numbers: bool = False,
    num_workers: int | None = None,
    added: Sequence[Mapping[str, str]] | None = None,
) -> MergeReport:
    """Edits `source` into `place`, which must not exist, or without one in place. Logs warnings."""
    if place is not None and (place.exists() or place.is_symlink()):
        raise FileExistsError(17, "File exists", str(place))
    if added and place is not None:
        report = add_to(source, place, added, num_workers=_workers(num_workers))
    else:
        report = edit(source, place, keep_file_numbers=keeps_numbers, num_workers=_workers(num_workers), progress=False)
    for warning in report.warnings:
        logger.warning(str(warning))
    return report


def _edit_into(
    dataset: "LeRobotDataset",
    source: Source,
    place: Path,
    repo_id: str,
    num_workers: int | None,
    *,
    keeps_numbers: bool = False,
    added: Sequence[Mapping[str, str]] | None = None,
) -> Any:
    """Edits `source` into `place` and opens the result; where LeRobot cannot be imported, returns
    the report."""
    report = edit_of(source, place, keeps_numbers=keeps_numbers, num_workers=num_workers, added=added)
    try:
        from lerobot.datasets.lerobot_dataset import LeRobotDataset
    except ImportError:
        return report
    options = {
        name: getattr(dataset, name)
        for name in ("image_transforms", "delta_timestamps", "tolerance_s")
        if hasattr(dataset, name)
    }
    return LeRobotDataset(repo_id=repo_id, root=place, **options)


def _reload(dataset: Any) -> None:
    """Makes an open dataset read its files anew."""
    try:
        from lerobot.datasets.dataset_metadata import LeRobotDatasetMetadata
    except ImportError:
        return
    dataset.meta = LeRobotDatasetMetadata(repo_id=dataset.repo_id, root=dataset.root)
    # Made again when it is next needed.
    dataset.reader = None
