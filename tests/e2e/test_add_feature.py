"""add-feature: values of .npy and .parquet files become a feature of every frame, with its statistics;
the other columns keep their bytes; and files that do not fit are refused before anything is written."""

import json
import math
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from edits import DATA
from old_dataset import make_old_dataset
from stages import tree
from test_adapt import LENGTHS, STATE, make_source, pictures_of
from tiny_dataset import make_tiny_dataset

FRAMES = sum(LENGTHS)


@pytest.fixture
def source(tmp_path) -> Path:
    return make_source(tmp_path / "kitchen", 1)


def added(robomerge, root: Path, name: str, values: Path, *words: str, out: Path | None = None) -> Path:
    place = ["--in-place"] if out is None else ["-o", out]
    run = robomerge("add-feature", root, name, "--from", values, *place, *words, "--verify", "-q")
    assert run.exit_code == 0, run.stderr
    assert run.stderr == ""
    alone = robomerge("verify", out or root)
    assert alone.exit_code == 0, alone.stdout + alone.stderr
    return out or root


def rows_of(root: Path, name: str) -> list:
    """In the order of `index`."""
    table = pa.concat_tables([pq.read_table(path, columns=["index", name]) for path in sorted((root / "data").rglob("*.parquet"))])
    return table.sort_by("index")[name].to_pylist()


def entry_of(root: Path, name: str) -> dict:
    return json.loads((root / "meta/info.json").read_text())["features"][name]


def numbers(path: Path, shape: tuple[int, ...], dtype: str) -> np.ndarray:
    values = (np.arange(math.prod(shape)) * 7 % 23).reshape(shape).astype(dtype)
    np.save(path, values)
    return values


ARRAYS = {
    "float32": ((FRAMES,), [1]),
    "float64": ((FRAMES, 3), [3]),
    "bool": ((FRAMES, 1), [1]),
    "uint8": ((FRAMES, 2, 4), [2, 4]),
    "int64": ((FRAMES, 5), [5]),
}


@pytest.mark.parametrize("dtype", ARRAYS)
def test_arrays_become_features(robomerge, source, tmp_path, dtype):
    shape, declared = ARRAYS[dtype]
    values = numbers(tmp_path / "new.npy", shape, dtype)
    before = tree(source)
    out = added(robomerge, source, "extra.new", tmp_path / "new.npy", out=tmp_path / "out")
    assert tree(source) == before
    assert entry_of(out, "extra.new") == {"dtype": dtype, "shape": declared, "names": None}
    expected = values.reshape(FRAMES) if declared == [1] else values
    assert rows_of(out, "extra.new") == expected.tolist()
    flat = values.reshape(-1, declared[-1]).astype("float64")
    stats = json.loads((out / "meta/stats.json").read_text())["extra.new"]
    assert np.allclose(stats["mean"], flat.mean(0), rtol=1e-12) and np.allclose(stats["std"], flat.std(0), rtol=1e-12)
    assert np.array_equal(np.array(stats["min"], dtype="float64"), flat.min(0)) and stats["count"] == [FRAMES]
    episodes = pq.read_table(out / "meta/episodes")
    last = values[FRAMES - LENGTHS[-1] :].reshape(-1, declared[-1]).astype("float64")
    assert np.allclose(episodes["stats/extra.new/mean"].to_pylist()[-1], last.mean(0), rtol=1e-6)
    # The rest of the dataset is as it was.
    assert pq.read_schema(out / DATA).names == [*pq.read_schema(source / DATA).names, "extra.new"]
    assert rows_of(out, STATE) == rows_of(source, STATE) and pictures_of(out) == pictures_of(source)


def test_other_columns_are_moved_raw(robomerge, source, tmp_path):
    """Of row groups that hold one episode each."""
    numbers(tmp_path / "new.npy", (FRAMES, 2), "float32")
    grouped = tmp_path / "grouped"
    assert robomerge("modify-tasks", source, "--set-task", "x", "-o", grouped, "-q").exit_code == 0
    out = added(robomerge, grouped, "extra", tmp_path / "new.npy", out=tmp_path / "out")
    old, new = pq.read_metadata(grouped / DATA), pq.read_metadata(out / DATA)
    assert old.num_row_groups == new.num_row_groups == len(LENGTHS)
    before, after = (grouped / DATA).read_bytes(), (out / DATA).read_bytes()

    def chunk(metadata, bytes_of: bytes, group: int, path: str) -> bytes:
        for at in range(metadata.num_columns):
            column = metadata.row_group(group).column(at)
            if column.path_in_schema.startswith(path):
                begin = min(column.data_page_offset, column.dictionary_page_offset or column.data_page_offset)
                return bytes_of[begin : begin + column.total_compressed_size]
        raise KeyError(path)

    for group in range(len(LENGTHS)):
        for name in (STATE, "timestamp", "frame_index", "next.success"):
            assert chunk(old, before, group, name) == chunk(new, after, group, name)


