"""Where destination files end: size limits, files per chunk folder, and no joining at all (3.3,
3.7)."""

import json

import pytest

from dataset_view import DatasetView, read_video
from make_datasets import TINY_MB

CAMERA = "observation.images.top"


def slots(root, folder: str) -> list[str]:
    return sorted(str(path.relative_to(root / folder)) for path in (root / folder).rglob("file-*"))


def test_limits_of_this_call_are_written_and_kept(source, merge):
    roots = [source(kind="one_camera", seed=seed) for seed in range(5)]
    one_data_file = DatasetView(roots[0]).data_files[0].uncompressed_bytes / (1 << 20)
    one_video = read_video(DatasetView(roots[0]).video_path(CAMERA, 0, 0)).size_bytes / (1 << 20)
    destination = merge(
        roots,
        data_files_size_in_mb=round(2.5 * one_data_file, 6),
        video_files_size_in_mb=round(3.5 * one_video, 6),
    )
    assert 2 <= len(slots(destination, "data")) <= 4
    assert 1 < len(slots(destination, f"videos/{CAMERA}")) <= 3


def test_a_limit_smaller_than_any_file_keeps_files_apart(source, merge):
    roots = [source(kind="two_cameras", seed=seed) for seed in range(3)]
    destination = merge(roots, data_files_size_in_mb=TINY_MB, video_files_size_in_mb=TINY_MB)
    for folder in ("data", "videos/observation.images.top", "videos/observation.images.wrist"):
        assert slots(destination, folder) == [
            f"chunk-000/file-00{n}.{'parquet' if folder == 'data' else 'mp4'}" for n in range(3)
        ]


def test_limits_of_the_sources_do_not_count(source, merge):
    options = {"kind": "one_camera", "data_mb": TINY_MB, "video_mb": TINY_MB, "lengths": (3, 4, 5)}
    destination = merge([source(seed=seed, **options) for seed in range(2)])
    assert len(slots(destination, "data")) == 1 and len(slots(destination, f"videos/{CAMERA}")) == 1


def test_chunk_folders_fill_up(source, merge):
    roots = [source(kind="one_camera", seed=seed, lengths=(2,)) for seed in range(5)]
    destination = merge(roots, chunk_size=2, data_files_size_in_mb=TINY_MB, video_files_size_in_mb=TINY_MB)
    expected = [
        "chunk-000/file-000",
        "chunk-000/file-001",
        "chunk-001/file-000",
        "chunk-001/file-001",
        "chunk-002/file-000",
    ]
    assert slots(destination, "data") == [f"{slot}.parquet" for slot in expected]
    assert slots(destination, f"videos/{CAMERA}") == [f"{slot}.mp4" for slot in expected]
    assert json.loads((destination / "meta/info.json").read_text())["chunks_size"] == 2


def test_more_files_than_a_chunk_folder_holds(source, merge):
    """file-1000 would sort before file-999, and mix up the rows (I-3)."""
    root = source(kind="plain", lengths=(1,))
    destination = merge([root] * 1001, concatenate_data=False, frames=False)
    assert len(slots(destination, "data/chunk-000")) == 1000
    assert slots(destination, "data/chunk-001") == ["file-000.parquet"]


@pytest.mark.parametrize(
    ("concatenate_data", "concatenate_videos"), [(False, True), (True, False), (False, False)]
)
def test_not_joining(concatenate_data, concatenate_videos, source, merge):
    options = {"kind": "two_cameras", "data_mb": TINY_MB, "video_mb": TINY_MB, "lengths": (3, 4)}
    roots = [source(seed=seed, **options) for seed in range(2)]
    destination = merge(roots, concatenate_data=concatenate_data, concatenate_videos=concatenate_videos)
    assert len(slots(destination, "data")) == (1 if concatenate_data else 4)
    for key in ("top", "wrist"):
        assert len(slots(destination, f"videos/observation.images.{key}")) == (1 if concatenate_videos else 4)


def test_videos_that_are_not_joined_are_copied_as_they_are(source, merge):
    roots = [source(kind="one_camera", seed=seed) for seed in range(2)]
    destination = merge(roots, concatenate_videos=False)
    for number, root in enumerate(roots):
        copied = destination / f"videos/{CAMERA}/chunk-000/file-00{number}.mp4"
        assert copied.read_bytes() == DatasetView(root).video_path(CAMERA, 0, 0).read_bytes()
