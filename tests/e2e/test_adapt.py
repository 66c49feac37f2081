"""Datasets that do not agree: what each rule of docs/adapt.md makes of rows, pictures, tasks and
statistics, that verify proves it, and that wrong rules are refused before anything is written."""

import json
import shlex
import shutil
import struct
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from edits import DATA, EPISODES, STATS, edit_json, edit_table
from stages import tree
from tiny_dataset import feature, make_tiny_dataset
from tiny_video import FRAME_BYTES, add_video, describe_camera

LENGTHS = (4, 5, 3, 6)
STATE = "observation.state"


def add_column(root: Path, name: str, entry: dict, values: list, kind: pa.DataType) -> None:
    edit_json(root / "meta/info.json", lambda info: info["features"].update({name: entry}))
    done = iter(values)
    edit_table(root / DATA, lambda table: table.append_column(name, pa.array([next(done) for _ in range(len(table))], kind)))


def make_source(root: Path, seed: int, *, camera: str = "camera", task: str = "wipe the table") -> Path:
    """Four episodes with a camera; the last row of every second one says that it went well."""
    make_tiny_dataset(root, lengths=LENGTHS, task=task)
    add_video(root, LENGTHS, seed=seed)
    describe_camera(root, sum(LENGTHS))
    edit_json(root / "meta/info.json", lambda info: info["features"]["camera"]["info"].update({"video.codec": "mp4v"}))
    edit_json(root / "meta/info.json", lambda info: info["features"][STATE].update(names=["x", "y"]))
    success = [row == length - 1 and episode % 2 == 0 for episode, length in enumerate(LENGTHS) for row in range(length)]
    add_column(root, "next.success", feature("bool", [1]), success, pa.bool_())
    if camera != "camera":
        rename_camera(root, camera)
    return root


def rename_camera(root: Path, name: str) -> None:
    (root / "videos/camera").rename(root / "videos" / name)
    edit_json(root / STATS, lambda stats: stats.update({name: stats.pop("camera")}))
    edit_json(root / "meta/info.json", lambda info: info["features"].update({name: info["features"].pop("camera")}))
    edit_table(root / EPISODES, lambda table: table.rename_columns([column.replace("videos/camera/", f"videos/{name}/") for column in table.column_names]))


@pytest.fixture
def source(tmp_path) -> Path:
    return make_source(tmp_path / "kitchen", 1)


@pytest.fixture
def other(tmp_path) -> Path:
    return make_source(tmp_path / "garage", 2, task="Wipe  the table.")


def merged(robomerge, out: Path, *words: str | Path, against: list[Path] = ()) -> Path:
    """The result, proven while it is made, alone, and against its sources by the rules of its
    record."""
    sources = list(against) or [word for word in words if isinstance(word, Path)]
    for command in (("merge", *words, "-o", out, "--no-sync", "--verify"), ("verify", out), ("verify", out, "--against", *sources)):
        run = robomerge(*command)
        assert run.exit_code == 0, run.stdout + run.stderr
    return out


def refused(robomerge, tmp_path: Path, *words: str | Path, kind: str) -> str:
    run = robomerge("merge", *words, "-o", tmp_path / "refused")
    assert run.exit_code in (1, 2) and f"error[{kind}]" in run.stderr, run.stderr
    assert not list(tmp_path.glob("*refused*"))
    return run.stderr


def columns_of(root: Path, *names: str) -> dict[str, list]:
    table = pa.concat_tables([pq.read_table(path) for path in sorted((root / "data").rglob("*.parquet"))])
    return {name: table[name].to_pylist() for name in names or table.column_names}


def features_of(root: Path) -> dict[str, dict]:
    return json.loads((root / "meta/info.json").read_text())["features"]


def tasks_of(root: Path) -> list[str]:
    table = pq.read_table(root / "meta/tasks.parquet")
    return table[next(name for name in table.column_names if name != "task_index")].to_pylist()


def pictures_of(root: Path, camera: str = "camera") -> list[tuple[int, int]]:
    """(seed, number) of all frames of the videos, in order."""
    frames = []
    for path in sorted((root / "videos" / camera).rglob("*.mp4")):
        content = path.read_bytes()
        at = 0
        while at < len(content):
            size, kind = struct.unpack_from(">I4s", content, at)
            header = 16 if size == 1 else 8
            if size == 1:
                (size,) = struct.unpack_from(">Q", content, at + 8)
            if kind == b"mdat":
                body = content[at + header : at + size]
                frames += [(body[frame], body[frame + 1]) for frame in range(0, len(body), FRAME_BYTES)]
            at += size
    return frames


