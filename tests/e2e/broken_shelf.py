"""Makes the broken datasets of tests/data/broken, each from its recipe.

A case is a folder with `recipe.json` (what is done to healthy tiny datasets) and `message.txt` (the
output of the command). After a change of messages `python tests/e2e/broken_shelf.py COMMAND` writes
every message.txt anew. Review the diff.
"""

import json
import os
import shutil
import struct
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
from old_dataset import make_old_dataset
from tiny_dataset import make_tiny_dataset
from tiny_video import add_video

SHELF = Path(__file__).resolve().parents[1] / "data/broken"
LENGTHS = (5, 7)
# Where the children of a box of an MP4 file begin, if other fields come first.
CHILDREN_BEGIN = {"stsd": 8, "mp4v": 78}


def cases() -> list[str]:
    return sorted(path.name for path in SHELF.iterdir() if path.is_dir())


def recipe_of(case: str) -> dict:
    return json.loads((SHELF / case / "recipe.json").read_text())


def build(case: str, folder: Path) -> list[str]:
    """Makes the sources of the case in `folder`, and returns their names."""
    recipe = recipe_of(case)
    names = recipe.get("sources", ["a"])
    for number, name in enumerate(names):
        if "version" in recipe:
            make_old_dataset(folder / name, lengths=LENGTHS, version=recipe["version"], seed=number + 1)
            continue
        make_tiny_dataset(folder / name, lengths=LENGTHS)
        if recipe.get("with_video", True):
            add_video(folder / name, LENGTHS, seed=number + 1)
    for step in recipe["damage"]:
        DAMAGES[step["do"]](folder / step.get("source", names[0]) / step["file"], step)
    return names + recipe.get("more_sources", [])


def arguments(case: str, names: list[str]) -> list[str]:
    recipe = recipe_of(case)
    return [*names, "-o", recipe.get("destination", "merged"), *recipe.get("flags", [])]


# -- What can be done to a file.


def cut(path: Path, step: dict) -> None:
    """Keeps the first `keep` bytes, or drops the last `drop` bytes."""
    data = path.read_bytes()
    path.write_bytes(data[: step["keep"]] if "keep" in step else data[: -step["drop"]])


def write_text(path: Path, step: dict) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(step["text"])


def patch(path: Path, step: dict) -> None:
    """Puts the bytes `hex` at the offset `at`; a negative one counts from the end."""
    data = bytearray(path.read_bytes())
    at = step["at"] % len(data)
    data[at : at + len(step["hex"]) // 2] = bytes.fromhex(step["hex"])
    path.write_bytes(bytes(data))


def edit_json(path: Path, step: dict) -> None:
    """Sets the value at `key`, a list of names, to `to`; without `to` removes it."""
    document = json.loads(path.read_text())
    inner = document
    for name in step["key"][:-1]:
        inner = inner[name]
    if "to" in step:
        inner[step["key"][-1]] = step["to"]
    else:
        del inner[step["key"][-1]]
    path.write_text(json.dumps(document, indent=4))


def edit_table(path: Path, step: dict) -> None:
    """Sets a `cell` (column, row, value), a `column` [name, values or null for none], or takes
    `rows` of the file by number."""
    parquet = pq.ParquetFile(path)
    groups = [parquet.read_row_group(number) for number in range(parquet.num_row_groups)]
    if "row_groups" in step:
        groups = [groups[number] for number in step["row_groups"]]
    table = pa.concat_tables(groups)
    if "rows" in step:
        table = table.take(pa.array(step["rows"], pa.int64()))
        groups = [table]
    if "cell" in step:
        name, row, value = step["cell"]
        values = table[name].to_pylist()
        values[row] = value
        table = replace(table, name, pa.array(values, table.schema.field(name).type))
    if "column" in step:
        name, values = step["column"]
        index = table.schema.get_field_index(name)
        table = table.remove_column(index) if values is None else replace(table, name, pa.array(values))
    with pq.ParquetWriter(path, table.schema, compression=step.get("compression", "snappy")) as writer:
        first = 0
        for group in groups:
            writer.write_table(table.slice(first, group.num_rows))
            first += group.num_rows


def replace(table: pa.Table, name: str, column: pa.Array) -> pa.Table:
    index = table.schema.get_field_index(name)
    return table.append_column(name, column) if index < 0 else table.set_column(index, name, column)


def find_box(data: bytes, path: list[str], begin: int, end: int) -> tuple[int, int]:
    """The offset of the box and its size."""
    while begin < end:
        size, kind = struct.unpack_from(">I4s", data, begin)
        if kind.decode("latin-1") == path[0]:
            if len(path) == 1:
                return begin, size
            return find_box(data, path[1:], begin + 8 + CHILDREN_BEGIN.get(path[0], 0), begin + size)
        begin += size
    raise LookupError(path)


def edit_box(path: Path, step: dict) -> None:
    """Puts `hex` at the offset `at` of a box's bytes (0 is its size, 4 its name)."""
    data = bytearray(path.read_bytes())
    begin, _ = find_box(bytes(data), step["box"].split("/"), 0, len(data))
    at = begin + step["at"]
    data[at : at + len(step["hex"]) // 2] = bytes.fromhex(step["hex"])
    path.write_bytes(bytes(data))


def remove(path: Path, step: dict) -> None:
    shutil.rmtree(path) if path.is_dir() else path.unlink()


def replace_by_folder(path: Path, step: dict) -> None:
    path.unlink()
    path.mkdir()


def replace_by_link(path: Path, step: dict) -> None:
    if path.exists():
        remove(path, step)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.symlink_to(step["to"])


def move(path: Path, step: dict) -> None:
    path.rename(path.parent / step["to"])


DAMAGES: dict[str, Callable[[Path, dict], None]] = {
    "cut": cut,
    "write": write_text,
    "patch": patch,
    "json": edit_json,
    "table": edit_table,
    "box": edit_box,
    "remove": remove,
    "folder": replace_by_folder,
    "link": replace_by_link,
    "move": move,
}


def message(command: Path, case: str, folder: Path) -> str:
    """The output and the exit code of the command."""
    names = build(case, folder)
    run = subprocess.run([str(command), "merge", "--quiet", *arguments(case, names)], cwd=folder, capture_output=True, timeout=60)
    return f"{run.stdout.decode()}{run.stderr.decode()}exit code {run.returncode}\n"


def main() -> None:
    import tempfile

    command = Path(sys.argv[1]).absolute()
    for case in cases():
        with tempfile.TemporaryDirectory() as folder:
            (SHELF / case / "message.txt").write_text(message(command, case, Path(folder)))


if __name__ == "__main__":
    os.environ.pop("ROBOMERGE_NUM_WORKERS", None)
    main()
