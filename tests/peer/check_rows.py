"""Checks data files: order (I-1, I-4), every value of every row, schema (W-13), row groups and
packing."""

import json
from collections import defaultdict

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from dataset_view import BOOKKEEPING, DatasetView
from findings import Findings, MergeOptions, Pairing

MEBIBYTE = 1 << 20
ARROW_OF_DTYPE = {"bool": pa.bool_(), "string": pa.string()}


def check_order(
    merged: DatasetView,
    sources: list[DatasetView],
    pairing: Pairing,
    options: MergeOptions,
    findings: Findings,
) -> None:
    index = [
        value for data_file in merged.data_files for value in data_file.table.column("index").to_pylist()
    ]
    total = sum(view.total_frames for view in sources)
    if not findings.expect(len(index) == total, f"I-1: the data files hold {len(index)} rows, not {total}"):
        return
    wrong = next((row for row, value in enumerate(index) if row != value), None)
    findings.expect(
        wrong is None,
        f"I-1: row {wrong} of the data files has index {index[wrong] if wrong is not None else ''}",
    )
    numbers = [
        value for file in merged.data_files for value in file.table.column("episode_index").to_pylist()
    ]
    findings.expect(numbers == sorted(numbers), "I-1: episode_index decreases somewhere in the data files")
    for data_file in merged.data_files:
        for number, episodes in enumerate(data_file.row_group_episodes):
            findings.expect(
                len(episodes) == 1,
                f"I-10: row group {number} of {data_file.path.relative_to(merged.root)} holds episodes {episodes}",
            )
        held = [episode for group in data_file.row_group_episodes for episode in group]
        findings.expect(
            len(held) == len(set(held)),
            f"I-10: an episode has several row groups in {data_file.path.relative_to(merged.root)}",
        )


def check_rows(
    merged: DatasetView,
    sources: list[DatasetView],
    pairing: Pairing,
    options: MergeOptions,
    findings: Findings,
) -> None:
    for pair in pairing.pairs:
        source = pair.view.rows_by_episode[pair.source["episode_index"]].table
        found = merged.rows_by_episode.get(pair.merged_number)
        if found is None:
            findings.add(f"I-4: {pair.name} has no rows")
            continue
        rows = found.table
        if not findings.expect(
            rows.num_rows == source.num_rows,
            f"I-4: {pair.name} has {rows.num_rows} rows, not {source.num_rows}",
        ):
            continue
        findings.expect(
            len(found.files) == 1, f"I-5: {pair.name} is spread over {len(found.files)} data files"
        )
        if pair.merged is not None:
            path = merged.data_path(pair.merged["data/chunk_index"], pair.merged["data/file_index"])
            findings.expect(
                set(found.files) == {path},
                f"I-5: {pair.name} is said to be in {path.relative_to(merged.root)} and is not",
            )
        findings.expect(
            rows.column("frame_index").to_pylist() == list(range(rows.num_rows)),
            f"I-4: {pair.name} does not have the frame_index 0, 1, 2, ...",
        )
        findings.expect(
            rows.column("index").to_pylist()
            == list(range(pair.first_index, pair.first_index + rows.num_rows)),
            f"I-1: {pair.name} does not have the index {pair.first_index}, {pair.first_index + 1}, ...",
        )
        expected_tasks = [
            _name(pair.view.tasks, number) for number in source.column("task_index").to_pylist()
        ]
        found_tasks = [_name(merged.tasks, number) for number in rows.column("task_index").to_pylist()]
        findings.expect(found_tasks == expected_tasks, f"I-6: {pair.name} has other tasks than its source")
        findings.expect(
            set(rows.column_names) == set(source.column_names),
            f"I-8: {pair.name} has the columns {rows.column_names}, its source {source.column_names}",
        )
        for name in source.column_names:
            if (
                name in rows.column_names
                and name not in BOOKKEEPING
                and not _same(source.column(name), rows.column(name))
            ):
                findings.add(f"rows: {pair.name}, column {name} differs from its source")


