"""Whatever merges is proven, alone and against its sources."""

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from edits import DATA, EPISODES, STATS, edit_json
from tiny_dataset import feature, make_tiny_dataset
from tiny_video import add_video


def assert_proven(robomerge, sources, destination) -> None:
    run = robomerge("merge", *sources, "-o", destination, "--no-sync", "--verify")
    assert run.exit_code == 0, run.stdout + run.stderr
    alone = robomerge("verify", destination)
    assert alone.exit_code == 0, alone.stdout


@pytest.mark.parametrize("length", [1, 5])
def test_one_recording_of_one_episode(length, robomerge, tmp_path):
    """A recorder estimates the quantiles of `index` from a histogram; a merge computes them."""
    root = make_tiny_dataset(tmp_path / "a", lengths=(length,))
    for name in ("index", "episode_index", "task_index"):
        edit_json(root / STATS, lambda stats: stats[name].update(q01=[-1e-10], q50=[0.4], q99=[length - 1.0]))
        table = pq.read_table(root / EPISODES)
        for stat in ("q01", "q50", "q99"):
            table = table.append_column(f"stats/{name}/{stat}", pa.array([[-1e-10]], pa.list_(pa.float64())))
        pq.write_table(table, root / EPISODES)
    assert_proven(robomerge, [root], tmp_path / "out")


def test_camera_statistics_of_a_source_whose_episodes_have_none(robomerge, tmp_path):
    roots = [make_tiny_dataset(tmp_path / name, lengths=(3,)) for name in "ab"]
    for seed, root in enumerate(roots):
        add_video(root, (3,), seed=seed)
        camera = {stat: [[[0.5 + seed]]] * 3 for stat in ("min", "max", "mean", "std")} | {"count": [3]}
        edit_json(root / STATS, lambda stats: stats.update(camera=camera))
    table = pq.read_table(roots[1] / EPISODES)
    for stat, value in {"min": 1.5, "max": 1.5, "mean": 1.5, "std": 1.5}.items():
        table = table.append_column(f"stats/camera/{stat}", pa.array([[[[value]]] * 3]))
    pq.write_table(table.append_column("stats/camera/count", pa.array([[3]])), roots[1] / EPISODES)
    assert_proven(robomerge, roots, tmp_path / "out")


@pytest.mark.parametrize("nested", [False, True], ids=["text", "list"])
def test_columns_that_are_dictionaries(nested, robomerge, tmp_path):
    """Each row group has a dictionary of its own, with the values in another order."""
    root = make_tiny_dataset(tmp_path / "a", lengths=(3, 3))
    width = 2 if nested else 1
    texts = ["a", "b", "b", "a", "a", "b"] * width

    def labels(begin: int, end: int) -> pa.Array:
        cells = texts[width * begin : width * end]
        distinct = list(dict.fromkeys(cells))
        encoded = pa.DictionaryArray.from_arrays(pa.array([distinct.index(text) for text in cells], pa.int32()), distinct)
        return pa.ListArray.from_arrays(list(range(0, len(cells) + 1, width)), encoded) if nested else encoded

    edit_json(root / "meta/info.json", lambda info: info["features"].update(label=feature("string", [width])))
    table = pq.read_table(root / DATA)
    parts = [table.slice(begin, 2).append_column("label", labels(begin, begin + 2)) for begin in (0, 2, 4)]
    with pq.ParquetWriter(root / DATA, parts[0].schema, use_dictionary=False) as writer:
        for part in parts:
            writer.write_table(part)
    assert_proven(robomerge, [root], tmp_path / "out")
