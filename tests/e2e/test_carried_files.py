"""What goes along with the rows: subtasks, GR00T's annotations and other small files
(docs/carried-files.md)."""

import json
import os
import random
import re
import shutil
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from edits import DATA, EPISODES, edit_json, edit_table
from old_dataset import edit_lines, make_old_dataset, read_lines, write_lines
from stages import Stages, tree
from tiny_dataset import make_tiny_dataset, statistics

TASKS = "meta/tasks.parquet"
SUBTASKS = "meta/subtasks.parquet"
MODALITY = "meta/modality.json"
INT = {"dtype": "int64", "shape": [1], "names": None}
DESCRIPTION = "annotation.human.action.task_description"
VALIDITY = "annotation.human.validity"
ANNOTATIONS = {"annotation": {"human.action.task_description": {}, "human.validity": {}}}


def write_texts(path: Path, name: str, texts: list[str], **columns: list) -> None:
    """A table as LeRobot writes it, the texts in the index of pandas."""
    pandas = {"index_columns": [name], "column_indexes": [], "columns": [], "creator": {}, "pandas_version": "2.3.3"}
    table = pa.table({f"{name}_index": pa.array(range(len(texts)), pa.int64()), name: texts} | columns)
    pq.write_table(table.replace_schema_metadata({"pandas": json.dumps(pandas)}), path)


def texts_of(path: Path) -> list[str]:
    if path.suffix == ".jsonl":
        return [line["task"] for line in read_lines(path)]
    table = pq.read_table(path)
    name = path.stem.removesuffix("s")
    assert table[f"{name}_index"].to_pylist() == list(range(len(table)))
    assert json.loads(table.schema.metadata[b"pandas"])["index_columns"] == [name]
    return table[name].to_pylist()


def data_files(root: Path) -> list[Path]:
    return sorted((root / "data").rglob("*.parquet"))


def add_numbers(root: Path, name: str, numbers: list, kind: pa.DataType | None = None) -> None:
    """Adds a feature of one number per row, with statistics as a recorder writes them."""
    kind = kind or pa.int64()
    edit_json(root / "meta/info.json", lambda info: info["features"].update({name: INT | {"dtype": str(kind)}}))
    rest = iter(numbers)
    lengths = []

    def change(table: pa.Table) -> pa.Table:
        lengths.append(len(table))
        return table.append_column(pa.field(name, kind), pa.array([next(rest) for _ in range(len(table))], kind))

    for path in data_files(root):
        edit_table(path, change)
    if None in numbers:
        return
    starts = [sum(lengths[:at]) for at in range(len(lengths))]
    each = [statistics([[number] for number in numbers[start : start + length]]) for start, length in zip(starts, lengths)]
    if (root / "meta/episodes_stats.jsonl").exists():
        edit_lines(
            root / "meta/episodes_stats.jsonl",
            lambda lines: [line | {"stats": line["stats"] | {name: one}} for line, one in zip(lines, each)],
        )
        return
    edit_json(root / "meta/stats.json", lambda stats: stats.update({name: statistics([[number] for number in numbers])}))

    def add(table: pa.Table) -> pa.Table:
        for stat in each[0]:
            table = table.append_column(f"stats/{name}/{stat}", pa.array([one[stat] for one in each]))
        return table

    edit_table(root / EPISODES, add)


def with_subtasks(root: Path, texts: list[str], numbers: list[int], lengths=(5, 7)) -> Path:
    make_tiny_dataset(root, lengths=lengths, task=f"task of {root.name}")
    add_numbers(root, "subtask_index", numbers)
    write_texts(root / SUBTASKS, "subtask", texts)
    return root


def subtasks_of(root: Path) -> list[str]:
    """The text of each row, in the order of the rows."""
    texts = texts_of(root / SUBTASKS)
    return [texts[number] for path in data_files(root) for number in pq.read_table(path)["subtask_index"].to_pylist()]


