"""Makes odd sources of good ones, in place: data files as programs other than LeRobot's recorder
write them."""

import random
from collections.abc import Callable
from pathlib import Path

import datasets
import pyarrow as pa
import pyarrow.parquet as pq

from dataset_view import DatasetView
from odd_metadata import edit_episodes, edit_info, set_column


def data_paths(root: Path) -> list[Path]:
    return sorted((root / "data").glob("*/*.parquet"))


def rewrite(root: Path, edit: Callable[[pa.Table], pa.Table] = lambda table: table, **options) -> None:
    """Writes every data file anew, by default as one row group. `options` are those of pyarrow's
    writer."""
    for path in data_paths(root):
        pq.write_table(edit(pq.read_table(path)), path, **options)


def one_row_group(root: Path) -> None:
    rewrite(root)


def row_groups_across_episodes(root: Path) -> None:
    """Row groups of three rows, so that episodes begin in the middle of one and end in another."""
    rewrite(root, row_group_size=3)


def written_by_hf_datasets(root: Path) -> None:
    """One row group, lists uncompressed and with a page index, the `huggingface` metadata kept
    (1.8)."""
    for path in data_paths(root):
        with pq.ParquetFile(path) as file:
            features = datasets.Features.from_arrow_schema(file.schema_arrow)
        dataset = datasets.Dataset.from_parquet(str(path), features=features, keep_in_memory=True)
        path.unlink()
        dataset.to_parquet(str(path))


def per_episode(root: Path, **options) -> None:
    """One row group per episode as the recorder writes them, with other options of the writer."""
    for path in data_paths(root):
        with pq.ParquetFile(path) as file:
            schema, groups = (
                file.schema_arrow,
                [file.read_row_group(number) for number in range(file.num_row_groups)],
            )
        with pq.ParquetWriter(path, schema, **options) as writer:
            for group in groups:
                writer.write_table(group)


def zstd(root: Path) -> None:
    per_episode(root, compression="zstd", use_dictionary=False)


def uncompressed(root: Path) -> None:
    per_episode(root, compression="none", data_page_version="2.0", write_page_index=True)


def each_column_its_codec(root: Path) -> None:
    names = pq.read_schema(data_paths(root)[0]).names
    codecs = ["snappy", "zstd", "gzip", "none"]
    per_episode(root, compression={name: codecs[place % len(codecs)] for place, name in enumerate(names)})


def narrow_integers(root: Path) -> None:
    """The five default columns in other widths than their features say: LeRobot's reader casts them
    (2.1)."""
    types = {
        "frame_index": pa.int32(),
        "episode_index": pa.int32(),
        "index": pa.int32(),
        "task_index": pa.int32(),
        "timestamp": pa.float64(),
    }

    def edit(table: pa.Table) -> pa.Table:
        for name, type_ in types.items():
            table = table.set_column(
                table.column_names.index(name), pa.field(name, type_), table.column(name).cast(type_)
            )
        return table

    rewrite(root, edit)


def doubles(root: Path) -> None:
    """Every float32 column as float64, as programs write them that know only one type of number."""

    def edit(table: pa.Table) -> pa.Table:
        for place, field in enumerate(table.schema):
            if pa.types.is_float32(field.type):
                wide = pa.float64()
            elif pa.types.is_fixed_size_list(field.type) and pa.types.is_float32(field.type.value_type):
                wide = pa.list_(pa.float64(), field.type.list_size)
            else:
                continue
            table = table.set_column(place, pa.field(field.name, wide), table.column(place).cast(wide))
        return table

    rewrite(root, edit)


def variable_lists(root: Path) -> None:
    """`list<float>` for fixed-size lists and no `huggingface` metadata: what pandas and LeRobot's
    merge write."""

    def edit(table: pa.Table) -> pa.Table:
        for place, field in enumerate(table.schema):
            if pa.types.is_fixed_size_list(field.type):
                type_ = pa.list_(pa.field("element", field.type.value_type))
                column = pa.array(table.column(place).to_pylist(), type_)
                table = table.set_column(place, pa.field(field.name, type_), column)
        return table.replace_schema_metadata(None)

    rewrite(root, edit)


def required_columns(root: Path) -> None:
    """Columns that allow no nulls, so that every page has other definition levels."""

    def edit(table: pa.Table) -> pa.Table:
        fields = [field.with_nullable(False) for field in table.schema]
        return pa.Table.from_arrays(table.columns, schema=pa.schema(fields, metadata=table.schema.metadata))

    rewrite(root, edit)


def reversed_columns(root: Path) -> None:
    rewrite(root, lambda table: table.select(list(reversed(table.column_names))))


