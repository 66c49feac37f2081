"""What `robomerge-edit-dataset` does besides merging: the operations of `lerobot-edit-dataset` that
edit one dataset, without LeRobot.

Checks, texts and places follow LeRobot's scripts/lerobot_edit_dataset.py. But everything is checked
before anything is moved, and in place the new dataset is exchanged with the old one, which is
`<folder>_old` then.
"""

import json
import logging
import shlex
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from robomerge.lerobot.edit import (
    check_deleted,
    check_removed,
    delete_episodes,
    edit_of,
    modify_tasks,
    pattern_of,
    split_dataset,
)
from robomerge.lerobot.sources import find_sources, lerobot_home
from robomerge.lerobot.statistics import recompute_stats
from robomerge.merging import exchange
from robomerge.recipe import Source

Settings = dict[str, Any]


def run(settings: Settings) -> list[tuple[str, Path]]:
    """Runs the operation; returns the names and folders of what it has made."""
    kind = settings["operation.type"]
    if not settings["repo_id"]:
        raise ValueError(f"--repo_id is required for {kind} operation (the input dataset identifier)")
    return _OPERATIONS[kind](settings)


def _delete_episodes(settings: Settings) -> list[tuple[str, Path]]:
    indices = settings["operation.episode_indices"]
    if not indices:
        raise ValueError("episode_indices must be specified for delete_episodes operation")
    dataset = _opened(settings)
    repo_id, place, is_in_place = _output(settings, dataset)
    logging.info(f"Deleting episodes {indices} from {settings['repo_id']}")
    if is_in_place:
        check_deleted(indices, dataset.meta.total_episodes)
        edit_of(Source(dataset.root, exclude_episodes=sorted(set(indices))), None)
    else:
        delete_episodes(dataset, indices, place, repo_id)
    logging.info(f"Dataset saved to {place}")
    return [(repo_id, place)]


def _split(settings: Settings) -> list[tuple[str, Path]]:
    splits = settings["operation.splits"]
    if not splits:
        raise ValueError("splits dict must be specified with split names as keys and fractions/episode lists as values")
    if settings["new_repo_id"]:
        logging.warning("split uses the original dataset identifier --repo_id to generate split names. The --new_repo_id parameter is ignored.")
    if all(isinstance(share, int | float) for share in splits.values()):
        splits = {name: float(share) for name, share in splits.items()}
    dataset = _opened(settings)
    logging.info(f"Splitting dataset {settings['repo_id']} with splits: {splits}")
    base = settings["new_root"]
    made = split_dataset(dataset, splits, base)
    places = []
    for name in made:
        repo_id = f"{settings['repo_id']}_{name}"
        place = Path(base) / name if base else lerobot_home() / repo_id
        info = json.loads((place / "meta/info.json").read_bytes())
        logging.info(f"{name}: {info['total_episodes']} episodes, {info['total_frames']} frames")
        places.append((repo_id, place))
    return places


def _change_features(settings: Settings, dataset: Any, rules: dict[str, Any]) -> list[tuple[str, Path]]:
    repo_id, place, is_in_place = _output(settings, dataset)
    source = Source(dataset.root, **rules)
    edit_of(source, None if is_in_place else place, keeps_numbers=True)
    logging.info(f"Dataset saved to {place}")
    return [(repo_id, place)]


def _remove_feature(settings: Settings) -> list[tuple[str, Path]]:
    names = settings["operation.feature_names"]
    if not names:
        raise ValueError("feature_names must be specified for remove_feature operation")
    dataset = _opened(settings)
    check_removed(names, dataset.meta.features)
    logging.info(f"Removing features {names} from {settings['repo_id']}")
    return _change_features(settings, dataset, {"drop": [pattern_of(name) for name in names]})


def _rename_feature(settings: Settings) -> list[tuple[str, Path]]:
    mapping = settings["operation.feature_mapping"]
    if not mapping:
        raise ValueError("feature_mapping must be specified for rename_feature operation")
    dataset = _opened(settings)
    logging.info(f"Renaming features {mapping} in {settings['repo_id']}")
    return _change_features(settings, dataset, {"rename": mapping})


def _modify_tasks(settings: Settings) -> list[tuple[str, Path]]:
    new_task = settings["operation.new_task"]
    episode_tasks, replacements = settings["operation.episode_tasks"], settings["operation.task_replacements"]
    if not new_task and not episode_tasks and not replacements:
        raise ValueError(
            "Must specify at least one of new_task, episode_tasks, or task_replacements for modify_tasks operation"
        )
    if settings["new_repo_id"] or settings["new_root"]:
        logging.warning("modify_tasks modifies datasets in-place. The --new_repo_id and --new_root parameters are ignored.")
    dataset = _opened(settings)
    logging.warning(f"Modifying dataset in-place at {dataset.root}. Original data will be overwritten.")
    tasks = {int(episode): text for episode, text in (episode_tasks or {}).items()}
    modify_tasks(dataset, new_task, tasks, replacements)
    logging.info(f"Dataset modified at {dataset.root}")
    return [(settings["repo_id"], dataset.root)]


