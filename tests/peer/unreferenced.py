"""Deletes the first episode of a dataset by hand, as one does with pandas: rows go, and the video
stays as it is."""

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from dataset_view import DatasetView
from odd_data import data_paths
from odd_metadata import edit_episodes, set_column, set_info


def without_first_episode(root: Path) -> None:
    """REQUIRES: one data file and one episodes file."""
    view = DatasetView(root)
    length, episodes = view.episodes[0]["length"], len(view.episodes) - 1
    frames = view.total_frames - length

    def shifted(table: pa.Table, columns: dict[str, int]) -> pa.Table:
        for name, by in columns.items():
            table = set_column(
                table, name, [value - by for value in table.column(name).to_pylist()], pa.int64()
            )
        return table

    def edit(table: pa.Table) -> pa.Table:
        kept = table.slice(1)
        for stat in ("min", "max", "mean"):
            for feature, by in (("episode_index", 1), ("index", length)):
                name = f"stats/{feature}/{stat}"
                kept = set_column(kept, name, [[cell[0] - by] for cell in kept.column(name).to_pylist()])
        return shifted(kept, {"episode_index": 1, "dataset_from_index": length, "dataset_to_index": length})

    edit_episodes(root, edit)
    (path,) = data_paths(root)
    table = shifted(pq.read_table(path).slice(length), {"episode_index": 1, "index": length})
    pq.write_table(table, path)
    set_info(root, total_episodes=episodes, total_frames=frames, splits={"train": f"0:{episodes}"})
