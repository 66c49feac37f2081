"""Tests splices under rules (columns renamed, left out, filled, cast, rearranged) with the readers
that open the result: pyarrow, pandas, Hugging Face `datasets`, LeRobot.

Run: ROBOMERGE_PARQUET_TOOL=<build>/tests/splice/parquet_tool python -m pytest tests/splice

What must hold: the file is as if its writer had been given the new features in the first place,
with their schema and metadata, and values are those of the sources under the rules.
"""

import json
import os
import subprocess

import numpy as np
import pytest

pa = pytest.importorskip("pyarrow")
pq = pytest.importorskip("pyarrow.parquet")
datasets = pytest.importorskip("datasets")

TOOL = os.environ.get("ROBOMERGE_PARQUET_TOOL")
pytestmark = pytest.mark.skipif(not TOOL, reason="ROBOMERGE_PARQUET_TOOL does not name the parquet_tool program")

ROWS = 40
BOOKKEEPING = {name: ("int64", (1,)) for name in ("frame_index", "episode_index", "index", "task_index")}
# name: (dtype, shape), as in info.json
FIRST = {"action": ("float32", (3,)), "cam": ("image", (4, 4, 3)), "pose": ("float64", (2, 3)), "note": ("string", (1,)), "extra": ("int16", (1,)), "timestamp": ("float32", (1,)), **BOOKKEEPING}
SECOND = {"arm": ("float64", (2,)), "view": ("image", (4, 4, 3)), "pose": ("float32", (2, 3)), "reward": ("float64", (1,)), "timestamp": ("float32", (1,)), **BOOKKEEPING}
# The destination, in its order, and which column of the first source each one is.
TARGET = {
    "move": ("float32", (4,), "action"),
    "wrist": ("image", (4, 4, 3), "cam"),
    "pose": ("float32", (2, 3), "pose"),
    "reward": ("float32", (1,), None),
    "note": ("string", (1,), "note"),
    "next.success": ("bool", (1,), None),
    "grid": ("int8", (2, 2), None),
    "limits": ("uint16", (2,), None),
    "timestamp": ("float32", (1,), "timestamp"),
    **{name: (*spec, name) for name, spec in BOOKKEEPING.items()},
}
NEW = [
    {"column": "next.success", "fill": True},
    {"column": "grid", "fill": -3, "shape": [2, 2]},
    {"column": "limits", "fill": 65535, "shape": [2]},
]
RULES = {
    "columns": [{"name": name, "owner_column": owner or "", "dtype": dtype, "shape": list(shape)} for name, (dtype, shape, owner) in TARGET.items()],
    "sources": [
        {
            "columns": [
                {"column": "move", "source_column": "action", "elements": [2, 0, 1, -1]},
                {"column": "wrist", "source_column": "cam"},
                {"column": "pose", "source_column": "pose", "is_cast": True},
                {"column": "reward", "fill": 0.5},
                *NEW,
            ],
            "left_out": ["extra"],
        },
        {
            "columns": [
                {"column": "move", "source_column": "arm", "elements": [0, 1, -1, -1], "is_cast": True},
                {"column": "wrist", "source_column": "view"},
                {"column": "pose", "source_column": "pose", "is_cast": True},
                {"column": "reward", "source_column": "reward", "is_cast": True},
                {"column": "note", "fill": "ä 'quoted'"},
                *NEW,
            ]
        },
    ],
}


def values_of(name, dtype, shape, source):
    rng = np.random.default_rng([source, len(name)])
    if dtype == "image":
        return [{"bytes": bytes([row, source]) * 30, "path": f"{row}.png"} for row in range(ROWS)]
    if dtype == "string":
        return [None if row % 7 == 3 else f"note {row % 4}" for row in range(ROWS)]
    if name in BOOKKEEPING:
        return list(range(ROWS))
    values = rng.normal(size=(ROWS, *shape)) * 100
    values = values.astype(dtype)
    return (values[:, 0] if shape == (1,) else values).tolist()


