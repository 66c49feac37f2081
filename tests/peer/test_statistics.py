"""stats.json and statistics of episodes: bookkeeping columns, tasks, old generations, gaps (W-4 to
W-6, W-14, ...)."""

import json

import pytest

import odd_metadata
from dataset_view import DatasetView


def stats_of(root) -> dict:
    return json.loads((root / "meta/stats.json").read_text())


def test_w04_bookkeeping_columns_describe_the_merge(source, merge):
    destination = merge(
        [source(kind="plain", seed=seed, tasks=(f"task {seed}", "both")) for seed in range(3)]
    )
    stats = stats_of(destination)
    assert stats["index"]["max"] == [26] and stats["index"]["count"] == [27]
    assert stats["index"]["mean"] == [13]
    assert stats["episode_index"]["max"] == [5]
    assert stats["task_index"]["max"] == [3]


def test_w05_task_statistics_of_an_episode_count_frames(source, merge):
    first = source(kind="plain", seed=1, tasks=("first",))
    second = source(kind="plain", seed=2, tasks=("second", "third"), task_per_frame=True, lengths=(5,))
    view = DatasetView(merge([first, second]))
    row = view.episodes[2]
    assert sorted(row["tasks"]) == ["second", "third"]
    # Its frames have the tasks second, third, second, third, second. The recorder numbers tasks in
    # any order.
    mean = (3 * view.tasks.index("second") + 2 * view.tasks.index("third")) / 5
    assert mean != 1.5 and row["stats/task_index/mean"][0] == pytest.approx(mean, abs=1e-6)


def test_w06_a_missing_stats_file_is_made_up_for(source, merge):
    options = {"kind": "two_cameras", "lengths": (5, 4, 3)}
    odd = source(odd_metadata.without_stats_file, seed=1, **options)
    destination = merge([odd, source(seed=2, **options)], warnings=["W-stats-missing"])
    assert set(stats_of(destination)) == set(stats_of(source(seed=2, **options)))
    merge([source(seed=2, **options), odd], warnings=["W-stats-missing"])


def test_w06_no_source_has_a_stats_file(source, merge):
    merge(
        [source(odd_metadata.without_stats_file, kind="plain", seed=seed) for seed in range(2)],
        warnings=["W-stats-missing"],
    )


def test_a_feature_without_statistics_anywhere(source, merge):
    edit = lambda root: odd_metadata.without_statistics_of(root, "action")
    destination = merge([source(edit, kind="plain", seed=seed) for seed in range(2)], warnings=["W-stats-measured"])
    assert stats_of(destination)["action"]["count"] == [DatasetView(destination).total_frames]


def test_a_feature_without_statistics_in_one_source(source, merge):
    odd = source(lambda root: odd_metadata.without_statistics_of(root, "action"), kind="plain", seed=1)
    merge([odd, source(kind="plain", seed=2)], warnings=["W-stats-measured"])
    merge([source(kind="plain", seed=2), odd], warnings=["W-stats-measured"])


@pytest.mark.parametrize("old_first", [True, False])
@pytest.mark.parametrize(
    "edit",
    [odd_metadata.old_generation_statistics, odd_metadata.whole_number_statistics],
    ids=lambda edit: edit.__name__,
)
def test_w14_generations_of_statistics_are_mixed(edit, old_first, source, merge):
    old = source(edit, kind="words", seed=1)
    new = source(kind="words", seed=2)
    assert any(
        "bool" in str(field.type) for _, table in DatasetView(old).episode_tables for field in table.schema
    )
    is_wrong = edit is odd_metadata.whole_number_statistics
    merge([old, new] if old_first else [new, old], warnings=["W-episode-statistics"] if is_wrong else [])


def test_w14_only_old_generation_statistics(source, merge):
    merge([source(odd_metadata.old_generation_statistics, kind="words", seed=seed) for seed in range(2)])


@pytest.mark.parametrize("odd_first", [True, False])
def test_w15_quantiles_that_a_source_lacks_are_dropped_with_a_warning(odd_first, source, merge):
    odd, good = (
        source(odd_metadata.without_quantiles, kind="one_camera", seed=1),
        source(kind="one_camera", seed=2),
    )
    folded = ["count", "max", "mean", "min", "std"]
    sources = [odd, good] if odd_first else [good, odd]
    destination = merge(sources, warnings=["W-quantiles"], stats="fold")
    for feature in ("action", "observation.images.top"):
        assert sorted(stats_of(destination)[feature]) == folded
    destination = merge(sources, warnings=["W-quantiles"])  # of the camera alone
    assert sorted(stats_of(destination)["action"]) == sorted([*folded, "q01", "q10", "q50", "q90", "q99"])
    assert sorted(stats_of(destination)["observation.images.top"]) == folded


def test_w15_no_quantiles_anywhere_is_nothing_to_warn_of(source, merge):
    merge([source(odd_metadata.without_quantiles, kind="plain", seed=seed) for seed in range(2)])


@pytest.mark.parametrize("streamed_first", [True, False])
def test_w24_camera_counts_are_of_pixels_or_of_frames(streamed_first, source, merge):
    streamed = source(kind="one_camera", seed=1, streaming=True)
    frames = source(kind="one_camera", seed=2)
    count = lambda root: stats_of(root)["observation.images.top"]["count"][0]
    assert count(streamed) > 100 * count(frames)
    for stats in ("exact", "fold"):  # weighted by frames, and as LeRobot does
        destination = merge([streamed, frames] if streamed_first else [frames, streamed], stats=stats)
        assert count(destination) == count(streamed) + count(frames)


def test_more_sources_than_numpy_adds_one_by_one(source, merge):
    """From eight terms on NumPy sums pairwise. The results must still agree to the last few
    bits."""
    sources = [source(kind="plain", seed=seed, lengths=(2 + seed % 3,)) for seed in range(20)]
    for stats in ("exact", "fold"):
        merge(sources, frames=False, stats=stats)
