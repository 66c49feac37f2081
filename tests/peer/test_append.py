"""A dataset that has grown in its place: LeRobot loads it, every frame is that of a source, and a
recording goes on in it (docs/append.md)."""

import shutil
from pathlib import Path

import numpy as np
import pytest

from check_merge import check_merge
from dataset_view import DatasetView, tree_hashes
from make_datasets import TINY_MB, Recording, features_of
from mergers import run_robomerge, verify_findings
from read_through_lerobot import compare_through_lerobot, open_dataset

APART = {"concatenate_data": False, "concatenate_videos": False}


def payload(root: Path) -> dict[str, str]:
    return {name: digest for name, digest in tree_hashes(root).items() if name.startswith(("data", "videos"))}


def grow(root: Path, *words: object) -> None:
    run = run_robomerge(*words[:1], root, *words[1:], "--no-backup", "--verify")
    assert run.exit_code == 0, run.stderr


@pytest.fixture
def grown(source, tmp_path):
    """grown(kind): a recording that has got two more behind it, and what it was made of."""

    def make(kind: str, **options) -> tuple[Path, list[Path]]:
        root = source(kind=kind, seed=0, resumed=1, name="grown", tasks=("a", "b"), task_per_frame=True)
        before = tmp_path / "before"
        shutil.copytree(root, before)
        others = [source(kind=kind, seed=seed, tasks=("b", "c"), task_per_frame=True) for seed in (1, 2)]
        for other in others:
            grow(root, "append", other)
        return root, [before, *others]

    return make


@pytest.mark.parametrize("kind", ["one_camera", "two_cameras", "images", "words", "ranks", "depth_video"])
def test_every_frame_is_that_of_a_source(kind, grown):
    root, sources = grown(kind)
    assert payload(sources[0]).items() <= payload(root).items(), "a file of the dataset has changed"
    assert check_merge(root, sources, **APART) == []
    assert verify_findings(root, sources) == []
    assert compare_through_lerobot(root, sources) == []


def test_it_is_a_source(grown, merge):
    root, sources = grown("two_cameras")
    packed = merge([root], warnings=None)
    assert compare_through_lerobot(packed, sources) == []
    assert len(list((packed / "data").rglob("*.parquet"))) == 1 < len(list((root / "data").rglob("*.parquet")))


def test_a_source_is_taken_out_again(grown):
    root, (before, first, second) = grown("two_cameras")
    grow(root, "remove-source", "1")
    assert compare_through_lerobot(root, [before, second]) == []
    # Numbers of files that hold nothing any more stay free: the others keep their names.
    assert [one for one in check_merge(root, [before, second], **APART) if not one.startswith("I-9:")] == []
    grow(root, "remove-source", "1")
    assert compare_through_lerobot(root, [before]) == []
    assert payload(root) == payload(before)


def test_a_merge_grows(source, merge, tmp_path):
    roots = [source(kind="two_cameras", seed=seed, resumed=1) for seed in range(3)]
    root = merge(roots[:2], data_files_size_in_mb=TINY_MB, video_files_size_in_mb=TINY_MB)
    before = payload(root)
    grow(root, "append", roots[2])
    assert before.items() <= payload(root).items()
    assert compare_through_lerobot(root, roots) == []


@pytest.mark.parametrize("kind", ["two_cameras", "images"])
def test_w27_recording_goes_on(kind, grown):
    from lerobot.configs.video import RGBEncoderConfig
    from lerobot.datasets.lerobot_dataset import LeRobotDataset

    root, sources = grown(kind)
    before = {name: digest for name, digest in tree_hashes(root).items() if digest and name.startswith(("data", "videos", "meta/ep"))}
    frames, episodes = DatasetView(root).total_frames, len(DatasetView(root).episodes)
    dataset = LeRobotDataset.resume("peer/grown", root=root, rgb_encoder=RGBEncoderConfig(vcodec="h264"))
    features = features_of(Recording(kind=kind))
    for frame in range(3):
        values = {
            name: np.full(feature["shape"], frame, "uint8" if len(feature["shape"]) == 3 else "float32")
            for name, feature in features.items()
        }
        dataset.add_frame({"task": "a new task", **values})
    dataset.save_episode(parallel_encoding=False)
    dataset.finalize()

    after = tree_hashes(root)
    assert {name: after[name] for name in before} == before, "the new episode was written over older ones"
    resumed = open_dataset(root)
    assert len(resumed) == frames + 3 and resumed.num_episodes == episodes + 1
    assert resumed[frames + 2]["task"] == "a new task" and float(resumed[frames + 2]["action"][0]) == 2.0
    # And it grows on: what was recorded is a source of its own in the record.
    grow(root, "append", sources[1], "--again")
    lines = run_robomerge("log", root, "--json").json_lines()
    assert [line["num_episodes"] for line in lines][-2] == 1 and lines[-2]["fingerprint"] == ""
    assert len(open_dataset(root)) == frames + 3 + len(open_dataset(sources[1]))
