"""What else goes along with the rows: GR00T's annotations and other small files
(docs/carried-files.md)."""

import json
import os
import shutil
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from carried_data import (
    ANNOTATIONS,
    DESCRIPTION,
    MODALITY,
    SUBTASKS,
    TASKS,
    VALIDITY,
    add_numbers,
    data_files,
    merged,
    set_numbers,
    tasks_by,
    texts_of,
    with_annotations,
    write_texts,
)
from edits import EPISODES, edit_json, edit_table
from old_dataset import edit_lines
from stages import Stages, tree


# -- Annotations of GR00T.


@pytest.mark.parametrize("old", [False, True])
def test_annotations_follow_their_tasks(old, robomerge, tmp_path):
    one = with_annotations(tmp_path / "one", ["pick the cup", "valid"], [[0, 1], [0, 1]], old=old)
    other = with_annotations(tmp_path / "other", ["open the door", "valid", "close the door"], [[0, 1], [2, 1]], old=old)
    expected = {name: tasks_by(one, name) + tasks_by(other, name) for name in (DESCRIPTION, VALIDITY, "task_index")}
    for version in ("3.0", "2.1"):
        out = merged(robomerge, one, other, "--codebase-version", version, to=f"v{version}")
        assert {name: tasks_by(out, name) for name in expected} == expected
        assert json.loads((out / MODALITY).read_text()) == ANNOTATIONS
    texts = {"pick the cup", "valid", "open the door", "close the door"}
    assert set(texts_of(tmp_path / "v3.0" / TASKS)) == texts


def test_a_selection_keeps_the_tasks_of_annotations(robomerge, tmp_path):
    one = with_annotations(tmp_path / "one", ["pick", "place", "valid"], [[0, 2], [1, 2]])
    out = merged(robomerge, one, "--episodes", "1")
    assert texts_of(out / TASKS) == ["place", "valid"]
    assert tasks_by(out, DESCRIPTION) == ["place"] * 7 and tasks_by(out, VALIDITY) == ["valid"] * 7


def test_one_task_for_all_leaves_annotations(robomerge, tmp_path):
    one = with_annotations(tmp_path / "one", ["pick", "valid"], [[0, 1], [0, 1]])
    other = with_annotations(tmp_path / "other", ["place", "valid"], [[0, 1], [0, 1]])
    out = merged(robomerge, one, other, "--set-task", "tidy up")
    assert tasks_by(out, "task_index") == ["tidy up"] * 24
    assert tasks_by(out, VALIDITY) == ["valid"] * 24


def test_a_column_that_modality_names_otherwise(robomerge, tmp_path):
    modality = {"annotation": {"coarse": {"original_key": "phase"}}}
    sources = []
    for name, tasks in (("one", ["a", "b"]), ("other", ["b", "a"])):
        sources.append(with_annotations(tmp_path / name, tasks, [[0, 1], [1, 0]], modality=modality))
        add_numbers(sources[-1], "phase", [0, 1] * 6)
    run = robomerge("merge", *sources, "-o", tmp_path / "out", "--verify")
    assert run.exit_code == 0, run.stderr
    assert tasks_by(tmp_path / "out", "phase") == ["a", "b"] * 6 + ["b", "a"] * 6
    # Not named, so it is kept as it is, with a warning.
    assert "W-task-numbers" in run.stderr and VALIDITY in run.stderr
    assert pq.read_table(data_files(tmp_path / "out")[0])[VALIDITY].to_pylist() == [1] * 5 + [0] * 7 + [1] * 5 + [0] * 7


def test_tasks_that_no_episode_lists_are_told(robomerge, tmp_path):
    sources = [
        with_annotations(tmp_path / "one", ["pick", "valid"], [[0, 1], [0, 1]]),
        with_annotations(tmp_path / "other", ["valid", "place"], [[1, 0], [1, 0]]),
    ]
    for root, task in zip(sources, ("pick", "place")):
        listed = pa.array([[task], [task]])
        edit_table(root / EPISODES, lambda table: table.set_column(table.schema.get_field_index("tasks"), "tasks", listed))  # noqa: B023
    out = merged(robomerge, *sources, warns="W-task-numbers")
    assert tasks_by(out, VALIDITY) == ["valid"] * 24


