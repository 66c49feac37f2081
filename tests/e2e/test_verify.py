"""`robomerge verify`: healthy datasets have no finding, and each sort of damage is found under its
own kind.

The damages are those that real merges have done: wrong file numbers, stale statistics, offsets that
do not restart, frames that were dropped or stretched.
"""

import os
import shutil
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from edits import DATA, EPISODES, VIDEO, edit_column, edit_json, edit_table
from tiny_dataset import make_tiny_dataset
from tiny_video import add_video

FRAME_TICKS = 1024  # of 1/10240 s: 10 fps


@pytest.fixture
def sources(tmp_path) -> list[Path]:
    """Two datasets with a camera."""
    first = make_tiny_dataset(tmp_path / "a")
    second = make_tiny_dataset(tmp_path / "b", lengths=(3,), task="open the drawer")
    add_video(first, (5, 7), seed=1)
    add_video(second, (3,), seed=2)
    return [first, second]


@pytest.fixture
def merged(robomerge, sources, tmp_path) -> Path:
    run = robomerge("merge", *sources, "-o", tmp_path / "merged", "--no-sync", "--stats", "fold")
    assert run.exit_code == 0, run.stderr
    return tmp_path / "merged"


def findings(run) -> list[dict]:
    lines, summary = [line for line in run.json_lines() if line["message_type"] == "finding"], run.json_lines()[-1]
    assert summary["message_type"] == "summary" and summary["num_findings"] == len(lines)
    assert run.exit_code == summary["exit_code"] == (3 if lines else 0), run.stderr
    return lines


def kinds(run) -> set[str]:
    return {line["kind"] for line in findings(run)}


# -- damage


def wrong_episodes_file(root):
    """W-1: a row names another episodes file than the one it is in."""
    edit_column(root / EPISODES, "meta/episodes/file_index", lambda values: [*values[:-1], 1])


def data_file_that_is_not_there(root):
    edit_column(root / EPISODES, "data/file_index", lambda values: [*values[:-1], 1])


def video_file_that_is_not_there(root):
    edit_column(root / EPISODES, "videos/camera/file_index", lambda values: [*values[:-1], 1])


def stale_index_statistics(root):
    """W-4: statistics of `index` in stats.json from before the merge."""
    edit_json(root / "meta/stats.json", lambda stats: stats["index"].update(max=[11.0]))


def stale_feature_statistics(root):
    edit_json(root / "meta/stats.json", lambda stats: stats["observation.state"].update(mean=[0.5, 0.5]))


def stale_count(root):
    edit_json(root / "meta/stats.json", lambda stats: stats["timestamp"].update(count=[12]))


def stale_episode_statistics(root):
    edit_column(root / EPISODES, "stats/index/min", lambda values: [[0.0]] * len(values))


def episode_index_not_shifted(root):
    edit_column(root / DATA, "episode_index", lambda values: [0 if value == 2 else value for value in values])


def index_not_shifted(root):
    edit_column(root / DATA, "index", lambda values: [value - 12 if value >= 12 else value for value in values])


def index_range_not_shifted(root):
    edit_column(root / EPISODES, "dataset_from_index", lambda values: [*values[:-1], 0])
    edit_column(root / EPISODES, "dataset_to_index", lambda values: [*values[:-1], 3])


def index_ranges_scrambled(root):
    """Ranges that do not fit the lengths either, which reading derives."""
    for name in ("dataset_from_index", "dataset_to_index"):
        edit_column(root / EPISODES, name, lambda values: values[::-1])


def index_range_without_its_end(root):
    edit_column(root / EPISODES, "dataset_to_index", lambda values: [values[0] - 1, *values[1:]])


def index_ranges_missing(root):
    edit_table(root / EPISODES, lambda table: table.drop_columns(["dataset_from_index", "dataset_to_index"]))


def row_lost(root):
    edit_table(root / DATA, lambda table: table.slice(1) if table.column("episode_index")[0].as_py() == 1 else table)


def frames_out_of_order(root):
    edit_column(root / DATA, "frame_index", lambda values: [values[1], values[0], *values[2:]])


def timestamps_go_on(root):
    edit_column(root / DATA, "timestamp", lambda values: [value + 0.5 for value in values])


def task_not_relabelled(root):
    edit_column(root / DATA, "task_index", lambda values: [0] * len(values))


