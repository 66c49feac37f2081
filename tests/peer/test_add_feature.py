"""What add-feature makes is a dataset that LeRobot opens, with the values in its items, for every form of
a feature that it has."""

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import torch

from mergers import run_robomerge
from read_through_lerobot import open_dataset

LENGTHS = (5, 4)
SHAPES = {"number": (9,), "vector": (9, 3), "matrix": (9, 2, 3)}


@pytest.mark.parametrize("shape", SHAPES.values(), ids=SHAPES)
def test_lerobot_reads_added_numbers(source, robomerge, tmp_path, shape):
    values = np.random.default_rng(1).normal(size=shape).astype("float32")
    np.save(tmp_path / "new.npy", values)
    root = source(kind="one_camera", seed=1, lengths=LENGTHS)
    run = run_robomerge("add-feature", root, "extra.new", "--from", tmp_path / "new.npy", "-o", tmp_path / "out", "--no-sync")
    assert run.exit_code == 0, run.stderr
    dataset = open_dataset(tmp_path / "out")
    assert list(dataset.meta.features["extra.new"]["shape"]) == list(shape[1:] or (1,))
    for frame, item in enumerate(dataset):
        assert torch.equal(torch.as_tensor(item["extra.new"]).float(), torch.as_tensor(values[frame]))
    assert np.allclose(dataset.meta.stats["extra.new"]["max"], values.reshape(-1, shape[-1] if len(shape) > 1 else 1).max(0))


def test_lerobot_reads_added_texts(source, robomerge, tmp_path):
    texts = [f"step {frame}" for frame in range(sum(LENGTHS))]
    pq.write_table(pa.table({"note": texts}), tmp_path / "note.parquet")
    root = source(kind="plain", seed=1, lengths=LENGTHS)
    run = run_robomerge("add-feature", root, "note", "--from", tmp_path / "note.parquet", "--in-place", "--no-sync")
    assert run.exit_code == 0, run.stderr
    assert [item["note"] for item in open_dataset(root)] == texts