KEPT = {
    "no modality.json": lambda root: (root / MODALITY).unlink(),
    "not named": lambda root: (root / MODALITY).write_text(json.dumps({"annotation": {}})),
    "no JSON": lambda root: (root / MODALITY).write_text("{"),
    "no object": lambda root: (root / MODALITY).write_text("[]"),
    "annotation of another kind": lambda root: (root / MODALITY).write_text('{"annotation": ["human.validity"]}'),
}


@pytest.mark.parametrize("why", KEPT)
def test_what_may_be_no_number_of_a_task_is_kept(why, robomerge, tmp_path):
    one = with_annotations(tmp_path / "one", ["pick", "valid"], [[0, 1], [0, 1]])
    other = with_annotations(tmp_path / "other", ["place", "valid"], [[0, 1], [0, 1]])
    KEPT[why](other)
    out = merged(robomerge, one, other, warns="W-task-numbers W-files-left-out")
    assert pq.read_table(data_files(out)[0])[VALIDITY].to_pylist() == [1] * 24
    assert pq.read_table(data_files(out)[0])[DESCRIPTION].to_pylist() == [0] * 24
    assert not (out / MODALITY).exists()


def test_flags_that_are_no_tasks_are_kept(robomerge, tmp_path):
    """The other column follows."""
    one = with_annotations(tmp_path / "one", ["pick", "valid"], [[0, 1], [0, 1]])
    other = with_annotations(tmp_path / "other", ["place", "valid"], [[0, 1], [0, 1]])
    for path in data_files(other):
        edit_table(path, lambda table: set_numbers(table, VALIDITY, [7] * len(table)))
    run = robomerge("merge", one, other, "-o", tmp_path / "out", "--verify")
    assert run.exit_code == 0, run.stdout + run.stderr
    assert "the number 7" in run.stderr and str(other) in run.stderr
    assert pq.read_table(data_files(tmp_path / "out")[0])[VALIDITY].to_pylist() == [1] * 12 + [7] * 12
    assert tasks_by(tmp_path / "out", DESCRIPTION) == ["pick"] * 12 + ["place"] * 12


def test_annotations_of_another_type(robomerge, tmp_path):
    """Kept, until they are cast."""
    sources = [
        with_annotations(tmp_path / "one", ["pick", "valid"], [[0, 1], [0, 1]], modality={"annotation": {"x": {}}}),
        with_annotations(tmp_path / "other", ["place", "valid"], [[0, 1], [0, 1]], modality={"annotation": {"x": {}}}),
    ]
    for root in sources:
        add_numbers(root, "annotation.x", [0] * 12, pa.int32())
    drops = ["--drop", DESCRIPTION, "--drop", VALIDITY]
    out = merged(robomerge, *sources, *drops, warns="W-task-numbers")
    assert pq.read_table(data_files(out)[0])["annotation.x"].to_pylist() == [0] * 24
    cast = merged(robomerge, *sources, *drops, "--cast", "annotation.x=int64", to="cast")
    assert tasks_by(cast, "annotation.x") == ["pick"] * 12 + ["place"] * 12


def test_tasks_with_gaps_in_their_numbers(robomerge, tmp_path):
    one = with_annotations(tmp_path / "one", ["pick", "valid"], [[0, 1], [0, 1]], old=True)
    gap = with_annotations(tmp_path / "gap", ["place", "gap", "valid"], [[0, 2], [0, 2]], old=True)
    edit_lines(gap / "meta/tasks.jsonl", lambda lines: [lines[0], lines[2]])
    edit_json(gap / "meta/info.json", lambda info: info.update(total_tasks=2))
    out = merged(robomerge, one, gap)
    assert tasks_by(out, VALIDITY) == ["valid"] * 24
    for path in data_files(gap):
        edit_table(path, lambda table: set_numbers(table, VALIDITY, [1] * len(table)))
    run = robomerge("merge", one, gap, "-o", tmp_path / "kept", "--verify")
    assert run.exit_code == 0 and "W-task-numbers" in run.stderr, run.stderr


