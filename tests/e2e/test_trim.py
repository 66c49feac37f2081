"""`trim`: a range of an episode's frames. Random ones are in test_adapt_model.py; here are wrong
ones, and what must follow the frames: times of language, tasks, statistics, rows in several files."""

import json
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from edits import DATA, EPISODES, STATS, edit_column, edit_json, edit_table
from test_adapt import LENGTHS, STATE, add_column, columns_of, features_of, frames_of, make_source, merged, pictures_of, refused, tasks_of
from tiny_dataset import feature
from tiny_video import FRAME_TICKS, add_video

STATS_OF_STATE = [f"stats/{STATE}/{stat}" for stat in ("min", "max", "mean", "std", "count")]


@pytest.fixture
def source(tmp_path) -> Path:
    return make_source(tmp_path / "kitchen", 1)


def test_rows_pictures_times_and_statistics_are_those_of_the_kept_frames(robomerge, source, tmp_path):
    out = merged(robomerge, tmp_path / "out", source, "--trim", "1=1-3", "--trim", "3=4-")
    begin = frames_of(3)[0]
    kept = [*frames_of(0), *frames_of(1)[1:4], *frames_of(2), begin + 4, begin + 5]
    before, after = columns_of(source, STATE), columns_of(out)
    assert after[STATE] == [before[STATE][row] for row in kept]
    lengths = [4, 3, 3, 2]
    assert after["frame_index"] == [frame for length in lengths for frame in range(length)]
    assert after["timestamp"] == [float(np.float32(frame / 10)) for length in lengths for frame in range(length)]
    assert after["index"] == list(range(sum(lengths)))
    assert set(kept) <= {frame for _, frame in pictures_of(out)} and len(pictures_of(out)) == len(kept)
    episodes = pq.read_table(out / EPISODES).to_pylist()
    assert [episode["length"] for episode in episodes] == lengths
    of_state = {stat: episodes[1][f"stats/{STATE}/{stat}"] for stat in ("min", "max", "mean", "count")}
    values = np.array([before[STATE][row] for row in frames_of(1)[1:4]])
    np.testing.assert_allclose(of_state["mean"], values.mean(axis=0))
    np.testing.assert_allclose([of_state["min"], of_state["max"]], [values.min(axis=0), values.max(axis=0)])
    assert of_state["count"] == [3] and episodes[1]["stats/frame_index/max"] == [2.0]
    whole = json.loads((out / STATS).read_text())
    assert whole[STATE]["count"] == [len(kept)] and whole["timestamp"]["max"][0] == pytest.approx(0.3)


def test_the_statistics_of_a_camera_stay_with_a_warning(robomerge, source, tmp_path):
    edit_table(source / EPISODES, lambda table: table.append_column("stats/camera/mean", pa.array([[[[0.5]]]] * len(table))))
    run = robomerge("merge", source, "-o", tmp_path / "out", "--trim", "0=1-2", "--no-sync", "--verify")
    assert run.exit_code == 0 and "W-trim-cameras" in run.stderr
    assert pq.read_table(tmp_path / "out" / EPISODES)["stats/camera/mean"].to_pylist()[0] == [[[0.5]]]
    run = robomerge("merge", source, "-o", tmp_path / "other", "--trim", "0=1-2", "--drop", "camera", "--no-sync", "--verify")
    assert run.exit_code == 0


def language(times: list[float]) -> list[dict]:
    return [{"role": "assistant", "content": f"at {time}", "style": "subtask", "timestamp": time, "camera": None} for time in times]


