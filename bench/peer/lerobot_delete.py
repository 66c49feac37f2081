"""Deletes episodes with LeRobot's own delete_episodes; run by run.py in the environment that has
LeRobot.

    lerobot_delete.py DESTINATION SOURCE EPISODE...

Prints the seconds that the call itself took, as JSON, as lerobot_merge.py does.
"""

import json
import os
import sys
import tempfile
import time
from pathlib import Path

destination, source, *episodes = sys.argv[1:]

with tempfile.TemporaryDirectory(prefix="robomerge-bench-hf-") as home:
    os.environ.update(HF_HUB_OFFLINE="1", HF_HOME=home, HF_LEROBOT_HOME=home)
    os.environ.update(HF_DATASETS_DISABLE_PROGRESS_BARS="1", TQDM_DISABLE="1")
    from lerobot.datasets.dataset_tools import delete_episodes
    from lerobot.datasets.lerobot_dataset import LeRobotDataset

    dataset = LeRobotDataset("bench/source", root=Path(source).resolve())
    start = time.perf_counter()
    delete_episodes(dataset, [int(episode) for episode in episodes], Path(destination), "bench/deleted")
    print(json.dumps({"seconds": time.perf_counter() - start}))