def frames_of(*episodes: int) -> list[int]:
    starts = np.cumsum((0, *LENGTHS))
    return [frame for episode in episodes for frame in range(starts[episode], starts[episode + 1])]


# -- Select.

SELECTIONS = {
    "episodes": (["--episodes", "0,2-"], [0, 2, 3]),
    "exclude-episodes": (["--exclude-episodes", "1-2"], [0, 3]),
    "select-task": (["--select-task", "glob:wipe *"], [0, 1, 2, 3]),
    "min-frames": (["--min-frames", "5"], [1, 3]),
    "max-frames": (["--max-frames", "4"], [0, 2]),
    "where": (["--where", "next.success = true"], [0, 2]),
    "where not": (["--where", "next.success != true", "--where", "frame_index > 4"], [3]),
    "where number": (["--where", "frame_index < 4"], [0, 2]),
    "sample": (["--sample", "2", "--seed", "7"], [1, 2]),
    "together": (["--episodes", "0-2", "--min-frames", "4", "--where", "next.success = true"], [0]),
}


@pytest.mark.parametrize("rule", SELECTIONS)
def test_a_selection_keeps_rows_pictures_and_statistics_of_its_episodes(rule, robomerge, source, tmp_path):
    flags, episodes = SELECTIONS[rule]
    out = merged(robomerge, tmp_path / "out", source, *flags)
    kept = frames_of(*episodes)
    before = columns_of(source, STATE, "timestamp", "frame_index")
    assert columns_of(out, STATE, "timestamp", "frame_index") == {name: [values[row] for row in kept] for name, values in before.items()}
    assert columns_of(out, "index")["index"] == list(range(len(kept)))
    assert pictures_of(out) == [(1, frame) for frame in kept]
    stats = json.loads((out / STATS).read_text())[STATE]
    values = np.array([before[STATE][row] for row in kept])
    assert stats["count"] == [len(kept)]
    np.testing.assert_allclose(stats["mean"], values.mean(axis=0), rtol=1e-6)
    np.testing.assert_allclose(stats["std"], values.std(axis=0), rtol=1e-5, atol=1e-7)
    np.testing.assert_allclose(stats["max"], values.max(axis=0), rtol=1e-6)


CONDITIONS = {
    "u = 18446744073709551612": [1],
    "u > 9223372036854775807": [1, 3],
    "i = 9007199254740993": [0],
    "i != 9007199254740993": [1, 2, 3],
    "i < 1.5": [1, 3],
    "f = 0.1": [0, 1],
    "f > 0.1": [2],
    "f != 0.1": [2],
    "s = \"1\"": [0],
    "s != slow": [0, 2],
}


@pytest.mark.parametrize("condition", CONDITIONS)
def test_conditions_are_exact(condition, robomerge, source):
    """A null fulfils no condition."""
    columns = {
        "u": ("uint64", pa.uint64(), [5, 18446744073709551612, 0, 9223372036854775808]),
        "i": ("int64", pa.int64(), [9007199254740993, 1, 9007199254740992, -3]),
        "f": ("float32", pa.float32(), [0.1, 0.1, 0.5, None]),
        "s": ("string", pa.string(), ["1", "slow", "fast", "slow"]),
    }
    for name, (dtype, kind, values) in columns.items():
        add_column(source, name, feature(dtype, [1]), [value for value, length in zip(values, LENGTHS) for _ in range(length)], kind)
    run = robomerge("merge", source, "--list-episodes", "--json", "--where", condition)
    assert run.exit_code == 0, run.stderr
    assert [line["episode"] for line in run.json_lines() if line["is_chosen"]] == CONDITIONS[condition]


def test_compact_leaves_out_pictures_of_no_episode(robomerge, source, tmp_path):
    add_video(source, (*LENGTHS, 9), seed=1, edit_metadata=False)
    assert len(pictures_of(merged(robomerge, tmp_path / "whole", source))) == sum(LENGTHS) + 9
    out = merged(robomerge, tmp_path / "out", source, "--compact")
    assert pictures_of(out) == [(1, frame) for frame in range(sum(LENGTHS))]