def test_times_of_language_move_along(robomerge, source, tmp_path):
    name = "language_persistent"
    words = [(field, pa.string()) for field in ("role", "content", "style")]
    kind = pa.list_(pa.struct([*words, ("timestamp", pa.float32()), ("camera", pa.string())]))
    said = [None if row % 5 == 4 else language([0.0, 0.1, 0.25, 0.4]) for row in range(sum(LENGTHS))]
    add_column(source, name, feature("language", [1]), said, kind)
    events = [[{"role": "user", "content": str(row)}] if row % 2 else [] for row in range(sum(LENGTHS))]
    add_column(source, "language_events", feature("language", [1]), events, pa.list_(pa.struct(words[:2])))
    out = merged(robomerge, tmp_path / "out", source, "--trim", "1=2-")
    kept = [*frames_of(0), *frames_of(1)[2:], *frames_of(2, 3)]
    after = columns_of(out)
    assert after["language_events"] == [events[row] for row in kept]
    for place, row in enumerate(kept):
        moved = row in frames_of(1)
        if said[row] is None:
            assert after[name][place] is None
            continue
        times = [float(np.float32(time)) for time in ([-0.2, -0.1, 0.05, 0.2] if moved else [0.0, 0.1, 0.25, 0.4])]
        assert [one["timestamp"] for one in after[name][place]] == pytest.approx(times, abs=1e-7)
        assert moved is False or after[name][place][3]["timestamp"] == times[3]  # that of a frame, exactly
        assert [one["content"] for one in after[name][place]] == [one["content"] for one in said[row]]
    refused(robomerge, tmp_path, source, "--rename", f"{name}=said", kind="E-rule")
    edit_column(out / DATA, name, lambda cells: [cell and [one | {"timestamp": one["timestamp"] + 0.1} for one in cell] for cell in cells])
    assert robomerge("verify", out, "--against", source).exit_code == 3


def test_tasks_of_frames_that_go_are_not_carried(robomerge, source, tmp_path):
    edit_column(source / DATA, "task_index", lambda cells: [0, *[1] * (len(cells) - 1)])
    pandas = {"index_columns": ["task"], "column_indexes": [], "columns": [], "creator": {}, "pandas_version": "2.3.3"}
    table = pa.table({"task_index": pa.array([0, 1], pa.int64()), "task": ["reach", "wipe"]})
    pq.write_table(table.replace_schema_metadata({"pandas": json.dumps(pandas)}), source / "meta/tasks.parquet")
    edit_column(source / EPISODES, "tasks", lambda cells: [["reach", "wipe"]] * len(cells))
    edit_json(source / "meta/info.json", lambda info: info.update(total_tasks=2))
    flags = [word for episode in range(4) for word in ("--trim", f"{episode}=1-")]
    out = merged(robomerge, tmp_path / "out", source, *flags)
    assert tasks_of(out) == ["wipe"] and set(columns_of(out, "task_index")["task_index"]) == {0}
    assert pq.read_table(out / EPISODES)["tasks"].to_pylist() == [["wipe"]] * 4


def test_an_episode_in_two_files_may_begin_in_the_second(robomerge, source, tmp_path):
    """The first two frames of episode 3 lie in another file than its last four."""
    table = pa.concat_tables([pq.read_table(source / DATA)])
    cut = frames_of(3)[2]
    pq.write_table(table.slice(0, cut), source / DATA)
    pq.write_table(table.slice(cut), source / "data/chunk-000/file-001.parquet")
    for number, (text, kept) in enumerate({"3=3-": slice(3, 6), "3=1-4": slice(1, 5), "3=0-1": slice(0, 2)}.items()):
        out = merged(robomerge, tmp_path / f"out-{number}", source, "--trim", text)
        rows = [*frames_of(0, 1, 2), *frames_of(3)[kept]]
        assert columns_of(out, STATE)[STATE] == [columns_of(source, STATE)[STATE][row] for row in rows]
        assert pictures_of(out)[-1] == (1, rows[-1])