def tasks_by(root: Path, column: str) -> list[str]:
    """The text of each row that a column of numbers of tasks means, as GR00T's loader shows it."""
    path = root / TASKS
    if path.exists():
        texts = dict(enumerate(texts_of(path)))
    else:
        texts = {line["task_index"]: line["task"] for line in read_lines(root / "meta/tasks.jsonl")}
    return [texts[number] for path in data_files(root) for number in pq.read_table(path)[column].to_pylist()]


def with_annotations(root: Path, tasks: list[str], numbers: list[list[int]], *, modality: dict | None = None, old: bool = False) -> Path:
    """A dataset as GR00T has them: episodes of 5 and 7 rows, whose descriptions and validity number
    tasks. `numbers`: for each episode, that of its description and of its validity."""
    (make_old_dataset if old else make_tiny_dataset)(root, task=tasks[0], **({"seed": None} if old else {}))
    per_row = [one for one, length in zip(numbers, (5, 7)) for _ in range(length)]
    for at, name in enumerate((DESCRIPTION, VALIDITY)):
        add_numbers(root, name, [one[at] for one in per_row])
    listed = [sorted({tasks[number] for number in one}, key=tasks.index) for one in numbers]
    edit_json(root / "meta/info.json", lambda info: info.update(total_tasks=len(tasks)))
    first = iter([one[0] for one in per_row])
    for path in data_files(root):
        edit_table(path, lambda table: set_numbers(table, "task_index", [next(first) for _ in range(len(table))]))
    if old:
        write_lines(root / "meta/tasks.jsonl", [{"task_index": number, "task": task} for number, task in enumerate(tasks)])
        edit_lines(root / "meta/episodes.jsonl", lambda lines: [line | {"tasks": own} for line, own in zip(lines, listed)])
    else:
        write_texts(root / TASKS, "task", tasks)
        edit_table(root / EPISODES, lambda table: table.set_column(table.schema.get_field_index("tasks"), "tasks", pa.array(listed)))
    (root / MODALITY).write_text(json.dumps(ANNOTATIONS if modality is None else modality, indent=4))
    return root


def set_numbers(table: pa.Table, name: str, numbers: list) -> pa.Table:
    at = table.schema.get_field_index(name)
    return table.set_column(at, table.schema.field(at), pa.array(numbers, table.schema.field(at).type))


def told(run) -> set[str]:
    """The warnings of these pages."""
    kinds = {"W-subtasks", "W-task-numbers", "W-modality", "W-files-left-out", "W-episode-statistics", "W-stats-episodes"}
    return kinds & set(re.findall(r"warning\[(W-[a-z-]+)\]", run.stderr))


def merged(robomerge, *words: object, warns: str = "", to: str = "merged") -> Path:
    """The result, which verify finds nothing wrong with, alone or against its sources."""
    sources = [word for word in words if isinstance(word, Path)]
    out = sources[0].parent / to
    run = robomerge("merge", *words, "-o", out, "--verify")
    assert run.exit_code == 0, run.stdout + run.stderr
    assert told(run) == set(warns.split()), run.stderr
    alone = robomerge("verify", out)
    assert alone.exit_code == 0, alone.stdout + alone.stderr
    return out


def refused(robomerge, *words: object, kind: str) -> str:
    sources = [word for word in words if isinstance(word, Path)]
    run = robomerge("merge", *words, "-o", sources[0].parent / "none")
    assert run.exit_code == (2 if kind == "E-rule" else 1), run.stderr
    assert set(re.findall(r"error\[(E-[a-z-]+)\]", run.stderr)) == set(kind.split()), run.stderr
    assert not (sources[0].parent / "none").exists()
    return run.stderr


@pytest.fixture
def pair(tmp_path) -> list[Path]:
    """Two datasets whose tables of subtasks overlap."""
    one = with_subtasks(tmp_path / "one", ["reach", "grasp", "unused"], [0, 0, 1, 1, 1] + [1, 0, 0, 0, 0, 1, 1])
    other = with_subtasks(tmp_path / "other", ["place", "grasp"], [1, 1, 0, 0, 0] + [0] * 7)
    return [one, other]


# -- Subtasks.


