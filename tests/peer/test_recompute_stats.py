"""recompute_stats against LeRobot's own: the same definition, of actions relative to states too, and
exact where LeRobot estimates."""

import json

import numpy as np
import pytest
from lerobot.datasets.dataset_tools import recompute_stats as lerobots

import robomerge_package  # noqa: F401
import robomerge.lerobot
from read_through_lerobot import open_dataset

OPTIONS = [
    {},
    {"relative_action": True, "chunk_size": 3},
    {"relative_action": True, "chunk_size": 2, "relative_exclude_joints": []},
    {"relative_action": True, "chunk_size": 2, "relative_exclude_joints": ["joint"], "num_workers": 3},
]


@pytest.mark.parametrize("options", OPTIONS)
def test_the_same_statistics_as_lerobots(source, options):
    theirs = lerobots(open_dataset(source(kind="plain", seed=1, lengths=(5, 4, 7))), **options).meta.stats
    ours = robomerge.lerobot.recompute_stats(open_dataset(source(kind="plain", seed=1, lengths=(5, 4, 7))), **options).meta.stats
    assert theirs.keys() <= ours.keys()
    for feature in ("action", "observation.state"):
        spread = np.max(theirs[feature]["max"] - theirs[feature]["min"])
        for name in ("min", "max", "mean", "std"):
            assert np.allclose(ours[feature][name], theirs[feature][name], rtol=1e-5, atol=1e-6 * spread), (feature, name)
        assert ours[feature]["count"] == theirs[feature]["count"]
        for name in ("q01", "q10", "q50", "q90", "q99"):
            assert ours[feature][name].shape == theirs[feature][name].shape


def test_no_chunk_is_lerobots_error(source):
    root = source(kind="plain", seed=1, lengths=(5, 4))
    said = []
    for call in (lerobots, robomerge.lerobot.recompute_stats):
        with pytest.raises(RuntimeError) as error:
            call(open_dataset(root), relative_action=True, chunk_size=6)
        said.append(str(error.value))
    assert said[0] == said[1]


def test_lerobot_opens_what_was_written(source):
    root = source(kind="two_cameras", seed=2, lengths=(5, 4))
    cameras = json.loads((root / "meta/stats.json").read_text())
    dataset = robomerge.lerobot.recompute_stats(open_dataset(root))
    again = open_dataset(root)
    assert again.meta.stats.keys() == dataset.meta.stats.keys() == cameras.keys()
    for feature in cameras:
        if feature.startswith("observation.images"):
            assert np.allclose(again.meta.stats[feature]["mean"], cameras[feature]["mean"])


def test_installed_lerobots_command_uses_it(source, tmp_path):
    from lerobot.datasets import dataset_tools

    root = source(kind="plain", seed=3, lengths=(5, 4))
    with robomerge.lerobot.installed():
        assert dataset_tools.recompute_stats.__module__ == "robomerge.lerobot.statistics"
        dataset_tools.recompute_stats(open_dataset(root), True, False)
    assert robomerge.stats(root, progress=False).num_findings <= 1
