"""Healthy sources of every kind that LeRobot records are merged, checked, and read through
LeRobot."""

import pytest

from make_datasets import KINDS

TASKS = ("stack the cups", "open the drawer", "fold the towel")


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_two_recordings_of_a_kind_become_one(kind, source, merge):
    first = source(kind=kind, seed=1, tasks=TASKS[:2], task_per_frame=True)
    second = source(kind=kind, seed=2, tasks=TASKS[1:], task_per_frame=True, lengths=(3, 6, 4))
    merge([first, second])


def test_one_source_alone_is_merged(source, merge):
    merge([source(kind="two_cameras", lengths=(4, 3, 5))])


def test_the_same_source_twice_is_merged_twice(source, merge):
    root = source(kind="one_camera", tasks=TASKS)
    merge([root, root])


def test_many_small_sources(source, merge):
    merge(
        [source(kind="one_camera", seed=seed, lengths=(2,), tasks=(TASKS[seed % 3],)) for seed in range(12)]
    )


def test_av1_is_merged(source, merge):
    merge([source(kind="one_camera", vcodec="libsvtav1", seed=seed, lengths=(4, 3)) for seed in range(2)])


def test_b_frames_are_merged(source, merge):
    from dataset_view import DatasetView

    options = {"g": 8, "extra_options": (("bf", "2"), ("b_strategy", "0"))}
    roots = [source(kind="one_camera", seed=seed, lengths=(11, 9), **options) for seed in range(3)]
    view = DatasetView(roots[0])
    assert view.video(view.video_path_of("observation.images.top", view.episodes[0])).has_b_frames
    merge(roots)


def test_episodes_of_one_frame(source, merge):
    """There is one episode per file, since the recorder itself cannot append to a video of one
    frame."""
    merge([source(kind="two_cameras", seed=seed, lengths=(1,), resumed=1) for seed in range(2)])
    merge([source(kind="words", seed=seed, lengths=(1, 1, 2)) for seed in range(2)])


def test_sources_of_several_files_each(source, merge):
    from dataset_view import DatasetView
    from make_datasets import TINY_MB

    options = {"kind": "two_cameras", "data_mb": TINY_MB, "video_mb": TINY_MB, "lengths": (4, 3, 5)}
    roots = [source(seed=seed, **options) for seed in range(2)]
    assert len(DatasetView(roots[0]).data_files) == 3
    merge(roots)


def test_resumed_recordings_have_several_files_of_each_kind(source, merge):
    from dataset_view import DatasetView

    roots = [source(kind="one_camera", seed=seed, resumed=2) for seed in range(2)]
    assert len(DatasetView(roots[0]).episode_files) == 3
    merge(roots)


def test_a_recording_without_robot_type(source, merge):
    merge([source(kind="plain", seed=seed, robot_type=None) for seed in range(2)])


def test_depth_marked_in_the_old_way_equals_depth_marked_in_the_new(source, merge):
    from odd_metadata import edit_info

    def old_marker(root):
        def edit(info):
            feature = info["features"]["observation.images.depth"]
            feature["info"]["video.is_depth_map"] = feature["info"].pop("is_depth_map")

        edit_info(root, edit)

    merge([source(kind="depth_video", seed=1), source(old_marker, kind="depth_video", seed=2)], frames=False)
    merge([source(old_marker, kind="depth_video", seed=1), source(kind="depth_video", seed=2)], frames=False)
