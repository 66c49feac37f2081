"""What rows say is looked at where metadata and footers do not tell: episodes that share a row group,
rows with more elements and less, tasks that the table lists otherwise; and names that say which
element is meant (docs/in-the-wild.md)."""

import json
import os
import subprocess

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from edits import DATA, EPISODES, STATS, edit_column, edit_json
from tiny_dataset import make_tiny_dataset
from tiny_video import add_video, describe_camera

STATE = "observation.state"
LENGTHS = (9, 7)


@pytest.fixture
def root(tmp_path):
    root = make_tiny_dataset(tmp_path / "one", lengths=LENGTHS)
    add_video(root, LENGTHS, seed=1)
    describe_camera(root, sum(LENGTHS))
    return root


def in_one_row_group(root, change) -> None:
    table = pq.read_table(root / DATA)
    for name, cells in change(table).items():
        at = table.schema.get_field_index(name)
        table = table.set_column(at, table.schema.field(name), pa.array(cells, table.schema.field(name).type))
    pq.write_table(table, root / DATA)


@pytest.mark.parametrize(
    ("change", "kind"),
    [
        (lambda row, second: {"timestamp": row["timestamp"] + 0.04 * second}, "E-timestamps"),
        (lambda row, second: {"frame_index": row["frame_index"] + 2 * second}, "W-frame-index"),
        (lambda row, second: {"frame_index": row["frame_index"] + 2 * second, "timestamp": row["timestamp"] + 0.2 * second}, "E-video-frames"),
    ],
    ids=["late", "numbered otherwise", "both"],
)
def test_a_longer_episode_of_the_row_group_hides_no_other(change, kind, robomerge, root, tmp_path):
    def changed(table):
        rows = [change(row, row["episode_index"] == 1) for row in table.to_pylist()]
        return {name: [row[name] for row in rows] for name in rows[0]}

    in_one_row_group(root, changed)
    run = robomerge("merge", root, "-o", tmp_path / "out", "--verify")
    assert f"[{kind}]" in run.stderr and run.exit_code == (1 if kind[0] == "E" else 0), run.stderr
    if kind == "E-video-frames":
        assert "--retime" in run.stderr
        assert robomerge("merge", root, "-o", tmp_path / "out", "--retime", "--verify").exit_code == 0


def test_rows_with_more_elements_and_less(robomerge, root, tmp_path):
    """A footer counts as many elements as the shape needs."""

    def ragged(table):
        cells = table[STATE].to_pylist()
        cells[11], cells[12] = cells[11][:1], [*cells[12], 1.0]
        return {STATE: cells}

    table = pq.read_table(root / DATA)
    at = table.schema.get_field_index(STATE)
    pq.write_table(table.set_column(at, STATE, pa.array(ragged(table)[STATE], pa.list_(pa.float32()))), root / DATA)
    run = robomerge("merge", root, "-o", tmp_path / "out")
    assert run.exit_code == 1 and "E-data-columns" in run.stderr and f"{root}/{DATA}, episode 1" in run.stderr, run.stderr
    assert "--exclude-episodes 1" in run.stderr and not (tmp_path / "out").exists()
    assert robomerge("merge", root, "-o", tmp_path / "out", "--exclude-episodes", "1", "--verify").exit_code == 0
    assert "V-data-columns" in robomerge("inspect", root, "--read-data").stdout


def test_tasks_that_the_table_lists_otherwise(robomerge, root, tmp_path):
    edit_column(root / EPISODES, "tasks", lambda cells: [cells[0], []])
    run = robomerge("merge", root, "-o", out := tmp_path / "out", "--verify")
    assert run.exit_code == 0 and "W-episode-tasks" in run.stderr, run.stderr
    assert robomerge("verify", out).exit_code == 0
    assert len(set(map(tuple, pq.read_table(out / EPISODES)["tasks"].to_pylist()))) == 1


ARMS = {"left_arm": ["shoulder"], "right_arm": ["elbow"]}


@pytest.mark.parametrize(
    ("first", "second", "fit"),
    [
        (ARMS, {"right_arm": ["shoulder"], "left_arm": ["elbow"]}, False),
        ({"arm": ["lift"], "hand": ["grip"]}, {"leg": ["lift"], "hand": ["grip"]}, False),
        ({"lift": "0", "grip": "1"}, {"grip": "0", "lift": "1"}, False),
        ({"lift": ["m1"], "grip": ["m2"]}, {"grip": ["m1"], "lift": ["m2"]}, False),
        (ARMS, ["shoulder", "elbow"], True),
        (["shoulder", "elbow"], ARMS, True),
        (["shoulder", "elbow"], {"motors": ["shoulder", "elbow"]}, True),
    ],
)
def test_groups_tell_elements_apart(first, second, fit, robomerge, tmp_path):
    roots = []
    for number, names in enumerate((first, second)):
        roots.append(make_tiny_dataset(tmp_path / str(number), lengths=(3,)))
        edit_json(roots[-1] / "meta/info.json", lambda info, names=names: info["features"][STATE].update(names=names))
    run = robomerge("merge", *roots, "-o", tmp_path / "out", "--verify")
    assert run.exit_code == (0 if fit else 1) and ("W-names" if fit else "E-features") in run.stderr, run.stderr
    assert robomerge("compare", *roots).exit_code == (0 if fit else 3)
    if fit:
        assert robomerge("verify", tmp_path / "out", "--against", *roots).exit_code == 0