def task_of_nobody(root):
    edit_column(root / DATA, "task_index", lambda values: [2] * len(values))


def total_too_low(root):
    edit_json(root / "meta/info.json", lambda info: info.update(total_frames=12))


def stray_data_file(root):
    shutil.copy(root / DATA, root / "data/chunk-000/file-001.parquet")


def stray_folder(root):
    (root / "leftovers").mkdir()


def offset_goes_on(root):
    """The offset of a new video file does not restart at 0."""
    for stamp in ("from_timestamp", "to_timestamp"):
        edit_column(root / EPISODES, f"videos/camera/{stamp}", lambda values: [value + 1.2 for value in values])


def offset_of_nothing(root):
    for stamp in ("from_timestamp", "to_timestamp"):
        edit_column(root / EPISODES, f"videos/camera/{stamp}", lambda values: [value - (1.2 if value >= 1.2 else 0) for value in values])


def frame_dropped(root):
    rewrite_video(root, lambda ticks: [tick + FRAME_TICKS if number >= 6 else tick for number, tick in enumerate(ticks)])


def video_stretched(root):
    """W-8: another timescale appended without rescaling."""
    rewrite_video(root, lambda ticks: [tick if number < 12 else 12 * FRAME_TICKS + (number - 12) * 6 * FRAME_TICKS for number, tick in enumerate(ticks)])


def rewrite_video(root, edit):
    add_video(root, (5, 7, 3), seed=1, edit_ticks=edit, edit_metadata=False)


ALONE = {
    wrong_episodes_file: "V-file-numbers",
    data_file_that_is_not_there: "V-file-numbers",
    video_file_that_is_not_there: "V-missing-file",
    stale_index_statistics: "V-stats",
    stale_feature_statistics: "V-stats",
    stale_count: "V-stats",
    stale_episode_statistics: "V-statistics",
    episode_index_not_shifted: "V-rows",
    index_not_shifted: "V-index",
    index_range_not_shifted: "V-index",
    index_ranges_scrambled: "V-index",
    index_range_without_its_end: "V-index",
    index_ranges_missing: "V-index",
    row_lost: "V-rows",
    frames_out_of_order: "V-frame-index",
    timestamps_go_on: "V-timestamp",
    task_not_relabelled: "V-episode-tasks",
    task_of_nobody: "V-tasks",
    total_too_low: "V-totals",
    stray_data_file: "V-stray-file",
    stray_folder: "V-stray-file",
    offset_goes_on: "V-frame-time",
    offset_of_nothing: "V-video-segment",
    frame_dropped: "V-frame-time",
    video_stretched: "V-frame-time",
}


@pytest.mark.parametrize("damage", ALONE, ids=lambda damage: damage.__name__)
def test_damage_is_found_without_the_sources(damage, robomerge, merged):
    damage(merged)
    assert ALONE[damage] in kinds(robomerge("verify", merged, "--json"))


# -- what only the sources can tell


def value_changed(root):
    edit_column(root / DATA, "observation.state", lambda values: [*values[:-1], [0.5, 0.25]])


def negative_zero(root):
    """0.0 == -0.0, but the recording has the other one."""
    edit_column(root / DATA, "timestamp", lambda values: [-0.0 if value == 0 else value for value in values])


def tasks_swapped(root):
    edit_column(root / "meta/tasks.parquet", "task", lambda values: values[::-1])


def statistic_changed(root):
    edit_json(root / "meta/stats.json", lambda stats: stats["observation.state"]["mean"].__setitem__(0, stats["observation.state"]["mean"][0] + 1e-5))


def episode_statistic_changed(root):
    edit_column(root / EPISODES, "stats/observation.state/mean", lambda values: [[one + 1e-9 for one in value] for value in values])


def pictures_swapped(root):
    """Episodes 0 and 1 show each other's frames."""
    edit_column(root / EPISODES, "videos/camera/from_timestamp", lambda values: [0.7, 0.0, values[2]])
    edit_column(root / EPISODES, "videos/camera/to_timestamp", lambda values: [1.2, 0.7, values[2]])


def coded_byte_changed(root):
    video = root / VIDEO
    content = bytearray(video.read_bytes())
    # Within the eleventh frame of 16 bytes, whatever the size of the header.
    at = content.index(b"mdat") + 4 + 16 * 10 + 9
    content[at] ^= 1
    video.write_bytes(bytes(content))


