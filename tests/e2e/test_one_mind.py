"""merge and verify are of one mind: whatever damage is done to metadata or to the order of rows,
either `merge` refuses, or `merge --verify` succeeds."""

import itertools
import math
import random
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from edits import DATA, EPISODES, STATS, edit_column, edit_json, edit_table
from tiny_dataset import make_tiny_dataset
from tiny_video import add_video

LENGTHS = (5, 7, 4)
STATE = "observation.state"
INFO = "meta/info.json"
TASKS = "meta/tasks.parquet"


def cells(path: str, column: str, edit):
    """A damage that edits all values of a column, over all row groups."""

    def damage(root: Path) -> None:
        with pq.ParquetFile(root / path) as file:
            sizes = [file.metadata.row_group(number).num_rows for number in range(file.num_row_groups)]
        table = pq.read_table(root / path)
        number = table.schema.get_field_index(column)
        if number < 0:
            return
        field = table.schema.field(column)
        values = pa.array(edit(table.column(column).to_pylist()), field.type)
        table = table.set_column(number, field.with_nullable(True), values)
        with pq.ParquetWriter(root / path, table.schema) as writer:
            for first, size in zip(itertools.accumulate(sizes, initial=0), sizes):
                writer.write_table(table.slice(first, size), row_group_size=size)

    return damage


def rows(edit, path: str = DATA):
    """A damage that takes the rows of a table in another order, and keeps the sizes of row groups."""

    def damage(root: Path) -> None:
        with pq.ParquetFile(root / path) as file:
            sizes = [file.metadata.row_group(number).num_rows for number in range(file.num_row_groups)]
        table = pq.read_table(root / path)
        table = table.take(pa.array(edit(list(range(len(table))))))
        with pq.ParquetWriter(root / path, table.schema) as writer:
            for first, size in zip(itertools.accumulate(sizes, initial=0), sizes):
                writer.write_table(table.slice(first, size), row_group_size=size)

    return damage


def layout(**options):
    def damage(root: Path) -> None:
        pq.write_table(pq.read_table(root / DATA), root / DATA, **options)

    return damage


def stats(edit):
    return lambda root: (root / STATS).exists() and edit_json(root / STATS, edit)


def info(edit):
    return lambda root: edit_json(root / INFO, edit)


def without_columns(*prefixes: str):
    return lambda root: edit_table(root / EPISODES, lambda table: table.drop_columns([name for name in table.column_names if name.startswith(prefixes)]))


def swapped(values, a=1, b=2):
    values = list(values)
    values[a], values[b] = values[b], values[a]
    return values


def shuffled(values):
    return [*reversed(values[:5]), *values[5:]]


def moved(by):
    return lambda values: [value + by for value in values]


def last_moved(by):
    return lambda values: [*values[:-1], values[-1] + by]


def both_stamps(edit):
    return lambda root: [cells(EPISODES, f"videos/camera/{stamp}", edit)(root) for stamp in ("from_timestamp", "to_timestamp")]


FROM = "videos/camera/from_timestamp"
TO = "videos/camera/to_timestamp"