# -- modality.json.


def test_a_renamed_feature_is_followed(robomerge, tmp_path):
    modality = {
        "state": {"arm": {"start": 0, "end": 2}},
        "action": {"arm": {"start": 0, "end": 2, "original_key": "observation.state"}},
        "annotation": {"human.validity": {}},
        "note": {"observation.state": 1},
    }
    roots = [with_annotations(tmp_path / name, ["pick", "valid"], [[0, 1], [0, 1]], modality=modality) for name in "ab"]
    out = merged(robomerge, *roots, "--rename", "observation.state=state", "--rename", f"{VALIDITY}=annotation.ok")
    assert json.loads((out / MODALITY).read_text()) == {
        "state": {"arm": {"start": 0, "end": 2, "original_key": "state"}},
        "action": {"arm": {"start": 0, "end": 2, "original_key": "state"}},
        "annotation": {"human.validity": {"original_key": "annotation.ok"}},
        "note": {"observation.state": 1},
    }
    assert tasks_by(out, "annotation.ok") == ["valid"] * 24


def test_sources_that_become_the_same_by_a_rename(robomerge, tmp_path):
    one = with_annotations(tmp_path / "one", ["pick", "valid"], [[0, 1], [0, 1]], modality={"state": {"arm": {"start": 0, "end": 2, "original_key": "state"}}})
    other = with_annotations(tmp_path / "other", ["pick", "valid"], [[0, 1], [0, 1]], modality={"state": {"arm": {"end": 2, "start": 0}}})
    recipe = tmp_path / "recipe.yaml"
    recipe.write_text("sources:\n- {path: one, rename: {observation.state: state}}\n- {path: other, rename: {observation.state: state}}\n")
    run = robomerge("merge", "--recipe", recipe, "-o", tmp_path / "out", "--verify")
    assert run.exit_code == 0, run.stderr
    assert json.loads((tmp_path / "out" / MODALITY).read_text())["state"]["arm"]["original_key"] == "state"


def test_entries_of_dropped_features_are_removed(robomerge, tmp_path):
    root = with_annotations(tmp_path / "one", ["pick", "valid"], [[0, 1], [0, 1]])
    out = merged(robomerge, root, "--drop", VALIDITY, warns="W-modality")
    assert json.loads((out / MODALITY).read_text()) == {"annotation": {"human.action.task_description": {}}}


def test_elements_that_change_places(robomerge, tmp_path):
    modality = {"state": {"arm": {"start": 0, "end": 1}}}
    one = with_annotations(tmp_path / "one", ["pick", "valid"], [[0, 1], [0, 1]], modality=modality)
    other = with_annotations(tmp_path / "other", ["pick", "valid"], [[0, 1], [0, 1]], modality=modality)
    for root, names in ((one, ["x", "y"]), (other, ["y", "x"])):
        edit_json(root / "meta/info.json", lambda info: info["features"]["observation.state"].update(names=names))  # noqa: B023
    run = robomerge("merge", one, other, "-o", tmp_path / "out", "--reorder-by-name", "--verify")
    assert run.exit_code == 0, run.stderr
    assert "state.arm" in run.stderr and not (tmp_path / "out" / MODALITY).exists()


# -- Other files.