def test_an_empty_choice_is_a_warning_of_one_source_and_an_error_of_all(robomerge, source, other, tmp_path):
    run = robomerge("merge", source, other, "-o", tmp_path / "out", "--select-task", "wipe the table", "--no-sync", "--verify")
    assert run.exit_code == 0 and "W-nothing-selected" in run.stderr
    assert tasks_of(tmp_path / "out") == ["wipe the table"]
    refused(robomerge, tmp_path, source, other, "--min-frames", "99", kind="E-nothing-selected")


def test_list_episodes_says_why(robomerge, source):
    run = robomerge("merge", source, "--list-episodes", "--episodes", "1-", "--max-frames", "5")
    assert run.exit_code == 0 and "2 of 4 episodes chosen" in run.stdout
    assert "0  4 frames  left out: not in episodes 1-" in run.stdout and "3  6 frames  left out: 6 frames, more than 5" in run.stdout
    lines = robomerge("plan", source, "--list-episodes", "--episodes", "2", "--json").json_lines()
    assert [line["is_chosen"] for line in lines] == [False, False, True, False]
    assert list(lines[0]) == ["message_type", "source", "episode", "num_frames", "is_chosen", "reason"]


# -- Reconcile.


def test_a_camera_and_a_column_of_another_name(robomerge, source, tmp_path):
    odd = make_source(tmp_path / "odd", 2, camera="cam_wrist")
    out = merged(robomerge, tmp_path / "out", source, odd, "--rename", "cam_wrist=camera", "--rename", f"{STATE}=state")
    assert "cam_wrist" not in features_of(out) and "state" in features_of(out) and STATE not in columns_of(out)
    assert pictures_of(out) == [(seed, frame) for seed in (1, 2) for frame in range(sum(LENGTHS))]
    assert columns_of(out, "state")["state"] == columns_of(source, STATE)[STATE] * 2
    assert "state" in json.loads((out / STATS).read_text())
    assert "stats/state/mean" in pq.read_table(out / EPISODES).column_names


@pytest.mark.parametrize("flags", [["--keep-common"], ["--drop", "next.rew*"]])
def test_a_feature_that_not_all_have_is_left_out(flags, robomerge, source, other, tmp_path):
    add_column(source, "next.reward", feature("float32", [1]), [1.0] * sum(LENGTHS), pa.float32())
    out = merged(robomerge, tmp_path / "out", source, other, *flags)
    assert "next.reward" not in features_of(out) and "next.reward" not in columns_of(out)
    assert len(columns_of(out, "index")["index"]) == 2 * sum(LENGTHS)


def test_a_dropped_camera_need_not_be_whole(robomerge, source, tmp_path):
    """Nothing of it is read: not its videos, nor where its episodes lie in them."""
    whole = merged(robomerge, tmp_path / "whole", source, "--drop", "camera")
    shutil.rmtree(source / "videos")
    assert robomerge("plan", source, "-o", tmp_path / "out").exit_code == 1
    without_video = merged(robomerge, tmp_path / "without_video", source, "--drop", "cam*")
    edit_table(source / EPISODES, lambda table: table.select([name for name in table.column_names if not name.startswith("videos/")]))
    run = robomerge("plan", source, "-o", tmp_path / "out")
    assert run.exit_code == 1 and "error[E-missing-camera]" in run.stderr and "`--drop camera`" in run.stderr
    without_places = merged(robomerge, tmp_path / "without_places", source, "--drop", "camera")
    for result in (without_video, without_places):
        assert {path: content for path, content in tree(result).items() if path != "meta/robomerge.json"} == {
            path: content for path, content in tree(whole).items() if path != "meta/robomerge.json"
        }


def test_a_dropped_camera_is_not_carried(robomerge, source, tmp_path):
    out = merged(robomerge, tmp_path / "out", source, "--drop", "camera")
    assert not (out / "videos").exists() and "camera" not in features_of(out)


FILLED = {
    "float32": (pa.float32(), 0.5, "2.5", 2.5),
    "int64": (pa.int64(), 3, "-7", -7),
    "bool": (pa.bool_(), True, "false", False),
    "string": (pa.string(), "fast", "slow", "slow"),
}


