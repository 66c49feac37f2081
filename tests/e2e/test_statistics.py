"""Statistics that are not of the data, where they are folded (--stats fold): an entry of stats.json counts only if it can be of it. Else
the episodes' own statistics are aggregated, else the rows are measured, else the feature is left
out of the result, each with one warning for the source."""

import json
import math
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from edits import DATA, EPISODES, STATS, edit_column, edit_json, edit_table
from tiny_dataset import make_columns, make_tiny_dataset, statistics
from tiny_video import add_video

LENGTHS = (5, 7)
STATE = "observation.state"


@pytest.fixture
def sources(tmp_path) -> list[Path]:
    return [make_tiny_dataset(tmp_path / "a", lengths=(3,)), make_tiny_dataset(tmp_path / "b", lengths=LENGTHS)]


def merge(robomerge, sources, destination) -> tuple[dict, dict[str, str]]:
    """The merged stats.json, and the sentences of the warnings about statistics by kind."""
    run = robomerge("merge", *sources, "-o", destination, "--no-sync", "--verify", "--json", "--stats", "fold")
    assert run.exit_code == 0, run.stderr
    warnings = [line for line in run.json_lines() if line["message_type"] == "warning" and line["kind"].startswith("W-stats")]
    kinds = {line["kind"]: line["what"] for line in warnings}
    assert len(kinds) == len(warnings) and all(line["source"] and line["where"].startswith(line["source"]) for line in warnings)
    # Statistics of episodes are carried as they are.
    assert '"V-stats"' not in robomerge("verify", destination, "--json").stdout
    path = destination / STATS
    return (json.loads(path.read_text()) if path.exists() else {}), kinds


def true_statistics(feature: str) -> dict[str, list[float]]:
    return statistics(make_columns((3,), 10, 2)[feature] + make_columns(LENGTHS, 10, 2)[feature])


def assert_true(found: dict, feature: str) -> None:
    for stat, values in true_statistics(feature).items():
        assert found[feature][stat] == pytest.approx(values, rel=1e-6), stat


def without_entry(stats):
    del stats[STATE]


def without_count(stats):
    for entry in stats.values():
        del entry["count"]


def of_another_state(stats):
    for entry in stats.values():
        entry["count"] = [13]


def of_the_whole_set(stats):
    stats[STATE].update(count=[1000], mean=[5.0, 5.0])


def of_relative_actions(stats):
    stats[STATE].update(count=[12 * 4], std=[9.0, 9.0])


def of_another_shape(stats):
    stats[STATE] = {stat: values if stat == "count" else values * 3 for stat, values in stats[STATE].items()}


def of_two_shapes(stats):
    stats[STATE]["mean"] = [0.5]


def ragged(stats):
    stats[STATE]["mean"] = [[1], [1, 2]]


def of_text(stats):
    stats[STATE]["std"] = "high"


def of_nothing(stats):
    stats[STATE] = None


UNUSABLE = [without_entry, without_count, of_another_state, of_the_whole_set, of_relative_actions, of_another_shape, of_two_shapes, ragged, of_text, of_nothing]


@pytest.mark.parametrize("damage", UNUSABLE, ids=lambda damage: damage.__name__)
def test_the_episodes_stand_in_for_an_entry_that_is_not_of_this_data(damage, robomerge, sources, tmp_path):
    edit_json(sources[1] / STATS, damage)
    stats, warnings = merge(robomerge, sources, tmp_path / "out")
    assert_true(stats, STATE)
    assert list(warnings) == ["W-stats-episodes"] and f"`{STATE}`" in warnings["W-stats-episodes"]
    assert "W-stats-episodes" in robomerge("inspect", sources[1]).stderr


def strip_episodes(root, stats=("min", "max", "mean", "std", "count")):
    edit_table(root / EPISODES, lambda table: table.drop_columns([f"stats/{STATE}/{stat}" for stat in stats]))


def stale_episodes(root):
    edit_column(root / EPISODES, f"stats/{STATE}/count", lambda values: [[9] for _ in values])


def one_episode_without(root):
    for stat in ("min", "max", "mean", "std", "count"):
        edit_column(root / EPISODES, f"stats/{STATE}/{stat}", lambda values: [None, *values[1:]])


