"""Statistics that are measured (docs/statistics.md): those of numpy over all rows, the same bytes
however the rows are merged; and statistics of episodes that are held against their rows."""

import json
import math
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from edits import DATA, EPISODES, STATS, edit_column, edit_json, edit_table
from stages import Stages, tree
from tiny_dataset import make_tiny_dataset
from tiny_video import add_video

QUANTILES = {"q01": 0.01, "q10": 0.1, "q50": 0.5, "q90": 0.9, "q99": 0.99}
STATE = "observation.state"


def arrow_type(dtype: str, shape: tuple[int, ...]) -> pa.DataType:
    column_type = {"bool": pa.bool_(), "float16": pa.float16()}.get(dtype) or pa.type_for_alias(dtype)
    for extent in reversed(shape):
        column_type = pa.list_(column_type, extent) if extent % 2 else pa.list_(column_type)
    return column_type


def with_feature(root: Path, name: str, values: np.ndarray) -> None:
    """Adds a column, without any statistics of it. One number a row is a scalar."""
    dtype, shape = values.dtype.name, values.shape[1:]
    column_type = arrow_type(dtype, shape)
    begin = 0

    def add(table: pa.Table) -> pa.Table:
        nonlocal begin
        rows = values[begin : begin + len(table)]
        begin += len(table)
        if dtype == "float16":  # Arrow makes such numbers of numpy's only
            flat = pa.array(rows.reshape(-1))
            for extent in reversed(shape):
                flat = pa.FixedSizeListArray.from_arrays(flat, extent)
            return table.append_column(name, flat)
        return table.append_column(name, pa.array(rows.tolist(), column_type))

    edit_table(root / DATA, add)
    entry = {"dtype": dtype, "shape": list(shape) or [1], "names": None}
    edit_json(root / "meta/info.json", lambda info: info["features"].update({name: entry}))


def flattened(values: np.ndarray) -> np.ndarray:
    return values.astype(np.float64).reshape(-1, values.shape[-1] if values.ndim > 1 else 1)


def assert_as_numpy(found: dict, values: np.ndarray, num_frames: int) -> None:
    rows = flattened(values)
    assert found["count"] == [num_frames]
    for element in range(rows.shape[1]):
        column = rows[:, element]
        column = column[np.isfinite(column)]
        assert found["min"][element] == column.min() and found["max"][element] == column.max()
        for name, fraction in QUANTILES.items():
            # Numpy subtracts neighbours, whose distance may be too large for a float64.
            unit = 4.0 if np.abs(column).max() > 1e307 else 1.0
            assert found[name][element] == np.quantile(column / unit, fraction) * unit, (name, element)
        mean = math.fsum(column) / len(column) if np.abs(column).max() < 1e290 else float(np.mean(column / 1e10)) * 1e10
        assert found["mean"][element] == pytest.approx(mean, rel=1e-12, abs=1e-320)
        scale = np.abs(column).max() or 1.0
        deviation = math.sqrt(math.fsum((column / scale - mean / scale) ** 2) / len(column)) * scale
        assert found["std"][element] == pytest.approx(deviation, rel=1e-12, abs=1e-15 * scale)


def merged(robomerge, sources, destination: Path, *options: object) -> tuple[dict, list[dict]]:
    run = robomerge("merge", *sources, "-o", destination, "--no-sync", "--verify", "--json", *options)
    assert run.exit_code == 0, run.stderr + run.stdout
    assert robomerge("verify", destination).exit_code == 0
    warnings = [line for line in run.json_lines() if line["message_type"] == "warning"]
    return json.loads((destination / STATS).read_text()), warnings


LENGTHS = [(5, 7), (40,), (1, 300, 3)]


def random_values(random: np.random.Generator, dtype: str, shape: tuple[int, ...]) -> np.ndarray:
    if dtype == "bool":
        return random.random(shape) < 0.3
    if dtype.startswith("float"):
        return random.normal(0, 100, shape).astype(dtype)
    info = np.iinfo(dtype)
    return random.integers(max(info.min, -(2**52)), min(info.max, 2**52), shape, dtype=dtype)