@pytest.mark.parametrize("dtype", FILLED)
def test_sources_without_a_feature_are_filled(dtype, robomerge, source, other, tmp_path):
    kind, own, text, filled = FILLED[dtype]
    add_column(other, "extra", feature(dtype, [1]), [own] * sum(LENGTHS), kind)
    out = merged(robomerge, tmp_path / "out", source, other, "--fill", f"extra={text}")
    assert columns_of(out, "extra")["extra"] == [filled] * sum(LENGTHS) + [own] * sum(LENGTHS)
    assert features_of(out)["extra"]["dtype"] == dtype


def test_numbers_are_cast_and_what_does_not_fit_is_refused(robomerge, source, tmp_path):
    out = merged(robomerge, tmp_path / "out", source, "--cast", f"{STATE}=float64")
    assert features_of(out)[STATE]["dtype"] == "float64"
    assert columns_of(out, STATE) == columns_of(source, STATE)
    whole = merged(robomerge, tmp_path / "whole", source, "--cast", f"{STATE}=int16")
    assert columns_of(whole, STATE)[STATE] == [[round(value) for value in row] for row in columns_of(source, STATE)[STATE]]
    edit_table(source / DATA, lambda table: table.set_column(0, table.schema.field(0), pa.array([[1e6, 0.0]] * len(table), table.schema.field(0).type)))
    run = robomerge("merge", source, "-o", tmp_path / "refused", "--cast", f"{STATE}=int16", "--no-sync")
    assert run.exit_code == 1 and "E-cast" in run.stderr and STATE in run.stderr and not (tmp_path / "refused").exists()


def test_short_vectors_are_padded(robomerge, source, tmp_path):
    long = make_source(tmp_path / "long", 2)
    edit_json(long / "meta/info.json", lambda info: info["features"][STATE].update(shape=[3], names=["x", "y", "z"]))
    wide = [[*row, 9.0] for row in columns_of(long, STATE)[STATE]]
    done = iter(wide)
    edit_table(long / DATA, lambda table: table.set_column(0, STATE, pa.array([next(done) for _ in range(len(table))], pa.list_(pa.float32()))))
    edit_json(long / STATS, lambda stats: stats.pop(STATE))
    drop = [f"stats/{STATE}/{stat}" for stat in ("min", "max", "mean", "std", "count")]
    edit_table(long / EPISODES, lambda table: table.drop_columns([name for name in drop if name in table.column_names]))
    out = merged(robomerge, tmp_path / "out", source, long, "--pad", f"{STATE}=3", "--names-from-first")
    assert columns_of(out, STATE)[STATE] == [[*row, 0.0] for row in columns_of(source, STATE)[STATE]] + wide
    assert features_of(out)[STATE]["shape"] == [3] and features_of(out)[STATE]["names"] == ["x", "y", "pad_2"]


def test_elements_move_with_their_names(robomerge, source, other, tmp_path):
    edit_json(other / "meta/info.json", lambda info: info["features"][STATE].update(names=["y", "x"]))
    out = merged(robomerge, tmp_path / "out", source, other, "--reorder-by-name")
    own = columns_of(source, STATE)[STATE]
    assert columns_of(out, STATE)[STATE] == own + [row[::-1] for row in own]
    assert features_of(out)[STATE]["names"] == ["x", "y"]


def with_names(root: Path, names: object, swap: bool = False) -> Path:
    edit_json(root / "meta/info.json", lambda info: info["features"][STATE].update(names=names))
    if swap:
        rows = iter([row[::-1] for row in columns_of(root, STATE)[STATE]])
        edit_table(root / DATA, lambda table: table.set_column(table.column_names.index(STATE), table.schema.field(STATE), pa.array([next(rows) for _ in range(len(table))], table.schema.field(STATE).type)))
    return root


def test_elements_move_as_in_the_first_source_that_names_them(robomerge, source, other, tmp_path):
    own = columns_of(source, STATE)[STATE]
    third = shutil.copytree(other, tmp_path / "third")
    with_names(source, None), with_names(other, ["x", "y"]), with_names(third, ["y", "x"], swap=True)
    out = merged(robomerge, tmp_path / "out", source, other, third, "--reorder-by-name", "--names-from-first")
    assert columns_of(out, STATE)[STATE] == own + own + own
    assert features_of(out)[STATE]["names"] == ["x", "y"]


