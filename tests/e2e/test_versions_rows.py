"""Episodes, rows, tasks, videos and statistics of sources of v2.1 and v2.0 (docs/versions.md), and rules for
them."""

import json
import shutil
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from old_dataset import VIDEO, data_path, edit_lines, make_old_dataset, video_path, write_video
from test_in_the_wild import edit_info, edit_table, merged, refused, rows, sound, with_column  # noqa: F401
from test_versions import INFO, TASKS, EPISODES, STATS, STATE, ALL, tasks_of, episodes_of, edit_rows, old, without_video  # noqa: F401
from tiny_dataset import make_tiny_dataset
from tiny_video import FRAME_TICKS


# -- Episodes and their files.


def test_episodes_that_are_numbered_with_gaps(robomerge, old):
    for path in (data_path, video_path):
        path(old, 1).rename(path(old, 4))
    edit_table(data_path(old, 4), lambda table: with_column(table, "episode_index", [4] * len(table)))
    for file in (EPISODES, STATS):
        edit_lines(old / file, lambda lines: [lines[0], lines[1] | {"episode_index": 4}])
    out = merged(robomerge, old, warns="W-episode-number")
    assert [row[3] for row in rows(out, *ALL)] == [0] * 5 + [1] * 7
    assert episodes_of(out)["stats/episode_index/mean"].to_pylist() == [[0.0], [1.0]]


def test_rows_that_say_another_episode_in_every_file(robomerge, old):
    edit_rows(old, lambda table: with_column(table, "episode_index", [0] * len(table)))
    out = merged(robomerge, old, warns="W-episode-number")
    assert [row[3] for row in rows(out, *ALL)] == [0] * 5 + [1] * 7


def test_data_files_that_were_mixed_up(robomerge, old):
    for episode in range(2):
        edit_rows(old, lambda table, to=1 - episode: with_column(table, "episode_index", [to] * len(table)), [episode])
    assert "mixed up" in refused(robomerge, old, kind="E-rows")


def test_rows_of_several_episodes_in_a_file_of_one(robomerge, old):
    edit_rows(old, lambda table: with_column(table, "episode_index", [0, 0, *[1] * (len(table) - 2)]), [0])
    refused(robomerge, old, kind="E-rows")


def test_a_data_file_without_rows(robomerge, old):
    pq.write_table(pq.read_table(data_path(old, 1)).slice(0, 0), data_path(old, 1))
    refused(robomerge, old, kind="E-rows")


@pytest.mark.parametrize("length", [4, 6, None])
def test_a_length_that_is_not_that_of_the_rows(length, robomerge, old):
    edit_lines(old / EPISODES, lambda lines: [lines[0] | {"length": length}, lines[1]])
    out = merged(robomerge, old, warns="W-episode-length")
    assert episodes_of(out)["length"].to_pylist() == [5, 7]


@pytest.mark.parametrize("path", [data_path, video_path])
def test_files_of_episodes_that_are_missing(path, robomerge, old):
    path(old, 1).unlink()
    text = refused(robomerge, old, kind="E-missing-file")
    assert str(path(old, 1)) in text and "1 episode: 1" in text and "rsync" in text


@pytest.mark.parametrize("path", [data_path, video_path])
def test_files_of_no_episode(path, robomerge, old):
    shutil.copy(path(old, 1), path(old, 2))
    out = merged(robomerge, old, warns="W-stray-file")
    assert len(rows(out, "index")) == 12


def test_fewer_lines_than_info_json_counts(robomerge, old):
    edit_lines(old / EPISODES, lambda lines: lines[:1])
    assert "total_episodes" in refused(robomerge, old, kind="E-totals")


@pytest.mark.parametrize("key", ["total_episodes", "total_frames", "total_tasks"])
def test_totals_that_are_too_low(key, robomerge, old):
    edit_info(old, lambda info: info.update({key: 0, "splits": {}}))
    merged(robomerge, old, warns="W-totals")


# -- Columns.


@pytest.mark.parametrize("columns", [["index"], ["task_index"], ["index", "task_index", "episode_index"]])
@pytest.mark.parametrize("is_declared", [False, True])
def test_rows_without_columns_that_are_made(columns, is_declared, robomerge, old, sound):  # noqa: F811
    before = rows_of_old(old, *ALL)
    edit_rows(old, lambda table: table.drop_columns(columns))
    if not is_declared:
        edit_info(old, lambda info: [info["features"].pop(column) for column in columns])
    out = merged(robomerge, old, warns="W-made-column")
    assert rows(out, *ALL) == before
    shutil.rmtree(out)
    merged(robomerge, sound, old, warns="W-made-column")


