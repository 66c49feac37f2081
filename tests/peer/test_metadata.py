"""info.json, tasks.parquet and the episodes files of other versions and writers (W-17 to W-20,
W-22, W-26)."""

import json

import pytest

import odd_metadata
from dataset_view import DatasetView
from odd_data import written_by_hf_datasets
from odd_metadata import TOOL, edit_info, set_info


def info_of(root) -> dict:
    return json.loads((root / "meta/info.json").read_text())


@pytest.mark.parametrize("odd_first", [True, False])
@pytest.mark.parametrize(
    "edit",
    [
        odd_metadata.old_info_order,
        odd_metadata.unnamed_task_index,
        odd_metadata.reversed_episode_columns,
        odd_metadata.extra_episode_column,
        odd_metadata.reversed_features,
    ],
    ids=lambda edit: edit.__name__,
)
def test_other_versions_of_the_metadata(edit, odd_first, source, merge):
    odd, good = (
        source(edit, kind="one_camera", seed=1),
        source(kind="one_camera", seed=2, tasks=("other", "stack the cups")),
    )
    merge([odd, good] if odd_first else [good, odd])


def test_recordings_without_encoder_settings(source, merge):
    merge([source(odd_metadata.old_video_info, kind="one_camera", seed=seed) for seed in range(2)])


def test_recordings_with_and_without_encoder_settings(source, merge):
    old, new = (
        source(odd_metadata.old_video_info, kind="one_camera", seed=1),
        source(kind="one_camera", seed=2),
    )
    destination = merge([new, old], warnings=["W-video-encoder"])
    info = info_of(destination)["features"]["observation.images.top"]["info"]
    assert info["video.crf"] is None and info["video.extra_options"] == {}


def without_info(key: str):
    def edit(feature: dict) -> None:
        del feature["info"][key]

    return edit


W16 = {
    "sound is not spoken of": without_info("has_audio"),
    "channels are not spoken of": without_info("video.channels"),
}


def no_info(feature: dict) -> None:
    del feature["info"]


def info_under_its_old_name(feature: dict) -> None:
    feature["video_info"] = feature.pop("info")


@pytest.mark.parametrize("odd_first", [True, False])
@pytest.mark.parametrize("what", W16)
def test_w16_what_is_said_of_a_video_need_not_be_equal(what, odd_first, source, merge):
    odd = source(
        lambda root: edit_info(root, lambda info: W16[what](info["features"]["observation.images.top"])), kind="one_camera", seed=1
    )
    good = source(kind="one_camera", seed=2)
    destination = merge([odd, good] if odd_first else [good, odd], warnings=None)
    said = info_of(destination)["features"]["observation.images.top"]["info"]
    assert said["video.codec"] and said["video.pix_fmt"] == "yuv420p"


@pytest.mark.parametrize("odd_first", [True, False])
@pytest.mark.parametrize("edit", [no_info, info_under_its_old_name], ids=lambda edit: edit.__name__)
def test_w16_a_video_that_nothing_is_said_of_is_merged(edit, odd_first, source, robomerge, tmp_path):
    """The result has the `info` of the first source."""
    from mergers import run_robomerge, verify_findings

    odd = source(lambda root: edit_info(root, lambda info: edit(info["features"]["observation.images.top"])), kind="one_camera", seed=1)
    good = source(kind="one_camera", seed=2)
    roots = [odd, good] if odd_first else [good, odd]
    run = run_robomerge("merge", "--verify", *roots, "-o", tmp_path / "merged", "--no-sync")
    assert run.exit_code == 0, run.stderr
    assert verify_findings(tmp_path / "merged", roots) == []


def test_w17_feature_level_fps_is_no_difference(source, merge):
    odd, good = (
        source(odd_metadata.feature_level_fps, kind="one_camera", seed=1),
        source(kind="one_camera", seed=2),
    )
    merge([odd, good])
    merge([good, odd])


def test_w17_converted_datasets_merge_again(source, merge):
    def convert(root):
        odd_metadata.feature_level_fps(root)
        odd_metadata.without_quantiles(root)
        odd_metadata.old_generation_statistics(root)
        written_by_hf_datasets(root)

    first, second, third = (source(convert, kind="one_camera", seed=seed) for seed in range(3))
    both = merge([first, second])
    merge([both, third])
    merge([third, both])


def test_w18_own_path_templates_are_honoured(source, merge):
    odd = source(odd_metadata.own_templates, kind="two_cameras", seed=1, resumed=1)
    destination = merge([source(kind="two_cameras", seed=2), odd])
    assert (destination / "data/chunk-000/file-000.parquet").exists()
    merge([odd, odd])


@pytest.mark.parametrize("key", ["total_episodes", "total_frames", "total_tasks"])
def test_w19_totals_that_contradict_the_rows_are_counted_anew(key, source, merge):
    good = source(kind="plain", seed=1)
    odd = source(lambda root: set_info(root, **{key: info_of(root)[key] - 1 or 7}), kind="plain", seed=2)
    merge([good, odd], warnings=["W-totals"])


def test_w19_a_length_that_contradicts_its_own_row_is_refused(source, refuse):
    odd = source(lambda root: odd_metadata.lying_length(root, 1, 9), kind="plain", seed=2)
    refuse([source(kind="plain", seed=1), odd], "E-rows", str(odd), "row 5", "expected 9 rows (its length)", "found    4")