def hf_features(features):
    def feature(dtype, shape):
        if dtype == "image":
            return datasets.Image()
        if shape == (1,):
            return datasets.Value(dtype)
        if len(shape) == 1:
            return datasets.Sequence(datasets.Value(dtype), length=shape[0])
        return datasets.Array2D(shape=shape, dtype=dtype)

    return datasets.Features({name: feature(*spec[:2]) for name, spec in features.items()})


def arrow_table(features, columns):
    """As LeRobot's recorder writes it: a table of `datasets`, embedded pictures included."""
    schema = hf_features(features).arrow_schema
    arrays = []
    for field in schema:
        storage = field.type.storage_type if isinstance(field.type, pa.ExtensionType) else field.type
        array = pa.array(columns[field.name], storage)
        arrays.append(pa.ExtensionArray.from_storage(field.type, array) if storage is not field.type else array)
    return pa.Table.from_arrays(arrays, schema=schema)


def write_recorder(features, columns, path):
    pq.write_table(arrow_table(features, columns), path, compression="snappy", use_dictionary=True, row_group_size=25)


def write_hub(features, columns, path):
    datasets.Dataset(arrow_table(features, columns)).to_parquet(path, batch_size=25)


def write_pandas(features, columns, path):
    """As LeRobot's aggregation writes it: lists, and metadata of pandas only."""
    pandas = pytest.importorskip("pandas")
    frame = pandas.DataFrame({name: columns[name] for name in features})
    for name, (dtype, shape, *_) in features.items():
        if dtype in ("image", "string"):
            continue
        if shape == (1,):
            frame[name] = frame[name].astype(dtype)
        elif len(shape) == 1:
            frame[name] = [np.array(row, dtype=dtype) for row in columns[name]]
        else:
            frame[name] = [[np.array(line, dtype=dtype) for line in row] for row in columns[name]]
    frame.to_parquet(path, row_group_size=25, index=False)


def write_bare(features, columns, path):
    pq.write_table(arrow_table(features, columns).replace_schema_metadata(None), path, store_schema=False, row_group_size=25)


WRITERS = {"recorder": write_recorder, "hub": write_hub, "pandas": write_pandas, "bare": write_bare}


@pytest.fixture(scope="module", params=sorted(WRITERS))
def adapted(request, tmp_path_factory):
    folder = tmp_path_factory.mktemp(request.param)
    sources = []
    for number, features in enumerate((FIRST, SECOND)):
        columns = {name: values_of(name, *spec, number) for name, spec in features.items()}
        WRITERS[request.param](features, columns, folder / f"{number}.parquet")
        sources.append(columns)
    (folder / "rules.json").write_text(json.dumps(RULES))
    out = folder / "chunk-000" / "file-000.parquet"
    out.parent.mkdir()
    command = [TOOL, "splice", out, "--rules", folder / "rules.json", folder / "0.parquet", folder / "1.parquet"]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return request.param, sources, out


def expected_columns(sources):
    first, second = sources

    def single(values):
        return np.array(values, dtype="float32").tolist()

    return {
        "move": [[row[2], row[0], row[1], 0] for row in first["action"]] + [[*row, 0, 0] for row in single(second["arm"])],
        "wrist": first["cam"] + second["view"],
        "pose": single(first["pose"]) + second["pose"],
        "reward": [0.5] * ROWS + single(second["reward"]),
        "note": first["note"] + ["ä 'quoted'"] * ROWS,
        "next.success": [True] * 2 * ROWS,
        "grid": [[[-3, -3], [-3, -3]]] * 2 * ROWS,
        "limits": [[65535, 65535]] * 2 * ROWS,
        **{name: first[name] + second[name] for name in ("timestamp", *BOOKKEEPING)},
    }


