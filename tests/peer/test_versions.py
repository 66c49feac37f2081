"""Sources of v2.1 and v2.0 (6). What a merge of them is must be what LeRobot's own converter makes of them,
merged: value by value, frame by frame."""

import os
import shutil
from pathlib import Path

import pytest

import odd_versions
from check_merge import check_merge
from dataset_view import DatasetView, tree_hashes
from make_datasets import TINY_MB
from mergers import merge_with_robomerge, verify_findings
from read_through_lerobot import compare_through_lerobot
from silence import silence

SAMPLES = os.environ.get("ROBOMERGE_SAMPLES")


def converted(root: Path, folder: Path) -> Path:
    """What LeRobot makes of a copy."""
    from lerobot.scripts.convert_dataset_v21_to_v30 import convert_dataset

    copy = folder / f"converted-{root.name}"
    shutil.copytree(root, copy)
    with silence():
        convert_dataset("local/copy", root=copy, push_to_hub=False)
    return copy


def rows_and_tables(root: Path) -> dict:
    """What a merge makes of its sources, without what depends on row groups."""
    view = DatasetView(root)
    info = {key: value for key, value in view.info.items() if key != "features"}
    # The converter puts fps into features.
    info["features"] = {name: {k: v for k, v in one.items() if k != "fps"} for name, one in view.features.items()}
    episodes = [{key: value for key, value in row.items() if key != "(file)"} for row in view.episodes]
    rows = [view.rows_by_episode[row["episode_index"]].table.to_pydict() for row in view.episodes]
    return {"info": info, "tasks": view.tasks, "episodes": episodes, "rows": rows, "stats": view.stats}


def compare_with_conversion(sources: list[Path], tmp_path: Path, frames: bool, same_bytes: bool = True) -> None:
    """Where LeRobot joins H.264 it puts parameter sets into the packets of key frames, so that coded
    bytes are not the same, and pictures are."""
    before = {root: tree_hashes(root) for root in sources}
    direct, over = tmp_path / "direct", tmp_path / "over"
    run = merge_with_robomerge(sources, direct)
    assert run.exit_code == 0, run.stderr
    assert run.warnings == [], run.stderr
    assert {root: tree_hashes(root) for root in sources} == before, "a source was changed"
    old = [converted(root, tmp_path) for root in sources]
    # Everything that a merge of what LeRobot made must be, checked without our code, is true of the direct one.
    found = [*check_merge(direct, old), *verify_findings(direct, old)]
    of_bytes = ("coded bytes", "V-frame-bytes", "V-decoder", "more findings", "more of this kind")
    assert [one for one in found if same_bytes or not any(words in one for words in of_bytes)] == []
    assert verify_findings(direct, sources) == []
    if frames:
        assert compare_through_lerobot(direct, old) == []
    assert merge_with_robomerge(old, over).exit_code == 0
    found, expected = rows_and_tables(direct), rows_and_tables(over)
    for part, value in expected.items():
        assert found[part] == value, part
    videos = sorted(path.relative_to(direct) for path in (direct / "videos").rglob("*.mp4"))
    assert videos == sorted(path.relative_to(over) for path in (over / "videos").rglob("*.mp4"))
    from dataset_view import read_video

    for path in videos:
        ours, theirs = read_video(direct / path), read_video(over / path)
        assert ours.times == theirs.times, path
        assert ours.packets == theirs.packets or not same_bytes, path


@pytest.mark.parametrize(
    ("kind", "vcodec"),
    [("plain", "h264"), ("words", "h264"), ("images", "h264"), ("two_cameras", "h264"), ("two_cameras", "libsvtav1")],
)
def test_recorded_episodes_of_v21_are_as_lerobot_converts_them(kind, vcodec, source, tmp_path):
    options = {"kind": kind, "vcodec": vcodec, "video_mb": TINY_MB}
    sources = [
        source(odd_versions.as_version_21, seed=seed, lengths=lengths, tasks=tasks, **options)
        for seed, lengths, tasks in [(1, (5, 4, 6), ("stack the cups",)), (2, (7, 4), ("open it", "stack the cups"))]
    ]
    compare_with_conversion(sources, tmp_path, frames=True, same_bytes=vcodec != "h264" or kind != "two_cameras")


@pytest.mark.skipif(not SAMPLES, reason="ROBOMERGE_SAMPLES is not set: no real recordings")
def test_real_recordings_of_v21_are_as_lerobot_converts_them(tmp_path):
    compare_with_conversion([Path(SAMPLES) / f"g1-v21-0{number}" for number in range(2)], tmp_path, frames=False)


@pytest.mark.skipif(not SAMPLES, reason="ROBOMERGE_SAMPLES is not set: no real recordings")
def test_lerobot_loads_a_merge_of_real_recordings_of_v21(robomerge, tmp_path):
    """Few decoded pictures, since LeRobot is slow at 640x480."""
    from read_through_lerobot import open_dataset

    sources = [Path(SAMPLES) / f"g1-v21-0{number}" for number in range(2)]
    assert merge_with_robomerge(sources, tmp_path / "merged").exit_code == 0
    merged, second = open_dataset(tmp_path / "merged"), open_dataset(converted(sources[1], tmp_path))
    first = len(merged) - len(second)
    for row in (0, 1, len(second) // 2, len(second) - 1):
        found, expected = merged[first + row], second[row]
        for key in ("observation.images.cam_high", "observation.state", "action", "timestamp"):
            assert (found[key] == expected[key]).all(), (row, key)
        assert found["task"] == expected["task"]


def test_all_versions_are_merged_and_read_through_lerobot(source, tmp_path):
    options = {"kind": "two_cameras", "video_mb": TINY_MB}
    new = source(seed=1, **options)
    v21, v20 = (source(seed=seed, lengths=(6, 5), **options) for seed in (2, 3))
    as_new = [shutil.copytree(root, tmp_path / f"{root.name}-as-recorded") for root in (v21, v20)]
    odd_versions.as_version_21(v21)
    odd_versions.as_version_20(v20)
    run = merge_with_robomerge([v20, new, v21], tmp_path / "merged")
    assert run.exit_code == 0, run.stderr
    assert verify_findings(tmp_path / "merged", [v20, new, v21]) == []
    assert compare_through_lerobot(tmp_path / "merged", [as_new[1], new, as_new[0]]) == []