def test_subtasks_are_united_and_rows_keep_theirs(robomerge, pair):
    out = merged(robomerge, *pair)
    assert texts_of(out / SUBTASKS) == ["reach", "grasp", "unused", "place"]
    assert subtasks_of(out) == subtasks_of(pair[0]) + subtasks_of(pair[1])


@pytest.mark.parametrize("stats", ["exact", "fold"])
def test_statistics_of_subtask_index_are_those_of_its_rows(stats, robomerge, pair):
    out = merged(robomerge, *pair, "--stats", stats)
    numbers = [number for path in data_files(out) for number in pq.read_table(path)["subtask_index"].to_pylist()]
    whole = json.loads((out / "meta/stats.json").read_text())["subtask_index"]
    assert whole["min"] == [min(numbers)] and whole["max"] == [max(numbers)] and whole["count"] == [len(numbers)]
    assert whole["mean"] == pytest.approx([sum(numbers) / len(numbers)])
    episodes = pq.read_table(out / EPISODES)
    assert episodes["stats/subtask_index/max"].to_pylist() == [[1], [1], [3], [3]]
    assert episodes["stats/subtask_index/mean"].to_pylist()[2] == pytest.approx([11 / 5])


def test_other_columns_are_copied_raw(robomerge, pair):
    """Those of the second source, whose numbers change, byte for byte."""
    out = merged(robomerge, *pair)

    def chunks(path: Path, group: int) -> dict[str, bytes]:
        columns = pq.ParquetFile(path).metadata.row_group(group)
        data = path.read_bytes()
        read = {}
        for column in (columns.column(at) for at in range(columns.num_columns)):
            start = column.dictionary_page_offset or column.data_page_offset
            read[column.path_in_schema] = data[start : start + column.total_compressed_size]
        return read

    for group in range(2):
        old, new = chunks(pair[1] / DATA, group), chunks(data_files(out)[0], group + 2)
        written = {"subtask_index", "task_index", "index", "episode_index"}
        assert old.keys() == new.keys() and len(old) == 7
        assert {name for name in old if old[name] != new[name]} <= written
        assert old["subtask_index"] != new["subtask_index"]


def test_equal_tables_leave_the_column_as_it_is(robomerge, tmp_path):
    texts = ["reach", "grasp"]
    sources = [with_subtasks(tmp_path / name, texts, [0, 1] * 6) for name in ("a", "b")]
    out = merged(robomerge, *sources)
    assert texts_of(out / SUBTASKS) == texts
    assert subtasks_of(out) == subtasks_of(sources[0]) * 2


@pytest.mark.parametrize("rules", [["--episodes", "1"], ["--exclude-episodes", "0"], ["--min-frames", "6"]])
def test_a_selection_keeps_the_subtasks_of_its_rows(rules, robomerge, tmp_path):
    one = with_subtasks(tmp_path / "one", ["reach", "grasp", "lift"], [0] * 5 + [2, 2, 1, 1, 1, 1, 2])
    other = with_subtasks(tmp_path / "other", ["fold", "lift"], [0] * 5 + [1] * 7)
    out = merged(robomerge, one, other, *rules)
    assert subtasks_of(out) == subtasks_of(one)[5:] + subtasks_of(other)[5:]
    assert texts_of(out / SUBTASKS) == ["grasp", "lift"]


def test_a_trimmed_episode(robomerge, pair):
    recipe = pair[0].parent / "recipe.yaml"
    recipe.write_text("sources:\n- {path: one, trim: {0: 1-2}}\n- path: other\n")
    out = pair[0].parent / "trimmed"
    run = robomerge("merge", "--recipe", recipe, "-o", out, "--verify")
    assert run.exit_code == 0, run.stderr
    assert subtasks_of(out) == subtasks_of(pair[0])[1:3] + subtasks_of(pair[0])[5:] + subtasks_of(pair[1])


def test_an_edit_keeps_subtasks(robomerge, pair):
    out = pair[0].parent / "edited"
    run = robomerge("delete-episodes", pair[0], "0", "-o", out, "--verify")
    assert run.exit_code == 0, run.stdout + run.stderr
    assert subtasks_of(out) == subtasks_of(pair[0])[5:]


