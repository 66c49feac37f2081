"""What `robomerge.lerobot.add_features` stores, and what it refuses to store. LeRobot is not needed."""

import json
import sys
from types import SimpleNamespace

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import robomerge.lerobot

ROWS = 12


@pytest.fixture
def dataset(make_source, monkeypatch):
    monkeypatch.setitem(sys.modules, "lerobot.datasets.lerobot_dataset", None)  # not to be imported
    root = make_source()
    features = json.loads((root / "meta/info.json").read_text())["features"]
    return SimpleNamespace(repo_id="lab/a", root=root, meta=SimpleNamespace(total_episodes=2, features=features))


def entry(dtype: str, *shape: int, names: object = None) -> dict:
    return {"dtype": dtype, "shape": shape or (1,), "names": names}


def column(place, name: str) -> list:
    files = sorted((place / "data").glob("*/*.parquet"))
    return pa.concat_tables(pq.read_table(path, columns=[name]) for path in files)[name].to_pylist()


WRONG = [
    ("uint8", 410, "410"),
    ("uint8", -1, "-1"),
    ("int8", 128, "128"),
    ("int64", float("nan"), "nan"),
    ("int64", float("inf"), "inf"),
    ("int64", 2.0**63, "9.22337203685477"),
    ("int32", 1.5, "1.5"),
    ("int64", np.uint64(2**63), str(2**63)),
    ("uint64", np.int64(-3), "-3"),
    ("uint64", 2**64, str(2**64)),
    ("float32", 1e39, "1e[+]39"),
    ("float32", 2**24 + 1, "16777217"),
    ("float64", np.uint64(2**64 - 1), str(2**64 - 1)),
    ("bool", 2, "2"),
    ("float32", 1j, "1j"),
    ("int64", "7", "7"),
    ("float32", None, "None"),
    ("int64", np.datetime64("2026-01-01"), "2026"),
]


@pytest.mark.parametrize("as_function", [False, True], ids=["array", "function"])
@pytest.mark.parametrize(("dtype", "value", "found"), WRONG, ids=[f"{dtype}-{found}" for dtype, _, found in WRONG])
def test_a_value_that_the_dtype_cannot_hold_is_refused(dataset, tmp_path, tree, dtype, value, found, as_function):
    good = [type(value)(0)] * 7 if isinstance(value, int | float | np.number) else [value] * 7
    values = [*good, *[value] * (ROWS - 7)]
    numbers = iter(values)
    before = tree(tmp_path)
    fine = (np.zeros(ROWS, np.float32), entry("float32"))
    new = {"fine": fine, "new": ((lambda *_: next(numbers)) if as_function else np.asarray(values), entry(dtype))}
    said = f"Feature 'new' has a value that its dtype cannot hold: expected {dtype}, found .*{found}"
    with pytest.raises(ValueError, match=said):
        robomerge.lerobot.add_features(dataset, new, tmp_path / "folder/out")
    after = tree(tmp_path)
    if as_function:
        assert not (tmp_path / "folder/out").exists() and after.pop("folder", None) is None
    assert after == before


@pytest.mark.parametrize("as_function", [False, True], ids=["array", "function"])
@pytest.mark.parametrize(
    ("dtype", "values"),
    [
        ("uint8", [0, 255]),
        ("uint8", [0.0, 255.0]),
        ("int64", [-(2**63), 2**63 - 1]),
        ("int64", [-(2.0**63), 2.0**62]),
        ("int64", [2**53 + 1, 0.0]),
        ("float32", [float("inf"), -float("inf"), 0.1, 3e38]),
        ("float32", [2**24, 2**30, -(2**63)]),
        ("float64", [2**53, 0.1]),
        ("bool", [True, False, 1, 0]),
        ("int8", [True, False]),
    ],
)
def test_what_the_dtype_can_hold_is_stored(dataset, tmp_path, dtype, values, as_function):
    values = (values * ROWS)[:ROWS]
    numbers = iter(values)
    given = (lambda *_: next(numbers)) if as_function else values
    robomerge.lerobot.add_features(dataset, {"new": (given, entry(dtype))}, tmp_path / "out")
    assert column(tmp_path / "out", "new") == np.array(values, dtype).tolist()


