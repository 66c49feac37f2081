"""Edits a dataset with LeRobot's own functions; run by run.py in the environment that has LeRobot.

    lerobot_edit.py delete SOURCE DESTINATION EPISODE...
    lerobot_edit.py split SOURCE DESTINATION NAME=FIRST-LAST...
    lerobot_edit.py remove SOURCE DESTINATION FEATURE
    lerobot_edit.py modify-tasks DATASET TASK
    lerobot_edit.py recompute-stats DATASET

The last two work in place. Prints the seconds that the call itself took, as JSON, as
lerobot_merge.py does.
"""

import json
import os
import sys
import tempfile
import time
from pathlib import Path

what, source, *words = sys.argv[1:]


def episodes_of(part: str) -> list[int]:
    first, last = map(int, part.split("=")[1].split("-"))
    return list(range(first, last + 1))


with tempfile.TemporaryDirectory(prefix="robomerge-bench-hf-") as home:
    os.environ.update(HF_HUB_OFFLINE="1", HF_HOME=home, HF_LEROBOT_HOME=home)
    os.environ.update(HF_DATASETS_DISABLE_PROGRESS_BARS="1", TQDM_DISABLE="1")
    from lerobot.datasets import dataset_tools
    from lerobot.datasets.lerobot_dataset import LeRobotDataset

    dataset = LeRobotDataset("bench/source", root=Path(source).resolve())
    start = time.perf_counter()
    if what == "delete":
        destination, *episodes = words
        dataset_tools.delete_episodes(dataset, list(map(int, episodes)), Path(destination), "bench/deleted")
    elif what == "split":
        destination, *parts = words
        splits = {part.split("=")[0]: episodes_of(part) for part in parts}
        dataset_tools.split_dataset(dataset, splits, Path(destination))
    elif what == "remove":
        destination, feature = words
        dataset_tools.remove_feature(dataset, feature, Path(destination), "bench/removed")
    elif what == "modify-tasks":
        dataset_tools.modify_tasks(dataset, new_task=words[0])
    elif what == "recompute-stats":
        dataset_tools.recompute_stats(dataset)
    else:
        sys.exit(__doc__)
    print(json.dumps({"seconds": time.perf_counter() - start}))