def test_groups_that_others_tell_behind_a_plain_list(robomerge, tmp_path):
    roots = []
    for number, names in enumerate((["shoulder", "elbow"], ARMS, {"right_arm": ["shoulder"], "left_arm": ["elbow"]})):
        roots.append(make_tiny_dataset(tmp_path / str(number), lengths=(3,)))
        edit_json(roots[-1] / "meta/info.json", lambda info, names=names: info["features"][STATE].update(names=names))
    run = robomerge("merge", *roots, "-o", tmp_path / "out")
    assert run.exit_code == 1 and "left_arm.shoulder" in run.stderr and "right_arm.shoulder" in run.stderr, run.stderr
    assert robomerge("merge", *roots[:2], "-o", tmp_path / "out", "--verify").exit_code == 0


def test_other_words_in_the_same_places_are_taken(robomerge, tmp_path):
    """That `right_x` holds `x` moves nothing: `x` is the word for `left_x`."""
    roots = [make_tiny_dataset(tmp_path / name, lengths=(3,)) for name in "ab"]
    for root, own in zip(roots, (["x", "x2"], ["left_x", "right_x"]), strict=True):
        edit_json(root / "meta/info.json", lambda info, own=own: info["features"][STATE].update(names=own))
    assert robomerge("merge", *roots, "-o", tmp_path / "out", "--names-from-first").exit_code == 0


@pytest.mark.parametrize("names", [["Grip", "Lift"], ["grip.pos", "lift.pos"]])
def test_no_words_for_another_element(names, robomerge, tmp_path):
    """Written otherwise, `grip` stays `grip`."""
    roots = [make_tiny_dataset(tmp_path / name, lengths=(3,)) for name in "ab"]
    for root, own in zip(roots, (["lift", "grip"], names), strict=True):
        edit_json(root / "meta/info.json", lambda info, own=own: info["features"][STATE].update(names=own))
    run = robomerge("merge", *roots, "-o", tmp_path / "out")
    assert run.exit_code == 1 and "--names-from-first" not in run.stderr, run.stderr
    run = robomerge("merge", *roots, "-o", tmp_path / "out", "--names-from-first")
    assert run.exit_code == 2 and "E-rule" in run.stderr, run.stderr


def test_what_is_measured_is_measured_again_against_its_sources(robomerge, root, tmp_path):
    assert robomerge("merge", root, "-o", out := tmp_path / "out").exit_code == 0
    whole = (out / STATS).read_bytes()

    def without_quantiles(stats):
        for name in ("q01", "q99"):
            del stats[STATE][name]

    for change in (
        lambda stats: stats[STATE]["q50"].__setitem__(0, stats[STATE]["q50"][0] + 0.01),
        lambda stats: stats.pop(STATE),
        without_quantiles,
        lambda stats: stats[STATE].update(std=[-one for one in stats[STATE]["std"]]),
    ):
        edit_json(out / STATS, change)
        run = robomerge("verify", out, "--against", root)
        assert run.exit_code == 3 and "V-stats" in run.stdout, run.stdout
        (out / STATS).write_bytes(whole)
    assert robomerge("verify", out, "--against", root).exit_code == 0


@pytest.mark.parametrize("flag", ["--trace", "--report"])
def test_a_pipe_that_nobody_reads_holds_nothing_up(flag, robomerge, root, tmp_path):
    os.mkfifo(pipe := tmp_path / "pipe")
    run = robomerge("merge", root, "-o", tmp_path / "out", flag, pipe)
    assert run.exit_code == 4 and "nobody reads this pipe" in run.stderr, run.stderr


def test_a_pipe_that_is_read_gets_all(robomerge, root, tmp_path):
    os.mkfifo(pipe := tmp_path / "pipe")
    with subprocess.Popen(["cat", pipe], stdout=subprocess.PIPE) as reader:
        assert robomerge("merge", root, "-o", tmp_path / "out", "--trace", pipe).exit_code == 0
        assert json.loads(reader.stdout.read())["traceEvents"]


def test_no_work_inside_the_destination(robomerge, root, tmp_path):
    run = robomerge("merge", root, "-o", tmp_path / "out", "--tmp-root", tmp_path / "out/work")
    assert run.exit_code == 2 or "E-staging-root" in run.stderr, run.stderr
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("version", ["3.0", "2.1"])
def test_counts_of_numbered_columns_are_those_of_the_rows(version, robomerge, root, tmp_path):
    """A tool left out frames, and not from the statistics."""
    for name in ("index", "episode_index", "task_index"):
        edit_column(root / EPISODES, f"stats/{name}/count", lambda cells: [cells[0], [cells[1][0] + 2]])
    run = robomerge("merge", root, "-o", out := tmp_path / "out", "--codebase-version", version, "--verify")
    assert run.exit_code == 0, run.stdout + run.stderr
    assert robomerge("verify", out, "--against", root).exit_code == 0