def test_groups_tell_elements_of_one_name_apart(robomerge, source, other, tmp_path):
    own = columns_of(source, STATE)[STATE]
    with_names(source, {"left": ["x"], "right": ["x"]}), with_names(other, {"right": ["x"], "left": ["x"]}, swap=True)
    refused(robomerge, tmp_path, source, other, kind="E-features")
    out = merged(robomerge, tmp_path / "out", source, other, "--reorder-by-name")
    assert columns_of(out, STATE)[STATE] == own + own
    assert features_of(out)[STATE]["names"] == {"left": ["x"], "right": ["x"]}
    with_names(source, {"left_arm": ["x", "y"]}), with_names(other, {"right_arm": ["x", "y"]})
    refused(robomerge, tmp_path, source, other, kind="E-features")
    with_names(source, ["x", "x"]), with_names(other, {"left": ["x"], "right": ["x"]})
    merged(robomerge, tmp_path / "same", source, other, "--names-from-first")


def test_names_that_are_there_twice_say_no_order(robomerge, source, other, tmp_path):
    for root, names in ((source, ["a", "a", "b"]), (other, ["b", "a", "a"])):
        values = [[1.0, 2.0, 3.0]] * sum(LENGTHS)
        add_column(root, "extra", feature("float32", [3]) | {"names": names}, values, pa.list_(pa.float32()))
    said = refused(robomerge, tmp_path, source, other, "--reorder-by-name", kind="E-rule")
    assert "`extra` has `a` more than once" in said
    run = robomerge("compare", source, other)
    assert run.exit_code != 0 and "`a` is there twice" in run.stdout and "--reorder-by-name" not in run.stdout, run.stdout


def test_one_name_does_not_come_to_mean_two_elements(robomerge, source, other, tmp_path):
    third = shutil.copytree(other, tmp_path / "third")
    with_names(source, ["a", "b"]), with_names(other, ["x", "y"]), with_names(third, ["y", "x"])
    for flags in ([], ["--reorder-by-name"]):
        said = refused(robomerge, tmp_path, source, other, third, "--names-from-first", *flags, kind="E-rule")
        assert str(other) in said and str(third) in said
    merged(robomerge, tmp_path / "out", source, other, "--names-from-first")


TASKS = {
    "two change their texts": (["--replace-task", "wipe the table=Wipe  the table.", "--replace-task", "Wipe  the table.=wipe the table"], ["Wipe  the table.", "wipe the table"]),
    "set-task": (["--set-task", "all"], ["all"]),
    "replace-task": (["--replace-task", "wipe the table=wipe"], ["wipe", "Wipe  the table."]),
    "normalize-tasks": (["--normalize-tasks"], ["wipe the table"]),
    "exclude-task": (["--exclude-task", "wipe the table"], ["Wipe  the table."]),
}


@pytest.mark.parametrize("rule", TASKS)
def test_tasks_are_replaced_and_joined(rule, robomerge, source, other, tmp_path):
    flags, tasks = TASKS[rule]
    out = merged(robomerge, tmp_path / "out", source, other, *flags)
    assert tasks_of(out) == tasks
    assert set(columns_of(out, "task_index")["task_index"]) == set(range(len(tasks)))
    listed = [task for cell in pq.read_table(out / EPISODES)["tasks"].to_pylist() for task in cell]
    assert list(dict.fromkeys(listed)) == tasks


def test_another_robot_type_and_another_size_of_a_camera(robomerge, source, other, tmp_path):
    edit_json(other / "meta/info.json", lambda info: info.update(robot_type="arm 2"))
    edit_json(other / "meta/info.json", lambda info: info["features"]["camera"].update(shape=[96, 128, 3]))
    refused(robomerge, tmp_path, source, other, kind="E-robot-type")
    out = merged(robomerge, tmp_path / "out", source, other, "--robot-type", "arm", "--allow-mixed-size", "camera")
    assert json.loads((out / "meta/info.json").read_text())["robot_type"] == "arm"
    assert features_of(out)["camera"]["shape"] == features_of(source)["camera"]["shape"]


def test_names_with_signs_of_patterns_and_blanks(robomerge, source, other, tmp_path):
    numbers = [float(row) for row in range(sum(LENGTHS))]
    for name in ("x*y", "xzy", "how fast"):
        add_column(source, name, feature("float32", [1]), numbers, pa.float32())
    add_column(other, "xzy", feature("float32", [1]), numbers, pa.float32())
    add_column(other, "how fast", feature("float32", [1]), numbers, pa.float32())
    for number, flags in enumerate((["--keep-common"], ["--drop", r"x\*y"])):
        out = merged(robomerge, tmp_path / f"out-{number}", source, other, *flags, "--cast", "how fast=int16")
        assert "x*y" not in features_of(out) and columns_of(out, "xzy")["xzy"] == numbers * 2
        assert columns_of(out, "how fast")["how fast"] == list(range(sum(LENGTHS))) * 2


