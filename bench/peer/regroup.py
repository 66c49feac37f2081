"""Rewrites the data files of datasets with row groups of 10,000 rows; run by inputs.py where there
is pyarrow.

    regroup.py DATASET...

LeRobot's recorder writes one row group per episode, edited and converted datasets do not: there a
merge must decode and encode the rows, and is bound by the CPU.
"""

import sys
from pathlib import Path

import pyarrow.parquet as pq

ROWS_PER_GROUP = 10_000

for dataset in map(Path, sys.argv[1:]):
    for path in sorted(dataset.glob("data/*/*.parquet")):
        table = pq.read_table(path)
        regrouped = path.with_suffix(".regrouped")
        pq.write_table(table, regrouped, row_group_size=ROWS_PER_GROUP, compression="snappy")
        regrouped.replace(path)
