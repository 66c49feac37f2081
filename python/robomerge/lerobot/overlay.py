"""A dataset as it would be with other columns or tasks: the source that `modify_features` and
`modify_tasks` edit.

Its tables are written anew, row group by row group; videos and the other files are links to those
of the dataset.
"""

import hashlib
import json
import shlex
import shutil
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from robomerge.errors import CorruptDatasetError, InvalidArgumentError
from robomerge.report import Problem, counted


def columns_of(root: Path, added: Mapping[str, tuple[Any, Mapping[str, Any]]]) -> "dict[str, _Column]":
    """The added features by name. Writes nothing.

    Raises:
        ValueError: an array has another number of rows than the dataset, values do not have the dtype
            and shape that the entry says, or there is not a name for each element.
    """
    import pyarrow.parquet as pq

    num_rows = sum(pq.read_metadata(path).num_rows for path in (root / "data").glob("*/*.parquet"))
    columns = {}
    for name, (values, entry) in added.items():
        if not callable(values):
            _check_length(name, values, num_rows)
        columns[name] = column = _Column(name, values, entry)
        if column.array is not None and column.array.size != num_rows * column.width:
            raise column.error("has values of another shape", str(column.shape), column.array.shape[1:])
    return columns


def with_columns(
    root: Path, added: Mapping[str, tuple[Any, Mapping[str, Any]]], columns: "Mapping[str, _Column]", place: Path
) -> Path:
    """Makes the source at `place`, which must not exist. Returns `place`.

    Raises:
        ValueError: a function gives values that do not have the dtype and shape that the entry says.
    """
    files = sorted((root / "data").glob("*/*.parquet"))
    _link(root, place, {"data", "meta"})
    _link(root / "meta", place / "meta", {"info.json"})
    info = json.loads((root / "meta/info.json").read_bytes())
    info["features"] |= {name: _as_json(entry) for name, (_, entry) in added.items()}
    (place / "meta/info.json").write_text(json.dumps(info, indent=4, ensure_ascii=False))
    first = 0
    for path in files:
        first = _write(path, place / path.relative_to(root), columns, first)
    return place


def files_of(
    added: Mapping[str, tuple[Any, Mapping[str, Any]]], columns: "Mapping[str, _Column]", place: Path
) -> list[dict[str, str]] | None:
    """The values as files in the folder `place`, for an edit that adds them; None if some are not
    arrays of a form that it takes."""
    import numpy as np
    import pyarrow as pa
    import pyarrow.parquet as pq

    if not all(_is_plain(values, entry) for values, entry in added.values()):
        return None
    files = []
    for number, (name, (_, entry)) in enumerate(added.items()):
        column = columns[name]
        path = place / f"{number}.{'parquet' if column.is_text else 'npy'}"
        array, num_rows = column.array, len(column.array)
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
    _forget_hashes(root, place)
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
    """Makes a folder of links to the folders in another one, and of copies of its files: an edit
    carries small files along, and no links."""
    place.mkdir(parents=True)
    for path in folder.iterdir():
        if path.name in but:
            continue
        if path.is_file() and not path.is_symlink():
            shutil.copyfile(path, place / path.name)
        else:
            (place / path.name).symlink_to(path.resolve(), target_is_directory=path.is_dir())


