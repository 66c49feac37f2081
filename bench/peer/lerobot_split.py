"""Splits a dataset with LeRobot's own split_dataset; run by run.py in the environment that has
LeRobot.

    lerobot_split.py DESTINATION SOURCE NAME=FIRST-LAST...

Prints the seconds that the call itself took, as JSON, as lerobot_merge.py does.
"""

import json
import os
import sys
import tempfile
import time
from pathlib import Path

destination, source, *parts = sys.argv[1:]


def episodes_of(part: str) -> list[int]:
    first, last = map(int, part.split("=")[1].split("-"))
    return list(range(first, last + 1))


with tempfile.TemporaryDirectory(prefix="robomerge-bench-hf-") as home:
    os.environ.update(HF_HUB_OFFLINE="1", HF_HOME=home, HF_LEROBOT_HOME=home)
    os.environ.update(HF_DATASETS_DISABLE_PROGRESS_BARS="1", TQDM_DISABLE="1")
    from lerobot.datasets.dataset_tools import split_dataset
    from lerobot.datasets.lerobot_dataset import LeRobotDataset

    dataset = LeRobotDataset("bench/source", root=Path(source).resolve())
    splits = {part.split("=")[0]: episodes_of(part) for part in parts}
    start = time.perf_counter()
    split_dataset(dataset, splits, Path(destination))
    print(json.dumps({"seconds": time.perf_counter() - start}))