DTYPES = ["bool", "int8", "uint8", "int16", "uint16", "int32", "uint32", "int64", "uint64", "float16", "float32", "float64"]


@pytest.mark.parametrize("rank", [0, 1, 2, 3])
def test_every_dtype_has_the_statistics_of_numpy(rank, robomerge, tmp_path):
    random = np.random.default_rng(rank)
    roots, all_values = [], {}
    for number, lengths in enumerate(LENGTHS):
        roots.append(make_tiny_dataset(tmp_path / f"s{number}", lengths=lengths))
        for dtype in DTYPES:
            values = random_values(random, dtype, (sum(lengths), *(2, 3, 3)[3 - rank :]))
            with_feature(roots[-1], f"of.{dtype}", values)
            all_values.setdefault(dtype, []).append(values)
    stats, warnings = merged(robomerge, roots, tmp_path / "out")
    # None of them was stated, and that all are measured is no loss.
    assert "W-stats-left-out" not in [one["kind"] for one in warnings]
    assert "W-stats-left-out" not in robomerge("inspect", roots[0]).stdout
    for dtype, parts in all_values.items():
        found = stats[f"of.{dtype}"]
        assert_as_numpy(found, np.concatenate(parts), sum(map(sum, LENGTHS)))
        kind = {"b": bool, "i": int, "u": int, "f": float}[np.dtype(dtype).kind]
        assert type(found["min"][0]) is kind and type(found["mean"][0]) is float


DISTRIBUTIONS = {
    "all_equal": lambda random, count: np.full(count, 152.3, np.float32),
    "two_values": lambda random, count: random.choice([-1.0, 7.5], count).astype(np.float32),
    "denormals": lambda random, count: (random.integers(-9, 9, count) * 1e-45).astype(np.float32),
    "small_doubles": lambda random, count: random.integers(-9, 9, count) * 5e-324,
    "zeros_of_both_signs": lambda random, count: random.choice([-0.0, 0.0, 1.0], count).astype(np.float32),
    "large": lambda random, count: random.normal(0, 1e300, count),
    "largest": lambda random, count: random.choice([-1.7e308, 1.6e308, 1.79e308], count),
    "squares_underflow": lambda random, count: random.normal(0, 1e-180, count),
    "close_together": lambda random, count: (1e6 + random.random(count) * 1e-3),
    "cauchy": lambda random, count: random.standard_cauchy(count),
    "ramp": lambda random, count: np.arange(count, dtype=np.int64),
    "mixed_scales": lambda random, count: 10.0 ** random.uniform(-200, 150, count),
}


@pytest.mark.parametrize("name", DISTRIBUTIONS)
def test_adversarial_values_have_the_statistics_of_numpy(name, robomerge, tmp_path):
    random = np.random.default_rng(7)
    roots, parts = [], []
    for number, lengths in enumerate(LENGTHS):
        roots.append(make_tiny_dataset(tmp_path / f"s{number}", lengths=lengths))
        parts.append(DISTRIBUTIONS[name](random, sum(lengths)))
        with_feature(roots[-1], "x", parts[-1])
    stats, _ = merged(robomerge, roots, tmp_path / "out")
    assert_as_numpy(stats["x"], np.concatenate(parts), sum(map(sum, LENGTHS)))
    again, warnings = merged(robomerge, [tmp_path / "out"], tmp_path / "again")
    assert again == stats and not warnings
    assert "-0.0," not in json.dumps(stats) and "-0.0]" not in json.dumps(stats)
    if name == "all_equal":
        assert stats["x"]["std"] == [0.0]