def with_nans_and_nulls(root: Path) -> None:
    """NaN, negative zero, null and other odd values in `reward`, all of which must stay as they
    are."""
    odd = pa.array([float("nan"), -0.0, None, float("-inf"), 1e-45], pa.float32())

    def edit(table: pa.Table) -> pa.Table:
        values = pa.concat_arrays([odd] * (len(table) // len(odd) + 1)).slice(0, len(table))
        return table.set_column(table.column_names.index("reward"), "reward", values)

    for path in data_paths(root):
        table = edit(pq.read_table(path))
        numbers = table.column("episode_index").to_pylist()
        starts = [row for row in range(len(numbers)) if row == 0 or numbers[row] != numbers[row - 1]] + [
            len(numbers)
        ]
        with pq.ParquetWriter(path, table.schema) as writer:
            for start, stop in zip(starts, starts[1:], strict=False):
                writer.write_table(table.slice(start, stop - start))


def null_image_paths(root: Path) -> None:
    """Image cells with their bytes and no file name (1.8)."""

    def edit(table: pa.Table) -> pa.Table:
        for place, field in enumerate(table.schema):
            if pa.types.is_struct(field.type):
                cells = [{"bytes": cell["bytes"], "path": None} for cell in table.column(place).to_pylist()]
                table = table.set_column(place, field, pa.array(cells, field.type))
        return table

    rewrite(root, edit)


def swapped_files(root: Path) -> None:
    """Episode 0 in file-001 and the last one in file-000: rows are no longer in the order of
    `index` (W-21)."""
    view = DatasetView(root)
    paths = [view.data_path(row["data/chunk_index"], row["data/file_index"]) for row in view.episodes]
    first, last = paths[0], paths[-1]
    if first == last:
        raise ValueError(f"{root} has one data file only")
    slots = {row["episode_index"]: (row["data/chunk_index"], row["data/file_index"]) for row in view.episodes}
    spare = first.with_suffix(".spare")
    first.rename(spare)
    last.rename(first)
    spare.rename(last)
    swap = {slots[0]: slots[len(slots) - 1], slots[len(slots) - 1]: slots[0]}

    def edit(table: pa.Table) -> pa.Table:
        new = [swap.get(slots[number], slots[number]) for number in table.column("episode_index").to_pylist()]
        table = set_column(table, "data/chunk_index", [slot[0] for slot in new], pa.int64())
        return set_column(table, "data/file_index", [slot[1] for slot in new], pa.int64())

    edit_episodes(root, edit)


def with_rows_of_unknown_episode(root: Path) -> None:
    """Rows of an episode that the metadata does not know, at the end of the last data file."""
    path = data_paths(root)[-1]
    table = pq.read_table(path)
    number = table.column("episode_index").to_pylist()[-1] + 1
    extra = set_column(table.slice(len(table) - 2), "episode_index", [number] * 2, pa.int64())
    pq.write_table(pa.concat_tables([table, extra]), path)


def without_rows(root: Path, count: int) -> None:
    """The last rows of the last data file are missing."""
    path = data_paths(root)[-1]
    table = pq.read_table(path)
    pq.write_table(table.slice(0, len(table) - count), path)


def without_column(root: Path, name: str) -> None:
    rewrite(root, lambda table: table.drop_columns([name]))


def with_large_images(root: Path, key: str, image_bytes: int) -> None:
    """Fills the image column with incompressible bytes, one row group per episode, to make a large
    dataset."""
    generator = random.Random(image_bytes)
    for path in data_paths(root):
        with pq.ParquetFile(path) as file:
            schema, groups = file.schema_arrow, [file.read_row_group(n) for n in range(file.num_row_groups)]
        with pq.ParquetWriter(path, schema) as writer:
            for group in groups:
                cells = [{"bytes": generator.randbytes(image_bytes), "path": None} for _ in range(len(group))]
                place = group.column_names.index(key)
                column = pa.array(cells, schema.field(key).type)
                writer.write_table(group.set_column(place, schema.field(key), column))


def with_language(root: Path) -> None:
    """The two columns that the annotation pipeline adds after recording: lists of structs, tool
    calls as JSON (1.4)."""
    tool_calls = pa.list_(pa.json_())
    words = [("role", pa.string()), ("content", pa.string()), ("style", pa.string())]
    ends = [("camera", pa.string()), ("tool_calls", tool_calls)]
    types = {
        "language_persistent": pa.list_(pa.struct([*words, ("timestamp", pa.float32()), *ends])),
        "language_events": pa.list_(pa.struct([*words, *ends])),
    }

    def rows(name: str, count: int) -> list:
        row = {
            "role": "assistant",
            "content": "reach",
            "style": "subtask",
            "camera": None,
            "tool_calls": ['{"name": "grip"}'],
        }
        late = {**row, "style": "plan", "tool_calls": None}
        if name == "language_persistent":
            return [[{**row, "timestamp": 0.0}, {**late, "timestamp": 0.2}]] * count
        return [[row] if number % 2 else [] for number in range(count)]

    def storage(type_: pa.DataType) -> pa.DataType:
        return pa.list_(
            pa.struct(
                [
                    (f.name, pa.list_(pa.string()) if f.name == "tool_calls" else f.type)
                    for f in type_.value_type
                ]
            )
        )

    def edit(table: pa.Table) -> pa.Table:
        for name, type_ in types.items():
            plain_array = pa.array(rows(name, len(table)), storage(type_))
            table = table.append_column(pa.field(name, type_), _with_json(plain_array, type_))
        metadata = dict(table.schema.metadata or {})
        metadata.pop(b"huggingface", None)
        return table.replace_schema_metadata(metadata)

    rewrite(root, edit)
    feature = {"dtype": "language", "shape": [1], "names": None}
    edit_info(root, lambda info: info["features"].update({name: dict(feature) for name in types}))


def _with_json(array: pa.Array, type_: pa.ListType) -> pa.Array:
    """`array` with its innermost strings declared as JSON. pyarrow cannot build such a column from
    Python values."""
    structs = array.values
    children = []
    for field in type_.value_type:
        child = structs.field(field.name)
        if field.name == "tool_calls":
            values = pa.ExtensionArray.from_storage(pa.json_(), child.values)
            child = pa.ListArray.from_arrays(child.offsets, values, type=field.type, mask=child.is_null())
        children.append(child)
    inner = pa.StructArray.from_arrays(children, fields=list(type_.value_type))
    return pa.ListArray.from_arrays(array.offsets, inner, type=type_)