def _recompute_stats(settings: Settings) -> list[tuple[str, Path]]:
    dataset = _opened(settings)
    asked = settings["new_repo_id"] or (None if settings["new_root"] else f"{settings['repo_id']}_recomputed_stats")
    repo_id, place, is_in_place = _output(settings | {"new_repo_id": asked}, dataset)
    if is_in_place and not settings["operation.overwrite"]:
        raise ValueError(
            f"recompute_stats would overwrite the dataset in-place at {dataset.root}. "
            "Pass --operation.overwrite true to allow in-place modification, "
            "or use --new_repo_id / --new_root to write to a different location. "
            f"Default output repo_id when neither is set: '{settings['repo_id']}_recomputed_stats'."
        )
    if is_in_place:
        logging.warning(f"Overwriting dataset stats in-place at {dataset.root}. The original stats will be lost.")
    elif place.exists():
        report = exchange(dataset.root, place, keep_file_numbers=True, backup=True, num_workers=None)
        if not report.already_done:
            logging.warning(f"Output directory {place} already exists. Moving to {place.with_name(place.name + '_old')}")
    else:
        logging.info(f"Copying dataset from {dataset.root} to {place}")
        edit_of(Source(dataset.root), place, keeps_numbers=True)
    logging.info(f"Recomputing stats for {settings['repo_id']}")
    options = {
        name: settings[f"operation.{name}"]
        for name in ("relative_action", "relative_exclude_joints", "chunk_size", "num_workers")
        if settings[f"operation.{name}"] is not None
    }
    dataset.root = place
    recompute_stats(dataset, **options)
    logging.info(f"Stats written to {place}")
    return [(repo_id, place)]


def _info(settings: Settings) -> list[tuple[str, Path]]:
    root = _root(settings)
    info = json.loads((root / "meta/info.json").read_bytes())
    episodes, frames = info["total_episodes"], info["total_frames"]
    size = sum(path.stat().st_size for path in root.rglob("*") if path.is_file())
    average = frames / episodes if episodes else 0.0
    print(f"======Info {settings['repo_id']}")
    print(f"Repository ID: {settings['repo_id']} ")
    print(f"Total episode: {episodes} ")
    print(f"Total task: {info['total_tasks']} ")
    print(f"Total frame(Actual Count): {frames}({_num_rows(root)}) ")
    print(f"Average frame per episode: {average:.1f}")
    print(f"Average episode time(sec): {average / info['fps']:.1f}")
    print(f"FPS: {info['fps']}")
    print(f"Size: {size / 1024**2:.1f} MB")
    if settings["operation.show_features"]:
        print("Features:")
        print(json.dumps(info["features"], indent=4, sort_keys=True))
    return []


_OPERATIONS: dict[str, Callable[[Settings], list[tuple[str, Path]]]] = {
    "delete_episodes": _delete_episodes,
    "split": _split,
    "remove_feature": _remove_feature,
    "rename_feature": _rename_feature,
    "modify_tasks": _modify_tasks,
    "recompute_stats": _recompute_stats,
    "info": _info,
}


def _root(settings: Settings) -> Path:
    root = settings["root"]
    return find_sources([settings["repo_id"]], [root] if root else None)[0]


def _opened(settings: Settings) -> Any:
    """What the functions of robomerge.lerobot.edit need to know of a dataset."""
    import pyarrow.parquet as pq

    root = _root(settings)
    info = json.loads((root / "meta/info.json").read_bytes())
    version = str(info.get("codebase_version", ""))
    if version.startswith("v2"):
        # As in LeRobot, whose classes read no other.
        raise ValueError(
            f"{root} is a dataset of {version}, and lerobot-edit-dataset edits v3.0 only: convert it first "
            f"(robomerge convert {shlex.quote(str(root))} --in-place --codebase-version 3.0), or edit it as it is with "
            "robomerge delete-episodes, split, remove-feature, rename-feature, modify-tasks or stats"
        )
    path = root / "meta/tasks.parquet"
    table = pq.read_table(path) if path.is_file() else None
    names = [name for name in table.column_names if name != "task_index"] if table is not None else []
    texts = table[names[0]].to_pylist() if table is not None and names else []
    meta = SimpleNamespace(
        total_episodes=info["total_episodes"], total_frames=info["total_frames"], features=info["features"], tasks=SimpleNamespace(index=texts)
    )
    return SimpleNamespace(repo_id=settings["repo_id"], root=root, meta=meta)


def _output(settings: Settings, dataset: Any) -> tuple[str, Path, bool]:
    """Name and folder of the result, and whether that is the dataset itself."""
    repo_id = settings["new_repo_id"] or settings["repo_id"]
    place = Path(settings["new_root"]) if settings["new_root"] else lerobot_home() / repo_id
    return repo_id, place, place.exists() and place.samefile(dataset.root)


def _num_rows(root: Path) -> int:
    import pyarrow.parquet as pq

    return sum(pq.read_metadata(path).num_rows for path in (root / "data").glob("*/*.parquet"))
