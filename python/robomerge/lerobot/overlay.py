"""A dataset as it would be with other columns or tasks: the source that `modify_features` and
`modify_tasks` edit.

Its tables are written anew, row group by row group; videos and the other files are links to those
of the dataset.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from robomerge.errors import InvalidArgumentError
from robomerge.report import Problem


def with_columns(root: Path, added: Mapping[str, tuple[Any, Mapping[str, Any]]], place: Path) -> Path:
    """Makes the source at `place`, which must not exist. Returns `place`.

    Raises:
        ValueError: an array has another number of rows than the dataset, or values do not have the
            dtype and shape that the entry says.
    """
    import pyarrow.parquet as pq

    files = sorted((root / "data").glob("*/*.parquet"))
    num_rows = sum(pq.read_metadata(path).num_rows for path in files)
    columns = {}
    for name, (values, entry) in added.items():
        if not callable(values):
            _check_length(name, values, num_rows)
        columns[name] = _Column(name, values, entry)
    _link(root, place, {"data", "meta"})
    _link(root / "meta", place / "meta", {"info.json"})
    info = json.loads((root / "meta/info.json").read_bytes())
    info["features"] |= {name: _as_json(entry) for name, (_, entry) in added.items()}
    (place / "meta/info.json").write_text(json.dumps(info, indent=4, ensure_ascii=False))
    first = 0
    for path in files:
        first = _write(path, place / path.relative_to(root), columns, first)
    return place


def files_of(root: Path, added: Mapping[str, tuple[Any, Mapping[str, Any]]], place: Path) -> list[dict[str, str]] | None:
    """The values as files in the folder `place`, for an edit that adds them; None if some are not
    arrays of a form that it takes.

    Raises:
        ValueError: as with_columns().
    """
    import numpy as np
    import pyarrow as pa
    import pyarrow.parquet as pq

    if not all(_is_plain(values, entry) for values, entry in added.values()):
        return None
    num_rows = sum(pq.read_metadata(path).num_rows for path in (root / "data").glob("*/*.parquet"))
    files = []
    for number, (name, (values, entry)) in enumerate(added.items()):
        _check_length(name, values, num_rows)
        column = _Column(name, values, entry)
        path = place / f"{number}.{'parquet' if column.is_text else 'npy'}"
        array = column.array
        if array.size != num_rows * np.prod(column.shape, dtype=np.int64):
            raise column.error("has values of another shape", str(column.shape), array.shape[1:])
        if column.is_text:
            pq.write_table(pa.table({name: column.take(list, 0, num_rows)}), path)
        else:
            np.save(path, np.ascontiguousarray(array).reshape(num_rows, *column.shape))
        files.append({"name": name, "path": str(path), "entry": json.dumps(_as_json(entry))})
    return files


def _is_plain(values: Any, entry: Mapping[str, Any]) -> bool:
    numbers = {"bool", "float32", "float64"} | {f"{kind}{bits}" for kind in ("int", "uint") for bits in (8, 16, 32, 64)}
    is_of_numbers = entry["dtype"] in numbers
    return not callable(values) and (is_of_numbers or entry["dtype"] == "string") and 1 <= len(entry["shape"]) <= 5


def _check_length(name: str, values: Any, num_rows: int) -> None:
    if len(values) != num_rows:
        text = f"Length of values ({len(values)}) does not match length of index ({num_rows}): `{name}`"
        raise InvalidArgumentError(text, [Problem("invalid_argument", "E-options", text)])


def with_tasks(root: Path, task_of: Sequence[str], place: Path) -> Path:
    """Makes a source at `place`, which must not exist, in which each episode has this one task.
    Tasks are numbered by their texts. Returns `place`."""
    import pyarrow as pa
    import pyarrow.compute as pc
    import pyarrow.parquet as pq

    texts = sorted(set(task_of))
    number = {text: at for at, text in enumerate(texts)}
    numbers = pa.array([number[text] for text in task_of], pa.int64())
    lists = pa.array([[text] for text in task_of], pa.list_(pa.string()))
    _link(root, place, {"data", "meta"})
    _link(root / "meta", place / "meta", {"episodes", "info.json", "tasks.parquet"})
    info = json.loads((root / "meta/info.json").read_bytes()) | {"total_tasks": len(texts)}
    (place / "meta/info.json").write_text(json.dumps(info, indent=4, ensure_ascii=False))
    # As pandas writes a frame whose index is the task.
    pandas = {"index_columns": ["task"], "column_indexes": [], "columns": [], "creator": {}, "pandas_version": "2.3.3"}
    table = pa.table({"task_index": pa.array(range(len(texts)), pa.int64()), "task": texts})
    pq.write_table(table.replace_schema_metadata({"pandas": json.dumps(pandas)}), place / "meta/tasks.parquet")
    for folder, name, values in (("data", "task_index", numbers), ("meta/episodes", "tasks", lists)):
        for path in sorted((root / folder).glob("*/*.parquet")):

            def changed(table: Any, name: str = name, values: Any = values) -> Any:
                column = pc.take(values, table["episode_index"].combine_chunks().cast(pa.int64()))
                at = table.schema.get_field_index(name)
                if at < 0:
                    return table.append_column(name, column)
                return table.set_column(at, pa.field(name, column.type), column)

            _rewrite(path, place / path.relative_to(root), changed)
    return place


def _link(folder: Path, place: Path, but: set[str]) -> None:
    """Makes a folder of links to what is in another one."""
    place.mkdir(parents=True)
    for path in folder.iterdir():
        if path.name not in but:
            (place / path.name).symlink_to(path.resolve(), target_is_directory=path.is_dir())


def _rewrite(path: Path, place: Path, change: Callable[[Any], Any]) -> None:
    """Writes a table anew, row group by row group."""
    import pyarrow.parquet as pq

    place.parent.mkdir(parents=True, exist_ok=True)
    with pq.ParquetFile(path) as file:
        writer = None
        for group in range(file.num_row_groups):
            table = change(file.read_row_group(group))
            if writer is None:
                writer = pq.ParquetWriter(place, table.schema, compression="snappy")
            writer.write_table(table, row_group_size=max(table.num_rows, 1))
        if writer is not None:
            writer.close()


class _Column:
    """The values of an added feature, as Arrow."""

    def __init__(self, name: str, values: Any, entry: Mapping[str, Any]):
        import numpy as np
        import pyarrow as pa

        self.name = name
        self.function: Callable[..., Any] | None = values if callable(values) else None
        self.shape = tuple(int(size) for size in entry["shape"])
        self.dtype = entry["dtype"]
        self.is_text = self.dtype in ("string", "str")
        if self.dtype in ("video", "image"):
            raise self.error("is of dtype", "numbers or texts", self.dtype)
        try:
            self.type = pa.string() if self.is_text else pa.from_numpy_dtype(np.dtype(self.dtype))
        except (TypeError, pa.ArrowNotImplementedError):
            raise self.error("has no usable dtype", "one of numpy's, or string", self.dtype) from None
        self.array = None if callable(values) else self.to_numpy(values)
        # As LeRobot writes them: a number for one element, else lists of fixed size.
        for size in reversed(() if self.shape in ((), (1,)) else self.shape):
            self.type = pa.list_(self.type, size)

    def error(self, what: str, expected: str, found: object) -> InvalidArgumentError:
        text = f"Feature '{self.name}' {what}: expected {expected}, found {str(found)[:100]}"
        return InvalidArgumentError(text, [Problem("invalid_argument", "E-options", text)])

    def to_numpy(self, values: Any) -> Any:
        import numpy as np

        values = np.asarray(values.detach().cpu() if hasattr(values, "detach") else values)
        return values if self.is_text else values.astype(self.dtype, copy=False)

    def take(self, rows: Any, first: int, count: int) -> Any:
        """The column of `count` rows from number `first` on, whose other columns are `rows()`."""
        import numpy as np
        import pyarrow as pa

        if self.function is None:
            values = self.array[first : first + count]
        else:
            function = self.function
            values = self.to_numpy(
                np.stack([np.asarray(function(row, row["episode_index"], row["frame_index"])) for row in rows()])
            )
        width = int(np.prod(self.shape, dtype=np.int64))
        if values.size != count * width:
            raise self.error("has values of another shape", str(self.shape), values.shape[1:])
        flat = values.reshape(-1)
        column = pa.array(flat.tolist() if self.is_text else np.ascontiguousarray(flat))
        sizes = () if self.shape in ((), (1,)) else self.shape
        for size in reversed(sizes):
            column = pa.FixedSizeListArray.from_arrays(column, size)
        return column.cast(self.type)


def _write(path: Path, place: Path, columns: Mapping[str, _Column], first: int) -> int:
    """Writes one data file; returns the number of the row behind its last one."""
    import pyarrow as pa

    def wider(table: Any) -> Any:
        nonlocal first
        arrays = [column.take(table.to_pylist, first, table.num_rows) for column in columns.values()]
        first += table.num_rows
        fields = [*table.schema, *(pa.field(name, column.type) for name, column in columns.items())]
        schema = pa.schema(fields, metadata=_metadata(table.schema.metadata, columns))
        return pa.Table.from_arrays([*table.columns, *arrays], schema=schema)

    _rewrite(path, place, wider)
    return first


def _metadata(old: dict[bytes, bytes] | None, columns: Mapping[str, _Column]) -> dict[bytes, bytes]:
    """The schema's metadata, in which `huggingface` names the new columns too."""
    metadata = dict(old or {})
    metadata.pop(b"pandas", None)
    stated = metadata.get(b"huggingface")
    if stated is None:
        return metadata
    huggingface = json.loads(stated)
    features = huggingface.get("info", {}).get("features")
    if isinstance(features, dict):
        for name, column in columns.items():
            form: Any = {"dtype": "string" if column.is_text else str(column.dtype), "_type": "Value"}
            if column.shape not in ((), (1,)):
                if len(column.shape) == 1:
                    form = {"feature": form, "length": column.shape[0], "_type": "List"}
                else:
                    form = {
                        "shape": list(column.shape),
                        "dtype": str(column.dtype),
                        "_type": f"Array{len(column.shape)}D",
                    }
            features[name] = form
    metadata[b"huggingface"] = json.dumps(huggingface).encode()
    return metadata


def _as_json(entry: Mapping[str, Any]) -> dict[str, Any]:
    return {key: list(value) if isinstance(value, tuple) else value for key, value in entry.items()}
