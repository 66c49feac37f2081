"""Makes a recording look like the datasets of LeRobot's own tests
(tests/fixtures/dataset_factories.py), which no recorder writes."""

from pathlib import Path

import numpy as np
import pyarrow as pa

import odd_data
import odd_metadata
from dataset_view import DatasetView

#: The values of their statistics, whatever the data is.
LEVELS = {"max": 1, "mean": 0.5, "min": 0, "std": 0.25}


def as_in_lerobots_tests(root: Path) -> None:
    """All rows are in one row group by `datasets`, images have no path, and there are no splits.
    Statistics are made up: without quantiles, cut to the type of the feature (a mean of 0.5 is 0
    for integers), with a count of ten, and with three channels for every camera, depth included."""
    odd_data.written_by_hf_datasets(root)
    view = DatasetView(root)
    if any(feature["dtype"] == "image" for feature in view.features.values()):
        odd_data.null_image_paths(root)
    odd_metadata.set_info(root, splits={})
    stats = {name: _statistics_of(feature) for name, feature in view.features.items()}
    odd_metadata.write_json(root / "meta/stats.json", stats)
    odd_metadata.edit_episodes(root, lambda table: _with_statistics(table, stats))


def _statistics_of(feature: dict) -> dict[str, list]:
    is_camera = feature["dtype"] in ("image", "video")
    shape, dtype = ((3, 1, 1), "float32") if is_camera else (feature["shape"], feature["dtype"])
    return {name: np.full(shape, level, dtype).tolist() for name, level in LEVELS.items()} | {"count": [10]}


def _with_statistics(table: pa.Table, stats: dict[str, dict[str, list]]) -> pa.Table:
    table = table.drop_columns([name for name in table.column_names if name.startswith("stats/")])
    for feature, values in stats.items():
        for name, value in values.items():
            table = table.append_column(f"stats/{feature}/{name}", pa.array([value] * table.num_rows))
    return table