def test_a_tree_of_merges_is_one_merge(robomerge, pair, tmp_path):
    third = with_subtasks(tmp_path / "third", ["lift", "reach"], [0, 1] * 6)
    at_once = merged(robomerge, *pair, third, to="at once")
    left = merged(robomerge, *pair, to="left")
    by_steps = merged(robomerge, left, third, to="by steps")
    assert texts_of(at_once / SUBTASKS) == texts_of(by_steps / SUBTASKS)
    assert subtasks_of(at_once) == subtasks_of(by_steps)


@pytest.mark.parametrize("seed", range(6))
def test_the_subtask_of_each_row_survives(seed, robomerge, tmp_path):
    """Random tables, selections and trees."""
    dice = random.Random(seed)
    words = [f"subtask {number}" for number in range(6)]
    sources, expected = [], []
    for number in range(dice.randint(2, 4)):
        texts = dice.sample(words, dice.randint(1, 5))
        numbers = [dice.randrange(len(texts)) for _ in range(12)] if dice.random() < 0.7 else [dice.randrange(len(texts))] * 12
        sources.append(with_subtasks(tmp_path / f"s{number}", texts, numbers))
        expected.append(subtasks_of(sources[-1]))
    rules = dice.choice([[], ["--episodes", "0"], ["--episodes", "1"], ["--data-files-size-in-mb", "0.001"]])
    kept = {"0": slice(0, 5), "1": slice(5, 12)}.get(rules[-1] if rules else "", slice(0, 12))
    workers = dice.choice(["1", "4"])
    out = merged(robomerge, *sources, *rules, "-j", workers)
    assert subtasks_of(out) == [text for one in expected for text in one[kept]]
    again = merged(robomerge, out, sources[0], to="again")
    assert subtasks_of(again) == subtasks_of(out) + expected[0]


def test_a_dropped_column_takes_its_table_along(robomerge, pair):
    out = merged(robomerge, *pair, "--drop", "subtask_index")
    assert not (out / SUBTASKS).exists()


def test_subtask_index_keeps_its_name(robomerge, pair):
    assert "by its name" in refused(robomerge, *pair, "--rename", "subtask_index=phase", kind="E-rule")


def test_a_table_in_one_source_only(robomerge, pair):
    (pair[1] / SUBTASKS).unlink()
    text = refused(robomerge, *pair, kind="E-subtasks")
    assert "--drop subtask_index" in text
    compared = robomerge("compare", *pair)
    assert "D-subtasks" in compared.stdout or "subtasks" in compared.stdout


def test_no_table_at_all(robomerge, pair):
    for root in pair:
        (root / SUBTASKS).unlink()
    out = merged(robomerge, *pair, warns="W-subtasks")
    numbers = [pq.read_table(root / DATA)["subtask_index"].to_pylist() for root in pair]
    assert pq.read_table(data_files(out)[0])["subtask_index"].to_pylist() == numbers[0] + numbers[1]
    assert not (out / SUBTASKS).exists()
    shutil.rmtree(out)
    merged(robomerge, pair[0])


@pytest.mark.parametrize("number", [3, -1, -2, None])
def test_a_number_that_the_table_has_not(number, robomerge, tmp_path):
    root = with_subtasks(tmp_path / "odd", ["a", "b", "c"], [0] * 12)
    for path in data_files(root):
        edit_table(path, lambda table: set_numbers(table, "subtask_index", [number] + [0] * (len(table) - 1)) if len(table) == 7 else table)
    text = refused(robomerge, root, kind="E-subtasks")
    assert "episode 1" in text and "0 to 2" in text
    # Another episode can be merged without it.
    assert subtasks_of(merged(robomerge, root, "--episodes", "0", to="first")) == ["a"] * 5
    out = tmp_path / "skipped"
    run = robomerge("merge", root, "-o", out, "--skip-broken", "episodes")
    assert run.exit_code == 5 and subtasks_of(out) == ["a"] * 5, run.stderr


