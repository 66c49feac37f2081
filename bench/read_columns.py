#!/usr/bin/env python3
"""Reads the numeric columns of datasets with pyarrow: what measuring them costs at least.

    read_columns.py NUM_THREADS SOURCE...

Prints the seconds of the reading alone, as JSON: Python and pyarrow take longer to start.
"""

import json
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pyarrow
import pyarrow.parquet
from pyarrow import types

num_threads, *sources = sys.argv[1:]


def is_numeric(kind: pyarrow.DataType) -> bool:
    while types.is_list(kind) or types.is_large_list(kind) or types.is_fixed_size_list(kind):
        kind = kind.value_type
    return types.is_integer(kind) or types.is_floating(kind) or types.is_boolean(kind)


def read(path: Path) -> int:
    with pyarrow.parquet.ParquetFile(path) as file:
        names = [field.name for field in file.schema_arrow if is_numeric(field.type)]
        return file.read(columns=names, use_threads=False).num_rows


start = time.perf_counter()
with ThreadPoolExecutor(int(num_threads)) as pool:
    rows = sum(pool.map(read, (path for source in sources for path in sorted(Path(source).glob("data/*/*.parquet")))))
print(json.dumps({"seconds": time.perf_counter() - start, "rows": rows}))