def test_files_that_all_sources_have_go_along(robomerge, sources, tmp_path):
    copies = [Path(shutil.copytree(source, tmp_path / source.name)) for source in sources]
    for root in copies:
        (root / "README.md").write_text("# Cups\n")
        (root / "LICENSE").write_bytes(b"\xff free\n")
        (root / ".gitattributes").write_text("*.mp4 filter=lfs\n")
        (root / "meta/calibration.yaml").write_bytes(b"fx: 1\n")
        (root / "meta/.hidden").write_text("x")
    out = merged(robomerge, *copies)
    for name in ("README.md", "LICENSE", ".gitattributes", "meta/calibration.yaml"):
        assert (out / name).read_bytes() == (copies[0] / name).read_bytes()
    assert not (out / "meta/.hidden").exists()
    # Verify holds what is in meta/ against the sources.
    (out / "meta/calibration.yaml").write_text("fx: 2\n")
    run = robomerge("verify", out, "--against", *copies)
    assert run.exit_code != 0 and "calibration.yaml" in run.stdout + run.stderr
    # A second merge with its result there already.
    (out / "meta/calibration.yaml").write_text("fx: 1\n")
    assert robomerge("merge", *copies, "-o", out).exit_code == 0


def test_what_is_left_out_is_said_once(robomerge, sources, tmp_path):
    copies = [Path(shutil.copytree(source, tmp_path / source.name)) for source in sources]
    for root in copies:
        (root / "README.md").write_text(f"# {root.name}\n")
        (root / "meta/large.bin").write_bytes(bytes(2**20 + 1))
        (root / "meta/just.bin").write_bytes(bytes(2**20))
        (root / "meta/folder").mkdir()
        (root / "meta/relative_stats.json").write_text("{}")
        (root / "meta/lost").symlink_to("nowhere")
        (tmp_path / "secret").write_text("s")
        (root / "meta/out").symlink_to(tmp_path / "secret")
        (root / "meta/in").symlink_to("info.json" if root is copies[0] else "stats.json")
        os.mkfifo(root / "meta/pipe")
        Path(os.fsdecode(os.fsencode(root) + b"/meta/\xff\xfe")).write_text("x")
    (copies[1] / "meta/more.txt").write_text("x")
    out = tmp_path / "out"
    run = robomerge("merge", *copies, "-o", out)
    assert run.exit_code == 0, run.stderr
    assert run.stderr.count("W-files-left-out") == 1
    for name in ("README.md (not the same", "meta/large.bin (1.05 MB", "meta/folder (a folder", "meta/lost (a link", "meta/in (not the same"):
        assert name in run.stderr, name
    assert sorted(path.name for path in (out / "meta").iterdir()) == ["episodes", "info.json", "just.bin", "robomerge.json", "stats.json", "tasks.parquet"]
    lines = robomerge("merge", *copies, "-o", out, "--json").json_lines()
    json.dumps(lines)


def test_more_files_than_go_along(robomerge, sources, tmp_path):
    root = Path(shutil.copytree(sources[0], tmp_path / "many"))
    for number in range(70):
        (root / f"meta/note-{number:02}.txt").write_text("x")
    out = merged(robomerge, root, warns="W-files-left-out")
    assert len(list((out / "meta").glob("note-*"))) == 64


def test_statistics_of_a_whole_source(robomerge, sources, tmp_path):
    root = Path(shutil.copytree(sources[0], tmp_path / "one"))
    (root / "meta/relative_stats.json").write_text("{}")
    assert (merged(robomerge, root) / "meta/relative_stats.json").exists()
    out = merged(robomerge, root, "--episodes", "0", warns="W-files-left-out", to="part")
    assert not (out / "meta/relative_stats.json").exists()


# -- Stages and workers.


@pytest.fixture
def everything(tmp_path) -> list[Path]:
    modality = ANNOTATIONS | {"state": {"arm": {"start": 0, "end": 2}}}
    roots = []
    for number, tasks in enumerate((["pick", "valid"], ["valid", "place"], ["lift", "pick", "valid"])):
        numbers = [[tasks.index(tasks[0] if tasks[0] != "valid" else "place"), tasks.index("valid")]] * 2
        root = with_annotations(tmp_path / f"s{number}", tasks, numbers, modality=modality)
        add_numbers(root, "subtask_index", [at % 2 for at in range(12)])
        write_texts(root / SUBTASKS, "subtask", [f"a{number}", "b"])
        (root / "README.md").write_text("same")
        (root / "meta/notes.txt").write_text(str(number))
        roots.append(root)
    return roots


