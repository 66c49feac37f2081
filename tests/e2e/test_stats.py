"""`stats` and `verify --measure-stats`: what the rows of a dataset are, and what it states of them."""

import json

import numpy as np
import pyarrow.parquet as pq
import pytest
from edits import DATA, EPISODES, STATS, edit_column, edit_json, edit_table
from stages import tree
from tiny_dataset import make_tiny_dataset
from tiny_video import add_video

STATE = "observation.state"
FIELDS = {"q01": 0.01, "q10": 0.1, "q50": 0.5, "q90": 0.9, "q99": 0.99}


@pytest.fixture
def root(tmp_path):
    return make_tiny_dataset(tmp_path / "tiny", lengths=(300, 20, 50))


def lines_of(run, kind: str) -> list[dict]:
    assert run.exit_code in (0, 3), run.stderr
    return [line for line in run.json_lines() if line["message_type"] == kind]


def tree(folder) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


def elements_of(robomerge, root) -> dict[tuple[str, str], dict]:
    lines = lines_of(robomerge("stats", root, "--json"), "element")
    return {(line["feature"], line["name"]): line for line in lines}


def state_of(root) -> np.ndarray:
    return np.array(pq.read_table(root / DATA)[STATE].to_pylist(), dtype=np.float64)


def with_columns(root, columns: dict[str, list], shape=(1,), names=None) -> None:
    """Adds features of float64, whose rows come one row group after the other."""
    rest = {name: iter(values) for name, values in columns.items()}

    def add(table):
        for name, values in rest.items():
            table = table.append_column(name, [[next(values) for _ in range(len(table))]])
        return table

    edit_table(root / DATA, add)
    entry = {"dtype": "float64", "shape": list(shape), "names": names}
    edit_json(root / "meta/info.json", lambda info: info["features"].update({name: entry for name in columns}))


def merged(robomerge, root):
    out = root.parent / "merged"
    assert robomerge("merge", root, "-o", out).exit_code == 0
    return out


def test_every_number_is_numpys(robomerge, root):
    values = state_of(root)
    found = [line for (feature, _), line in elements_of(robomerge, root).items() if feature == STATE]
    assert len(found) == values.shape[1]
    for line, column in zip(found, values.T, strict=True):
        assert (line["min"], line["max"]) == (column.min(), column.max())
        assert (line["num_values"], line["num_nan"], line["num_infinite"]) == (len(column), 0, 0)
        assert line["mean"] == pytest.approx(column.mean(), rel=1e-12)
        assert line["std"] == pytest.approx(column.std(), rel=1e-12)
        assert {name: line[name] for name in FIELDS} == {
            name: np.quantile(column, place) for name, place in FIELDS.items()
        }
        # Values on a border may lie on either side of it.
        counts = np.histogram(column, 8)[0]
        assert sum(line["histogram"]) == len(column)
        assert np.abs(np.array(line["histogram"]) - counts).max() <= 1


def test_the_features_that_a_merge_numbers_are_left_out(robomerge, root):
    features = {feature for feature, _ in elements_of(robomerge, root)}
    assert features == {STATE, "timestamp", "frame_index"}


def test_what_is_there_is_not_changed_and_nothing_is_left(robomerge, root, tmp_path, monkeypatch):
    folder = tmp_path / "temporary"
    folder.mkdir()
    monkeypatch.setenv("TMPDIR", str(folder))
    before = {path: path.read_bytes() for path in root.rglob("*") if path.is_file()}
    outputs = {robomerge("stats", root, "-j", workers).stdout for workers in (1, 2, 8)}
    assert len(outputs) == 1
    assert {path: path.read_bytes() for path in root.rglob("*") if path.is_file()} == before
    assert list(folder.iterdir()) == []


def test_no_room_for_what_is_counted(robomerge, root, tmp_path, monkeypatch):
    monkeypatch.setenv("TMPDIR", str(tmp_path / "file"))
    (tmp_path / "file").write_text("")
    run = robomerge("stats", root)
    assert run.exit_code == 4 and "set TMPDIR to a folder" in run.stderr


