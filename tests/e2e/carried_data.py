"""Datasets with what goes along with the rows: subtasks, annotations and modality.json."""

import json
import re
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
from edits import EPISODES, edit_json, edit_table
from old_dataset import edit_lines, make_old_dataset, read_lines, write_lines
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
