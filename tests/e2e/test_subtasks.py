"""Subtasks go along with the rows (docs/carried-files.md)."""

import json
import random
import shutil
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from carried_data import DESCRIPTION, MODALITY, SUBTASKS, add_numbers, data_files, merged, refused, set_numbers, subtasks_of, texts_of, with_annotations, with_subtasks, write_texts
from edits import DATA, EPISODES, edit_json, edit_table
from old_dataset import make_old_dataset


@pytest.fixture
def pair(tmp_path) -> list[Path]:
    """Two datasets whose tables of subtasks overlap."""
    one = with_subtasks(tmp_path / "one", ["reach", "grasp", "unused"], [0, 0, 1, 1, 1] + [1, 0, 0, 0, 0, 1, 1])
    other = with_subtasks(tmp_path / "other", ["place", "grasp"], [1, 1, 0, 0, 0] + [0] * 7)
    return [one, other]


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


def test_verify_alone_finds_numbers_without_a_text(robomerge, pair):
    out = merged(robomerge, *pair)
    write_texts(out / SUBTASKS, "subtask", ["reach"])
    run = robomerge("verify", out)
    assert run.exit_code != 0 and "V-subtasks" in run.stdout + run.stderr