def test_texts_have_no_statistics(robomerge, source, tmp_path):
    texts = [f"step {frame % 3}" for frame in range(FRAMES)]
    pq.write_table(pa.table({"note": texts}), tmp_path / "notes.parquet")
    out = added(robomerge, source, "note", tmp_path / "notes.parquet")
    assert rows_of(out, "note") == texts and entry_of(out, "note") == {"dtype": "string", "shape": [1], "names": None}
    assert "note" not in json.loads((out / "meta/stats.json").read_text())
    assert (tmp_path / "kitchen_old").exists()


LISTS = {
    "lists": pa.list_(pa.float32()),
    "large_lists": pa.large_list(pa.float64()),
    "fixed_size_lists": pa.list_(pa.int16(), 2),
}


@pytest.mark.parametrize("case", LISTS)
def test_rows_are_matched_by_their_frames(robomerge, source, tmp_path, case):
    """Shuffled, in several row groups; names of elements go to info.json."""
    values = [[2 * frame, 2 * frame + 1] for frame in range(FRAMES)]
    order = np.random.default_rng(1).permutation(FRAMES)
    episodes = np.repeat(np.arange(len(LENGTHS)), LENGTHS)
    frames = np.concatenate([np.arange(length) for length in LENGTHS])
    keys = {"index": order} if case == "lists" else {"episode_index": episodes[order], "frame_index": frames[order]}
    column = pa.array([values[at] for at in order], LISTS[case])
    pq.write_table(pa.table({**keys, "other_name": column}), tmp_path / "new.parquet", row_group_size=3)
    out = added(robomerge, source, "place", tmp_path / "new.parquet", "--names", "x,y", out=tmp_path / "out")
    assert rows_of(out, "place") == values
    element = LISTS[case].value_type
    dtype = {pa.float32(): "float32", pa.float64(): "float64", pa.int16(): "int16"}[element]
    assert entry_of(out, "place") == {"dtype": dtype, "shape": [2], "names": ["x", "y"]}


def test_a_dataset_of_v21(robomerge, tmp_path):
    root = make_old_dataset(tmp_path / "old")
    values = numbers(tmp_path / "new.npy", (12, 2), "float32")
    out = added(robomerge, root, "extra", tmp_path / "new.npy", out=tmp_path / "out")
    assert rows_of(out, "extra") == values.tolist()
    assert json.loads((out / "meta/info.json").read_text())["codebase_version"] == "v2.1"
    line = json.loads((out / "meta/episodes_stats.jsonl").read_text().splitlines()[1])
    assert np.allclose(line["stats"]["extra"]["max"], values[5:].max(0))


def test_any_number_of_workers_makes_the_same_bytes_and_a_dry_run_none(robomerge, source, tmp_path):
    values = numbers(tmp_path / "new.npy", (FRAMES, 2), "float32")
    values[3, 1] = np.nan
    np.save(tmp_path / "new.npy", values)
    before = tree(tmp_path)
    run = robomerge("add-feature", source, "extra", "--from", tmp_path / "new.npy", "-o", tmp_path / "out", "-n")
    assert run.exit_code == 0 and tree(tmp_path) == before, run.stderr
    for workers in ("1", "3"):
        run = robomerge("add-feature", source, "extra", "--from", tmp_path / "new.npy", "-o", tmp_path / workers, "-j", workers)
        assert run.exit_code == 0, run.stderr
    assert tree(tmp_path / "1") == tree(tmp_path / "3")
    assert math.isnan(rows_of(tmp_path / "1", "extra")[3][1])
    # The record knows the values by a fingerprint: all else is compared.
    against = robomerge("verify", tmp_path / "1", "--against", source)
    assert against.exit_code == 0, against.stdout + against.stderr
    assert str(tmp_path) not in (tmp_path / "1/meta/robomerge.json").read_text()
    folded = robomerge("add-feature", source, "extra", "--from", tmp_path / "new.npy", "-o", tmp_path / "folded", "--stats", "fold")
    assert folded.exit_code == 0, folded.stderr


