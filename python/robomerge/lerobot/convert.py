"""LeRobot's convert_dataset_v21_to_v30: its function, and its flags as the command
`robomerge-convert-v21-to-v30`, without LeRobot.

New is --num-workers.
"""

import argparse
import logging
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import NoReturn

from robomerge.lerobot.sources import find_sources, lerobot_home
from robomerge.merging import convert

logger = logging.getLogger("lerobot.scripts.convert_dataset_v21_to_v30")


def convert_dataset(
    repo_id: str,
    branch: str | None = None,
    data_file_size_in_mb: int | None = None,
    video_file_size_in_mb: int | None = None,
    root: str | os.PathLike[str] | None = None,
    push_to_hub: bool = True,
    force_conversion: bool = False,
    num_workers: int | None = None,
) -> None:
    """Converts a dataset to v3.0 in its place, and keeps the old one as `<root>_old`. Replaces
    LeRobot's function of this name.

    What LeRobot does first when `<root>_old` is there, it does not: LeRobot removes the dataset and
    converts the old one again. Here a dataset of v3.0 stays as it is.

    Args:
        repo_id: the dataset's name.
        branch: of the Hub, where the result is pushed to.
        data_file_size_in_mb, video_file_size_in_mb: None for 100 and 200.
        root: the dataset's folder; None for `$HF_LEROBOT_HOME/<repo_id>`. A dataset that is not
            there is fetched from the Hub.
        push_to_hub: upload the result.
        force_conversion: do not look on the Hub for a v3.0 of the dataset first. Nothing is looked
            for in any case: what is there is converted.
        num_workers: threads; None or 0 for one per core.

    Raises:
        As `robomerge.convert`.
    """
    del force_conversion
    place = lerobot_home() / repo_id if root is None else Path(root)
    if not place.exists():
        place = find_sources([repo_id], [place if root is not None else None])[0]
    report = convert(
        place,
        codebase_version="3.0",
        in_place=True,
        num_workers=num_workers,
        data_files_size_in_mb=data_file_size_in_mb,
        video_files_size_in_mb=video_file_size_in_mb,
        progress=False,
    )
    for warning in report.warnings:
        logger.warning(str(warning))
    logger.info(f"Converted {report.num_episodes} episodes at {place}")
    if push_to_hub:
        _push(repo_id, branch, place)


def _push(repo_id: str, branch: str | None, root: Path) -> None:
    """As LeRobot: the files of the old version go, the tag moves, the dataset is uploaded."""
    import huggingface_hub  # type: ignore[import-not-found, unused-ignore]

    from robomerge.lerobot.push import TAG
    from robomerge.lerobot.push import push_to_hub as upload

    hub = huggingface_hub.HfApi()
    try:
        hub.delete_tag(repo_id, tag=TAG, repo_type="dataset")
    except Exception as error:  # as LeRobot: it need not be there
        logger.warning(f"tag={TAG} probably doesn't exist. Skipping exception ({error})")
    patterns = ["data/chunk*/episode_*", "meta/*.jsonl", "videos/chunk*"]
    hub.delete_files(delete_patterns=patterns, repo_id=repo_id, revision=branch, repo_type="dataset")
    hub.create_tag(repo_id, tag=TAG, revision=branch, repo_type="dataset")
    upload(repo_id, root)


def main(arguments: Sequence[str] | None = None) -> NoReturn:
    """Exits with 0 after a conversion, 1 if it fails, 2 for a wrong flag, 130 after Ctrl-C."""
    logging.basicConfig(level=logging.INFO, format="%(levelname)s %(asctime)s %(filename)s:%(lineno)d %(message)s")
    settings = vars(_flags().parse_args(sys.argv[1:] if arguments is None else arguments))
    try:
        from robomerge.errors import RobomergeError

        convert_dataset(**settings)
    except RobomergeError as error:
        sys.exit(error.text)
    except KeyboardInterrupt:
        sys.exit(130)
    sys.exit(0)


def _flags() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="robomerge-convert-v21-to-v30", description="Converts a LeRobot dataset of v2.1 to v3.0, in its place."
    )
    parser.add_argument("--repo-id", type=str, required=True, help="name of the dataset, as me/kitchen")
    parser.add_argument("--branch", type=str, default=None, help="branch of the Hub to push to")
    parser.add_argument("--data-file-size-in-mb", type=int, default=None, help="size of data files (100)")
    parser.add_argument("--video-file-size-in-mb", type=int, default=None, help="size of video files (200)")
    parser.add_argument("--root", type=str, default=None, help="folder of the dataset ($HF_LEROBOT_HOME/REPO_ID)")
    parser.add_argument("--push-to-hub", type=lambda text: text.lower() == "true", default=True, help="upload the result: true (default) or false")
    parser.add_argument("--force-conversion", action="store_true", help="taken, and without effect: what is there is converted")
    parser.add_argument("--num-workers", type=int, default=None, help="threads (one per core)")
    return parser


if __name__ == "__main__":
    main()