def test_values_are_the_sources_under_the_rules(adapted):
    _, sources, out = adapted
    table = pq.read_table(out)
    table.validate(full=True)
    expected = expected_columns(sources)
    assert table.column_names == list(TARGET)
    for name in TARGET:
        column = table[name]
        if isinstance(column.type, pa.ExtensionType):
            column = pa.chunked_array([chunk.storage for chunk in column.chunks])
        assert column.to_pylist() == expected[name], name


def test_the_file_is_as_its_writer_would_have_written_it(adapted, tmp_path):
    writer, sources, out = adapted
    WRITERS[writer]({name: spec[:2] for name, spec in TARGET.items()}, expected_columns(sources), tmp_path / "direct.parquet")
    made, direct = pq.ParquetFile(out), pq.ParquetFile(tmp_path / "direct.parquet")
    assert made.schema.equals(direct.schema), f"{made.schema}{direct.schema}"
    assert made.schema_arrow.equals(direct.schema_arrow, check_metadata=False), f"{made.schema_arrow}{direct.schema_arrow}"
    for key in (b"huggingface", b"pandas"):
        of_made, of_direct = (json.loads(file.metadata.metadata.get(key, b"null")) if file.metadata.metadata else None for file in (made, direct))
        if key == b"pandas" and of_direct:
            of_made, of_direct = of_made["columns"], of_direct["columns"]
            # pandas_type of nested lists and structs is not worth copying.
            of_made, of_direct = ([entry for entry in entries if entry["name"] not in ("pose", "grid", "wrist")] for entries in (of_made, of_direct))
        assert of_made == of_direct
        in_schema = (made.schema_arrow.metadata or {}).get(key, b"null")
        assert json.loads(in_schema) == (json.loads(made.metadata.metadata[key]) if of_made else None)
        if writer != "bare":
            assert (made.schema_arrow.metadata or {}).keys() == (direct.schema_arrow.metadata or {}).keys()


def test_datasets_and_pandas_open_it(adapted, tmp_path):
    writer, sources, out = adapted
    loaded = datasets.Dataset.from_parquet(str(out), cache_dir=str(tmp_path))
    if writer in ("recorder", "hub"):
        assert loaded.features == hf_features(TARGET)
    assert loaded["index"][:] == expected_columns(sources)["index"]
    frame = pytest.importorskip("pandas").read_parquet(out)
    assert frame["next.success"].tolist() == [True] * 2 * ROWS


def test_lerobot_opens_it(adapted, tmp_path, monkeypatch):
    io_utils = pytest.importorskip("lerobot.datasets.io_utils")
    feature_utils = pytest.importorskip("lerobot.datasets.feature_utils")
    monkeypatch.setattr(datasets.config, "HF_DATASETS_CACHE", tmp_path)
    _, sources, out = adapted
    features = feature_utils.get_hf_features_from_features({name: {"dtype": spec[0], "shape": spec[1]} for name, spec in TARGET.items()})
    loaded = io_utils.load_nested_dataset(out.parent.parent, features=features)
    assert loaded.features == features
    assert loaded["move"][:] == expected_columns(sources)["move"]


def test_what_does_not_fit_names_file_row_and_value(tmp_path):
    pq.write_table(pa.table({"a": pa.array([1.0, 2.0, 300.5])}), tmp_path / "a.parquet")
    rules = {"columns": [{"name": "b", "owner_column": "a", "dtype": "int8", "shape": [1]}], "sources": [{"columns": [{"column": "b", "source_column": "a", "is_cast": True}]}]}
    (tmp_path / "rules.json").write_text(json.dumps(rules))
    done = subprocess.run([TOOL, "splice", tmp_path / "out.parquet", "--rules", tmp_path / "rules.json", tmp_path / "a.parquet"], capture_output=True, text=True)
    assert done.returncode == 1
    for part in ("a value of column `b` does not fit int8", "a.parquet: column `a`, row 2", "-128 to 127", "300.5", "--cast b=", "--drop b"):
        assert part in done.stderr