def rows_of_old(root: Path, *columns: str) -> list[tuple]:
    return [row for path in sorted((root / "data").rglob("*.parquet")) for row in rows_of(path, columns)]


def rows_of(path: Path, columns: tuple[str, ...]) -> list[tuple]:
    return [tuple(row[column] for column in columns) for row in pq.read_table(path).select(columns).to_pylist()]


def test_rows_of_one_file_without_index(robomerge, old):
    before = rows_of_old(old, *ALL)
    edit_rows(old, lambda table: table.drop_columns(["index"]), [1])
    out = merged(robomerge, old, warns="W-made-column")
    assert rows(out, *ALL) == before


def test_rows_without_task_index_of_several_tasks(robomerge, old):
    edit_rows(old, lambda table: table.drop_columns(["task_index"]))
    edit_lines(old / TASKS, lambda lines: [*lines, {"task_index": 1, "task": "rest"}])
    edit_info(old, lambda info: info.update(total_tasks=2))
    edit_lines(old / EPISODES, lambda lines: [line | {"tasks": ["open the drawer", "rest"]} for line in lines])
    assert "task_index" in refused(robomerge, old, kind="E-tasks")


def test_times_and_numbers_as_doubles(robomerge, old, sound):  # noqa: F811
    def change(table: pa.Table) -> pa.Table:
        times = [frame / 10 for frame in table["frame_index"].to_pylist()]
        table = with_column(table.drop_columns(["timestamp"]), "timestamp", times, pa.float64())
        state = table["observation.state"].to_pylist()
        return with_column(table.drop_columns(["observation.state"]), "observation.state", state, pa.list_(pa.float64()))

    edit_rows(old, change)
    out = merged(robomerge, sound, old)
    assert rows(out, *STATE)[12:] == [(state, pytest.approx(time), frame) for state, time, frame in rows(sound, *STATE)]


def test_times_of_a_clock(robomerge, old):
    edit_rows(old, lambda table: with_column(table, "timestamp", [1e3 + 0.11 * at for at in range(len(table))]))
    assert "--retime" in refused(robomerge, old, kind="E-timestamps")
    out = old.parent / "out"
    run = robomerge("merge", old, "-o", out, "--retime", "--verify")
    assert run.exit_code == 0, run.stderr
    assert rows(out, *STATE) == rows(make_tiny_dataset(old.parent / "whole"), *STATE)


def test_times_of_a_clock_without_video(robomerge, without_video):
    edit_rows(without_video, lambda table: with_column(table, "timestamp", [0.11 * at for at in range(len(table))]))
    run = robomerge("merge", without_video, "-o", without_video.parent / "out", "--verify")
    assert run.exit_code == 0 and "W-timestamps" in run.stderr, run.stderr


def test_columns_that_are_no_features(robomerge, old):
    edit_rows(old, lambda table: with_column(table, "note", ["x"] * len(table), pa.string()), [1])
    out = merged(robomerge, old, warns="W-data-columns")
    assert "note" not in pq.read_schema(out / "data/chunk-000/file-000.parquet").names


def test_columns_that_are_no_features_under_rules(robomerge, old):
    edit_rows(old, lambda table: with_column(table, "note", ["x"] * len(table), pa.string()))
    out = old.parent / "out"
    run = robomerge("merge", old, "-o", out, "--rename", "observation.state=note", "--verify")
    assert run.exit_code == 0, run.stderr
    assert rows(out, "note") == rows_of_old(old, "observation.state")


def test_features_without_a_column(robomerge, old):
    text = {"dtype": "string", "shape": [1], "names": None}
    edit_info(old, lambda info: info["features"].update(language_instruction=text))
    out = merged(robomerge, old, warns="W-data-columns")
    assert "language_instruction" not in json.loads((out / INFO).read_text())["features"]


def test_the_five_default_features_need_no_declaration(robomerge, old):
    edit_info(old, lambda info: [info["features"].pop(name) for name in ALL[1:]])
    merged(robomerge, old)


@pytest.mark.parametrize("column", ["timestamp", "frame_index"])
def test_rows_without_times_or_numbers_of_frames(column, robomerge, old):
    edit_rows(old, lambda table: table.drop_columns([column]))
    assert column in refused(robomerge, old, kind="E-data-columns")


