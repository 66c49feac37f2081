"""Tests the checker without robomerge: it must find the known faults of LeRobot's own merge.

Other faults are made by hand in a healthy merge.
"""

import shutil
import subprocess
import sys
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import odd_data
import odd_metadata
import odd_videos
from check_merge import check_merge
from make_datasets import TINY_MB
from mergers import merge_with_lerobot
from odd_metadata import edit_episodes, edit_info, edit_stats, set_column
from read_through_lerobot import compare_through_lerobot


@pytest.fixture
def lerobot_merge(tmp_path):
    """Findings of the checker on LeRobot's merge. LeRobot 0.6.1 averages quantiles, which is
    accepted here."""

    def run(sources, **options) -> list[str]:
        merge_with_lerobot(sources, tmp_path / "merged", **options)
        return check_merge(tmp_path / "merged", sources, quantiles="weighted", **options)

    return run


def kinds(findings: list[str]) -> set[str]:
    return {finding.split(":")[0] for finding in findings}


#: The faults of every merge by LeRobot, even of two healthy sources without images.
ALWAYS = {"W-4", "W-13"}


def test_a_healthy_merge_has_only_the_faults_that_all_of_lerobots_have(source, lerobot_merge):
    assert kinds(lerobot_merge([source(kind="plain", seed=seed) for seed in range(2)])) == ALWAYS


def test_w01_rows_that_name_another_file(source, lerobot_merge):
    roots = [source(kind="plain", seed=1), source(kind="plain", seed=2, resumed=1)]
    assert {"W-1", "I-5"} <= kinds(lerobot_merge(roots))


def test_w04_bookkeeping_statistics(source, lerobot_merge):
    findings = lerobot_merge([source(kind="images", seed=seed) for seed in range(2)])
    assert any("episode_index.max: [1.0] instead of 3.0" in finding for finding in findings)


def test_w05_task_statistics_that_count_each_task_once(source, lerobot_merge):
    odd = source(kind="plain", seed=2, tasks=("a", "b"), task_per_frame=True, lengths=(5,))
    assert "W-5" in kinds(lerobot_merge([source(kind="plain", seed=1), odd]))


def test_w08_a_stretched_video(source, lerobot_merge):
    odd = source(lambda root: odd_videos.timescale(root, 90_000), kind="one_camera", seed=2, fps=30)
    findings = lerobot_merge([source(kind="one_camera", seed=1, fps=30), odd])
    assert "I-7" in kinds(findings)


def test_w13_a_schema_that_drifted(source, lerobot_merge):
    findings = lerobot_merge([source(kind="plain", seed=seed) for seed in range(2)])
    assert any("stores action as list<float>" in finding for finding in findings)
    assert any("has lost the `huggingface` metadata" in finding for finding in findings)


def test_w14_statistics_of_the_old_generation_kept_as_they_are(source, lerobot_merge):
    roots = [source(odd_metadata.old_generation_statistics, kind="words", seed=seed) for seed in range(2)]
    assert "W-14" in kinds(lerobot_merge(roots))


def test_w19_an_index_with_duplicates(source, lerobot_merge):
    odd = source(lambda root: odd_metadata.set_info(root, total_frames=7), kind="plain", seed=1)
    assert {"I-1", "I-11"} <= kinds(lerobot_merge([odd, source(kind="plain", seed=2)]))


def test_w21_rows_that_are_not_in_the_order_of_index(source, lerobot_merge):
    options = {"kind": "plain", "data_mb": TINY_MB, "lengths": (5, 3, 4)}
    assert "I-1" in kinds(
        lerobot_merge([source(seed=1, **options), source(odd_data.swapped_files, seed=2, **options)])
    )


def test_w22_tools_that_are_lost(source, lerobot_merge):
    roots = [
        source(lambda root: odd_metadata.set_info(root, tools=[odd_metadata.TOOL]), kind="plain", seed=n)
        for n in range(2)
    ]
    assert "W-22" in kinds(lerobot_merge(roots))


def test_a_file_too_long_for_float32(source, lerobot_merge):
    roots = [source(kind="one_camera", seed=seed, fps=1, lengths=(300, 100)) for seed in range(3)]
    assert "2.2" in kinds(lerobot_merge(roots))


# -- damage done by hand to a merge that has no other fault than LeRobot's


def _edit_rows(root, edit):
    (path,) = odd_data.data_paths(root)
    with pq.ParquetFile(path) as file:
        groups = [edit(file.read_row_group(number)) for number in range(file.num_row_groups)]
    with pq.ParquetWriter(path, groups[0].schema) as writer:
        for group in groups:
            writer.write_table(group)


def one_value_changed(root):
    def edit(table):
        values = table.column("reward").to_pylist()
        return table.set_column(
            table.column_names.index("reward"), "reward", pa.array([*values[:-1], 0.5], pa.float32())
        )

    _edit_rows(root, edit)


