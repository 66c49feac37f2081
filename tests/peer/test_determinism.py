"""The same sources give the same bytes, with any number of workers, in any run, and from any folder
(W-23)."""

import os

import pytest

import odd_data
import odd_metadata
import odd_videos
from dataset_view import tree_hashes
from make_datasets import TINY_MB
from mergers import merge_with_robomerge


@pytest.fixture
def varied(source) -> list:
    """Sources that are handled in different ways: spliced, encoded anew, in several files, copied
    whole."""
    options = {"kind": "two_cameras", "tasks": ("a", "b", "c"), "task_per_frame": True}
    return [
        source(seed=1, **options),
        source(odd_data.row_groups_across_episodes, seed=2, **options),
        source(seed=3, resumed=1, **options),
        source(odd_videos.variable_frame_rate, seed=4, **options),
        source(odd_metadata.old_generation_statistics, seed=5, **options),
        source(lambda root: odd_videos.timescale(root, 90_000), seed=6, **options),
        source(odd_data.narrow_integers, seed=7, **options),
    ]


def merged_tree(sources, destination, **options) -> dict[str, str]:
    run = merge_with_robomerge(sources, destination, **options)
    assert run.exit_code == 0, run.stderr
    return tree_hashes(destination)


@pytest.mark.parametrize(
    "limits", [{}, {"data_files_size_in_mb": 0.02, "video_files_size_in_mb": 0.01, "chunk_size": 2}]
)
def test_w23_workers_and_runs_do_not_show_in_the_result(limits, varied, robomerge, tmp_path):
    expected = merged_tree(varied, tmp_path / "once", num_workers=1, **limits)
    for num_workers in (1, 2, 16):
        for attempt in range(2):
            found = merged_tree(
                varied, tmp_path / f"with-{num_workers}-{attempt}", num_workers=num_workers, **limits
            )
            assert found == expected


def test_w23_the_place_of_the_sources_does_not_show_in_the_result(source, robomerge, tmp_path, monkeypatch):
    options = {"kind": "one_camera", "data_mb": TINY_MB}
    roots = [source(seed=seed, name=f"here-{seed}", **options) for seed in range(3)]
    moved = [source(seed=seed, name=f"somewhere else {9 - seed}", **options) for seed in range(3)]
    expected = merged_tree(roots, tmp_path / "from-here")
    assert merged_tree(moved, tmp_path / "from-there") == expected
    monkeypatch.chdir(tmp_path)
    assert merged_tree([os.path.relpath(root) for root in roots], "relative") == expected


def test_the_order_of_the_sources_does_show(source, robomerge, tmp_path):
    roots = [source(kind="plain", seed=seed) for seed in range(2)]
    assert merged_tree(roots, tmp_path / "ab") != merged_tree(roots[::-1], tmp_path / "ba")