@pytest.mark.parametrize("episode", [0, 1])
def test_a_column_that_only_one_file_lacks(robomerge, old, tmp_path, episode):
    edit_rows(old, lambda table: table.drop_columns(["observation.state"]), [episode])
    assert f"episode_{episode:06}.parquet" in refused(robomerge, old, kind="E-data-columns")
    run = robomerge("merge", old, "-o", tmp_path / "rest", "--skip-broken", "episodes", "--verify")
    assert (run.exit_code, "W-data-columns" in run.stderr) == (5, False), run.stderr
    assert "observation.state" in pq.read_table(tmp_path / "rest/data").column_names
    both = robomerge("compare", old, tmp_path / "rest")
    assert "observation.state" not in both.stdout, both.stdout


def test_pictures_in_the_table(robomerge, without_video):
    picture = b"\x89PNG\r\n\x1a\n"
    group = pa.struct([("bytes", pa.binary()), ("path", pa.string())])
    edit_info(
        without_video,
        lambda info: info["features"].update(top={"dtype": "image", "shape": [4, 4, 3], "names": None}),
    )
    edit_rows(
        without_video,
        lambda table: with_column(table, "top", [{"bytes": picture, "path": f"{at}.png"} for at in range(len(table))], group),
    )
    out = merged(robomerge, without_video, warns="W-stats-left-out")
    assert [cell[0]["bytes"] for cell in rows(out, "top")] == [picture] * 12


# -- Tasks.


def test_numbers_of_tasks_with_gaps(robomerge, old):
    edit_lines(old / TASKS, lambda lines: [{"task_index": 3, "task": "rest"}, {"task_index": 7, "task": "open the drawer"}])
    edit_info(old, lambda info: info.update(total_tasks=2))
    edit_rows(old, lambda table: with_column(table, "task_index", [7] * len(table)))
    out = merged(robomerge, old, warns="W-task-gap")
    assert tasks_of(out) == ["rest", "open the drawer"]
    assert {row[0] for row in rows(out, "task_index")} == {1}


def test_rows_of_a_task_that_is_not_there(robomerge, old):
    edit_lines(old / TASKS, lambda lines: [lines[0], {"task_index": 5, "task": "rest"}])
    edit_info(old, lambda info: info.update(total_tasks=2))
    edit_rows(old, lambda table: with_column(table, "task_index", [2] * len(table)), [1])
    assert "tasks.jsonl" in refused(robomerge, old, kind="E-tasks")
    edit_rows(old, lambda table: with_column(table, "task_index", [9] * len(table)), [1])
    assert "tasks.jsonl" in refused(robomerge, old, kind="E-tasks")


def test_a_number_with_two_texts(robomerge, old):
    edit_lines(old / TASKS, lambda lines: [*lines, {"task_index": 0, "task": "rest"}])
    assert "two texts" in refused(robomerge, old, kind="E-tasks")


def test_a_text_with_two_numbers(robomerge, old):
    edit_lines(old / TASKS, lambda lines: [*lines, lines[0] | {"task_index": 1}])
    edit_info(old, lambda info: info.update(total_tasks=2))
    edit_rows(old, lambda table: with_column(table, "task_index", [1] * len(table)), [1])
    out = merged(robomerge, old, warns="W-task-twice")
    assert tasks_of(out) == ["open the drawer"]
    assert {row[0] for row in rows(out, "task_index")} == {0}


@pytest.mark.parametrize("tasks", [["Open the drawer!"], None, []])
def test_texts_of_episodes_that_are_not_those_of_the_table(tasks, robomerge, old):
    edit_lines(old / EPISODES, lambda lines: [line | {"tasks": tasks} for line in lines])
    out = merged(robomerge, old, warns="W-episode-tasks")
    assert episodes_of(out)["tasks"].to_pylist() == [["open the drawer"]] * 2


def test_columns_that_number_tasks(robomerge, old, sound):  # noqa: F811
    name = "annotation.human.validity"
    for root, path in [(old, data_path(old, 0)), (old, data_path(old, 1)), (sound, sound / "data/chunk-000/file-000.parquet")]:
        edit_info(root, lambda info: info["features"].update({name: {"dtype": "int64", "shape": [1], "names": None}}))
        edit_table(path, lambda table: with_column(table, name, [0] * len(table), pa.int64()))
    merged(robomerge, old, warns="W-stats-measured")
    shutil.rmtree(old.parent / "merged")
    out = old.parent / "both"
    run = robomerge("merge", sound, old, "-o", out, "--verify")
    assert run.exit_code == 0 and f"--drop {name}" in run.stderr, run.stderr
    assert {row[0] for row in rows(out, name)} == {0}