def robot_type_lost(root):
    edit_json(root / "meta/info.json", lambda info: info.update(robot_type=None))


AGAINST = {
    value_changed: "V-value",
    negative_zero: "V-value",
    tasks_swapped: "V-tasks",
    statistic_changed: "V-stats",
    episode_statistic_changed: "V-statistics",
    pictures_swapped: "V-frame-bytes",
    coded_byte_changed: "V-frame-bytes",
    robot_type_lost: "V-schema",
    stale_index_statistics: "V-stats",
    stale_episode_statistics: "V-statistics",
    wrong_episodes_file: "V-file-numbers",
    index_not_shifted: "V-index",
    task_not_relabelled: "V-tasks",
    offset_goes_on: "V-frame-time",
    frame_dropped: "V-frame-time",
    video_stretched: "V-frame-time",
}


@pytest.mark.parametrize("damage", AGAINST, ids=lambda damage: damage.__name__)
def test_damage_is_found_against_the_sources(damage, robomerge, merged, sources):
    damage(merged)
    assert AGAINST[damage] in kinds(robomerge("verify", merged, "--against", *sources, "--json"))


# -- health, and the command


def test_a_merge_and_its_sources_have_no_finding(robomerge, merged, sources):
    assert findings(robomerge("verify", merged, "--against", *sources, "--json")) == []
    for root in [*sources, merged]:
        assert findings(robomerge("verify", root, "--json")) == []


def test_the_summary_says_what_was_checked(robomerge, merged, sources):
    summary = robomerge("verify", merged, "--against", *sources, "--json", "-j", 1).json_lines()[-1]
    files = [merged / DATA, merged / VIDEO]
    expected = {"num_sources": 2, "num_episodes": 3, "num_rows": 15, "num_video_frames": 15, "num_workers": 1, "is_complete": True}
    assert {name: summary[name] for name in expected} == expected
    assert summary["checked_bytes"] == sum(file.stat().st_size for file in files)


def test_a_finding_names_the_place(robomerge, merged, sources):
    value_changed(merged)
    *_, found = findings(robomerge("verify", merged, "--against", *sources, "--json"))
    assert (found["kind"], found["episode"], found["column"], found["frame"]) == ("V-value", 2, "observation.state", 2)
    assert found["where"] == f"{merged / DATA}: observation.state, row 14" and "0.5" in found["found"]
    run = robomerge("verify", merged, "--against", *sources)
    assert run.exit_code == 3 and "difference[V-value]" in run.stdout and "episode 2" in run.stdout and "3 findings" in run.stderr


def test_findings_do_not_depend_on_the_number_of_workers(robomerge, merged, sources):
    for damage in (value_changed, stale_index_statistics, pictures_swapped, index_not_shifted):
        damage(merged)
    runs = [robomerge("verify", merged, "--against", *sources, "-j", workers) for workers in (1, 4)]
    assert runs[0].exit_code == 3 and runs[0].stdout == runs[1].stdout


def test_sources_in_another_order_or_number_differ(robomerge, merged, sources):
    assert "V-rows" in kinds(robomerge("verify", merged, "--against", *sources[::-1], "--json"))
    lines = findings(robomerge("verify", merged, "--against", sources[0], "--json"))
    assert [line["what"] for line in lines if line["kind"] == "V-episodes"] and "2 episodes of 1 source" in lines[0]["expected"]


def test_sources_may_come_from_a_list(robomerge, merged, sources):
    listed = "\n".join(map(str, sources))
    assert findings(robomerge("verify", merged, "--from", "-", "--json", stdin=listed)) == []


def test_merge_can_verify_its_result(robomerge, sources, tmp_path):
    run = robomerge("merge", *sources, "-o", tmp_path / "proven", "--no-sync", "--verify")
    assert run.exit_code == 0 and f"Verified {tmp_path / 'proven'} against" in run.stderr and "nothing differs" in run.stderr