@pytest.mark.parametrize("damage", [strip_episodes, stale_episodes, one_episode_without], ids=lambda damage: damage.__name__)
def test_rows_are_measured_where_the_episodes_do_not_tell(damage, robomerge, sources, tmp_path):
    edit_json(sources[1] / STATS, of_another_state)
    damage(sources[1])
    stats, warnings = merge(robomerge, sources, tmp_path / "out")
    assert_true(stats, STATE)
    assert list(warnings) == ["W-stats-episodes", "W-stats-measured"] and f"`{STATE}`" in warnings["W-stats-measured"]


def test_measured_rows_have_the_quantiles_of_numpy(robomerge, tmp_path):
    root = make_tiny_dataset(tmp_path / "a", lengths=LENGTHS, with_stats=False)
    strip_episodes(root)
    stats, warnings = merge(robomerge, [root], tmp_path / "out")
    assert list(warnings) == ["W-stats-missing", "W-stats-measured"]
    values = sorted(row[1] for row in make_columns(LENGTHS, 10, 2)[STATE])
    for percent in (1, 10, 50, 90, 99):
        place = (len(values) - 1) * percent / 100
        below = math.floor(place)
        expected = values[below] + (values[min(below + 1, len(values) - 1)] - values[below]) * (place - below)
        assert stats[STATE][f"q{percent:02}"][1] == pytest.approx(expected, rel=1e-6)
    assert stats[STATE]["count"] == [12]


def test_a_feature_that_one_source_cannot_describe_is_left_out(robomerge, sources, tmp_path):
    for number, root in enumerate(sources):
        add_video(root, ((3,), LENGTHS)[number], seed=number)
    camera = {stat: [[[0.5]], [[0.25]], [[0.75]]] for stat in ("min", "max", "mean", "std")} | {"count": [3]}
    edit_json(sources[0] / STATS, lambda stats: stats.update(camera=camera))
    stats, warnings = merge(robomerge, sources, tmp_path / "out")
    assert "camera" not in stats and list(warnings) == ["W-stats-left-out"] and "`camera`" in warnings["W-stats-left-out"]
    edit_json(sources[1] / STATS, lambda stats: stats.update(camera=camera | {"count": [7]}))
    stats, warnings = merge(robomerge, sources, tmp_path / "both")
    assert stats["camera"]["count"] == [10] and warnings == {}


def test_stray_entries_go(robomerge, sources, tmp_path):
    edit_json(sources[1] / STATS, lambda stats: stats.update({"state.old": stats[STATE]}))
    stats, warnings = merge(robomerge, sources, tmp_path / "out")
    assert "state.old" not in stats and list(warnings) == ["W-stats-stray"] and "`state.old`" in warnings["W-stats-stray"]
    assert_true(stats, STATE)


def test_a_column_that_cannot_be_decoded_is_not_measured(robomerge, sources, tmp_path):
    edit_json(sources[1] / STATS, lambda stats: stats.pop(STATE))
    strip_episodes(sources[1])
    chunk = pq.ParquetFile(sources[1] / DATA).metadata.row_group(0).column(0)
    end = (chunk.dictionary_page_offset or chunk.data_page_offset) + chunk.total_compressed_size
    content = bytearray((sources[1] / DATA).read_bytes())
    content[end - 8 : end] = b"\xff" * 8  # of its last page, behind the header
    (sources[1] / DATA).write_bytes(content)
    run = robomerge("merge", *sources, "-o", tmp_path / "out", "--no-sync", "--json", "--stats", "fold")
    assert run.exit_code == 0, run.stderr
    assert STATE not in json.loads((tmp_path / "out" / STATS).read_text())
    assert [line["kind"] for line in run.json_lines() if line["message_type"] == "warning"] == ["W-stats-left-out"]


def test_many_sources_have_a_warning_each_and_no_more(robomerge, tmp_path):
    roots = [make_tiny_dataset(tmp_path / f"s{number}", lengths=(2, 3)) for number in range(5)]
    for root in roots:
        edit_json(root / STATS, of_another_state)
    run = robomerge("plan", *roots, "-o", tmp_path / "out", "--json", "--stats", "fold")
    assert [line["kind"] for line in run.json_lines() if line["message_type"] == "warning"].count("W-stats-episodes") == 5