WRONG = {
    "no such episode": (["--trim", "4=0-1"], "there is no episode 4", "episodes 0-3"),
    "no such frame": (["--trim", "1=2-9"], "episode 1 has no frame 9", "frames 0 to 4"),
    "begins behind the end": (["--trim", "1=5-"], "episode 1 has no frame 5", "frames 0 to 4"),
    "not chosen": (["--trim", "1=0-1", "--exclude-episodes", "1"], "not chosen", "exclude_episodes 1"),
    "not of the sample": (["--trim", "0=0-1", "--sample", "2", "--seed", "7"], "not chosen", "sample"),
}


@pytest.mark.parametrize("rule", WRONG)
def test_wrong_trims_are_refused(rule, robomerge, source, tmp_path):
    flags, *words = WRONG[rule]
    said = refused(robomerge, tmp_path, source, *flags, kind="E-rule")
    assert all(word in said for word in words), said


@pytest.mark.parametrize("text", ["1", "1=", "1=3-2", "one=1-2", "1-2=1", "=1"])
def test_what_is_no_trim_is_a_wrong_value(text, robomerge, source, tmp_path):
    run = robomerge("merge", source, "-o", tmp_path / "refused", "--trim", text)
    assert run.exit_code == 2 and "E-value" in run.stderr and "--trim" in run.stderr, run.stderr


def test_all_wrong_trims_of_a_recipe_come_at_once_with_their_lines(robomerge, source, tmp_path):
    (tmp_path / "r.yaml").write_text("output: refused\nsources:\n  - path: kitchen\n    trim:\n      0: 9-\n      7: 1\n      1: 1-2\n")
    run = robomerge("merge", "--recipe", tmp_path / "r.yaml")
    assert run.exit_code == 2 and "line 5: trim: 0" in run.stderr and "line 6: trim: 7" in run.stderr, run.stderr


def test_the_selection_sees_the_whole_episode(robomerge, source, tmp_path):
    flags = ["--where", "next.success = true", "--min-frames", "4", "--trim", "0=0-1"]
    out = merged(robomerge, tmp_path / "out", source, *flags)
    assert columns_of(out, "frame_index")["frame_index"] == [0, 1] and not any(columns_of(out, "next.success")["next.success"])


def test_frames_that_are_not_numbered_from_0_are_retimed_first(robomerge, source, tmp_path):
    shifted = {"frame_index": lambda value: value + 2, "timestamp": lambda value: value + 0.2}
    for name, change in shifted.items():
        edit_column(source / DATA, name, lambda cells, change=change: [change(cell) for cell in cells])
    times = {"from": [0.0, 0.2, 0.7, 1.0]}["from"]
    edit_column(source / EPISODES, "videos/camera/from_timestamp", lambda _: [time - 0.2 if time else 0.0 for time in times])
    said = refused(robomerge, tmp_path, source, "--episodes", "2", "--trim", "2=1-", kind="E-rule")
    assert "--retime" in said


def test_a_trim_of_everything_is_none(robomerge, source, tmp_path):
    whole = merged(robomerge, tmp_path / "whole", source)
    out = merged(robomerge, tmp_path / "out", source, "--trim", "1=0-")
    assert [path.read_bytes() for path in sorted(out.rglob("*")) if path.is_file()] == [path.read_bytes() for path in sorted(whole.rglob("*")) if path.is_file()]
    assert "camera" in features_of(out)


@pytest.mark.parametrize(("flags", "first"), [(["--episodes", "1-"], LENGTHS[0]), (["--trim", "0=1-"], 1)])
def test_frames_of_a_video_that_begins_late_are_counted_as_without_rules(flags, first, robomerge, source, tmp_path):
    """The first episode tells that the video begins late, chosen whole or not."""
    add_video(source, LENGTHS, seed=1, edit_ticks=lambda ticks: [tick + FRAME_TICKS for tick in ticks], edit_metadata=False)
    run = robomerge("merge", source, "-o", tmp_path / "out", "--no-sync", "--verify", *flags)
    assert run.exit_code == 0 and "W-video-start" in run.stderr, run.stderr
    assert pictures_of(tmp_path / "out") == [(1, frame) for frame in range(first, sum(LENGTHS))]