def test_long_episodes_do_not_have_to_fit_the_buffer(robomerge, tmp_path):
    """With 64 workers each has a buffer of 1 MB."""
    root = make_tiny_dataset(tmp_path / "a", lengths=(150_000, 4))
    values = np.random.default_rng(3).choice(np.float32([0.1, -3, 1e20]), (150_004, 3))
    with_feature(root, "x", values)
    stats, _ = merged(robomerge, [root], tmp_path / "out", "-j", 64)
    assert_as_numpy(stats["x"], values, 150_004)
    cells = pq.read_table(tmp_path / "out" / EPISODES)
    assert cells["stats/x/q50"][0].as_py() == [np.quantile(column.astype(float), 0.5) for column in values[:150_000].T]


def test_numbers_that_are_not_finite_count_as_frames_only(robomerge, tmp_path):
    root = make_tiny_dataset(tmp_path / "a", lengths=(6, 5))
    values = np.array([1, np.nan, 3, np.inf, -np.inf, 2, 8, np.nan, 9, 4, 5], np.float32)
    with_feature(root, "x", np.stack([values, np.full(11, np.nan, np.float32)], axis=1))
    stats, warnings = merged(robomerge, [root], tmp_path / "out")
    assert_as_numpy({name: one[:1] for name, one in stats["x"].items()}, values, 11)
    assert all(math.isnan(stats["x"][name][1]) for name in ("min", "mean", "std", "q50"))
    (warning,) = [one for one in warnings if one["kind"] == "W-not-finite"]
    assert "`x` (13 NaN or null, 2 infinite)" in warning["what"]
    (note,) = [line for line in robomerge("inspect", tmp_path / "out", "--read-data", "--json").json_lines() if line.get("kind") == "N-not-finite"]
    assert "[0] 2 NaN and 2 infinite of 11, the first in episode 0, frame 1" in note["found"]


@pytest.mark.parametrize("way", ["measured", "folded", "numpy", "wrong"])
def test_either_way_to_count_what_is_not_finite_is_true(robomerge, tmp_path, way):
    """Of the finite numbers, as a merge measures them, or of all, as numpy's: then they are NaN."""
    values = np.random.default_rng(2).normal(0, 3, 18).astype(np.float32)
    values[[1, 2, 8, 13]] = np.nan
    sources = [make_tiny_dataset(tmp_path / name, lengths=lengths) for name, lengths in (("a", (11,)), ("b", (7,)))]
    for root, part in zip(sources, (values[:11], values[11:])):
        with_feature(root, "x", part)
        assert robomerge("stats", root, "--in-place", "--no-backup").exit_code == 0
    fold = ["--stats", "fold"] if way == "folded" else []
    merged(robomerge, sources, out := tmp_path / "out", *fold)
    (out / "meta/robomerge.json").unlink()  # which says that they are measured
    if way in ("numpy", "wrong"):
        value = math.nan if way == "numpy" else float(np.nanmean(values)) + 3
        edit_json(out / STATS, lambda stats: stats["x"].update({name: [value] for name in stats["x"] if name != "count"}))
    run = robomerge("verify", out, "--json")
    assert {line.get("column", "").split("/")[0] for line in run.json_lines() if line["message_type"] == "finding"} == ({"x"} if way == "wrong" else set())
    assert robomerge("verify", out, "--measure-stats").exit_code == (0 if way == "measured" else 3)


@pytest.fixture(scope="module")
def several(tmp_path_factory) -> list[Path]:
    folder, random = tmp_path_factory.mktemp("several"), np.random.default_rng(11)
    roots = []
    for number in range(7):
        lengths = tuple(int(length) for length in random.integers(1, 60, 3))
        roots.append(make_tiny_dataset(folder / f"s{number}", lengths=lengths, task=f"task {number % 3}"))
        with_feature(roots[-1], "x", random.normal(0, number + 1, (sum(lengths), 5)).astype(np.float32))
        with_feature(roots[-1], "y", random.integers(-5, 5, sum(lengths)))
    return roots


ONE_FILE_EACH = ("--no-concatenate-data",)