def write(path: Path, table: dict) -> Path:
    pq.write_table(pa.table(table), path)
    return path


def save(path: Path, array: np.ndarray) -> Path:
    np.save(path, array, allow_pickle=True)
    return path


def text(path: Path, content: bytes) -> Path:
    path.write_bytes(content)
    return path


GOOD = np.zeros(FRAMES, "float32")
INDEX = list(range(FRAMES))
BAD_FILES = {
    "short": ("E-feature-rows", f"{FRAMES - 1} rows", lambda folder: save(folder / "a.npy", GOOD[1:])),
    "fortran": ("E-feature-file", "Fortran", lambda folder: save(folder / "a.npy", np.asfortranarray(np.zeros((FRAMES, 2))))),
    "big_endian": ("E-feature-file", "big-endian", lambda folder: save(folder / "a.npy", GOOD.astype(">f4"))),
    "objects": ("E-feature-file", "objects", lambda folder: save(folder / "a.npy", GOOD.astype(object))),
    "structured": ("E-feature-file", "structured", lambda folder: save(folder / "a.npy", np.zeros(FRAMES, [("x", "f4")]))),
    "six_dimensions": ("E-feature-file", "5 dimensions", lambda folder: save(folder / "a.npy", np.zeros((FRAMES, 1, 1, 1, 1, 1, 2)))),
    "no_elements": ("E-feature-file", "elements", lambda folder: save(folder / "a.npy", np.zeros((FRAMES, 0)))),
    "cut": ("E-feature-file", "numbers", lambda folder: text(save(folder / "a.npy", GOOD), (folder / "a.npy").read_bytes()[:-3])),
    "no_npy": ("E-feature-file", "numpy.save", lambda folder: text(folder / "a.npy", b"1,2,3\n" * 9)),
    "no_parquet": ("E-feature-file", "", lambda folder: text(folder / "a.parquet", b"1,2,3\n" * 9)),
    "other_ending": ("E-feature-file", ".npy", lambda folder: text(folder / "a.csv", b"1,2,3\n")),
    "not_there": ("E-feature-file", "", lambda folder: folder / "missing.npy"),
    "two_columns": ("E-feature-file", "x, y", lambda folder: write(folder / "a.parquet", {"x": GOOD, "y": GOOD})),
    "nulls": ("E-feature-file", "null", lambda folder: write(folder / "a.parquet", {"x": [None, *GOOD[1:]]})),
    "uneven": ("E-feature-file", "equally long", lambda folder: write(folder / "a.parquet", {"x": [[1.0], *[[1.0, 2.0]] * (FRAMES - 1)]})),
    "dates": ("E-feature-file", "timestamp", lambda folder: write(folder / "a.parquet", {"x": pa.array(INDEX, pa.timestamp("s"))})),
    "half_a_key": ("E-feature-file", "frame_index", lambda folder: write(folder / "a.parquet", {"episode_index": INDEX, "x": GOOD})),
    "twice": ("E-feature-rows", "index 1", lambda folder: write(folder / "a.parquet", {"index": [1, *INDEX[1:]], "x": GOOD})),
    "missing": ("E-feature-rows", "index 0, index 2", lambda folder: write(folder / "a.parquet", {"index": [1, *INDEX[3:]], "x": GOOD[:-2]})),
    "strange": ("E-feature-rows", "episode 7 frame 0", lambda folder: write(folder / "a.parquet", {"episode_index": [7], "frame_index": [0], "x": [1.0]})),
}  # fmt: skip


@pytest.mark.parametrize("case", BAD_FILES)
def test_files_that_do_not_fit_are_refused(robomerge, source, tmp_path, case):
    kind, words, make = BAD_FILES[case]
    path = make(tmp_path)
    before = tree(tmp_path)
    run = robomerge("add-feature", source, "extra", "--from", path, "--in-place")
    assert run.exit_code == 2 and f"error[{kind}]" in run.stderr and words in run.stderr, run.stderr
    assert tree(tmp_path) == before