def _forget_hashes(root: Path, place: Path) -> None:
    """Takes the hashes of the tables, which are written anew, out of the record at `place`.

    Raises:
        CorruptDatasetError: a data file has changed since its hash was recorded (E-hash).
    """
    path = place / "meta/robomerge.json"
    record = json.loads(path.read_bytes()) if path.is_file() else {}
    lines = record.get("sha256") if isinstance(record, dict) else None
    if not isinstance(lines, list):
        return
    problems = []
    for line in lines:
        expected, _, name = str(line).partition("  ")
        if not name.startswith("data/") or not (root / name).is_file():
            continue
        found = hashlib.sha256((root / name).read_bytes()).hexdigest()
        if found != expected:
            problems.append(Problem(
                "corrupt", "E-hash", "a file has changed since its hash was recorded", source=str(root),
                where=str(root / name), expected=f"SHA-256 {expected}", found=found,
                hint=f"restore the file from a backup, or record new hashes: robomerge stats {shlex.quote(str(root))} --in-place --record-hashes",
            ))
    if problems:
        raise CorruptDatasetError("\n".join(f"{one.what}: {one.where}; {one.hint}" for one in problems), problems)
    kept = [line for line in lines if not str(line).partition("  ")[2].startswith(("data/", "meta/"))]
    path.write_text(json.dumps(record | {"sha256": kept}, indent=4, ensure_ascii=False))


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
        if not self.shape or min(self.shape) < 1:
            raise self.error("has no usable shape", "one size or several, each at least 1", self.shape)
        self.width = int(np.prod(self.shape, dtype=np.int64))
        self.dtype = entry["dtype"]
        self.is_text = self.dtype in ("string", "str")
        if self.dtype in ("video", "image"):
            raise self.error("is of dtype", "numbers or texts", self.dtype)
        try:
            self.type = pa.string() if self.is_text else pa.from_numpy_dtype(np.dtype(self.dtype))
        except (TypeError, pa.ArrowNotImplementedError):
            raise self.error("has no usable dtype", "one of numpy's, or string", self.dtype) from None
        names = entry.get("names")
        if names is not None and not isinstance(names, list | tuple | Mapping):
            raise self.error("has names that are no list", f"{self.width}, or None", repr(names))
        if isinstance(names, list | tuple) and len(self.shape) == 1 and len(names) != self.width:
            raise self.error("does not have one name for each element", f"{self.width}", counted(len(names), "name"))
        self.array = None if callable(values) else self.to_numpy(values)
        # As LeRobot writes them: a number for one element, else lists of fixed size.
        for size in reversed(() if self.shape == (1,) else self.shape):
            self.type = pa.list_(self.type, size)

    def error(self, what: str, expected: str, found: object) -> InvalidArgumentError:
        text = f"Feature '{self.name}' {what}: expected {expected}, found {str(found)[:100]}"
        return InvalidArgumentError(text, [Problem("invalid_argument", "E-options", text)])

    def to_numpy(self, values: Any) -> Any:
        import numpy as np

        given = values.detach().cpu() if hasattr(values, "detach") else values
        if self.is_text:
            values = np.asarray(given, object)
            for one in values.reshape(-1):
                if not isinstance(one, str):
                    raise self._misfit(one)
            return values
        try:
            values = np.asarray(given)
            if isinstance(given, list | tuple) and values.dtype.kind == "f" and np.dtype(self.dtype).kind != "f":
                # Large integers of a list may have been rounded.
                values = np.asarray(given, object)
        except ValueError as error:  # rows of different lengths
            raise self.error("has values that make no array", self.dtype, error) from None
        if np.dtype(self.dtype).kind not in "biuf":
            return values.astype(self.dtype, copy=False)
        if values.dtype.kind == "O":  # values of several kinds, or numbers too large for numpy
            flat = [self._number(one) for one in values.reshape(-1)]
            return np.array(flat, self.dtype).reshape(values.shape)
        if values.dtype.kind not in "biuf":
            raise self._misfit(next(iter(values.reshape(-1).tolist()), values.dtype))
        with np.errstate(all="ignore"):
            stored = values.astype(self.dtype, copy=False)
            misfits = _misfits(values, stored)
        if misfits is not None and misfits.any():
            raise self._misfit(values[misfits].reshape(-1)[0])
        return stored

    def _number(self, value: Any) -> Any:
        """One value as the dtype has it."""
        import numpy as np

        one = np.asarray(value)
        if one.dtype.kind not in "biuf" or one.ndim > 0:
            raise self._misfit(value)
        return self.to_numpy(one)

    def _misfit(self, value: object) -> InvalidArgumentError:
        return self.error("has a value that its dtype cannot hold", self.dtype, value)

    def take(self, rows: Any, first: int, count: int) -> Any:
        """The column of `count` rows from number `first` on, whose other columns are `rows()`."""
        import numpy as np
        import pyarrow as pa

        if self.function is None:
            values = self.array[first : first + count]
        else:
            # One by one: a common type of all could round some of them.
            each = [
                self.to_numpy(self.function(row, row["episode_index"], row["frame_index"])) for row in rows()
            ]
            for one in each:
                if one.size != self.width:
                    raise self.error("has values of another shape", str(self.shape), one.shape)
            values = np.concatenate([one.reshape(-1) for one in each]) if each else np.empty(0, object if self.is_text else self.dtype)
        flat = values.reshape(-1)
        column = pa.array(flat.tolist() if self.is_text else np.ascontiguousarray(flat))
        sizes = () if self.shape == (1,) else self.shape
        for size in reversed(sizes):
            column = pa.FixedSizeListArray.from_arrays(column, size)
        return column.cast(self.type)


def _misfits(values: Any, stored: Any) -> Any:
    """Where `stored`, which was made of `values`, holds something else; None for nowhere. A float may
    be a rounded one."""
    import numpy as np

    kind, wanted = values.dtype.kind, stored.dtype.kind
    if values.dtype == stored.dtype or kind == "b":
        return None
    if wanted == "b":
        return (values != 0) & (values != 1)
    if wanted == "f" and kind == "f":
        return np.isfinite(values) & ~np.isfinite(stored)
    if wanted == "f":
        # Back again. A float of 2 to the number of bits has no integer of that type.
        limit = 2.0 ** (8 * values.dtype.itemsize - (kind == "i"))
        return (stored.astype(np.float64) >= limit) | (stored.astype(values.dtype) != values)
    limits = np.iinfo(stored.dtype)
    if kind == "f":
        wide = values.astype(np.promote_types(values.dtype, np.float64), copy=False)
        # Both ends are exact as floats. With NaN no comparison is true.
        return ~((wide >= float(limits.min)) & (wide < float(limits.max + 1)) & (np.trunc(wide) == wide))
    own = np.iinfo(values.dtype)
    below = values < limits.min if own.min < limits.min else False
    above = values > limits.max if own.max > limits.max else False
    return np.broadcast_to(below | above, values.shape)


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
