"""Converts datasets of v2.1 with LeRobot's own convert_dataset; run by run.py in the environment that has LeRobot.

    lerobot_convert.py DESTINATION SOURCE...

The sources are linked into DESTINATION first, since LeRobot converts in place. Prints the seconds
that the calls themselves took, as JSON.
"""

import json
import os
import shutil
import sys
import tempfile
import time
from pathlib import Path

destination, *sources = sys.argv[1:]

with tempfile.TemporaryDirectory(prefix="robomerge-bench-hf-") as home:
    os.environ.update(HF_HUB_OFFLINE="1", HF_HOME=home, HF_LEROBOT_HOME=home)
    os.environ.update(HF_DATASETS_DISABLE_PROGRESS_BARS="1", TQDM_DISABLE="1")
    from lerobot.scripts.convert_dataset_v21_to_v30 import convert_dataset

    roots = [Path(destination) / Path(source).name for source in sources]
    for source, root in zip(sources, roots, strict=True):
        shutil.copytree(source, root, copy_function=os.link)
    start = time.perf_counter()
    for root in roots:
        convert_dataset("bench/source", root=root, push_to_hub=False)
        shutil.rmtree(root.with_name(root.name + "_old"))
    print(json.dumps({"seconds": time.perf_counter() - start}))