@pytest.mark.parametrize(
    ("table", "says"),
    [
        ({"subtask_index": [1, 0], "subtask": ["a", "b"]}, "order"),
        ({"subtask_index": [0, 1]}, "texts"),
        ({"subtask": ["a", "b"]}, "subtask_index"),
        (None, "subtasks.parquet"),
    ],
)
def test_a_table_that_is_none(table, says, robomerge, tmp_path):
    root = with_subtasks(tmp_path / "odd", ["a", "b"], [0] * 12)
    if table is None:
        (root / SUBTASKS).write_text("no table")
    else:
        pq.write_table(pa.table(table), root / SUBTASKS)
    run = robomerge("merge", root, "-o", tmp_path / "none")
    assert run.exit_code == 1 and says in run.stderr and not (tmp_path / "none").exists(), run.stderr


def test_numbers_of_another_type(robomerge, tmp_path):
    """They cannot be written anew; where they need not be, they stay."""
    a, b = (with_subtasks(tmp_path / name, ["reach", "grasp"], [0] * 5 + [1] * 7) for name in "ab")
    for root in (a, b):
        edit_json(root / "meta/info.json", lambda info: info["features"]["subtask_index"].update(dtype="int32"))
        for path in data_files(root):
            at = pq.read_schema(path).get_field_index("subtask_index")
            edit_table(path, lambda table: table.set_column(at, "subtask_index", table["subtask_index"].cast(pa.int32())))
    assert subtasks_of(merged(robomerge, a, b)) == subtasks_of(a) + subtasks_of(b)
    write_texts(b / SUBTASKS, "subtask", ["grasp", "lift"])
    text = refused(robomerge, a, b, kind="E-subtasks")
    assert "int32" in text and "--drop subtask_index" in text


@pytest.mark.parametrize("path", ["README.md", MODALITY, "meta/notes.txt"])
def test_a_link_to_itself(path, robomerge, pair):
    (pair[0] / path).symlink_to(Path(path).name)
    assert not (merged(robomerge, *pair, warns="W-files-left-out") / path).is_symlink()


def test_annotations_with_nulls_and_without_statistics(robomerge, tmp_path):
    """What is no number of a task in every row is kept as it is."""
    a, b = (with_annotations(tmp_path / name, [name, "valid"], [[0, 1], [0, 1]]) for name in "ab")
    for path in data_files(a):
        table = pq.read_table(path)
        numbers = [None] + table[DESCRIPTION].to_pylist()[1:]
        pq.write_table(set_numbers(table, DESCRIPTION, numbers), path, write_statistics=False)
    out = merged(robomerge, a, b, warns="W-task-numbers")
    read = [pq.read_table(path)[DESCRIPTION].to_pylist() for path in (*data_files(a), *data_files(b))]
    assert sum((pq.read_table(path)[DESCRIPTION].to_pylist() for path in data_files(out)), []) == sum(read, [])


def test_other_columns_of_the_table_are_left_out(robomerge, tmp_path):
    root = with_subtasks(tmp_path / "odd", ["a"], [0] * 12)
    write_texts(root / SUBTASKS, "subtask", ["a"], note=["x"])
    out = merged(robomerge, root, warns="W-subtasks")
    assert pq.read_table(out / SUBTASKS).column_names == ["subtask_index", "subtask"]


def test_subtasks_of_a_dataset_of_v21(robomerge, tmp_path, pair):
    old = make_old_dataset(tmp_path / "old", seed=None)
    add_numbers(old, "subtask_index", [0, 1] * 6)
    write_texts(old / SUBTASKS, "subtask", ["lift", "grasp"])
    out = merged(robomerge, pair[0], old)
    assert subtasks_of(out) == subtasks_of(pair[0]) + subtasks_of(old)
    back = merged(robomerge, pair[0], old, "--codebase-version", "v2.1", to="v21")
    assert subtasks_of(back) == subtasks_of(out)


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


def test_verify_alone_finds_numbers_without_a_text(robomerge, pair):
    out = merged(robomerge, *pair)
    write_texts(out / SUBTASKS, "subtask", ["reach"])
    run = robomerge("verify", out)
    assert run.exit_code != 0 and "V-subtasks" in run.stdout + run.stderr


