"""LeRobot's own merge with robomerge.lerobot.install(), tested for what LeRobot's
tests/datasets/test_aggregate.py and the merge tests of test_dataset_tools.py ask of it, on datasets
made by its recorder."""

import json
import logging
from pathlib import Path

import av
import datasets
import numpy as np
import pyarrow.parquet as pq
import pytest
import torch
from lerobot.configs import VIDEO_ENCODER_INFO_KEYS
from lerobot.datasets import dataset_tools
from lerobot.datasets import aggregate as lerobot_aggregate
from lerobot.datasets.feature_utils import features_equal_for_merge
from lerobot.datasets.lerobot_dataset import LeRobotDataset

import robomerge_package  # noqa: F401
from check_merge import check_merge
from lerobot_fixtures import as_in_lerobots_tests
from read_through_lerobot import compare_through_lerobot, open_dataset
import robomerge.lerobot

TASKS = ("stack the cups", "open the drawer", "fold the towel")
DEPTH = "observation.images.depth"
TOP = "observation.images.top"


@pytest.fixture(
    autouse=True,
    params=[(None, None), (as_in_lerobots_tests, 3)],
    ids=["recorded", "as in LeRobot's tests, three workers"],
)
def case(request):
    """What is done to every recording. The number of workers must make no difference."""
    edit, num_workers = request.param
    with robomerge.lerobot.installed(num_workers=num_workers):
        assert dataset_tools.aggregate_datasets.__module__ == "robomerge.lerobot.aggregate"
        yield edit


@pytest.fixture
def source(source, case):
    """The fixture of conftest.py, for recordings as they are and for those like in LeRobot's own
    tests."""
    edits = [case] if case else []
    return lambda *more, **options: source(*edits, *more, **options)


def aggregate(roots: list[Path], destination: Path, **options) -> LeRobotDataset:
    """Merges with what replaces LeRobot's function. The result is checked, and opened by
    LeRobot."""
    names = [f"peer/source-{number}" for number in range(len(roots))]
    done = lerobot_aggregate.aggregate_datasets(
        repo_ids=names, aggr_repo_id="peer/merged", roots=roots, aggr_root=destination, **options
    )
    assert done is None
    assert check_merge(destination, roots, **options) == []
    return open_dataset(destination)


def assert_is_the_merge_of(merged: LeRobotDataset, parts: list[LeRobotDataset], roots: list[Path]) -> None:
    assert merged.num_episodes == sum(part.num_episodes for part in parts)
    assert merged.num_frames == len(merged) == sum(part.num_frames for part in parts)
    assert all(part.fps == merged.fps for part in parts)
    assert all(part.meta.info.robot_type == merged.meta.info.robot_type for part in parts)
    assert all(features_equal_for_merge(merged.features, part.features) for part in parts)
    assert set(merged.meta.tasks.index) == {task for part in parts for task in part.meta.tasks.index}
    assert set(merged.meta.depth_keys) == set(parts[0].meta.depth_keys)
    for key in merged.meta.depth_keys:
        assert merged.meta.info.features[key]["info"]["is_depth_map"] is True
    first_episode = position = 0
    for part in parts:
        for item in (merged[position + at] for at in range(len(part))):
            assert first_episode <= item["episode_index"] < first_episode + part.num_episodes
        position, first_episode = position + len(part), first_episode + part.num_episodes
    assert [int(item["index"]) for item in merged] == list(range(len(merged)))
    # Every frame of every part with all keys: pictures, timestamps, tasks.
    assert compare_through_lerobot(merged.root, roots) == []


def assert_timestamps_lie_within_their_files(merged: LeRobotDataset) -> None:
    for number in range(merged.num_episodes):
        episode = merged.meta.episodes[number]
        for key in merged.meta.video_keys:
            with av.open(str(merged.root / merged.meta.get_video_file_path(number, key))) as file:
                num_frames = sum(1 for _ in file.decode(video=0))
            first, end = (round(episode[f"videos/{key}/{name}_timestamp"] * merged.fps) for name in ("from", "to"))
            assert 0 <= first < end <= num_frames


def test_rgb_and_depth_videos(source, tmp_path):
    roots = [source(kind="camera_and_depth", seed=seed, lengths=lengths, tasks=tasks) for seed, lengths, tasks in
             [(1, (5, 4), TASKS[:2]), (2, (4, 6, 5), TASKS[1:])]]  # fmt: skip
    parts = [open_dataset(root) for root in roots]
    assert parts[0].meta.depth_keys == [DEPTH]
    merged = aggregate(roots, tmp_path / "merged")
    assert_is_the_merge_of(merged, parts, roots)
    assert_timestamps_lie_within_their_files(merged)
    for item in merged:
        assert {key: item[key].shape[0] for key in merged.meta.video_keys} == {TOP: 3, DEPTH: 1}