def _name(tasks: list[str], number: int) -> str:
    return tasks[number] if 0 <= number < len(tasks) else f"(no task {number})"


def _same(source: pa.ChunkedArray, merged: pa.ChunkedArray) -> bool:
    """Whether two columns hold the same values, floats compared by their bits."""
    return _same_array(_one(source), _one(merged))


def _one(column: pa.ChunkedArray) -> pa.Array:
    combined = column.combine_chunks()
    if isinstance(combined, pa.ChunkedArray):
        combined = pa.concat_arrays(combined.chunks) if combined.num_chunks else pa.array([], column.type)
    return combined.storage if isinstance(combined, pa.ExtensionArray) else combined


def _is_list(type_: pa.DataType) -> bool:
    return pa.types.is_list(type_) or pa.types.is_large_list(type_) or pa.types.is_fixed_size_list(type_)


def _same_array(a: pa.Array, b: pa.Array) -> bool:
    a = a.storage if isinstance(a, pa.ExtensionArray) else a
    b = b.storage if isinstance(b, pa.ExtensionArray) else b
    if len(a) != len(b) or not a.is_valid().equals(b.is_valid()):
        return False
    if _is_list(a.type) or _is_list(b.type):
        if not (_is_list(a.type) and _is_list(b.type)):
            return False
        lengths = [pc.list_value_length(array).cast(pa.int64()) for array in (a, b)]
        return lengths[0].equals(lengths[1]) and _same_array(a.flatten(), b.flatten())
    if pa.types.is_struct(a.type):
        if not pa.types.is_struct(b.type) or {f.name for f in a.type} != {f.name for f in b.type}:
            return False
        valid = a.is_valid()
        return all(_same_array(a.field(f.name).filter(valid), b.field(f.name).filter(valid)) for f in a.type)
    if pa.types.is_null(a.type) and pa.types.is_null(b.type):
        return True
    if pa.types.is_null(a.type) or pa.types.is_null(b.type):
        return False
    if (
        a.type != b.type
    ):  # a source may store another width than its feature says; the merge may widen or narrow it
        a = a.cast(b.type, safe=False)
    if pa.types.is_floating(b.type):
        bits = {32: np.uint32, 64: np.uint64, 16: np.uint16}[b.type.bit_width]
        left, right = (array.drop_null().to_numpy(zero_copy_only=False).view(bits) for array in (a, b))
        return bool(np.array_equal(left, right))
    return a.equals(b)


def describe_type(field: pa.Field) -> str:
    """The text of an Arrow type, without the names of list elements, but with its extension."""
    type_ = field.type
    metadata = field.metadata or {}
    extension = metadata.get(b"ARROW:extension:name", b"").decode()
    if isinstance(type_, pa.BaseExtensionType):
        extension, type_ = type_.extension_name, type_.storage_type
    if pa.types.is_fixed_size_list(type_):
        text = f"fixed_size_list<{describe_type(type_.value_field)}>[{type_.list_size}]"
    elif pa.types.is_list(type_):
        text = f"list<{describe_type(type_.value_field)}>"
    elif pa.types.is_struct(type_):
        text = "struct<" + ", ".join(f"{child.name}: {describe_type(child)}" for child in type_) + ">"
    else:
        text = str(type_)
    return f"{extension}({text})" if extension else text


def _recorder_type(feature: dict) -> str:
    """The Arrow type that LeRobot's recorder writes for a feature (1.4)."""
    if feature["dtype"] == "image":
        return "struct<bytes: binary, path: string>"
    if feature["dtype"] == "language":
        return ""
    value = ARROW_OF_DTYPE.get(feature["dtype"]) or pa.from_numpy_dtype(np.dtype(feature["dtype"]))
    shape = list(feature["shape"])
    if shape == [1]:
        return str(value)
    if len(shape) == 1:
        return f"fixed_size_list<{value}>[{shape[0]}]"
    text = str(value)
    for _ in shape:
        text = f"list<{text}>"
    return f"datasets.features.features.Array{len(shape)}DExtensionType({text})"