def test_names_and_numbers_fit_a_line(robomerge, root):
    def name(info):
        info["features"][STATE]["names"] = ["a_very_long_name_of_a_joint_" * 3 + end for end in "ab"]

    edit_json(root / "meta/info.json", name)
    edit_column(root / DATA, STATE, lambda rows: [[-1.23456e-7 * at, -9.87654e20] for at in range(len(rows))])
    lines = robomerge("stats", root).stdout.split("\n\n")[1].splitlines()
    assert lines[0] == STATE and max(map(len, lines)) <= 80
    assert [line.split()[0][-3:] for line in lines[2:]] == ["t_a", "t_b"]


def test_a_result_of_a_merge_states_what_its_rows_are(robomerge, root):
    run = robomerge("stats", merged(robomerge, root))
    assert "its statistics are those of its rows" in run.stderr
    assert robomerge("verify", root.parent / "merged", "--measure-stats").exit_code == 0


@pytest.mark.parametrize("stat", ["min", "max", "mean", "std", "count", *FIELDS])
def test_a_number_of_stats_json_that_is_not_of_the_rows(stat, robomerge, root):
    out = merged(robomerge, root)
    truth = json.loads((out / STATS).read_text())[STATE][stat][-1]

    def change(stats):
        stats[STATE][stat][-1] += 1 if stat == "count" else 0.01

    edit_json(out / STATS, change)
    (finding,) = lines_of(robomerge("stats", out, "--json"), "finding")
    assert finding["kind"] == "V-stats" and finding["column"] == f"{STATE}/{stat}"
    assert float(finding["expected"]) == truth
    run = robomerge("verify", out, "--measure-stats")
    assert run.exit_code == 3 and run.stdout.count(f"`{STATE}/{stat}`") == 1


def test_a_quantile_within_a_bin_of_the_recorder_is_right(robomerge, root):
    out = merged(robomerge, root)
    values = state_of(root)[:, 0]
    for share, is_right in ((0.9, True), (2 * 5000 * 1e-3 * values.std() + 3, False)):
        stated = json.loads((out / STATS).read_text())
        right = stated[STATE]["q50"][0]
        edit_json(out / STATS, lambda stats: stats[STATE]["q50"].__setitem__(0, right + share * np.ptp(values) / 5000))
        assert (robomerge("verify", out, "--measure-stats").exit_code == 0) == is_right
        (out / STATS).write_text(json.dumps(stated))


def test_statistics_of_an_episode_that_are_not_of_its_rows(robomerge, root):
    def change(cells):
        return [cells[0], [cells[1][0] + 0.1, *cells[1][1:]], *cells[2:]]

    edit_column(root / EPISODES, f"stats/{STATE}/mean", change)
    findings = lines_of(robomerge("stats", root, "--json"), "finding")
    (finding,) = [line for line in findings if line["kind"] == "V-statistics"]
    assert finding["episode"] == 1 and finding["column"] == f"{STATE}/mean"


def test_what_people_look_for(robomerge, root):
    rows = len(state_of(root))
    columns = {
        "constant": [3.0] * rows,
        "holes": [float("nan") if at < 3 else float("inf") if at == 3 else at / rows for at in range(rows)],
        "far": [0.0 if at else 1.0 for at in range(rows)],
    }

    with_columns(root, columns)
    run = robomerge("stats", root, "--json")
    notes = {line["column"]: line["kind"] for line in lines_of(run, "note")}
    assert notes == {"constant": "N-constant", "holes": "N-not-finite", "far": "N-outlier", "": "N-stats-missing"}
    (holes,) = [line for line in lines_of(run, "element") if line["feature"] == "holes"]
    assert (holes["num_nan"], holes["num_infinite"], holes["num_values"]) == (3, 1, rows - 4)


def test_degrees_among_radians(robomerge, root):
    rows = len(state_of(root))
    angles = [[np.sin(at), np.cos(at), np.sin(at / 7), 100 * np.sin(at / 3), 50 + 50 * np.sin(at)] for at in range(rows)]
    names = ["pan", "lift", "elbow", "wrist", "gripper"]  # the gripper in percent
    with_columns(root, {"arm": angles}, (5,), names)
    notes = [line for line in lines_of(robomerge("stats", root, "--json"), "note") if line["kind"] == "N-unit"]
    (note,) = notes
    assert note["column"] == "arm" and note["found"].startswith("1 of 5 elements: [3: wrist]")