def test_without_concatenation_every_source_keeps_its_file(source, tmp_path):
    roots = [source(kind="two_cameras", seed=seed, lengths=lengths) for seed, lengths in [(1, (4, 3)), (2, (3, 5, 4))]]
    merged = aggregate(roots, tmp_path / "merged", concatenate_videos=False, concatenate_data=False)
    assert (merged.num_episodes, merged.num_frames) == (5, 19) and len(list(merged)) == 19
    assert len(list((merged.root / "data").rglob("*.parquet"))) == 2
    for key in merged.meta.video_keys:
        assert len(list((merged.root / "videos" / key).rglob("*.mp4"))) == 2
    assert_timestamps_lie_within_their_files(merged)


def mismatched_value(info: dict) -> None:
    info["video.crf"] = 99
    info["video.extra_options"] = {"tune": "film"}


def missing_key(info: dict) -> None:
    del info["video.crf"], info["video.extra_options"]


@pytest.mark.parametrize("mutation", [mismatched_value, missing_key])
def test_encoder_settings_that_differ_become_null_with_a_warning(source, tmp_path, caplog, mutation):
    def edit(root: Path) -> None:
        path = root / "meta/info.json"
        content = json.loads(path.read_text())
        mutation(content["features"][TOP]["info"])
        path.write_text(json.dumps(content))

    roots = [source(seed=1), source(edit, seed=2)]
    reference = open_dataset(roots[0]).meta.info.features[TOP]["info"]
    with caplog.at_level(logging.WARNING):
        merged = aggregate(roots, tmp_path / "merged")
    # The fixtures' statistics are not of their rows, of which we warn too.
    said = [
        record
        for record in caplog.records
        if record.levelno >= logging.WARNING and "video encoder" in record.getMessage()
    ]
    # LeRobot lists the keys in the order of a Python set, which differs from run to run.
    assert [record.name for record in said] == ["lerobot.datasets.aggregate"]
    assert said[0].getMessage() == (
        f"Merging heterogeneous or incomplete video encoder metadata for feature {TOP}. "
        "Setting these keys to null: ['video.crf', 'video.extra_options']."
    )
    info = merged.meta.info.features[TOP]["info"]
    changed = {"video.crf": None, "video.extra_options": {}}
    assert {key: info[key] for key in VIDEO_ENCODER_INFO_KEYS} == {
        key: changed.get(key, reference[key]) for key in VIDEO_ENCODER_INFO_KEYS
    }


def test_low_limits_make_many_files(source, tmp_path):
    roots = [source(kind="camera_and_depth", seed=seed, lengths=(4, 5, 3)) for seed in (1, 2, 3)]
    limits = {"data_files_size_in_mb": 0.001, "video_files_size_in_mb": 0.001}
    merged = aggregate(roots, tmp_path / "merged", **limits)
    assert_is_the_merge_of(merged, [open_dataset(root) for root in roots], roots)
    assert_timestamps_lie_within_their_files(merged)
    assert len(list((merged.root / "data").rglob("*.parquet"))) > 1
    assert len(list((merged.root / "videos").rglob("*.mp4"))) > 2


@pytest.mark.parametrize("kind", ["one_camera", "images"])
def test_one_row_group_per_episode(source, tmp_path, kind):
    roots = [source(kind=kind, seed=1, lengths=(3, 4, 3)), source(kind=kind, seed=2, lengths=(5, 3, 3, 4))]
    merged = aggregate(roots, tmp_path / "merged")
    episodes = []
    for path in sorted((merged.root / "data").rglob("*.parquet")):
        file = pq.ParquetFile(path)
        groups = [
            file.read_row_group(at, columns=["episode_index"])[0].unique().to_pylist()
            for at in range(file.num_row_groups)
        ]
        assert all(len(group) == 1 for group in groups)
        episodes += [group[0] for group in groups]
    assert episodes == list(range(7))


def test_images_and_depth_images(source, tmp_path):
    roots = [
        source(kind="image_and_depth", seed=1, lengths=(4, 3)),
        source(kind="image_and_depth", seed=2, lengths=(3, 5, 4)),
    ]
    parts = [open_dataset(root) for root in roots]
    merged = aggregate(roots, tmp_path / "merged")
    assert merged.meta.image_keys == parts[0].meta.image_keys == [TOP, DEPTH]
    assert_is_the_merge_of(merged, parts, roots)
    for path in (merged.root / "data").rglob("*.parquet"):
        features = datasets.Dataset.from_parquet(str(path), cache_dir=str(tmp_path / "cache")).features
        assert all(isinstance(features[key], datasets.Image) for key in merged.meta.image_keys)
    for key, channels in ((TOP, 3), (DEPTH, 1)):
        assert isinstance(merged[0][key], torch.Tensor) and merged[0][key].shape == (channels, 64, 96)


def test_the_merge_of_a_merge(source, tmp_path):
    roots = [source(seed=seed, lengths=(4, 3, 5), tasks=(TASKS[seed],)) for seed in range(3)]
    first = aggregate(roots[:2], tmp_path / "first", data_files_size_in_mb=0.001)
    assert len(list((first.root / "data").rglob("*.parquet"))) > 1
    merged = aggregate([first.root, roots[2]], tmp_path / "merged")
    assert_is_the_merge_of(merged, [open_dataset(root) for root in roots], roots)
    for number in range(merged.num_episodes):
        assert (merged.root / merged.meta.get_data_file_path(number)).is_file()