def test_rules_for_features_without_a_column(robomerge, old, sound):  # noqa: F811
    text = {"dtype": "string", "shape": [1], "names": None}
    edit_info(old, lambda info: info["features"].update(language_instruction=text))
    assert "language_instruction" not in robomerge("compare", sound, old).stdout
    merged(robomerge, sound, old, warns="W-data-columns")


def test_one_text_instead_of_a_list(robomerge, old):
    edit_lines(old / EPISODES, lambda lines: [line | {"tasks": line["tasks"][0]} for line in lines])
    merged(robomerge, old)


# -- Videos.


def test_a_video_with_a_frame_more_than_rows(robomerge, old):
    write_video(video_path(old, 0), 6, seed=1)
    out = merged(robomerge, old, warns="W-video-frames")
    assert episodes_of(out)["videos/camera/from_timestamp"].to_pylist() == [0.0, 0.6]


def test_a_video_with_a_frame_less_than_rows(robomerge, old):
    write_video(video_path(old, 0), 4, seed=1)
    text = refused(robomerge, old, kind="E-video-frames")
    assert str(video_path(old, 0)) in text and "4 frames" in text


def test_a_video_that_does_not_begin_at_0(robomerge, old):
    write_video(video_path(old, 1), 7, seed=2, first_tick=2 * FRAME_TICKS)
    out = merged(robomerge, old, warns="W-video-start")
    assert episodes_of(out)["videos/camera/from_timestamp"].to_pylist() == [0.0, 0.5]


def test_a_camera_without_a_folder(robomerge, old):
    edit_info(old, lambda info: info["features"].update(wrist=info["features"]["camera"]))
    text = refused(robomerge, old, kind="E-missing-file")
    assert VIDEO.format(episode_chunk=0, episode_index=0, video_key="wrist") in text
    assert "2 episodes: 0, 1" in text


# -- Statistics.


def test_statistics_of_an_episode_that_are_missing(robomerge, old):
    edit_lines(old / STATS, lambda lines: lines[:1])
    out = merged(robomerge, old, warns="W-episode-stats W-stats-left-out")
    stats = json.loads((out / "meta/stats.json").read_text())
    assert stats["observation.state"]["count"] == [12] and "camera" not in stats
    assert episodes_of(out)["stats/observation.state/count"].to_pylist() == [[5], [7]]


def test_statistics_of_a_camera_that_a_line_lacks(robomerge, old):
    def change(lines: list[dict]) -> None:
        del lines[1]["stats"]["camera"]

    edit_lines(old / STATS, change)
    out = merged(robomerge, old, warns="W-episode-stats W-stats-left-out")
    assert "camera" not in json.loads((out / "meta/stats.json").read_text())
    assert episodes_of(out)["stats/camera/count"].to_pylist()[1] is None


def test_statistics_that_are_of_other_rows(robomerge, old):
    def change(lines: list[dict]) -> None:
        lines[1]["stats"]["observation.state"]["count"] = [6]

    edit_lines(old / STATS, change)
    out = merged(robomerge, old, warns="W-episode-stats W-stats-measured")
    assert json.loads((out / "meta/stats.json").read_text())["observation.state"]["count"] == [12]
    assert episodes_of(out)["stats/observation.state/count"].to_pylist() == [[5], [7]]


def test_statistics_of_no_episode(robomerge, old):
    edit_lines(old / STATS, lambda lines: [*lines, lines[1] | {"episode_index": 2}])
    merged(robomerge, old, warns="W-episode-stats")


def test_a_stats_json_beside_the_lines(robomerge, old):
    (old / "meta/stats.json").write_text(json.dumps({"observation.state": {"mean": [0, 0], "q01": [0, 0]}}))
    out = merged(robomerge, old)
    assert json.loads((out / "meta/stats.json").read_text())["observation.state"]["count"] == [12]
    # It is held against the rows, which trainers normalise by it.
    for run in (robomerge("stats", old), robomerge("verify", old), robomerge("verify", old, "--measure-stats")):
        assert "V-stats]" in run.stdout and "observation.state" in run.stdout, run.stdout
    true = json.loads((out / "meta/stats.json").read_text())["observation.state"]
    (old / "meta/stats.json").write_text(json.dumps({"observation.state": {stat: true[stat] for stat in ("mean", "q01")}}))
    assert robomerge("verify", old, "--measure-stats").exit_code == 0