def test_workers_ranks_and_nesting_do_not_show(several, robomerge, tmp_path):
    merged(robomerge, several, tmp_path / "j1", "-j", 1, *ONE_FILE_EACH)
    expected = tree(tmp_path / "j1")
    for workers in (2, 16):
        merged(robomerge, several, tmp_path / f"j{workers}", "-j", workers, *ONE_FILE_EACH)
        assert tree(tmp_path / f"j{workers}") == expected
    for ranks in (1, 3, 7):
        stages = Stages(robomerge, several, tmp_path / f"work{ranks}", tmp_path / f"w{ranks}", *ONE_FILE_EACH, "--no-sync")
        stages.run_all(describers=2, writers=ranks)
        assert tree(tmp_path / f"w{ranks}") == expected
        assert sorted(path.name for path in tmp_path.iterdir() if path.name.startswith(".")) == []
    merged(robomerge, several[:3], tmp_path / "left")
    merged(robomerge, several[3:], tmp_path / "right")
    nested, warnings = merged(robomerge, [tmp_path / "left", tmp_path / "right"], tmp_path / "nested")
    assert nested == json.loads(expected[STATS]) and warnings == []


def test_publish_names_rows_that_are_not_measured(several, robomerge, tmp_path):
    stages = Stages(robomerge, several, tmp_path / "work", tmp_path / "out", *ONE_FILE_EACH)
    stages.run(stages.describe())
    stages.run(stages.plan())
    stages.run(stages.write())
    journals = next(tmp_path.glob(".out.robomerge-*.journal"))
    (journals / "unit-3.summary").unlink()
    run = robomerge(*stages.publish())
    assert run.exit_code == 1 and '"E-incomplete"' in run.stderr and "file-003.parquet" in run.stderr
    whole = (journals / "unit-2.summary").read_bytes()
    stages.run(stages.write())  # measures what is missing
    (journals / "unit-2.summary").write_bytes(whole[: len(whole) // 2])
    run = robomerge(*stages.publish())
    assert run.exit_code == 1 and '"E-journal-damaged"' in run.stderr
    (journals / "unit-2.summary").write_bytes(whole)
    stages.run(stages.publish())
    merged(robomerge, several, tmp_path / "at-once", *ONE_FILE_EACH)
    assert tree(tmp_path / "out") == tree(tmp_path / "at-once")


def test_one_mode_for_all_stages(several, robomerge, tmp_path):
    stages = Stages(robomerge, several, tmp_path / "work", tmp_path / "out", "--stats", "fold")
    stages.run(stages.describe())
    run = robomerge(*stages.plan())
    assert run.exit_code == 2 and "describe --stats fold" in run.stderr
    other = Stages(robomerge, several, tmp_path / "other", tmp_path / "fold")
    other.run([*other.describe(), "--stats", "fold"])
    for command in (other.plan(), other.write(), other.publish()):
        other.run(command)
    assert "stats" not in json.loads((tmp_path / "fold/meta/robomerge.json").read_text())["options"]


def cell(root: Path, name: str, episode: int):
    return pq.read_table(root / EPISODES)[name][episode].as_py()


def rows_of(root: Path, episode: int) -> np.ndarray:
    table = pq.read_table(root / DATA).to_pydict()
    return np.array([value for value, of in zip(table[STATE], table["episode_index"]) if of == episode], np.float64)


def test_statistics_of_episodes_are_kept_if_they_agree_and_measured_if_not(robomerge, tmp_path):
    root = make_tiny_dataset(tmp_path / "a", lengths=(5, 7, 9))
    wrong = "stats/observation.state/std"
    edit_column(root / EPISODES, wrong, lambda cells: [cells[0], [cells[1][0], cells[1][1] + 0.25], [x * 1.000005 for x in cells[2]]])
    _, warnings = merged(robomerge, [root], tmp_path / "out")
    (warning,) = [one for one in warnings if one["kind"] == "W-episode-statistics"]
    assert "1 episode " in warning["what"] and "`observation.state`" in warning["what"] and str(root) in warning["what"]
    assert "episode 1" in warning["where"] and warning["source"] == str(root)
    # The others state no quantiles, and are measured without a warning.
    for episode in range(3):
        rows = rows_of(root, episode)
        np.testing.assert_allclose(cell(tmp_path / "out", wrong, episode), rows.std(axis=0), rtol=1e-12)
        assert cell(tmp_path / "out", "stats/observation.state/q90", episode) == list(np.quantile(rows, 0.9, axis=0))
    # All are true now: kept as they are.
    _, warnings = merged(robomerge, [tmp_path / "out"], tmp_path / "again")
    assert warnings == []
    before, after = pq.read_table(tmp_path / "out" / EPISODES), pq.read_table(tmp_path / "again" / EPISODES)
    assert before.equals(after)
    nearly = lambda cells: [[x * 1.000005 for x in cell] for cell in cells]
    edit_column(tmp_path / "again" / EPISODES, wrong, nearly)
    _, warnings = merged(robomerge, [tmp_path / "again"], tmp_path / "kept")
    assert warnings == [] and cell(tmp_path / "kept", wrong, 2) == cell(tmp_path / "again", wrong, 2)


@pytest.mark.parametrize("shift,kept", [(0.9, True), (3, False)])
def test_quantiles_may_be_a_bin_off(shift, kept, robomerge, tmp_path):
    root = make_tiny_dataset(tmp_path / "a", lengths=(400,))
    merged(robomerge, [root], tmp_path / "true")
    rows = rows_of(root, 0)
    tolerance = float((rows[:, 0].max() - rows[:, 0].min()) / 5000)
    name = "stats/observation.state/q10"
    edit_column(tmp_path / "true" / EPISODES, name, lambda cells: [[np.sort(rows[:, 0])[39] - shift * tolerance, cells[0][1]]])
    _, warnings = merged(robomerge, [tmp_path / "true"], tmp_path / "out")
    assert [one["kind"] for one in warnings] == ([] if kept else ["W-episode-statistics"])
    assert (cell(tmp_path / "out", name, 0) == cell(tmp_path / "true", name, 0)) == kept


def test_a_plan_says_which_sizes_are_estimates(several, robomerge, tmp_path):
    run = robomerge("plan", *several, "-o", tmp_path / "out", "--json")
    planned = {line["path"]: line for line in run.json_lines() if line["message_type"] == "file"}
    merged(robomerge, several, tmp_path / "out")
    for path, line in planned.items():
        size = (tmp_path / "out" / path).stat().st_size
        assert line["is_estimate"] == (path in (STATS, EPISODES))
        assert line["size_bytes"] == size or line["is_estimate"] and size / 3 < line["size_bytes"] < size * 3
    assert "  ~" in robomerge("plan", *several, "-o", tmp_path / "other").stdout
    folded = robomerge("plan", *several, "-o", tmp_path / "other", "--json", "--stats", "fold")
    assert not any(line.get("is_estimate") for line in folded.json_lines())


def test_verify_finds_statistics_that_are_not_those_of_the_rows(several, robomerge, tmp_path):
    merged(robomerge, several, tmp_path / "out")
    edit_json(tmp_path / "out" / STATS, lambda stats: stats["x"]["mean"].__setitem__(2, 9.5))
    edit_column(tmp_path / "out" / EPISODES, "stats/y/max", lambda cells: [[77.0], *cells[1:]])
    for against in ([], ["--against", *several]):
        run = robomerge("verify", tmp_path / "out", *against, "--json")
        kinds = [line["kind"] for line in run.json_lines() if line["message_type"] == "finding"]
        assert run.exit_code == 3 and sorted(kinds) == ["V-statistics", "V-stats"]


def with_camera(root: Path, lengths: tuple[int, ...], means: list[float], counts: list[int]) -> Path:
    add_video(root, lengths, seed=len(lengths))

    def add(table: pa.Table) -> pa.Table:
        table = table.drop_columns([name for name in table.column_names if name.startswith("stats/camera/")])
        for stat in ("min", "max", "mean", "std"):
            table = table.append_column(f"stats/camera/{stat}", pa.array([[[[mean]]] * 3 for mean in means]))
        return table.append_column("stats/camera/count", pa.array([[count] for count in counts]))

    edit_table(root / EPISODES, add)
    camera = {stat: [[[9.0]]] * 3 for stat in ("min", "max", "mean", "std")} | {"count": [sum(counts)]}
    edit_json(root / STATS, lambda stats: stats.update(camera=camera))
    return root


def test_cameras_weigh_by_frames(robomerge, tmp_path):
    """One recorder counts pixels, the other frames."""
    pixels = with_camera(make_tiny_dataset(tmp_path / "a", lengths=(3,)), (3,), [0.25], [3 * 64 * 48])
    frames = with_camera(make_tiny_dataset(tmp_path / "b", lengths=(5, 7)), (5, 7), [0.5, 1.0], [5, 7])
    stats, _ = merged(robomerge, [pixels, frames], tmp_path / "out")
    assert stats["camera"]["mean"] == [[[pytest.approx((3 * 0.25 + 5 * 0.5 + 7 * 1.0) / 15)]]] * 3
    assert stats["camera"]["count"] == [3 * 64 * 48 + 12]
    record = json.loads((tmp_path / "out/meta/robomerge.json").read_text())
    assert record["options"]["stats"] == "exact" and record["folded"] == ["camera"]
    robomerge("merge", pixels, frames, "-o", tmp_path / "fold", "--stats", "fold")
    assert json.loads((tmp_path / "fold" / STATS).read_text())["camera"]["mean"] == [[[9.0]]] * 3
    # Where an episode says nothing, the entries of the sources count, by frames as well.
    edit_column(frames / EPISODES, "stats/camera/mean", lambda cells: [None, *cells[1:]])
    edit_json(frames / STATS, lambda stats: stats["camera"].update(mean=[[[1.5]]] * 3))
    stats, _ = merged(robomerge, [pixels, frames], tmp_path / "partly")
    assert stats["camera"]["mean"] == [[[pytest.approx((3 * 9.0 + 12 * 1.5) / 15)]]] * 3


def test_what_was_measured_may_be_folded_again(robomerge, tmp_path):
    """Each source weighs as its own statistics were made, and short episodes do not enclose the
    quantiles of them all: `verify` of the result, by itself, asks what holds for any weights."""
    pixels = with_camera(make_tiny_dataset(tmp_path / "a", lengths=(3,)), (3,), [0.25], [3 * 64 * 48])
    frames = with_camera(make_tiny_dataset(tmp_path / "b", lengths=(5, 7)), (5, 7), [0.5, 1.0], [5, 7])
    third = with_camera(make_tiny_dataset(tmp_path / "c", lengths=(2, 2)), (2, 2), [0.75, 0.25], [2, 2])
    deviation = ((0.75**2 + 0.25**2) / 2 + 0.25**2) ** 0.5  # with_camera() has each mean for the deviation too
    camera = {"min": 0.25, "max": 0.75, "mean": 0.5, "std": deviation}
    edit_json(third / STATS, lambda stats: stats["camera"].update({stat: [[[value]]] * 3 for stat, value in camera.items()}))
    merged(robomerge, [pixels, frames], tmp_path / "measured")
    merged(robomerge, [tmp_path / "measured", third], out := tmp_path / "out", "--stats", "fold")
    for stat, values in {"mean": [[[1.25]]] * 3, "std": [[[1.5]]] * 3, "max": [[[0.5]]] * 3}.items():
        before = (out / STATS).read_bytes()
        edit_json(out / STATS, lambda stats, stat=stat, values=values: stats["camera"].update({stat: values}))
        run = robomerge("verify", out)
        assert run.exit_code == 3 and f"camera.{stat}" in run.stdout, (stat, run.stdout)
        (out / STATS).write_bytes(before)


@pytest.mark.parametrize("lengths", [(40, 20), (3, 2)], ids=["long", "short"])
def test_quantiles_that_are_folded_lie_between_their_neighbours(lengths, robomerge, tmp_path):
    roots = [make_tiny_dataset(tmp_path / name, lengths=lengths) for name in "abc"]
    merged(robomerge, roots[:2], tmp_path / "one")
    merged(robomerge, roots[2:], tmp_path / "two")
    stats, _ = merged(robomerge, [tmp_path / "one", tmp_path / "two"], out := tmp_path / "out", "--stats", "fold")
    stated, before = stats["observation.state"], (out / STATS).read_bytes()
    beyond = [one + 1 for one in stated["max"]]
    # Of short episodes nothing more is known than that they lie among the rows.
    for stat, values, is_found in (("q10", stated["q99"], lengths[0] > 13), ("q90", stated["min"], lengths[0] > 13), ("q50", beyond, True)):
        edit_json(out / STATS, lambda stats, stat=stat, values=values: stats["observation.state"].update({stat: values}))
        run = robomerge("verify", out)
        assert (run.exit_code == 3 and f"observation.state.{stat}" in run.stdout) == is_found, (stat, run.stdout)
        (out / STATS).write_bytes(before)


@pytest.mark.parametrize("mode", ["exact", "fold"])
def test_numbers_that_are_not_finite_are_of_no_camera(mode, robomerge, tmp_path):
    root = with_camera(make_tiny_dataset(tmp_path / "a", lengths=(5, 7)), (5, 7), [0.5, 1.0], [5, 7])
    edit_json(root / STATS, lambda stats: stats["camera"].update(mean=[[[math.nan]]] * 3))
    stats, warnings = merged(robomerge, [root], tmp_path / "out", "--stats", mode)
    assert stats["camera"]["mean"] == [[[pytest.approx((5 * 0.5 + 7 * 1.0) / 12)]]] * 3
    assert "W-stats-episodes" in [one["kind"] for one in warnings]
    edit_column(root / EPISODES, "stats/camera/mean", lambda cells: [[[[math.inf]]] * 3, *cells[1:]])
    run = robomerge("merge", root, "-o", tmp_path / "none", "--stats", mode, "--json")
    assert run.exit_code == 0 and "camera" not in json.loads((tmp_path / "none" / STATS).read_text())
    assert "W-stats-left-out" in [line.get("kind") for line in run.json_lines()]


def damage_last_page(path: Path) -> None:
    chunk = pq.ParquetFile(path).metadata.row_group(0).column(0)
    end = (chunk.dictionary_page_offset or chunk.data_page_offset) + chunk.total_compressed_size
    content = bytearray(path.read_bytes())
    content[end - 8 : end] = b"\xff" * 8
    path.write_bytes(content)


@pytest.mark.parametrize("command", ["merge", "stages", "stats", "delete-episodes"])
def test_rows_that_cannot_be_decoded_are_refused_by_source_file_and_column(command, robomerge, tmp_path):
    """LeRobot could not open the result."""
    sound, root, out = make_tiny_dataset(tmp_path / "a", lengths=(5,)), make_tiny_dataset(tmp_path / "b"), tmp_path / "out"
    damage_last_page(root / DATA)
    before = tree(root)
    words = {
        "merge": ["merge", sound, root, "-o", out],
        "stats": ["stats", root, "--in-place"],
        "delete-episodes": ["delete-episodes", root, "1", "--in-place"],
    }
    if command == "stages":
        plan = tmp_path / "plan"
        assert robomerge("plan", sound, root, "-o", out, "--plan", plan).exit_code == 0
        run = robomerge("write", "--plan", plan)
    else:
        run = robomerge(*words[command])
    assert run.exit_code == 1 and f"error[E-data-file]: column `{STATE}` of a data file cannot be decoded" in run.stderr, run.stderr
    assert str(root / DATA) in run.stderr and "copy the file again" in run.stderr and "(--exclude-episodes 0" in run.stderr and str(sound) not in run.stderr
    assert tree(root) == before and not out.exists()