DAMAGES = {
    "rows_swapped": rows(swapped),
    "rows_reversed": rows(shuffled),
    "episodes_of_rows_swapped": rows(lambda order: [*order[5:12], *order[:5], *order[12:]]),
    "row_of_another_episode": rows(lambda order: swapped(order, 4, 5)),
    "frame_index_zeros": cells(DATA, "frame_index", lambda values: [0] * len(values)),
    "frame_index_from_2": cells(DATA, "frame_index", moved(2)),
    "frame_index_swapped": cells(DATA, "frame_index", swapped),
    "frame_index_null": cells(DATA, "frame_index", lambda values: [None, *values[1:]]),
    "frame_index_running_on": cells(DATA, "frame_index", lambda values: list(range(len(values)))),
    "frame_index_negative": cells(DATA, "frame_index", moved(-1)),
    "frame_index_twice_inside": cells(DATA, "frame_index", lambda values: [*values[:2], values[1], *values[3:]]),
    "timestamp_clock": cells(DATA, "timestamp", moved(1.7e9)),
    "timestamp_null": cells(DATA, "timestamp", lambda values: [*values[:-1], None]),
    "timestamp_nan_inside": cells(DATA, "timestamp", lambda values: [*values[:2], math.nan, *values[3:]]),
    "timestamp_a_little_late": cells(DATA, "timestamp", moved(5e-5)),
    "timestamp_swapped": cells(DATA, "timestamp", swapped),
    "timestamp_running_on": cells(DATA, "timestamp", lambda values: [number / 10 for number in range(len(values))]),
    "index_from_100": cells(DATA, "index", moved(100)),
    "index_zeros": cells(DATA, "index", lambda values: [0] * len(values)),
    "index_null": cells(DATA, "index", lambda values: [None, *values[1:]]),
    "episode_index_from_1": cells(DATA, "episode_index", moved(1)),
    "task_index_unknown": cells(DATA, "task_index", moved(1)),
    "one_row_group": layout(),
    "row_groups_of_3": layout(row_group_size=3),
    "no_statistics": layout(write_statistics=False),
    "state_with_nan": cells(DATA, STATE, lambda values: [[math.nan, 1.0], *values[1:]]),
    "table_rows_reversed": rows(lambda order: order[::-1], EPISODES),
    "dataset_from_index_scrambled": cells(EPISODES, "dataset_from_index", swapped),
    "dataset_from_index_zeros": cells(EPISODES, "dataset_from_index", lambda values: [0] * len(values)),
    "dataset_to_index_short": cells(EPISODES, "dataset_to_index", moved(-1)),
    "length_short": cells(EPISODES, "length", last_moved(-1)),
    "tasks_empty": cells(EPISODES, "tasks", lambda values: [[] for _ in values]),
    "tasks_twice": cells(EPISODES, "tasks", lambda values: [value * 2 for value in values]),
    "tasks_null": cells(EPISODES, "tasks", lambda values: [None for _ in values]),
    "from_zeros": cells(EPISODES, FROM, lambda values: [0.0] * len(values)),
    "from_drifted_a_frame": both_stamps(lambda values: [values[0], values[1] + 0.1, *values[2:]]),
    "from_drifted_half_a_frame": both_stamps(lambda values: [values[0], values[1] + 0.05, *values[2:]]),
    "from_early_half_a_frame": both_stamps(lambda values: [values[0], values[1] - 0.05, *values[2:]]),
    "from_drifted_a_little": both_stamps(moved(0.0003)),
    "from_swapped": both_stamps(lambda values: swapped(values, 0, 1)),
    "from_null": cells(EPISODES, FROM, lambda values: [None, *values[1:]]),
    "from_negative": cells(EPISODES, FROM, moved(-0.2)),
    "to_null": cells(EPISODES, TO, lambda values: [None, *values[1:]]),
    "to_short": cells(EPISODES, TO, moved(-0.1)),
    "to_huge": cells(EPISODES, TO, moved(1e9)),
    "file_numbers_of_the_table": cells(EPISODES, "meta/episodes/file_index", moved(3)),
    "no_episode_statistics": without_columns("stats/"),
    "no_statistics_of_index": without_columns("stats/index", "stats/episode_index"),
    "episode_statistics_null": cells(EPISODES, f"stats/{STATE}/mean", lambda values: [None, *values[1:]]),
    "episode_statistics_stale": cells(EPISODES, f"stats/{STATE}/count", lambda values: [[99] for _ in values]),
    "episode_statistics_of_another_width": cells(EPISODES, f"stats/{STATE}/min", lambda values: [value + [1.0] for value in values]),
    "episode_statistics_nan": cells(EPISODES, "stats/timestamp/mean", lambda values: [[math.nan] for _ in values]),
    "index_statistics_stale": cells(EPISODES, "stats/index/min", lambda values: [[77.0] for _ in values]),
    "no_stats_json": lambda root: (root / STATS).unlink(missing_ok=True),
    "stats_empty": stats(lambda content: content.clear()),
    "stats_of_index_missing": stats(lambda content: content.pop("index", None)),
    "stats_of_index_without_count": stats(lambda content: content.get("index", {}).pop("count", None)),
    "stats_count": stats(lambda content: [entry.update(count=[3]) for entry in content.values()]),
    "stats_nan": stats(lambda content: content.get(STATE, {}).update(mean=[math.nan, 1.0])),
    "stats_stray": stats(lambda content: content.update(old={"min": [1]})),
    "stats_of_text": stats(lambda content: content.update(timestamp="none")),
    "totals": info(lambda content: content.update(total_frames=1)),
    "fps_15": info(lambda content: content.update(fps=15)),
    "names": info(lambda content: content["features"][STATE].update(names=["a", "b"])),
    "dtype_float64": info(lambda content: content["features"][STATE].update(dtype="float64")),
    "feature_without_column": info(lambda content: content["features"].update(reward={"dtype": "float32", "shape": [1], "names": None})),
    "second_task": cells(TASKS, "task", lambda values: [value + "!" for value in values]),
    "video_late": lambda root: (root / "videos").exists() and add_video(root, LENGTHS, seed=7, edit_ticks=moved(1024), edit_metadata=False),
    "video_jitters": lambda root: (root / "videos").exists()
    and add_video(root, LENGTHS, seed=7, edit_ticks=lambda ticks: [tick + number % 3 * 90 for number, tick in enumerate(ticks)], edit_metadata=False),
    "video_with_spare_frames": lambda root: (root / "videos").exists() and add_video(root, (*LENGTHS, 3), seed=7, edit_metadata=False),
}

PAIRS = random.Random(13).sample(sorted(itertools.combinations(DAMAGES, 2)), 120)


@pytest.mark.parametrize("video", [True, False], ids=["video", "plain"])
@pytest.mark.parametrize("damages", [*((name,) for name in DAMAGES), *PAIRS], ids=lambda damages: "+".join(damages))
def test_either_refused_or_proven(damages, video, robomerge, tmp_path):
    root, sound = make_tiny_dataset(tmp_path / "damaged", lengths=LENGTHS), make_tiny_dataset(tmp_path / "sound", lengths=(3,))
    if video:
        add_video(root, LENGTHS, seed=1)
        add_video(sound, (3,), seed=2)
    try:
        for name in damages:
            DAMAGES[name](root)
    except (KeyError, TypeError, IndexError, pa.ArrowException):
        pytest.skip("one damage rules out the other")
    for sources in ([root], [sound, root]):
        destination = tmp_path / f"of_{len(sources)}"
        refused = robomerge("merge", *sources, "-o", destination, "--dry-run", "-q").exit_code
        run = robomerge("merge", *sources, "-o", destination, "--no-sync", "--verify")
        assert (refused, run.exit_code) in {(0, 0), (1, 1)}, run.stdout + run.stderr