def test_a_dataset_without_episodes(robomerge, tmp_path, sound):  # noqa: F811
    empty = make_old_dataset(tmp_path / "empty", lengths=())
    for file in (EPISODES, STATS):
        (empty / file).unlink()
    run = robomerge("merge", sound, empty, "-o", tmp_path / "out", "--verify")
    assert run.exit_code == 0, run.stderr
    assert "W-empty-source" in run.stderr


# -- Rules.


def test_rules_name_episodes_by_their_own_numbers(robomerge, old, tmp_path):
    test_episodes_that_are_numbered_with_gaps(robomerge, old)
    words = ("--no-sync", "--verify")
    chosen = robomerge("merge", old, "-o", tmp_path / "chosen", "--episodes", "4", "--trim", "4=2-", *words)
    assert chosen.exit_code == 0, chosen.stderr
    table = pq.read_table(tmp_path / "chosen/data/chunk-000/file-000.parquet")
    whole = pq.read_table(data_path(old, 4))
    assert table["observation.state"].to_pylist() == whole["observation.state"].to_pylist()[2:]
    proof = robomerge("verify", tmp_path / "chosen", "--against", old)
    assert proof.exit_code == 0, proof.stdout
    listed = robomerge("merge", old, "--list-episodes", "--exclude-episodes", "0")
    assert "  4  7 frames  chosen" in listed.stdout
    for flags in (("--episodes", "1"), ("--exclude-episodes", "0-3"), ("--trim", "1=0-2")):
        run = robomerge("merge", old, "-o", tmp_path / "none", *flags)
        assert run.exit_code == 2 and "episodes 0,4" in run.stderr, run.stderr


#: What is broken of episode 1 of a dataset of v2.1, and nothing else.
BROKEN_EPISODES = {
    "no data file": lambda root: data_path(root, 1).unlink(),
    "no video": lambda root: video_path(root, 1).unlink(),
    "a data file that ends early": lambda root: data_path(root, 1).write_bytes(data_path(root, 1).read_bytes()[:200]),
    "a video that is none": lambda root: video_path(root, 1).write_bytes(b"<html>" * 100),
    "a video that lacks frames": lambda root: shutil.copy(video_path(root, 0), video_path(root, 1)),
    "no rows": lambda root: edit_table(data_path(root, 1), lambda table: table.slice(0, 0)),
    "a task that is not there": lambda root: edit_rows(
        root, lambda table: with_column(table, "task_index", [9] * len(table)), [1]
    ),
}


@pytest.mark.parametrize("damage", BROKEN_EPISODES)
def test_a_broken_episode_is_left_out_alone(damage, robomerge, tmp_path):
    lengths = (5, 7, 6)
    broken, twin = (make_old_dataset(tmp_path / name / "old", lengths=lengths) for name in ("broken", "twin"))
    BROKEN_EPISODES[damage](broken)
    out, wanted = tmp_path / "out", tmp_path / "wanted"
    run = robomerge("merge", broken, "-o", out, "--no-sync", "--verify", "--skip-broken", "episodes")
    assert run.exit_code == 5, run.stderr
    assert "episodes 1 of" in run.stderr
    assert robomerge("merge", twin, "-o", wanted, "--no-sync", "--exclude-episodes", "1").exit_code == 0
    files = [path.relative_to(wanted) for path in sorted(wanted.rglob("*")) if path.is_file()]
    assert files == [path.relative_to(out) for path in sorted(out.rglob("*")) if path.is_file()]
    for file in files:
        if file.name != "robomerge.json":
            assert (out / file).read_bytes() == (wanted / file).read_bytes(), file
    assert robomerge("verify", out, "--against", broken).exit_code == 0


def test_a_camera_that_is_left_out_needs_no_videos(robomerge, old, tmp_path):
    video_path(old, 1).unlink()
    run = robomerge("merge", old, "-o", tmp_path / "out", "--no-sync", "--verify", "--drop", "camera")
    assert run.exit_code == 0, run.stderr
    assert not (tmp_path / "out/videos").exists()