def one_negative_zero(root):
    """0.0 == -0.0, but the bits differ."""

    def edit(table):
        values = [-0.0 if value == 0 else value for value in table.column("timestamp").to_pylist()]
        return table.set_column(
            table.column_names.index("timestamp"), "timestamp", pa.array(values, pa.float32())
        )

    _edit_rows(root, edit)


def one_row_lost(root):
    _edit_rows(root, lambda table: table.slice(1) if table.column("episode_index")[0].as_py() == 3 else table)


def tasks_swapped(root):
    _edit_rows(
        root,
        lambda table: set_column(
            table, "task_index", [1 - v.as_py() for v in table.column("task_index")], pa.int64()
        ),
    )


def row_groups_joined(root):
    odd_data.one_row_group(root)


def times_shifted(root):
    column = "videos/observation.images.top/from_timestamp"
    edit_episodes(
        root, lambda table: set_column(table, column, [v.as_py() + 0.00001 for v in table.column(column)])
    )


def episodes_pictures_swapped(root):
    columns = ["videos/observation.images.top/from_timestamp", "videos/observation.images.top/to_timestamp"]

    def edit(table):
        for column in columns:
            values = table.column(column).to_pylist()
            table = set_column(table, column, [values[2], values[1], values[0], values[3]])
        return table

    edit_episodes(root, edit)


def pictures_of_another_encoder(root):
    odd_videos.reencoded(root)


def a_statistic_changed(root):
    edit_stats(root, lambda stats: stats["action"]["mean"].__setitem__(0, stats["action"]["mean"][0] + 1e-9))


def a_quantile_lost(root):
    edit_stats(root, lambda stats: stats["action"].pop("q50"))


def an_episodes_statistic_changed(root):
    edit_episodes(root, lambda table: set_column(table, "stats/index/min", [[0.0]] * len(table)))


def tasks_reordered(root):
    path = root / "meta/tasks.parquet"
    table = pq.read_table(path)
    pq.write_table(set_column(table, "task", table.column("task").to_pylist()[::-1], pa.string()), path)


def a_stray_file(root):
    shutil.copy(root / "data/chunk-000/file-000.parquet", root / "data/chunk-000/file-001.parquet")


def a_stray_folder(root):
    (root / "images").mkdir()


def a_total_wrong(root):
    edit_info(root, lambda info: info.update(total_tasks=3))


def a_column_too_many(root):
    odd_metadata.edit_info(root, lambda info: info["features"].pop("reward"))


def nothing_done(root):
    pass


DAMAGES = {
    nothing_done: set(),
    one_value_changed: {"rows"},
    one_negative_zero: {"rows"},
    one_row_lost: {"I-1"},
    tasks_swapped: {"I-6"},
    row_groups_joined: {"I-10"},
    times_shifted: {"I-7"},
    episodes_pictures_swapped: {"frames"},
    pictures_of_another_encoder: {"frames"},
    a_statistic_changed: {"3.6"},
    a_quantile_lost: {"3.6"},
    an_episodes_statistic_changed: {"3.4"},
    tasks_reordered: {"3.2"},
    a_stray_file: {"I-9"},
    a_stray_folder: {"layout"},
    a_total_wrong: {"I-11"},
    a_column_too_many: {"I-8"},
}


@pytest.mark.parametrize("damage", DAMAGES, ids=lambda damage: damage.__name__)
def test_damage_is_found(damage, source, tmp_path):
    kind = "one_camera" if {"I-7", "frames"} & DAMAGES[damage] else "plain"
    roots = [source(kind=kind, seed=seed, tasks=("a", "b")) for seed in range(2)]
    merge_with_lerobot(roots, tmp_path / "merged")
    before = kinds(check_merge(tmp_path / "merged", roots, quantiles="weighted"))
    damage(tmp_path / "merged")
    after = kinds(check_merge(tmp_path / "merged", roots, quantiles="weighted"))
    assert DAMAGES[damage] <= after - before if DAMAGES[damage] else after == before


def test_reading_through_lerobot_finds_a_shifted_video(source, tmp_path):
    roots = [source(kind="one_camera", seed=seed) for seed in range(2)]
    merge_with_lerobot(roots, tmp_path / "merged")
    assert compare_through_lerobot(tmp_path / "merged", roots) == []
    episodes_pictures_swapped(tmp_path / "merged")
    assert any(
        "observation.images.top differs" in text
        for text in compare_through_lerobot(tmp_path / "merged", roots)
    )


def test_the_checker_is_a_program_too(source, tmp_path):
    root = source(kind="plain", lengths=(5,))
    shutil.copytree(root, tmp_path / "copy")
    command = [sys.executable, str(Path(__file__).parent / "check_merge.py")]
    same = subprocess.run([*command, str(tmp_path / "copy"), str(root)], capture_output=True, text=True)
    assert (same.returncode, same.stdout) == (0, ""), same.stdout + same.stderr
    other = subprocess.run(
        [*command, str(tmp_path / "copy"), str(root), str(root)], capture_output=True, text=True
    )
    assert other.returncode == 1 and "I-1" in other.stdout
