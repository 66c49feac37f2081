"""Edits of which Python makes the new tables: what else belongs to the dataset stays. LeRobot is not
needed."""

import sys
from types import SimpleNamespace

import numpy as np
import pytest
import robomerge
import robomerge.lerobot

SMALL_FILES = ("README.md", "LICENSE", ".gitattributes", "meta/notes.txt")
DATA = "data/chunk-000/file-000.parquet"


@pytest.fixture
def root(make_source, tmp_path, monkeypatch):
    """A merge with hashes and small files."""
    for name in ("lerobot_dataset", "dataset_metadata"):
        monkeypatch.setitem(sys.modules, f"lerobot.datasets.{name}", None)  # not to be imported
    source = make_source()
    for name in SMALL_FILES:
        (source / name).write_text(f"of {name}")
    robomerge.merge([source], tmp_path / "kitchen", record_hashes=True)
    return tmp_path / "kitchen"


def modify_tasks(root):
    meta = SimpleNamespace(total_episodes=2, tasks=SimpleNamespace(index=["stack the cups"]))
    robomerge.lerobot.modify_tasks(SimpleNamespace(repo_id="lab/a", root=root, meta=meta), "wash the cup")
    return root


def add_features(root):
    features = {"action": {"dtype": "float32", "shape": (6,), "names": None}}
    dataset = SimpleNamespace(repo_id="lab/a", root=root, meta=SimpleNamespace(total_episodes=2, features=features))
    new = {"new": (np.zeros(12, np.float32), {"dtype": "float32", "shape": (1,), "names": None})}
    robomerge.lerobot.add_features(dataset, new, root.parent / "out")
    return root.parent / "out"


@pytest.mark.parametrize("edit", [modify_tasks, add_features], ids=["modify_tasks", "add_features"])
def test_small_files_go_along(root, edit):
    out = edit(root)
    for name in SMALL_FILES:
        assert (out / name).read_text() == f"of {name}"


def test_hashes_live_on(root):
    modify_tasks(root)
    assert [finding for finding in robomerge.verify(root).findings if finding.kind == "V-hash"] == []
    with open(root / "LICENSE", "a") as file:
        file.write(".")
    assert [finding.kind for finding in robomerge.verify(root).findings] == ["V-hash"]


def test_damage_gets_no_fresh_hash(root, tree):
    damaged = bytearray((root / DATA).read_bytes())
    damaged[len(damaged) // 2] ^= 1
    (root / DATA).write_bytes(damaged)
    before = tree(root.parent)
    with pytest.raises(robomerge.CorruptDatasetError) as raised:
        modify_tasks(root)
    problem = raised.value.problems[0]
    assert (problem.kind, problem.where) == ("E-hash", str(root / DATA))
    assert "stats" in problem.hint and str(root) in str(raised.value)
    assert tree(root.parent) == before