def test_w19_a_length_that_contradicts_the_rows_is_refused(source, refuse):
    odd = source(lambda root: odd_metadata.consistently_lying_length(root, 9), kind="plain", seed=2)
    refuse([source(kind="plain", seed=1), odd], "E-rows", str(odd), "expected", "found")


@pytest.mark.parametrize("place", [0, 1, 2])
def test_w20_an_empty_source_brings_its_tasks_only(place, source, merge):
    roots = [source(kind="one_camera", seed=seed) for seed in (1, 2)]
    roots.insert(place, source(odd_metadata.emptied, kind="one_camera", tasks=("never done",)))
    destination = merge(roots, warnings=["W-empty-source"], frames=False)
    assert "never done" in DatasetView(destination).tasks


def test_w20_an_episode_without_task_strings_does_not_end_in_a_crash(source, robomerge, tmp_path):
    from check_merge import check_merge
    from mergers import merge_with_robomerge

    roots = [
        source(lambda root: odd_metadata.tasks_of_episodes(root, []), kind="plain", seed=1),
        source(kind="plain", seed=2),
    ]
    run = merge_with_robomerge(roots, tmp_path / "merged")
    if run.exit_code == 0:
        assert check_merge(tmp_path / "merged", roots) == []
    else:
        assert run.exit_code == 1 and run.errors and str(roots[0]) in run.stderr
        assert not (tmp_path / "merged").exists()


def test_w20_a_task_string_that_is_not_in_the_table_is_refused(source, refuse):
    odd = source(lambda root: odd_metadata.tasks_of_episodes(root, ["no such task"]), kind="plain", seed=2)
    refuse([source(kind="plain", seed=1), odd], "E-tasks", str(odd), "no such task")


def test_tasks_that_are_not_numbered_by_their_place_are_refused(source, refuse):
    """LeRobot writes task_index by value and reads it by position, so it is unknown which task was
    meant."""
    odd = source(odd_metadata.tasks_out_of_order, kind="plain", seed=2, tasks=("a", "b"))
    refuse([source(kind="plain", seed=1), odd], "E-tasks", str(odd), "tasks.parquet", "expected", "found")


def test_w22_tools_are_kept_when_all_sources_agree(source, merge):
    roots = [source(lambda root: set_info(root, tools=[TOOL]), kind="plain", seed=seed) for seed in range(2)]
    assert info_of(merge(roots))["tools"] == [TOOL]


def test_w22_tools_are_dropped_with_a_warning_when_sources_differ(source, merge):
    odd = source(lambda root: set_info(root, tools=[TOOL]), kind="plain", seed=1)
    destination = merge([odd, source(kind="plain", seed=2)], warnings=["W-tools"])
    assert "tools" not in info_of(destination)


def test_unknown_info_keys_are_dropped_with_a_warning(source, merge):
    odd = source(lambda root: set_info(root, author="somebody"), kind="plain", seed=1)
    assert "author" not in info_of(
        merge([odd, source(kind="plain", seed=2)], warnings=["W-info-unknown-key"])
    )


def test_info_keys_with_defaults_may_be_absent(source, merge):
    def edit(info):
        for key in (
            "chunks_size",
            "data_files_size_in_mb",
            "video_files_size_in_mb",
            "data_path",
            "video_path",
            "splits",
        ):
            del info[key]

    merge(
        [
            source(lambda root: edit_info(root, edit), kind="one_camera", seed=1),
            source(kind="one_camera", seed=2),
        ]
    )


def test_a_later_minor_version_is_accepted(source, merge):
    odd = source(lambda root: set_info(root, codebase_version="v3.1"), kind="one_camera", seed=1)
    assert (
        info_of(merge([odd, source(kind="one_camera", seed=2)], warnings=None))["codebase_version"] == "v3.0"
    )


def test_a_whole_number_of_frames_per_second_may_be_written_as_a_float(source, merge):
    odd = source(lambda root: set_info(root, fps=10.0), kind="one_camera", seed=1)
    merge([odd, source(kind="one_camera", seed=2)])


def test_w26_video_that_no_episode_refers_to_does_no_harm(source, merge):
    """The first episode is deleted by hand. Its frames stay in the video in front of the others."""
    from unreferenced import without_first_episode

    odd = source(without_first_episode, kind="one_camera", seed=1, lengths=(5, 4, 3))
    merge([odd, source(kind="one_camera", seed=2)], warnings=None)
    merge([source(kind="one_camera", seed=2), odd], warnings=None)


def test_extra_episode_columns_of_one_source_are_null_in_the_others(source, merge):
    odd = source(odd_metadata.extra_episode_column, kind="plain", seed=1)
    destination = merge([source(kind="plain", seed=2), odd])
    assert [row["operator"] for row in DatasetView(destination).episodes] == [
        None,
        None,
        "operator 0",
        "operator 1",
    ]


def test_tasks_of_other_alphabets_and_with_quotes(source, merge):
    tasks = ('say "hello", then wait', "поставь чашку", "杯を積む\nthen stop", "")
    merge(
        [
            source(kind="plain", seed=1, tasks=tasks, lengths=(2, 2, 2, 2)),
            source(kind="plain", seed=2, tasks=tasks[::-1]),
        ]
    )
