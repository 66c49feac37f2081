"""Uploads a dataset as LeRobot's `LeRobotDataset.push_to_hub` does: everything but `images/`, a
card, and a tag with the version of the format."""

import json
from pathlib import Path
from types import ModuleType
from typing import Any

from robomerge.errors import error_of
from robomerge.report import Problem

TAG = "v3.0"


def push_to_hub(repo_id: str, root: Path) -> None:
    """Uploads with LeRobot itself if it can be imported, and otherwise with huggingface_hub.

    Raises:
        UnsupportedError: huggingface_hub is not installed. The dataset is complete and stays where
            it is.
    """
    try:
        from lerobot.datasets.lerobot_dataset import LeRobotDataset  # type: ignore[import-not-found, unused-ignore]
    except ImportError:
        _push_without_lerobot(repo_id, root)
    else:
        LeRobotDataset(repo_id, root=root).push_to_hub()


def _push_without_lerobot(repo_id: str, root: Path) -> None:
    try:
        import huggingface_hub
    except ImportError:
        what = f"`{repo_id}` is merged, but not uploaded: huggingface_hub is not installed"
        hint = f"run: python -m pip install huggingface_hub, then: hf upload --repo-type dataset {repo_id} {root}"
        raise error_of([Problem("unsupported", "E-hub", what, where=str(root), hint=hint)]) from None
    hub = huggingface_hub.HfApi()
    hub.create_repo(repo_id=repo_id, repo_type="dataset", exist_ok=True)
    hub.upload_folder(repo_id=repo_id, folder_path=root, repo_type="dataset", ignore_patterns=["images/"])
    _card(huggingface_hub, root).push_to_hub(repo_id=repo_id, repo_type="dataset")
    try:
        hub.delete_tag(repo_id, tag=TAG, repo_type="dataset")
    except huggingface_hub.errors.RevisionNotFoundError:
        pass  # the tag is new
    hub.create_tag(repo_id, tag=TAG, repo_type="dataset")


def _card(huggingface_hub: ModuleType, root: Path) -> Any:
    """The card with what the Hub needs to find and show a LeRobot dataset (as
    create_lerobot_dataset_card in LeRobot's datasets/utils.py), and info.json."""
    data = huggingface_hub.DatasetCardData(
        license="apache-2.0",
        tags=["LeRobot"],
        task_categories=["robotics"],
        configs=[{"config_name": "default", "data_files": "data/*/*.parquet"}],
    )
    info = json.dumps(json.loads((root / "meta/info.json").read_bytes()), indent=4, ensure_ascii=False)
    text = f"A LeRobot dataset, merged by robomerge.\n\n[meta/info.json](meta/info.json):\n\n```json\n{info}\n```\n"
    return huggingface_hub.DatasetCard(f"---\n{data.to_yaml()}\n---\n\n{text}")