def check_schema(
    merged: DatasetView,
    sources: list[DatasetView],
    pairing: Pairing,
    options: MergeOptions,
    findings: Findings,
) -> None:
    schemas = [data_file.schema for data_file in merged.data_files]
    if not schemas:
        return
    columns = [name for name, feature in merged.features.items() if feature["dtype"] != "video"]
    # Many files have the same schema, so each schema is looked at once.
    source_schemas = {
        data_file.schema.serialize().to_pybytes(): data_file.schema
        for view in sources
        for data_file in view.data_files
    }
    allowed: dict[str, set[str]] = {name: {_recorder_type(merged.features[name])} for name in columns}
    known: dict[str, list] = defaultdict(list)
    for source_schema in source_schemas.values():
        for field in source_schema:
            allowed.setdefault(field.name, set()).add(describe_type(field))
        for column, feature in (_huggingface(source_schema) or {}).items():
            known[column].append(feature)
    for data_file, schema in zip(merged.data_files, schemas, strict=True):
        name = data_file.path.relative_to(merged.root)
        findings.expect(
            sorted(schema.names) == sorted(columns), f"I-8: {name} has the columns {schema.names}"
        )
        for field in schema:
            found, of_sources = describe_type(field), sorted(allowed.get(field.name, ()))
            findings.expect(
                found in of_sources,
                f"W-13: {name} stores {field.name} as {found}, the sources as {of_sources}",
            )
        if known:
            _check_huggingface(name, _huggingface(schema), known, columns, findings)


def _huggingface(schema: pa.Schema) -> dict | None:
    text = (schema.metadata or {}).get(b"huggingface")
    return None if text is None else json.loads(text)["info"]["features"]


def _check_huggingface(
    name, found: dict | None, known: dict[str, list], columns: list[str], findings: Findings
) -> None:
    if not findings.expect(found is not None, f"W-13: {name} has lost the `huggingface` metadata"):
        return
    findings.expect(
        sorted(found) == sorted(columns),
        f"W-13: the `huggingface` metadata of {name} describes {sorted(found)}",
    )
    for column, feature in found.items():
        findings.expect(
            not known[column] or feature in known[column] or feature.get("_type") in ("List", "Sequence"),
            f"W-13: the `huggingface` metadata of {name} calls {column} {feature}",
        )


def check_packing(
    merged: DatasetView,
    sources: list[DatasetView],
    pairing: Pairing,
    options: MergeOptions,
    findings: Findings,
) -> None:
    """Checks packing (3.3, 3.7): a file is below the limit or has one source file; without joining
    it has one."""
    sizes = {file.path: file.uncompressed_bytes for view in sources for file in view.data_files}
    contents: dict = defaultdict(dict)
    for pair in pairing.pairs:
        found = merged.rows_by_episode.get(pair.merged_number)
        if found is not None:
            source_file = pair.view.rows_by_episode[pair.source["episode_index"]].files[0]
            contents[found.files[0]][(pair.source_number, source_file)] = sizes[source_file]
    for path, parts in contents.items():
        name = path.relative_to(merged.root)
        total = sum(parts.values()) / MEBIBYTE
        findings.expect(
            len(parts) == 1 or total < options.data_files_size_in_mb,
            f"3.3: {name} holds {total:.3f} MB of {len(parts)} files, the limit is {options.data_files_size_in_mb} MB",
        )
        findings.expect(
            options.concatenate_data or len(parts) == 1,
            f"3.7: {name} joins {len(parts)} source files, none were to be joined",
        )
    for data_file in merged.data_files:
        footer = pq.read_metadata(data_file.path)
        rows = sum(footer.row_group(group).num_rows for group in range(footer.num_row_groups))
        findings.expect(
            footer.num_rows == rows, f"footer: {data_file.path.name} says {footer.num_rows} rows, has {rows}"
        )
