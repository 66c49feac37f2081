"""Merges as sources, LeRobot's own merges as sources, and recordings that continue in a merge (W-1,
W-27)."""

import numpy as np
import pytest

import odd_metadata
from dataset_view import DatasetView, tree_hashes
from make_datasets import TINY_MB, Recording, features_of
from statistics_of import numbers


@pytest.mark.parametrize("kind", ["two_cameras", "images", "words", "ranks", "depth_video"])
def test_a_merge_is_a_source(kind, source, merge):
    tasks = ("a", "b", "c", "d")
    roots = [source(kind=kind, seed=seed, tasks=tasks[seed:], task_per_frame=True) for seed in range(3)]
    both = merge(roots[:2])
    merge([both, roots[2]])
    merge([roots[2], both])


def test_nested_and_flat_merges_hold_the_same(source, merge):
    roots = [source(kind="two_cameras", seed=seed, tasks=(f"task {seed}", "all")) for seed in range(4)]
    flat = merge(roots)
    nested = merge([merge(roots[:2]), merge(roots[2:])])
    left, right = DatasetView(flat), DatasetView(nested)
    assert left.tasks == right.tasks and left.info == right.info
    for one, other in zip(left.episodes, right.episodes, strict=True):
        for column in one.keys() - {"(file)"}:
            if column.startswith("stats/"):  # shifted once or twice: the last bit may differ
                assert numbers(one[column]) == pytest.approx(numbers(other[column]), rel=1e-12, abs=1e-12), (
                    column
                )
            else:
                assert one[column] == other[column], column


def test_w01_the_row_names_the_file_it_is_in(source, merge):
    """When LeRobot merges its result again, it looks for a file that is not there."""
    resumed = source(kind="one_camera", seed=1, resumed=1)
    assert [row["meta/episodes/file_index"] for row in DatasetView(resumed).episodes] == [0, 0, 1, 1]
    once = merge([source(kind="one_camera", seed=2), resumed])
    merge([once, resumed])


def test_w01_the_column_is_not_trusted_in_a_source(source, merge):
    odd = source(lambda root: odd_metadata.all_in_episodes_file(root, 7), kind="one_camera", seed=1)
    merge([odd, source(kind="one_camera", seed=2)])


def test_a_merge_by_lerobot_is_a_source(source, merge, tmp_path):
    from mergers import merge_with_lerobot

    roots = [source(kind="one_camera", seed=1, resumed=1), source(kind="one_camera", seed=2)]
    merge_with_lerobot(roots, tmp_path / "by-lerobot")
    merge([tmp_path / "by-lerobot", roots[1]], warnings=None)


@pytest.mark.parametrize("kind", ["two_cameras", "images"])
@pytest.mark.parametrize("limit", [None, TINY_MB])
def test_w27_recording_goes_on_in_a_merge(kind, limit, source, merge):
    from lerobot.configs.video import RGBEncoderConfig
    from lerobot.datasets.lerobot_dataset import LeRobotDataset

    from read_through_lerobot import compare_through_lerobot, open_dataset

    roots = [source(kind=kind, seed=seed, resumed=1) for seed in range(2)]
    limits = {"data_files_size_in_mb": limit, "video_files_size_in_mb": limit} if limit else {}
    destination = merge(roots, **limits)
    before = {
        name: digest
        for name, digest in tree_hashes(destination).items()
        if digest and name.startswith(("data", "videos", "meta/ep"))
    }
    frames, episodes = DatasetView(destination).total_frames, len(DatasetView(destination).episodes)

    dataset = LeRobotDataset.resume(
        "peer/merged", root=destination, rgb_encoder=RGBEncoderConfig(vcodec="h264")
    )
    features = features_of(Recording(kind=kind))
    for frame in range(3):
        values = {
            name: np.full(feature["shape"], frame, "uint8" if len(feature["shape"]) == 3 else "float32")
            for name, feature in features.items()
        }
        dataset.add_frame({"task": "a new task", **values})
    dataset.save_episode(parallel_encoding=False)
    dataset.finalize()

    after = tree_hashes(destination)
    assert {name: after[name] for name in before} == before, "the new episode was written over older ones"
    resumed = open_dataset(destination)
    assert len(resumed) == frames + 3 and resumed.num_episodes == episodes + 1
    assert resumed[frames + 2]["task"] == "a new task" and float(resumed[frames + 2]["action"][0]) == 2.0
    findings = compare_through_lerobot(destination, roots)
    assert findings == [f"the merge has {frames + 3} frames, its sources {frames}"]
    merge([destination, roots[0]], warnings=None)
