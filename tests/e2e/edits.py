"""Edits of the files of a small dataset, in place."""

import json
from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

DATA = "data/chunk-000/file-000.parquet"
EPISODES = "meta/episodes/chunk-000/file-000.parquet"
VIDEO = "videos/camera/chunk-000/file-000.mp4"
STATS = "meta/stats.json"


def edit_table(path: Path, edit: Callable[[pa.Table], pa.Table]) -> None:
    """Edits each row group of a table, and keeps the row groups."""
    with pq.ParquetFile(path) as file:
        groups = [edit(file.read_row_group(number)) for number in range(file.num_row_groups)]
    with pq.ParquetWriter(path, groups[0].schema) as writer:
        for group in groups:
            writer.write_table(group, row_group_size=max(len(group), 1))


def edit_column(path: Path, name: str, edit: Callable[[list], list]) -> None:
    def replace(table: pa.Table) -> pa.Table:
        column = table.schema.get_field_index(name)
        return table.set_column(column, table.schema.field(name), pa.array(edit(table.column(name).to_pylist()), table.schema.field(name).type))

    edit_table(path, replace)


def edit_json(path: Path, edit: Callable[[dict], object]) -> None:
    content = json.loads(path.read_text())
    edit(content)
    path.write_text(json.dumps(content))
