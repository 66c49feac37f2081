"""What goes along with the rows, through LeRobot's loader (W-22, docs/carried-files.md).

LeRobot read tables of subtasks from January to May 2026; 0.6.1 does not. So its loader gives
`subtask_index` of each frame here, and the text is looked up as that LeRobot did: by position."""

import json
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from odd_metadata import edit_info, set_column


def with_subtasks(root: Path, texts: list[str]) -> None:
    """Row k has subtask k modulo their number."""
    frame = pd.DataFrame({"subtask_index": range(len(texts))}, index=pd.Index(texts, name="subtask"))
    frame.to_parquet(root / "meta/subtasks.parquet")
    edit_info(root, lambda info: info["features"].update(subtask_index={"dtype": "int64", "shape": [1], "names": None}))
    for path in sorted((root / "data").glob("*/*.parquet")):
        parquet = pq.ParquetFile(path)
        groups = [parquet.read_row_group(number) for number in range(parquet.num_row_groups)]
        groups = [set_column(group, "subtask_index", [at % len(texts) for at in range(len(group))], pa.int64()) for group in groups]
        with pq.ParquetWriter(path, groups[0].schema) as writer:
            for group in groups:
                writer.write_table(group)


def shown(root: Path) -> list[str]:
    from lerobot.datasets.lerobot_dataset import LeRobotDataset

    dataset = LeRobotDataset(repo_id="local/any", root=root)
    table = pd.read_parquet(root / "meta/subtasks.parquet")
    rows = dataset.hf_dataset["subtask_index"]
    return [table.iloc[int(number)].name for number in rows]


def merged(sources: list[Path], destination: Path) -> Path:
    """The checks of `merge` take every column for one that keeps its values."""
    from mergers import merge_with_robomerge

    result = merge_with_robomerge(sources, destination, num_workers=2)
    assert result.exit_code == 0, result.stderr
    return destination


def test_w22_each_row_keeps_its_subtask(source, robomerge, tmp_path):
    sources = [
        source(lambda root: with_subtasks(root, ["reach", "grasp"]), kind="plain", seed=1),
        source(lambda root: with_subtasks(root, ["grasp", "lift", "reach"]), kind="plain", seed=2),
    ]
    destination = merged(sources, tmp_path / "merged")
    assert shown(destination) == shown(sources[0]) + shown(sources[1])
    assert list(pd.read_parquet(destination / "meta/subtasks.parquet").index) == ["reach", "grasp", "lift"]


def test_w22_modality_and_readme_go_along(source, robomerge, tmp_path):
    from lerobot.datasets.lerobot_dataset import LeRobotDataset

    def edit(root: Path) -> None:
        (root / "meta/modality.json").write_text(json.dumps({"state": {"arm": {"start": 0, "end": 2}}}))
        (root / "README.md").write_text("# Robots\n")

    sources = [source(edit, kind="plain", seed=seed) for seed in (1, 2)]
    destination = merged(sources, tmp_path / "merged")
    assert (destination / "README.md").read_text() == "# Robots\n"
    assert json.loads((destination / "meta/modality.json").read_text())["state"]["arm"]["end"] == 2
    assert LeRobotDataset(repo_id="local/any", root=destination).num_episodes > 0