def spoil_a_staged_file(robomerge, sources, tmp_path) -> tuple[Path, Path]:
    """Writes a merge without publishing it, and changes one value in the staging folder, unseen: size
    and time stay. Returns the destination and the staging folder."""
    destination = tmp_path / "proven"
    assert robomerge("plan", *sources, "-o", destination, "--plan", tmp_path / "plan").exit_code == 0
    assert robomerge("write", "--plan", tmp_path / "plan").exit_code == 0
    (staged,) = [path for path in tmp_path.glob(".proven.robomerge-*") if (path / "meta").is_dir()]
    path = staged / "meta/tasks.parquet"
    before = path.stat()
    path.write_bytes(path.read_bytes().replace(b"stack the cups", b"stuck the cups"))
    assert path.stat().st_size == before.st_size
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
    return destination, staged


def test_a_merge_that_differs_is_not_published(robomerge, sources, tmp_path):
    destination, staged = spoil_a_staged_file(robomerge, sources, tmp_path)
    run = robomerge("merge", "--verify", *sources, "-o", destination)
    assert run.exit_code == 3
    assert "difference[V-tasks]" in run.stdout and str(staged) in run.stdout
    assert "Nothing was published" in run.stderr and "Merged" not in run.stderr
    assert not destination.exists() and staged.is_dir()
    # The same command writes everything anew.
    run = robomerge("merge", "--verify", *sources, "-o", destination, "--json")
    assert run.exit_code == 0, run.stdout
    summary = next(line for line in run.json_lines() if "num_files_written" in line and line["message_type"] == "summary")
    assert summary["num_files_skipped"] == 0
    assert [stage["stage"] for stage in summary["stages"]] == ["read", "plan", "write", "verify", "publish"]
    assert [line["stage"] for line in run.json_lines() if line["message_type"] == "stage"] == ["read", "plan", "write", "verify", "publish"]
    assert [path.name for path in tmp_path.glob(".proven*")] == []
    assert findings(robomerge("verify", destination, "--against", *sources, "--json")) == []


def test_a_merge_that_is_done_is_verified_where_it_is(robomerge, sources, tmp_path):
    destination = tmp_path / "proven"
    assert robomerge("merge", *sources, "-o", destination).exit_code == 0
    run = robomerge("merge", "--verify", *sources, "-o", destination)
    assert run.exit_code == 0 and "Nothing to do" in run.stderr and f"Verified {destination}" in run.stderr


def test_stale_statistics_of_an_earlier_merge_are_set_right(robomerge, tmp_path):
    """In converted and merged datasets, statistics of index and episode_index are those from
    before."""
    roots = [make_tiny_dataset(tmp_path / "a"), make_tiny_dataset(tmp_path / "b")]
    path = roots[1] / "meta/episodes/chunk-000/file-000.parquet"
    table = pq.read_table(path)
    for name in ("stats/index/min", "stats/index/mean", "stats/episode_index/max"):
        column = pa.array([[77.0], [78.0]], pa.list_(pa.float64()))
        table = table.set_column(table.schema.get_field_index(name), name, column)
    for name in ("stats/index/q10", "stats/episode_index/q99"):
        table = table.append_column(name, pa.array([[-4.0], [1000.0]], pa.list_(pa.float64())))
    pq.write_table(table, path)
    assert robomerge("merge", "--verify", *roots, "-o", tmp_path / "merged").exit_code == 0
    assert findings(robomerge("verify", tmp_path / "merged", "--json")) == []
    row = pq.read_table(tmp_path / "merged/meta/episodes/chunk-000/file-000.parquet").to_pylist()[3]
    stats = {name: row[f"stats/{name}"] for name in ("index/min", "index/mean", "index/q10", "episode_index/max", "episode_index/q99")}
    assert stats == {"index/min": [17.0], "index/mean": [20.0], "index/q10": [17.6], "episode_index/max": [3.0], "episode_index/q99": [3.0]}


def test_what_is_no_dataset_is_an_error(robomerge, merged, tmp_path):
    assert robomerge("verify", tmp_path / "nothing").exit_code == 1
    assert robomerge("verify", merged, "--against", tmp_path / "nothing").exit_code == 1
    (merged / "meta/info.json").write_text("{")
    assert robomerge("verify", merged).exit_code == 1


def test_wrong_arguments_are_refused(robomerge, merged, sources):
    assert robomerge("verify").exit_code == 2
    assert robomerge("verify", merged, *sources).exit_code == 2
    assert robomerge("verify", merged, "--against").exit_code == 2