@pytest.mark.parametrize("rules", [[], ["--rename", "observation.state=state"], ["--episodes", "1"]])
def test_stages_and_workers_give_the_same_bytes(rules, robomerge, everything, tmp_path):
    out = merged(robomerge, *everything, *rules, "-j", "1", warns="W-files-left-out")
    parallel = merged(robomerge, *everything, *rules, "-j", "7", warns="W-files-left-out", to="parallel")
    assert tree(parallel) == tree(out)
    if rules:
        return
    stages = Stages(robomerge, everything, tmp_path, tmp_path / "staged")
    stages.run_all(2, 3)
    assert tree(tmp_path / "staged") == tree(out)


def test_stages_with_rules(robomerge, everything, tmp_path):
    out = merged(robomerge, *everything, "--rename", "observation.state=state", warns="W-files-left-out")
    plan = tmp_path / "plan"
    words = ["plan", *everything, "-o", tmp_path / "staged", "--plan", plan, "--rename", "observation.state=state"]
    assert robomerge(*words).exit_code == 0
    kinds = pq.read_table(plan / "units.parquet")["kind"].to_pylist()
    assert kinds[-3:] == ["subtasks", "modality", "carried"]
    assert robomerge("write", "--plan", plan).exit_code == 0
    assert robomerge("publish", "--plan", plan).exit_code == 0
    assert tree(tmp_path / "staged") == tree(out)


def test_a_plan_that_was_changed_is_refused(robomerge, everything, tmp_path):
    plan = tmp_path / "plan"
    assert robomerge("plan", *everything, "-o", tmp_path / "staged", "--plan", plan).exit_code == 0
    header = json.loads((plan / "plan.json").read_text())
    assert set(header["task_columns"]) == {DESCRIPTION, VALIDITY} and header["subtask_columns"] == ["subtask_index"]
    maps = pq.read_table(plan / "subtask_maps.parquet")
    broken = maps.set_column(0, maps.schema.field(0), pa.array([[0, 1], [9, 1], [0, 1]], maps.schema.field(0).type))
    pq.write_table(broken, plan / "subtask_maps.parquet")
    run = robomerge("write", "--plan", plan)
    assert run.exit_code == 1 and "E-plan-damaged" in run.stderr


@pytest.mark.parametrize("path", [SUBTASKS, MODALITY, "README.md", "meta/same.txt"])
def test_a_source_that_changes_after_the_plan(path, robomerge, everything, tmp_path):
    for root in everything:
        (root / "meta/same.txt").write_text("same")
    plan = tmp_path / "plan"
    assert robomerge("plan", *everything, "-o", tmp_path / "staged", "--plan", plan).exit_code == 0
    if path == SUBTASKS:
        write_texts(everything[0] / path, "subtask", ["other", "b"])
    elif path == MODALITY:
        (everything[0] / path).write_text("{}")
    else:
        (everything[0] / path).write_text("else")
    run = robomerge("write", "--plan", plan)
    assert run.exit_code == 1 and "E-source-changed" in run.stderr, run.stderr


# -- verify --against.


def test_verify_finds_other_texts(robomerge, everything, tmp_path):
    out = merged(robomerge, *everything, warns="W-files-left-out")
    for column, kind in (("subtask_index", "V-subtasks"), (VALIDITY, "V-tasks")):
        copy = Path(shutil.copytree(out, tmp_path / f"copy of {column}"))
        for path in data_files(copy):
            edit_table(path, lambda table: set_numbers(table, column, [0] * len(table)))  # noqa: B023
        run = robomerge("verify", copy, "--against", *everything)
        assert run.exit_code != 0 and kind in run.stdout + run.stderr, run.stdout
    texts = texts_of(out / SUBTASKS)
    write_texts(out / SUBTASKS, "subtask", [*texts[:-1], "else"])
    run = robomerge("verify", out, "--against", *everything)
    assert run.exit_code != 0 and "V-subtasks" in run.stdout + run.stderr