def test_names_change_places_over_sources_that_have_one_pair_each(robomerge, source, other, tmp_path):
    for root, names in ((source, "ac"), (other, "bd")):
        for value, name in enumerate(names):
            add_column(root, name, feature("int64", [1]), [value] * sum(LENGTHS), pa.int64())
    flags = [word for rule in ("a=c", "c=a", "b=c", "d=a") for word in ("--rename", rule)]
    out = merged(robomerge, tmp_path / "out", source, other, *flags)
    assert set(columns_of(out, "c")["c"]) == {0} and set(columns_of(out, "a")["a"]) == {1}


def test_elements_are_not_called_what_they_are_not(robomerge, source, other, tmp_path):
    edit_json(other / "meta/info.json", lambda info: info["features"][STATE].update(names=["y", "z"]))
    said = refused(robomerge, tmp_path, source, other, "--names-from-first", kind="E-rule")
    assert "another place" in said and "`y`" in said


def test_ranks_with_other_rules_are_refused(robomerge, source, other, tmp_path):
    for rank, flags in (("0", ["--episodes", "1"]), ("1", [])):
        assert robomerge("describe", source, other, "--partial", tmp_path / "p", "--rank", rank, "--world-size", "2", *flags).exit_code == 0
    run = robomerge("plan", "--partial", tmp_path / "p", "-o", tmp_path / "out", "--plan", tmp_path / "plan")
    assert run.exit_code == 1 and "E-partial-overlap" in run.stderr and "other rules" in run.stderr


# -- All together, in every way to merge.

ALL = ["--exclude-episodes", "1", "--rename", f"{STATE}=state", "--drop", "next.success", "--pad", "state=4", "--normalize-tasks"]


def files_of(root: Path) -> dict[str, bytes]:
    return {str(path.relative_to(root)): path.read_bytes() for path in root.rglob("*") if path.is_file()}


def test_stages_workers_and_recipes_give_the_same_bytes(robomerge, source, other, tmp_path):
    expected = files_of(merged(robomerge, tmp_path / "out", source, other, *ALL))
    for workers in ("1", "3"):
        out = merged(robomerge, tmp_path / f"out-{workers}", source, other, *ALL, "-j", workers)
        assert files_of(out) == expected
    for rank in ("0", "1"):
        assert robomerge("describe", source, other, "--partial", tmp_path / "partial", "--rank", rank, "--world-size", "2", *ALL).exit_code == 0
    plan = robomerge("plan", "--partial", tmp_path / "partial", "-o", tmp_path / "staged", "--plan", tmp_path / "plan", "--no-sync")
    assert plan.exit_code == 0, plan.stderr
    for rank in ("1", "0"):
        assert robomerge("write", "--plan", tmp_path / "plan", "--rank", rank, "--world-size", "2").exit_code == 0
    assert robomerge("publish", "--plan", tmp_path / "plan").exit_code == 0
    assert files_of(tmp_path / "staged") == expected
    (tmp_path / "recipe.yaml").write_text(
        f"output: from_recipe\nexclude_episodes: [1]\nrename: {{{STATE}: state}}\ndrop: [next.success]\n"
        "pad: {state: 4}\nnormalize_tasks: true\nsync: false\nsources: [kitchen, garage]\n"
    )
    assert robomerge("merge", "--recipe", tmp_path / "recipe.yaml").exit_code == 0
    assert files_of(tmp_path / "from_recipe") == expected
    record = json.loads(expected["meta/robomerge.json"])
    assert record["sources"][0]["adaptation"]["exclude_episodes"] == "1" and str(tmp_path) not in json.dumps(record)


def test_a_damaged_result_is_found_by_the_rules_of_its_record(robomerge, source, tmp_path):
    out = merged(robomerge, tmp_path / "out", source, *ALL)
    values = columns_of(out, "state")["state"]
    values[5][0] += 1
    done = iter(values)
    edit_table(out / DATA, lambda table: table.set_column(table.schema.get_field_index("state"), table.schema.field("state"), pa.array([next(done) for _ in range(len(table))], table.schema.field("state").type)))
    run = robomerge("verify", out, "--against", source)
    assert run.exit_code == 3 and "V-value" in run.stdout and "state" in run.stdout


