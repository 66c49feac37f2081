"""LeRobot's recompute_stats and augment_dataset_with_quantile_stats: its arguments, its defaults, its
log lines, its errors. The statistics are those of all rows, exactly, whatever the number of workers.
"""

import json
import logging
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from robomerge.errors import InvalidArgumentError
from robomerge.reading import stats
from robomerge.recipe import PathLike

if TYPE_CHECKING:
    from lerobot.datasets.lerobot_dataset import LeRobotDataset  # type: ignore[import-not-found, unused-ignore]

# As in LeRobot, whose functions use the root logger.
logger = logging.getLogger()

QUANTILES = ("q01", "q10", "q50", "q90", "q99")


def recompute_stats(
    dataset: "LeRobotDataset",
    skip_image_video: bool = True,
    relative_action: bool = False,
    relative_exclude_joints: Sequence[str] | None = None,
    chunk_size: int = 50,
    num_workers: int = 0,
) -> "LeRobotDataset":
    """Writes meta/stats.json anew, measured from all rows. Replaces LeRobot's function of this name.

    Args:
        dataset: what is to be measured; of one opened with a choice of `episodes`, all of it, as in
            LeRobot.
        skip_image_video: either way cameras keep their statistics, as in LeRobot.
        relative_action: measure `action` over all chunks, each less the `observation.state` in which
            it begins. Without one of these features nothing is relative, as in LeRobot.
        relative_exclude_joints: elements of `action` whose names hold one of these, in any case,
            stay absolute; None for ["gripper"].
        chunk_size: frames of a chunk; the policy's.
        num_workers: threads; 0 for one per core. The result does not depend on it.

    Returns:
        The same dataset, with the new statistics.

    Raises:
        RuntimeError: no episode is as long as a chunk.
        ValueError: the dataset is damaged.
    """
    del skip_image_video
    features = dataset.meta.features
    is_relative = relative_action and "action" in features and "observation.state" in features
    joints = ["gripper"] if relative_exclude_joints is None else list(relative_exclude_joints)
    root = Path(dataset.root)
    try:
        report = stats(
            root,
            rewrite=True,
            relative_chunk_size=chunk_size if is_relative else 0,
            excluded_joints=joints,
            num_workers=num_workers,
            progress=False,
        )
    except InvalidArgumentError as error:
        if error.problems[0].kind != "E-relative-actions":
            raise
        text = f"No valid chunks found (total_frames={dataset.meta.total_frames}, chunk_size={chunk_size})"
        raise RuntimeError(text) from error
    logger.info(f"Recomputing stats for features: {list(dict.fromkeys(each.feature for each in report.elements))}")
    dataset.meta.stats = _as_arrays(_stated(root))
    logger.info("Stats recomputed successfully")
    return dataset


def augment_dataset_with_quantile_stats(
    repo_id: str,
    root: PathLike | None = None,
    overwrite: bool = False,
    use_sampling: bool = True,
    push_to_hub: bool = False,
) -> None:
    """Writes meta/stats.json anew if it has no quantiles. Replaces LeRobot's function of this name.

    Cameras are not decoded: they keep the statistics that they have. Nothing is pushed to the Hub
    unless that is asked for, whereas LeRobot always does.

    Args:
        repo_id: the dataset's name.
        root: its folder; None for `$HF_LEROBOT_HOME/<repo_id>`.
        overwrite: measure also where there are quantiles.
        use_sampling: of pictures, in LeRobot; without effect.
        push_to_hub: upload the dataset, as LeRobot does.
    """
    del use_sampling
    from robomerge.lerobot.sources import find_sources

    [place] = find_sources([repo_id], [Path(root)] if root is not None else None)
    if not overwrite and any(name in entry for entry in _stated(place).values() for name in QUANTILES):
        logger.info("Dataset already contains quantile statistics. No action needed.")
        return
    stats(place, rewrite=True, progress=False)
    logger.info("Successfully updated dataset with quantile statistics")
    if push_to_hub:
        from robomerge.lerobot.push import push_to_hub as upload

        upload(repo_id, place)


def _stated(root: Path) -> dict[str, dict[str, Any]]:
    path = root / "meta/stats.json"
    content = json.loads(path.read_bytes()) if path.is_file() else {}
    return {name: entry for name, entry in content.items() if isinstance(entry, dict)}


def _as_arrays(content: dict[str, dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """As LeRobot holds statistics, where numpy is there; LeRobot needs it anyway."""
    try:
        import numpy as np
    except ImportError:
        return content
    return {name: {key: np.array(value) for key, value in entry.items()} for name, entry in content.items()}
