"""Rows of data files from other programs: any layout, codec, width and order, and a schema that is
kept."""

import os
import subprocess

import pyarrow.parquet as pq
import pytest

import odd_data
from dataset_view import DatasetView
from make_datasets import TINY_MB
from mergers import robomerge_path

LAYOUTS = [
    odd_data.one_row_group,
    odd_data.row_groups_across_episodes,
    odd_data.written_by_hf_datasets,
    odd_data.zstd,
    odd_data.uncompressed,
    odd_data.each_column_its_codec,
    odd_data.narrow_integers,
    odd_data.doubles,
    odd_data.variable_lists,
    odd_data.required_columns,
    odd_data.reversed_columns,
]


@pytest.mark.parametrize("kind", ["words", "images"])
@pytest.mark.parametrize("layout", LAYOUTS, ids=lambda layout: layout.__name__)
def test_layouts_of_other_writers(layout, kind, source, merge):
    merge([source(layout, kind=kind, seed=1), source(kind=kind, seed=2)])
    merge([source(kind=kind, seed=3), source(layout, kind=kind, seed=4)])


def test_images_without_a_file_name(source, merge):
    merge([source(odd_data.null_image_paths, kind="images", seed=1), source(kind="images", seed=2)])


def test_several_odd_layouts_at_once(source, merge):
    merge([source(layout, kind="words", seed=seed) for seed, layout in enumerate(LAYOUTS)], frames=False)


def test_values_come_through_by_their_bits(source, merge):
    merge(
        [source(odd_data.with_nans_and_nulls, kind="plain", seed=seed, lengths=(6, 7)) for seed in range(2)],
        warnings=["W-episode-statistics", "W-not-finite"],
        frames=False,
    )


def test_w03_memory_does_not_grow_with_the_sources(source, robomerge, tmp_path):
    """With eight times the payload in eight times the episodes, the peak of memory stays the
    same."""

    def peak_bytes(num_episodes: int) -> int:
        root = source(
            lambda root: odd_data.with_large_images(root, "observation.images.top", 200_000),
            kind="images",
            lengths=(10,) * num_episodes,
        )
        process = subprocess.Popen(
            [
                str(robomerge_path()),
                "merge",
                str(root),
                str(root),
                "-o",
                str(tmp_path / f"merged-{num_episodes}"),
                "-j",
                "1",
                "--no-sync",
            ],
            stderr=subprocess.DEVNULL,
        )
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        assert process.returncode == 0
        return usage.ru_maxrss * 1024

    small, large = peak_bytes(4), peak_bytes(32)
    added = 2 * (32 - 4) * 10 * 200_000
    assert large - small < added / 4, f"{small} bytes for 4 episodes, {large} for 32"


def test_w12_arrays_of_rank_2_to_5_are_merged_and_keep_their_extension(source, merge):
    destination = merge([source(kind="ranks", seed=seed) for seed in range(2)])
    schema = pq.read_schema(DatasetView(destination).data_files[0].path)
    for rank in (2, 3, 4, 5):
        field = schema.field(f"rank{rank}")
        described = (
            getattr(field.type, "extension_name", None) or field.metadata[b"ARROW:extension:name"].decode()
        )
        assert described == f"datasets.features.features.Array{rank}DExtensionType"


def test_w13_the_schema_and_the_huggingface_metadata_are_kept(source, merge):
    import datasets

    destination = merge([source(kind="images", seed=seed) for seed in range(2)])
    path = DatasetView(destination).data_files[0].path
    features = datasets.Dataset.from_parquet(str(path), keep_in_memory=True).features
    assert isinstance(features["observation.images.top"], datasets.Image)
    assert pq.read_schema(path).field("action").type.list_size == 3


def test_w13_language_columns_are_kept(source, merge):
    roots = [source(odd_data.with_language, kind="plain", seed=seed) for seed in range(2)]
    destination = merge(roots)
    found, expected = (DatasetView(root).data_files[0].schema for root in (destination, roots[0]))
    for name in ("language_persistent", "language_events"):
        assert found.field(name).type.equals(expected.field(name).type), found.field(name)


def test_w21_files_that_are_not_in_the_order_of_index(source, merge):
    options = {"kind": "plain", "data_mb": TINY_MB, "lengths": (5, 3, 4)}
    warnings = ["W-episode-index"]
    merge([source(seed=1, **options), source(odd_data.swapped_files, seed=2, **options)], warnings=warnings)
    merge([source(odd_data.swapped_files, seed=1, **options), source(seed=2, **options)], warnings=warnings)


def test_w21_swapped_data_files_with_videos(source, merge):
    options = {"kind": "one_camera", "data_mb": TINY_MB, "lengths": (5, 3, 4)}
    merge(
        [source(odd_data.swapped_files, seed=1, **options), source(odd_data.swapped_files, seed=2, **options)],
        warnings=["W-episode-index"],
    )


def test_w19_rows_of_an_episode_that_meta_does_not_know_are_refused(source, refuse):
    good, odd = (
        source(kind="plain", seed=1),
        source(odd_data.with_rows_of_unknown_episode, kind="plain", seed=2),
    )
    refuse([good, odd], "E-rows", str(odd), "file-000.parquet", "episode 2", "found    2 rows")


def test_w19_missing_rows_are_refused(source, refuse):
    good = source(kind="plain", seed=1)
    odd = source(lambda root: odd_data.without_rows(root, 2), kind="plain", seed=2)
    refuse([good, odd], "E-rows", str(odd), "expected", "found")


def test_a_missing_column_is_refused(source, refuse):
    odd = source(lambda root: odd_data.without_column(root, "reward"), kind="plain", seed=2)
    refuse([source(kind="plain", seed=1), odd], "E-data-columns", str(odd), "reward")


@pytest.mark.parametrize("name", ["index", "episode_index", "task_index"])
def test_a_missing_bookkeeping_column_is_refused(name, source, refuse):
    odd = source(lambda root: odd_data.without_column(root, name), kind="plain", seed=2)
    refuse([source(kind="plain", seed=1), odd], "E-data-columns", str(odd), name)