def test_each_source_may_have_its_own_rules(robomerge, source, other, tmp_path):
    (tmp_path / "recipe.yaml").write_text(
        "output: out\nsync: false\nprefix_tasks: true\nsources:\n"
        "  - {path: kitchen, name: first, episodes: 0-1}\n  - {path: garage, name: second, episodes: '3'}\n"
    )
    run = robomerge("merge", "--recipe", tmp_path / "recipe.yaml", "--verify")
    assert run.exit_code == 0, run.stderr
    assert tasks_of(tmp_path / "out") == ["first: wipe the table", "second: Wipe  the table."]
    assert pictures_of(tmp_path / "out") == [(1, frame) for frame in frames_of(0, 1)] + [(2, frame) for frame in frames_of(3)]


# -- What is refused.


def test_a_refused_merge_ends_with_the_flags_that_settle_it(robomerge, source, tmp_path):
    odd = make_source(tmp_path / "odd", 2, camera="cam_wrist")
    add_column(odd, "next.reward", feature("float32", [1]), [1.0] * sum(LENGTHS), pa.float32())
    said = refused(robomerge, tmp_path, source, odd, kind="E-features")
    flags = said.split("these flags settle all of it: ")[1].split("; `robomerge compare`")[0]
    merged(robomerge, tmp_path / "out", source, odd, *shlex.split(flags))


WRONG = {
    "no such feature": (["--drop", "stat"], "drop: stat"),
    "no such episode": (["--episodes", "0-9"], "there is no episode 9"),
    "no such task": (["--replace-task", "sweep=x"], "such as `wipe the table`"),
    "a name that is there": (["--rename", f"camera={STATE}"], "two features would be called"),
    "float16": (["--cast", f"{STATE}=float16"], "float16 cannot be cast"),
    "texts are not cast": (["--cast", "camera=float32"], "only numbers can be cast"),
    "a vector that is longer": (["--pad", f"{STATE}=1"], "longer than it should become"),
    "a condition of another type": (["--where", "next.success = 1"], "true or false, for dtype bool"),
    "a condition on a vector": (["--where", f"{STATE} > 1"], "only a column of single values"),
    "a condition on a camera": (["--where", "camera = x"], "only a column of single values"),
    "a pattern of what stays": (["--drop", "*index"], "matches nothing in the dataset"),
    "nothing to fill": (["--fill", f"{STATE}=0"], "every source is already so"),
}


def test_rules_that_one_source_cannot_take_name_the_recipe(robomerge, source, tmp_path):
    other = make_source(tmp_path / "other", 2)
    assert "a recipe gives each source rules of its own" in refused(robomerge, tmp_path, source, other, "--episodes", "99", kind="E-rule")
    assert "recipe" not in refused(robomerge, tmp_path, source, "--episodes", "99", kind="E-rule")


def test_rules_that_sources_cannot_take_name_each_of_them(robomerge, source, tmp_path):
    others = [shutil.copytree(source, tmp_path / name) for name in ("one", "two")]
    assert robomerge("delete-episodes", source, "3", "--in-place", "--no-backup").exit_code == 0
    assert robomerge("delete-episodes", others[1], "3", "--in-place", "--no-backup").exit_code == 0
    for flags in (["--episodes", "0,3"], ["--exclude-episodes", "3"], ["--trim", "3=1-"]):
        said = refused(robomerge, tmp_path, source, *others, *flags, kind="E-rule")
        for root in (source, others[1]):
            assert f"while applying rules to {root}\n" in said
        assert str(others[0]) not in said


def test_the_hint_about_a_name_that_is_taken_works(robomerge, source, tmp_path):
    said = refused(robomerge, tmp_path, source, "--rename", f"camera={STATE}", kind="E-rule")
    rename, remove = said.split("(--rename ")[1].split(")")[0], said.split("robomerge remove-feature ")[1].split(" -o DST")[0]
    assert robomerge("merge", source, "-o", tmp_path / "both", "--rename", f"camera={STATE}", "--rename", rename).exit_code == 0
    assert robomerge("remove-feature", *shlex.split(remove), "-o", tmp_path / "without").exit_code == 0
    assert robomerge("merge", tmp_path / "without", "-o", tmp_path / "renamed", "--rename", f"camera={STATE}").exit_code == 0


