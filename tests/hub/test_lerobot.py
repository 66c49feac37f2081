"""LeRobot reads what is pushed, and what LeRobot has downloaded is not downloaded again."""

import subprocess
import sys
from importlib.util import find_spec

import pytest
from fake_hub import TOKEN
from kitchens import tree

pytestmark = pytest.mark.skipif(find_spec("lerobot") is None, reason="LeRobot is not installed")


def in_lerobot(robomerge, text: str) -> str:
    environment = robomerge.environment()
    environment.pop("PYTHONPATH")
    process = subprocess.run([sys.executable, "-c", text], env=environment, capture_output=True, text=True, timeout=120)
    assert process.returncode == 0, process.stderr
    return process.stdout


def test_lerobot_finds_and_reads_what_is_pushed(robomerge, hub, kitchens):
    robomerge("merge", *kitchens, "-o", "both")
    robomerge("push", "both", "hf://datasets/lab/both", HF_TOKEN=TOKEN)
    out = in_lerobot(
        robomerge,
        "from lerobot.datasets.dataset_metadata import LeRobotDatasetMetadata\n"
        "metadata = LeRobotDatasetMetadata('lab/both')\n"
        "print(metadata.total_episodes, metadata.revision)",
    )
    assert out.split() == ["6", "v3.0"]


def test_what_lerobot_has_downloaded_is_read_where_it_is(robomerge, hub, kitchens, tmp_path):
    hub.add("lab/kitchen_1", kitchens[0], tags=("v3.0",))
    in_lerobot(
        robomerge,
        "from lerobot.utils.constants import HF_LEROBOT_HUB_CACHE\n"
        "from huggingface_hub import snapshot_download\n"
        "snapshot_download('lab/kitchen_1', repo_type='dataset', revision='v3.0', cache_dir=HF_LEROBOT_HUB_CACHE)",
    )
    hub.forget()
    robomerge("merge", "hf://datasets/lab/kitchen_1", "-o", "from_cache", HF_HUB_OFFLINE="1")
    assert hub.requests == []
    robomerge("merge", "hf://datasets/lab/kitchen_1", "-o", "from_hub")
    assert not hub.asked("/resolve/")
    robomerge("merge", kitchens[0], "-o", "local")
    assert tree(tmp_path / "from_cache") == tree(tmp_path / "from_hub") == tree(tmp_path / "local")
