"""Merges with LeRobot's own aggregate_datasets; run by run.py in the environment that has LeRobot.

    lerobot_merge.py DESTINATION SOURCE...

Prints the seconds that the call itself took, as JSON: importing LeRobot takes longer, which a
user's script pays once.
"""

import json
import os
import sys
import tempfile
import time
from pathlib import Path

destination, *sources = sys.argv[1:]

with tempfile.TemporaryDirectory(prefix="robomerge-bench-hf-") as home:
    os.environ.update(HF_HUB_OFFLINE="1", HF_HOME=home, HF_LEROBOT_HOME=home)
    os.environ.update(HF_DATASETS_DISABLE_PROGRESS_BARS="1", TQDM_DISABLE="1")
    from lerobot.datasets.aggregate import aggregate_datasets

    start = time.perf_counter()
    aggregate_datasets(
        [f"bench/source{number}" for number in range(len(sources))],
        "bench/merged",
        roots=[Path(source).resolve() for source in sources],
        aggr_root=Path(destination),
    )
    print(json.dumps({"seconds": time.perf_counter() - start}))
