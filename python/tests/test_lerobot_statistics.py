"""LeRobot's recompute_stats and augment_dataset_with_quantile_stats, by exact statistics, and the
operation of robomerge-edit-dataset."""

import json
import logging
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import robomerge
from robomerge.lerobot import augment_dataset_with_quantile_stats, recompute_stats

LENGTHS = (7, 9, 12, 5, 8)
NAMES = ["shoulder.pos", "Left_Gripper.pos", "wrist.pos"]
DATA = "data/chunk-000/file-000.parquet"
QUANTILES = {"q01": 0.01, "q10": 0.1, "q50": 0.5, "q90": 0.9, "q99": 0.99}


def add_action(root: Path, names: list[str] | None) -> None:
    """A feature `action` of three float32, no multiples of the state."""
    groups = []
    file = pq.ParquetFile(root / DATA)
    at = 0
    for group in range(file.num_row_groups):
        table = file.read_row_group(group)
        rows = [[(at + k) * 0.37 % 1.7, (at + k) % 5 - 2.5, -float(at + k)] for k in range(len(table))]
        at += len(table)
        groups.append(table.append_column("action", pa.array(rows, pa.list_(pa.float32()))))
    with pq.ParquetWriter(root / DATA, groups[0].schema) as writer:
        for table in groups:
            writer.write_table(table)
    info = json.loads((root / "meta/info.json").read_text())
    info["features"]["action"] = {"dtype": "float32", "shape": [3], "names": names}
    (root / "meta/info.json").write_text(json.dumps(info))


@pytest.fixture
def dataset(make_source):
    return opened(make_source(lengths=LENGTHS, num_values=3))


def opened(root: Path, names: list[str] | None = NAMES) -> SimpleNamespace:
    """What recompute_stats needs of a LeRobotDataset."""
    add_action(root, names)
    info = json.loads((root / "meta/info.json").read_text())
    meta = SimpleNamespace(features=info["features"], total_frames=info["total_frames"], stats=None)
    return SimpleNamespace(root=root, meta=meta, repo_id="me/tiny")


def chunks(root: Path, chunk_size: int, mask: list[float]) -> np.ndarray:
    """All vectors of all chunks, as LeRobot makes them."""
    table = pq.read_table(root / DATA)
    column = lambda name: np.array(table[name].to_pylist(), dtype=np.float32)
    actions, states, episodes = column("action"), column("observation.state"), column("episode_index")
    vectors = []
    for start in range(len(episodes) - chunk_size + 1):
        if episodes[start] == episodes[start + chunk_size - 1]:
            vectors.append(actions[start : start + chunk_size] - states[start] * np.array(mask, dtype=np.float32))
    return np.concatenate(vectors)


def check_entry(entry: dict, rows: np.ndarray) -> None:
    assert [int(count) for count in entry["count"]] == [len(rows)]
    exact = rows.astype(np.float64)
    assert list(entry["min"]) == list(exact.min(axis=0)) and list(entry["max"]) == list(exact.max(axis=0))
    for name, part in QUANTILES.items():
        assert list(entry[name]) == list(np.quantile(exact, part, axis=0)), name
    assert np.allclose(entry["mean"], exact.mean(axis=0), rtol=1e-12, atol=1e-14)
    assert np.allclose(entry["std"], exact.std(axis=0), rtol=1e-12, atol=1e-14)


@pytest.mark.parametrize(
    ("excluded", "mask"),
    [(None, [1, 0, 1]), ([], [1, 1, 1]), (["WRIST", "shoulder"], [0, 1, 0]), (["", "none"], [1, 1, 1])],
)
def test_relative_actions_are_those_of_all_chunks(dataset, excluded, mask):
    recompute_stats(dataset, relative_action=True, relative_exclude_joints=excluded, chunk_size=4)
    rows = chunks(dataset.root, 4, mask)
    assert len(rows) == 26 * 4
    check_entry(dataset.meta.stats["action"], rows)
    written = json.loads((dataset.root / "meta/stats.json").read_text())
    check_entry(written["action"], rows)
    assert written["observation.state"]["count"] == [sum(LENGTHS)]