def test_a_pad_gives_no_name_twice(robomerge, source, tmp_path):
    edit_json(source / "meta/info.json", lambda info: info["features"][STATE].update(names=["pad_3", "x"]))
    out = merged(robomerge, tmp_path / "out", source, "--pad", f"{STATE}=4")
    assert json.loads((out / "meta/info.json").read_text())["features"][STATE]["names"] == ["pad_3", "x", "pad_2", "pad_3_"]


@pytest.mark.parametrize("name", ["task", "language_events", "index"])
def test_a_name_with_a_meaning_of_its_own_is_given_to_no_feature(name, robomerge, source, tmp_path):
    said = refused(robomerge, tmp_path, source, "--rename", f"{STATE}={name}", kind="E-value")
    assert f"found    `{name}`" in said


@pytest.mark.parametrize("what", WRONG)
def test_wrong_rules_are_refused_before_anything_is_written(what, robomerge, source, tmp_path):
    flags, said = WRONG[what]
    assert said in refused(robomerge, tmp_path, source, *flags, kind="E-rule")


def test_a_rule_that_a_recipe_misspells_names_its_line(robomerge, source, tmp_path):
    (tmp_path / "recipe.yaml").write_text("output: out\nsources: [kitchen]\nrename:\n  camra: front\n")
    run = robomerge("merge", "--recipe", tmp_path / "recipe.yaml")
    assert run.exit_code == 2 and "recipe.yaml: line 4" in run.stderr and "E-rule" in run.stderr


def test_frames_of_episodes_that_were_left_out_are_found(robomerge, source, tmp_path):
    out = merged(robomerge, tmp_path / "out", source, "--episodes", "1-")
    video = "videos/camera/chunk-000/file-000.mp4"
    (out / video).write_bytes((source / video).read_bytes())
    for stamp in ("from", "to"):
        name = f"videos/camera/{stamp}_timestamp"
        edit_table(out / EPISODES, lambda table: table.set_column(table.schema.get_field_index(name), name, pa.array([value + LENGTHS[0] / 10 for value in table[name].to_pylist()])))
    assert robomerge("verify", out).exit_code == 0
    run = robomerge("verify", out, "--against", source)
    assert run.exit_code == 3 and "V-video-frames" in run.stdout and "left out" in run.stdout, run.stdout


def test_a_changed_frame_that_no_episode_shows_is_found(robomerge, source, tmp_path):
    add_video(source, (*LENGTHS, 9), seed=1, edit_metadata=False)
    out = merged(robomerge, tmp_path / "out", source)
    (path,) = (out / "videos/camera").rglob("*.mp4")
    content = bytearray(path.read_bytes())
    at = content.rindex(bytes([1, sum(LENGTHS) + 3]) * (FRAME_BYTES // 2))
    content[at] ^= 1
    path.write_bytes(content)
    run = robomerge("verify", out, "--against", source)
    assert run.exit_code == 3 and "V-frame-bytes" in run.stdout and "no episode shows" in run.stdout, run.stdout


@pytest.mark.parametrize("rule", ["--exclude-episodes", "--episodes"])
@pytest.mark.parametrize("path", ["data/chunk-000/file-001.parquet", "videos/camera/chunk-000/file-001.mp4"])
def test_what_is_left_out_by_its_number_need_not_be_there(path, rule, robomerge, tmp_path):
    takes = [make_source(tmp_path / f"take{number}", number) for number in range(3)]
    root = tmp_path / "all"
    assert robomerge("merge", *takes, "-o", root, "--no-concatenate-data", "--no-concatenate-videos").exit_code == 0
    first, last = len(LENGTHS), 2 * len(LENGTHS) - 1
    numbers = f"{first}-{last}"
    words = ["--exclude-episodes", numbers] if rule == "--exclude-episodes" else ["--episodes", f"0-{first - 1},{last + 1}-"]
    whole = merged(robomerge, tmp_path / "whole", root, *words)
    (root / path).unlink()
    refused(robomerge, tmp_path, root, kind="E-missing-file")
    out = merged(robomerge, tmp_path / "out", root, *words)
    # The record tells the sources apart.
    assert tree(out) | {"meta/robomerge.json": b""} == tree(whole) | {"meta/robomerge.json": b""}
    if rule == "--exclude-episodes":
        run = robomerge("delete-episodes", root, numbers, "--in-place", "--no-backup", "--verify")
        assert run.exit_code == 0, run.stderr