def test_a_feature_without_values(robomerge, root):
    edit_column(root / DATA, STATE, lambda rows: [[float("nan")] * 2] * len(rows))
    for line in elements_of(robomerge, root).values():
        if line["feature"] == STATE:
            assert line["num_values"] == 0 and line["min"] is None and sum(line["histogram"]) == 0


def test_what_is_no_dataset(robomerge, tmp_path):
    run = robomerge("stats", tmp_path)
    assert run.exit_code == 1 and "E-no-dataset" in run.stderr
    assert robomerge("stats").exit_code == 2 and robomerge("stats", "a", "b").exit_code == 2
    assert list(tmp_path.iterdir()) == []


def test_in_place_mends_what_is_stated(robomerge, root):
    edit_json(root / STATS, lambda stats: stats[STATE].update(mean=[7.0, 7.0]))
    rows = pq.read_table(root / DATA)
    assert lines_of(robomerge("stats", root, "--json"), "finding")
    before = tree(root)
    run = robomerge("stats", root, "--in-place")
    assert run.exit_code == 0 and "Edited 1 dataset" in run.stderr, run.stderr
    assert tree(root.with_name(root.name + "_old")) == before
    assert pq.read_table(root / DATA).equals(rows)
    again = robomerge("stats", root, "--json")
    assert again.exit_code == 0 and not lines_of(again, "finding")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--no-backup",), "`--no-backup` without `--in-place`"),
        (("other", "--in-place"), "`stats` takes one dataset"),
    ],
)
def test_wrong_words_in_place_change_nothing(robomerge, root, words, said):
    before = tree(root.parent)
    run = robomerge("stats", root, *words)
    assert run.exit_code == 2 and said in run.stderr
    assert tree(root.parent) == before


def test_in_place_needs_a_dataset(robomerge, tmp_path):
    run = robomerge("stats", tmp_path / "none", "--in-place")
    assert run.exit_code == 1 and "there is no such folder" in run.stderr, run.stderr
    assert list(tmp_path.iterdir()) == []


def test_in_place_copies_no_video(robomerge, root):
    root = make_tiny_dataset(root.parent / "filmed", lengths=(30, 20, 50))
    add_video(root, (30, 20, 50), seed=1)
    edit_json(root / STATS, lambda stats: stats[STATE].update(mean=[9.0, 9.0]))
    (video,) = root.glob("videos/*/*/*.mp4")
    inode = video.stat().st_ino
    assert robomerge("stats", root, "--in-place").exit_code == 0
    assert video.stat().st_ino == inode == (root.parent / f"{root.name}_old" / video.relative_to(root)).stat().st_ino
    assert robomerge("verify", root, "--measure-stats").exit_code == 0


def test_what_is_right_already_stays_with_its_backup(robomerge, root):
    before = tree(root)
    assert robomerge("stats", root, "--in-place").exit_code == 0
    mended, old = tree(root), root.with_name(root.name + "_old")
    for words in ([], ["--no-backup"]):
        run = robomerge("stats", root, "--in-place", *words)
        assert (run.exit_code, run.stderr.count("Nothing to do")) == (0, 1), run.stderr
        assert tree(root) == mended and tree(old) == before
    assert sorted(path.name for path in root.parent.iterdir() if path.name.startswith(".")) == []


@pytest.mark.parametrize("text", [None, "{}", '{"observation.state": 5}'])
def test_missing_statistics_are_said(robomerge, root, text):
    path = root / "meta/stats.json"
    path.unlink()
    if text is not None:
        path.write_text(text)
    run = robomerge("stats", root)
    assert run.exit_code == 0
    assert "N-stats-missing" in run.stdout and STATE in run.stdout
    assert "`--in-place` adds" in run.stderr or "`--in-place` mends" in run.stderr
    assert robomerge("stats", root, "--in-place", "-q").exit_code == 0
    assert "N-stats-missing" not in robomerge("stats", root).stdout