def test_elements_without_names_are_relative(make_source):
    for names in (None, ["gripper"]):
        dataset = opened(make_source(lengths=LENGTHS, num_values=3), names)
        recompute_stats(dataset, relative_action=True, chunk_size=5)
        check_entry(dataset.meta.stats["action"], chunks(dataset.root, 5, [0 if names else 1, 1, 1]))


def test_any_number_of_workers_gives_the_same_bytes(dataset):
    texts = set()
    for num_workers in (0, 1, 3, 16):
        recompute_stats(dataset, relative_action=True, chunk_size=3, num_workers=num_workers)
        texts.add((dataset.root / "meta/stats.json").read_bytes())
    assert len(texts) == 1


def test_other_entries_stay_and_wrong_ones_go(dataset, tree):
    path = dataset.root / "meta/stats.json"
    stated = json.loads(path.read_text())
    camera = {"mean": [[[0.5]], [[0.4]], [[0.3]]], "count": [99]}
    stated["observation.images.gone"] = camera
    stated["observation.state"]["mean"] = [7.0, 7.0, 7.0]
    path.write_text(json.dumps(stated))
    before = tree(dataset.root)
    recompute_stats(dataset)
    after = tree(dataset.root)
    assert {name for name in after if after[name] != before.get(name)} == {"meta/stats.json"}
    written = json.loads(path.read_text())
    assert written["observation.images.gone"] == camera
    rows = np.array(pq.read_table(dataset.root / DATA)["observation.state"].to_pylist())
    check_entry(written["observation.state"], rows)
    assert robomerge.stats(dataset.root).num_findings in (0, 1)  # the recorder's quantiles of episodes may be off


def test_relative_actions_need_a_chunk_and_states(dataset, make_source, tree):
    before = tree(dataset.root)
    with pytest.raises(RuntimeError, match=r"^No valid chunks found \(total_frames=41, chunk_size=13\)$"):
        recompute_stats(dataset, relative_action=True, chunk_size=13)
    assert tree(dataset.root) == before
    # As in LeRobot, without one of the two features nothing is relative.
    plain = opened(make_source(lengths=LENGTHS, num_values=3))
    del plain.meta.features["observation.state"]
    recompute_stats(plain, relative_action=True, chunk_size=13)
    assert list(plain.meta.stats["action"]["count"]) == [41]
    # Less states than actions.
    short = opened(make_source(lengths=LENGTHS, num_values=2))
    with pytest.raises(robomerge.IncompatibleDatasetsError, match="E-relative-actions|a state for each element"):
        recompute_stats(short, relative_action=True, chunk_size=4)


def test_quantiles_are_added_where_there_are_none(make_source, tree, caplog):
    caplog.set_level(logging.INFO)
    root = make_source()
    path = root / "meta/stats.json"
    whole = json.loads(path.read_text())
    assert "q01" not in whole["observation.state"]
    augment_dataset_with_quantile_stats("me/tiny", root)
    rows = np.array(pq.read_table(root / DATA)["observation.state"].to_pylist())
    check_entry(json.loads(path.read_text())["observation.state"], rows)
    before = tree(root)
    augment_dataset_with_quantile_stats("me/tiny", str(root))
    assert tree(root) == before
    assert caplog.messages[-1] == "Dataset already contains quantile statistics. No action needed."


def test_a_link_into_the_hubs_cache_is_not_replaced(make_source, tmp_path):
    root = make_source()
    path = root / "meta/stats.json"
    path.rename(tmp_path / "blob")
    path.symlink_to(tmp_path / "blob")
    with pytest.raises(robomerge.InvalidArgumentError, match="no file of its own"):
        robomerge.stats(root, rewrite=True)
    assert path.is_symlink()


def test_a_dataset_of_an_older_version_is_sent_elsewhere(make_source, tmp_path):
    robomerge.convert(make_source(), tmp_path / "old", codebase_version="2.1")
    with pytest.raises(robomerge.UnsupportedError, match="--in-place"):
        robomerge.stats(tmp_path / "old", rewrite=True)