def test_nan_is_a_float(dataset, tmp_path):
    robomerge.lerobot.add_features(dataset, {"new": (np.full(ROWS, np.nan), entry("float32"))}, tmp_path / "out")
    assert all(np.isnan(column(tmp_path / "out", "new")))


@pytest.mark.parametrize("as_function", [False, True], ids=["array", "function"])
def test_a_vector_has_a_name_for_each_element_or_none(dataset, tmp_path, tree, as_function):
    given = (lambda *_: np.zeros(2, np.float32)) if as_function else np.zeros((ROWS, 2), np.float32)
    before = tree(tmp_path)
    with pytest.raises(ValueError, match="Feature 'new' does not have one name for each element: .* 1 name"):
        robomerge.lerobot.add_features(dataset, {"new": (given, entry("float32", 2, names=["x"]))}, tmp_path / "out")
    assert tree(tmp_path) == before
    for number, names in enumerate((None, ["x", "y"], ("x", "y"))):
        place = tmp_path / f"out-{number}"
        robomerge.lerobot.add_features(dataset, {"new": (given, entry("float32", 2, names=names))}, place)
        stated = json.loads((place / "meta/info.json").read_text())["features"]["new"]["names"]
        assert stated == (names and list(names))


def test_rows_of_different_lengths_are_refused(dataset, tmp_path):
    rows = [[1.0, 2.0]] * (ROWS - 1) + [[1.0]]
    with pytest.raises(ValueError, match="Feature 'new' has values that make no array"):
        robomerge.lerobot.add_features(dataset, {"new": (rows, entry("float32", 2))}, tmp_path / "out")


TEXTS = ["pick", "", "läuft", "x" * 300]


@pytest.mark.parametrize("as_function", [False, True], ids=["array", "function"])
def test_texts_are_stored(dataset, tmp_path, as_function):
    texts = (TEXTS * ROWS)[:ROWS]
    left = iter(texts)
    robomerge.lerobot.add_features(
        dataset, {"new": ((lambda *_: next(left)) if as_function else texts, entry("string"))}, tmp_path / "out"
    )
    assert column(tmp_path / "out", "new") == texts


@pytest.mark.parametrize("as_function", [False, True], ids=["array", "function"])
@pytest.mark.parametrize("value", [None, float("nan"), 5, b"x", {"a": 1}], ids=str)
def test_what_is_no_text_is_refused(dataset, tmp_path, tree, value, as_function):
    values = [*TEXTS, *[value] * (ROWS - len(TEXTS))]
    left = iter(values)
    before = tree(tmp_path)
    said = f"Feature 'new' has a value that its dtype cannot hold: expected string, found {value}"
    with pytest.raises(ValueError) as raised:
        robomerge.lerobot.add_features(
            dataset, {"new": ((lambda *_: next(left)) if as_function else values, entry("string"))}, tmp_path / "out"
        )
    assert str(raised.value) == said and tree(tmp_path) == before


@pytest.mark.parametrize("as_function", [False, True], ids=["array", "function"])
@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"shape": ()}, r"has no usable shape: expected one size or several, each at least 1, found \(\)"),
        ({"shape": (0,)}, r"has no usable shape: .*, found \(0,\)"),
        ({"names": "abc"}, "has names that are no list: expected 1, or None, found 'abc'"),
        ({"dtype": "video"}, "is of dtype: expected numbers or texts, found video"),
        ({"dtype": "floaty"}, "has no usable dtype: expected one of numpy's, or string, found floaty"),
    ],
    ids=["no shape", "no elements", "names", "video", "dtype"],
)
def test_wrong_declarations_are_refused(dataset, tmp_path, tree, wrong, said, as_function):
    given = (lambda *_: 0.0) if as_function else np.zeros(ROWS, np.float32)
    before = tree(tmp_path)
    with pytest.raises(ValueError, match="Feature 'new' " + said):
        robomerge.lerobot.add_features(dataset, {"new": (given, entry("float32") | wrong)}, tmp_path / "out")
    assert tree(tmp_path) == before