def episode_rows(root: Path) -> list[dict]:
    rows = [
        row for path in sorted((root / "meta/episodes").rglob("*.parquet")) for row in pq.read_table(path).to_pylist()
    ]
    return sorted(rows, key=lambda row: row["episode_index"])


def test_statistics_of_episodes_follow_the_new_numbers(source, case, tmp_path):
    roots = [source(kind="plain", seed=seed, tasks=tasks) for seed, tasks in [(1, TASKS[:2]), (2, TASKS[1:])]]
    merged = aggregate(roots, tmp_path / "merged")
    assert merged.meta.total_tasks == 3
    rows = episode_rows(merged.root)
    at = frames = 0
    for root in roots:
        for before in episode_rows(root):
            after = rows[at]
            numbers = {"episode_index": np.full(before["length"], at), "index": frames + np.arange(before["length"])}
            for name in [name for name in before if name.startswith("stats/")]:
                _, feature, statistic = name.split("/")
                if feature in numbers and statistic in ("min", "max", "mean", "std"):
                    # The statistics of LeRobot's fixtures are made up, and robomerge corrects them.
                    truth = getattr(numbers[feature], statistic)()
                    assert np.allclose(np.asarray(after[name], float), truth, atol=1e-6), (at, name)
                    continue
                if case and feature not in (*numbers, "task_index"):
                    continue  # made up too, so measured: the checker holds them against the rows
                expected = np.asarray(before[name], float)
                if feature in numbers and statistic != "count":
                    first = before["dataset_from_index" if feature == "index" else "episode_index"]
                    expected = expected + (numbers[feature][0] - first)
                if feature == "task_index" and statistic not in ("std", "count"):
                    expected = np.full_like(expected, merged.meta.tasks.loc[before["tasks"][0], "task_index"])
                assert np.array_equal(np.asarray(after[name], float), expected), (at, name)
            at, frames = at + 1, frames + before["length"]
    assert at == len(rows)


# --- the merge tests of test_dataset_tools.py


@pytest.mark.parametrize("num_datasets", [2, 3])
def test_merge_datasets_returns_a_dataset(source, tmp_path, num_datasets):
    parts = [open_dataset(source(kind="images", seed=seed, lengths=(3, 4))) for seed in range(num_datasets)]
    merged = dataset_tools.merge_datasets(parts, output_repo_id="peer/merged", output_dir=tmp_path / "merged")
    assert isinstance(merged, LeRobotDataset) and merged.repo_id == "peer/merged" and merged.root == tmp_path / "merged"
    assert (merged.meta.total_episodes, merged.meta.total_frames) == (2 * num_datasets, 7 * num_datasets)
    assert sorted({int(item["episode_index"]) for item in merged}) == list(range(2 * num_datasets))
    for feature in ("action", TOP):
        assert {"mean", "std"} <= set(merged.meta.stats[feature])


def test_merge_datasets_opens_the_result_as_the_first_was_opened(source, tmp_path):
    options = {"delta_timestamps": {"action": [-0.1, 0]}, "tolerance_s": 0.01, "image_transforms": torch.nn.Identity()}
    parts = [open_dataset(source(seed=1), **options), open_dataset(source(seed=2))]
    merged = dataset_tools.merge_datasets(parts, "peer/merged", tmp_path / "merged")
    assert merged.delta_timestamps == options["delta_timestamps"] and merged.tolerance_s == 0.01
    assert merged.image_transforms is options["image_transforms"] and merged[1]["action"].shape[0] == 2


def test_nothing_to_merge(tmp_path):
    with pytest.raises(ValueError, match="No datasets to merge"):
        dataset_tools.merge_datasets([], output_repo_id="peer/merged", output_dir=tmp_path / "merged")


def test_added_to_deleted_from_split_and_merged(source, tmp_path):
    dataset = open_dataset(source(kind="images", lengths=(3,) * 5))
    reward = (np.arange(15, dtype=np.float32), {"dtype": "float32", "shape": (1,), "names": None})
    dataset = dataset_tools.add_features(
        dataset, {"reward": reward}, output_dir=tmp_path / "added", repo_id="peer/added"
    )
    dataset = dataset_tools.delete_episodes(dataset, [2], output_dir=tmp_path / "deleted", repo_id="peer/deleted")
    halves = dataset_tools.split_dataset(dataset, {"train": [0, 1], "val": [2, 3]}, output_dir=tmp_path / "split")
    merged = dataset_tools.merge_datasets(list(halves.values()), "peer/merged", tmp_path / "merged")
    assert (merged.meta.total_episodes, merged.meta.total_frames) == (4, 12)
    assert "reward" in merged.meta.features and [float(item["reward"]) for item in merged] == [*range(6), *range(9, 15)]