BAD_NAMES = {
    "exists": (["SRC", STATE, "--from", "FILE"], "E-rule"),
    "reserved": (["SRC", "timestamp", "--from", "FILE"], "E-rule"),
    "of_lerobot": (["SRC", "task", "--from", "FILE"], "E-rule"),
    "slash": (["SRC", "a/b", "--from", "FILE"], "E-rule"),
    "no_name": (["SRC", "--from", "FILE"], "E-path"),
    "two_names": (["SRC", "a", "b", "--from", "FILE"], "E-path"),
    "no_file": (["SRC", "a"], "E-flag"),
    "wrong_names": (["SRC", "a", "--from", "FILE", "--names", "x,y"], "E-rule"),
    "empty_names": (["SRC", "a", "--from", "FILE", "--names", "x,,y"], "E-value"),
}


@pytest.mark.parametrize("case", BAD_NAMES)
def test_wrong_words_are_refused(robomerge, source, tmp_path, case):
    words, kind = BAD_NAMES[case]
    path = save(tmp_path / "a.npy", GOOD)
    before = tree(tmp_path)
    run = robomerge("add-feature", *[{"SRC": source, "FILE": path}.get(word, word) for word in words], "--in-place")
    assert run.exit_code in (1, 2) and f"error[{kind}]" in run.stderr, run.stderr
    assert tree(tmp_path) == before


def write_table(path, columns):
    pq.write_table(pa.Table.from_arrays([pa.array(values) for values in columns.values()], names=[name.strip() for name in columns]), path)


NOT_TAKEN = {
    "lists of texts": ({"f": [["a", "b"]] * 16}, "E-feature-file", "lists of texts"),
    "too great for torch": ({"f": pa.array([2**63] * 16, pa.uint64())}, "E-feature-file", "greater than LeRobot"),
    "two columns of the name": ({"f": range(16), "f ": range(16)}, "E-feature-file", "two columns"),
    "keys that contradict": (
        {"f": range(16), "index": range(16), "episode_index": [2] * 4 + [1] * 7 + [0] * 5, "frame_index": [*range(4), *range(7), *range(5)]},
        "E-feature-rows", "another order",
    ),
}


@pytest.mark.parametrize("what", NOT_TAKEN)
def test_values_that_no_reader_takes_are_refused(what, robomerge, tmp_path):
    columns, kind, said = NOT_TAKEN[what]
    root = make_tiny_dataset(tmp_path / "a", lengths=(5, 7, 4))
    write_table(tmp_path / "f.parquet", columns)
    run = robomerge("add-feature", root, "f", "--from", tmp_path / "f.parquet", "-o", tmp_path / "out")
    assert run.exit_code == 2 and kind in run.stderr and said in run.stderr, run.stderr
    assert not (tmp_path / "out").exists()


def test_an_added_feature_verifies_with_folded_statistics(robomerge, tmp_path):
    root = make_tiny_dataset(tmp_path / "a", lengths=(5, 7, 4))
    np.save(tmp_path / "F.NPY.npy", np.arange(16, dtype=np.float32))
    (tmp_path / "F.NPY.npy").rename(tmp_path / "F.NPY")
    run = robomerge("add-feature", root, "f", "--from", tmp_path / "F.NPY", "-o", tmp_path / "out", "--stats", "fold")
    assert run.exit_code == 0, run.stderr
    assert robomerge("verify", tmp_path / "out", "--against", root).exit_code == 0


def test_frames_are_told_apart_by_the_numbers_of_the_source(robomerge, tmp_path):
    root = make_old_dataset(tmp_path / "old", lengths=(5, 7, 4))
    for path in root.rglob("episode_000001.*"):
        path.unlink()
    for name in ("episodes.jsonl", "episodes_stats.jsonl"):
        lines = (root / "meta" / name).read_text().splitlines()
        (root / "meta" / name).write_text("".join(line + "\n" for line in lines if json.loads(line)["episode_index"] != 1))
    info = json.loads((root / "meta/info.json").read_text())
    info.update(total_episodes=2, total_frames=9, total_videos=2)
    (root / "meta/info.json").write_text(json.dumps(info))
    keys = {"f": range(9), "episode_index": [0] * 5 + [2] * 4, "frame_index": [*range(5), *range(4)]}
    write_table(tmp_path / "f.parquet", keys)
    run = robomerge("add-feature", root, "f", "--from", tmp_path / "f.parquet", "-o", tmp_path / "out")
    assert run.exit_code == 0, run.stderr
