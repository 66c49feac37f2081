"""Rows whose frame_index or timestamp is not that of their frame: one place decides, before anything
is written, what is refused and what is kept with a warning; --retime mends it."""

import json
import math
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from edits import DATA, EPISODES, STATS, edit_column, edit_json
from tiny_dataset import make_tiny_dataset
from tiny_video import add_video

LENGTHS = (5, 7)
FRAMES = [number for length in LENGTHS for number in range(length)]


@pytest.fixture(params=["one_row_group_each", "one_row_group", "row_groups_of_4", "no_statistics"])
def layout(request) -> str:
    """How the rows lie in row groups must not decide."""
    return request.param


def make(root: Path, *, video: bool, lengths=LENGTHS, seed: int = 1) -> Path:
    make_tiny_dataset(root, lengths=lengths)
    if video:
        add_video(root, lengths, seed=seed)
    return root


def write_rows(root: Path, layout: str, *, frames=None, seconds=None) -> None:
    """Replaces whole columns, and lays the rows out anew."""
    table = pq.read_table(root / DATA)
    for name, values in {"frame_index": frames, "timestamp": seconds}.items():
        if values is not None:
            number = table.schema.get_field_index(name)
            table = table.set_column(number, table.schema.field(name), pa.array(values, table.schema.field(name).type))
    if layout == "one_row_group_each":
        cuts = [0, *(sum(LENGTHS[: at + 1]) for at in range(len(LENGTHS)))]
    else:
        step = 4 if layout == "row_groups_of_4" else len(table)
        cuts = [*range(0, len(table), step), len(table)]
    with pq.ParquetWriter(root / DATA, table.schema, write_statistics=layout != "no_statistics") as writer:
        for begin, end in zip(cuts, cuts[1:]):
            writer.write_table(table.slice(begin, end - begin))


def kinds(run) -> set[str]:
    lines = [json.loads(line) for line in (run.stdout + run.stderr).splitlines() if line.startswith("{")]
    wanted = ("W-frame", "W-time", "W-retimed", "E-", "W-video-shared", "W-video-start", "W-video-times")
    return {line["kind"] for line in lines if line.get("kind", "").startswith(wanted)}


def is_same_reading(source: Path, merged: Path) -> bool:
    columns = ["timestamp", "frame_index", "episode_index", "observation.state"]
    return pq.read_table(source / DATA, columns=columns).equals(pq.read_table(merged / DATA, columns=columns).cast(pq.read_schema(source / DATA).empty_table().select(columns).schema))


CLOCK = [1.7e9 + number for number in range(12)]
NOT_TIMES = {
    "clock": CLOCK,
    "nulls": [None] * 12,
    "one_null": [None, *(frame / 10 for frame in FRAMES[1:])],
    "nan": [math.nan] * 12,
    "running_on": [number / 10 for number in range(12)],
    "of_another_rate": [frame / 30 for frame in FRAMES],
    "late": [frame / 10 + 0.001 for frame in FRAMES],
    "zeros": [0.0] * 12,
}


@pytest.mark.parametrize("values", NOT_TIMES.values(), ids=NOT_TIMES)
def test_timestamps_that_are_not_of_their_frames(values, layout, robomerge, tmp_path):
    """Refused with video: LeRobot finds no picture for the rows. A warning without."""
    film, plain = make(tmp_path / "film", video=True), make(tmp_path / "plain", video=False)
    for root in (film, plain):
        write_rows(root, layout, seconds=values)
    run = robomerge("merge", film, "-o", tmp_path / "out", "--no-sync", "--json")
    assert run.exit_code == 1 and kinds(run) == {"E-timestamps"} and "--retime" in run.stderr
    assert not (tmp_path / "out").exists()
    assert kinds(robomerge("inspect", film, "--json")) == {"E-timestamps"}
    run = robomerge("merge", plain, "-o", tmp_path / "out", "--no-sync", "--json", "--verify")
    assert run.exit_code == 0 and kinds(run) == {"W-timestamps"}, run.stderr


@pytest.mark.parametrize("video", [True, False], ids=["video", "plain"])
@pytest.mark.parametrize("values", NOT_TIMES.values(), ids=NOT_TIMES)
def test_retime_sets_timestamps(values, video, robomerge, tmp_path):
    root, other = make(tmp_path / "a", video=video), make(tmp_path / "b", video=video, lengths=(3,), seed=2)
    write_rows(root, "one_row_group_each", seconds=values)
    run = robomerge("merge", other, root, "-o", tmp_path / "out", "--no-sync", "--json", "--verify", "--retime")
    assert run.exit_code == 0 and kinds(run) == {"W-retimed"}, run.stdout + run.stderr
    rows = pq.read_table(tmp_path / "out" / DATA)
    assert rows.column("timestamp").to_pylist()[3:] == pq.read_table(make(tmp_path / "sound", video=False) / DATA).column("timestamp").to_pylist()
    assert rows.column("frame_index").to_pylist()[3:] == FRAMES
    assert robomerge("verify", tmp_path / "out").exit_code == 0
    assert robomerge("verify", tmp_path / "out", "--retime", "--against", other, root).exit_code == 0
    stats = json.loads((tmp_path / "out" / STATS).read_text())
    assert stats["timestamp"]["max"] == [pytest.approx(0.6)] and stats["timestamp"]["count"] == [15]
    number = {"clock": 12, "one_null": 1, "nulls": 12, "nan": 12, "late": 12, "running_on": 7}
    for name, rows_changed in number.items():
        if NOT_TIMES[name] is values:
            assert f"of {rows_changed} row" in run.stdout


def from_two(values):
    return [value + 2 for value in values]


def permuted(values):
    return [values[0], values[2], values[1], *values[3:]]


KEPT = {
    "from_two": (from_two(FRAMES), [frame / 10 for frame in from_two(FRAMES)]),
    "from_two_times_from_0": (from_two(FRAMES), None),
    "permuted": (permuted(FRAMES), [frame / 10 for frame in permuted(FRAMES)]),
    "permuted_numbers": (permuted(FRAMES), None),
}


@pytest.mark.parametrize("video", [True, False], ids=["video", "plain"])
@pytest.mark.parametrize("rows", KEPT.values(), ids=KEPT)
def test_what_lerobot_reads_all_the_same_is_kept(rows, video, layout, robomerge, tmp_path):
    root = make(tmp_path / "a", video=False)
    if video:
        add_video(root, (5 + 2, 7 + 2), seed=1)
        edit_column(root / EPISODES, "videos/camera/to_timestamp", lambda values: [value - 0.2 for value in values])
    write_rows(root, layout, frames=rows[0], seconds=rows[1])
    run = robomerge("merge", root, "-o", tmp_path / "out", "--no-sync", "--json", "--verify")
    assert run.exit_code == 0, run.stdout + run.stderr
    # Statistics cannot tell another order.
    allowed = [{"W-frame-index"}, set()] if rows[0] == permuted(FRAMES) else [{"W-frame-index"}]
    assert kinds(run) in allowed
    assert is_same_reading(root, tmp_path / "out")


@pytest.mark.parametrize("frames", [[0] * 12, [*FRAMES[:-1], 40], [0, 0, *FRAMES[2:]][:4] + [9, *FRAMES[5:]]], ids=["zeros", "gap", "twice"])
def test_frames_that_are_not_numbered_one_by_one_are_refused(frames, layout, robomerge, tmp_path):
    root = make(tmp_path / "a", video=True)
    write_rows(root, layout, frames=frames)
    run = robomerge("merge", root, "-o", tmp_path / "out", "--no-sync", "--json")
    assert run.exit_code == 1 and kinds(run) == {"E-rows"}
    run = robomerge("merge", root, "-o", tmp_path / "out", "--no-sync", "--verify", "--retime")
    assert run.exit_code == 0, run.stdout + run.stderr
    assert robomerge("verify", tmp_path / "out").exit_code == 0


def test_retime_keeps_the_pictures_of_trimmed_episodes(robomerge, tmp_path):
    """The first two rows of each episode were cut off, their pictures were not."""
    root = make(tmp_path / "a", video=False)
    add_video(root, (7, 9), seed=1)
    write_rows(root, "one_row_group_each", frames=from_two(FRAMES), seconds=[frame / 10 for frame in from_two(FRAMES)])
    run = robomerge("merge", root, "-o", tmp_path / "out", "--no-sync", "--verify", "--retime")
    assert run.exit_code == 0, run.stdout + run.stderr
    episodes = pq.read_table(tmp_path / "out" / EPISODES)
    assert episodes.column("videos/camera/from_timestamp").to_pylist() == pytest.approx([0.2, 0.9])
    assert pq.read_table(tmp_path / "out" / DATA).column("frame_index").to_pylist() == FRAMES
    assert robomerge("verify", tmp_path / "out").exit_code == 0


def test_retime_refuses_rows_that_show_pictures_in_another_order(robomerge, tmp_path):
    root = make(tmp_path / "a", video=True)
    write_rows(root, "one_row_group_each", frames=permuted(FRAMES), seconds=[frame / 10 for frame in permuted(FRAMES)])
    run = robomerge("merge", root, "-o", tmp_path / "out", "--no-sync", "--json", "--retime")
    assert run.exit_code == 1 and kinds(run) == {"E-retime"}


def test_retime_changes_nothing_of_sound_sources(robomerge, tmp_path):
    root = make(tmp_path / "a", video=True)
    for flags, name in (((), "plain"), (("--retime",), "retimed")):
        run = robomerge("merge", root, "-o", tmp_path / name, "--no-sync", "--json", *flags)
        assert run.exit_code == 0 and kinds(run) == set()
    files = [path.relative_to(tmp_path / "plain") for path in (tmp_path / "plain").rglob("*") if path.is_file()]
    assert {str(file) for file in files if (tmp_path / "plain" / file).read_bytes() != (tmp_path / "retimed" / file).read_bytes()} == {"meta/robomerge.json"}


def test_stages_carry_the_option(robomerge, tmp_path):
    root = make(tmp_path / "a", video=True)
    write_rows(root, "one_row_group_each", seconds=CLOCK)
    assert robomerge("merge", root, "-o", tmp_path / "out", "--no-sync", "--retime").exit_code == 0
    plan = ("plan", root, "-o", tmp_path / "staged", "--plan", tmp_path / "plan", "--no-sync")
    assert robomerge(*plan).exit_code == 1
    assert robomerge("describe", root, "--partial", tmp_path / "partial", "--no-sync", "--retime").exit_code == 0
    by_partial = robomerge("plan", "--partial", tmp_path / "partial", "-o", tmp_path / "staged", "--plan", tmp_path / "plan", "--no-sync")
    assert by_partial.exit_code == 0, by_partial.stderr
    assert robomerge(*plan, "--retime").exit_code == 0  # the same plan
    wrong = robomerge("plan", "--partial", tmp_path / "partial", "-o", tmp_path / "staged", "--plan", tmp_path / "other", "--retime")
    assert wrong.exit_code == 2 and "describe" in wrong.stderr
    assert robomerge("write", "--plan", tmp_path / "plan").exit_code == 0
    assert robomerge("publish", "--plan", tmp_path / "plan").exit_code == 0
    for path in (tmp_path / "out").rglob("*"):
        if path.is_file():
            assert path.read_bytes() == (tmp_path / "staged" / path.relative_to(tmp_path / "out")).read_bytes(), path


# -- videos


def rewrite(root: Path, edit, lengths=LENGTHS) -> None:
    add_video(root, lengths, seed=1, edit_ticks=edit, edit_metadata=False)


def test_a_frame_missing_inside_an_episode_is_named(robomerge, tmp_path):
    root = make(tmp_path / "a", video=True)
    rewrite(root, lambda ticks: [tick + 1024 if number >= 8 else tick for number, tick in enumerate(ticks)])
    for command in (("inspect", root), ("merge", root, "-o", tmp_path / "out"), ("plan", root, "-o", tmp_path / "out")):
        run = robomerge(*command, "--json")
        assert run.exit_code == 1 and kinds(run) == {"E-video-frames"}
        assert "no frame for frame 3 of episode 1" in run.stdout + run.stderr


def test_a_frame_missing_at_the_end_of_the_file_is_named(robomerge, tmp_path):
    """The file has as many frames as the episodes need, but not at their times."""
    root = make(tmp_path / "a", video=True)
    rewrite(root, lambda ticks: [*(tick for tick in ticks if tick != 3 * 1024), ticks[-1] + 1024])
    run = robomerge("inspect", root)
    assert run.exit_code == 1 and "no frame for frame 3 of episode 0" in run.stderr


def test_frames_beside_their_times_are_kept_and_named(robomerge, tmp_path):
    root = make(tmp_path / "a", video=True)
    rewrite(root, lambda ticks: [tick + 300 * (number % 3 == 2) for number, tick in enumerate(ticks)])
    run = robomerge("merge", root, "-o", tmp_path / "out", "--no-sync", "--json", "--verify")
    assert run.exit_code == 0 and kinds(run) == {"W-video-times"}
    assert "4 frames of `camera`, the first of them frame 2 of episode 0" in run.stdout


@pytest.mark.parametrize("late", [1024, 2048, 500, 40])
def test_pictures_that_begin_late_are_counted_and_it_is_said(late, robomerge, tmp_path):
    root, other = make(tmp_path / "a", video=True), make(tmp_path / "b", video=True, lengths=(3,), seed=2)
    rewrite(root, lambda ticks: [tick + late for tick in ticks])
    for sources in ([root], [other, root]):
        out = tmp_path / f"out{len(sources)}"
        run = robomerge("merge", *sources, "-o", out, "--no-sync", "--json", "--verify")
        assert run.exit_code == 0 and kinds(run) == {"W-video-start"}, run.stdout
        assert "frame 0 of episode 0" in run.stdout
        assert robomerge("verify", out).exit_code == 0
    assert kinds(robomerge("inspect", root, "--json")) == {"W-video-start"}


def test_a_late_begin_of_a_video_that_is_copied_is_counted_too(robomerge, tmp_path):
    root = make(tmp_path / "a", video=True)
    rewrite(root, lambda ticks: [tick + 1024 + number % 3 * 90 for number, tick in enumerate(ticks)])
    run = robomerge("merge", root, "-o", tmp_path / "out", "--no-sync", "--json", "--verify")
    assert run.exit_code == 0 and kinds(run) == {"W-video-start", "W-video-times"}, run.stdout
    begins = pq.read_table(tmp_path / "out" / EPISODES).column("videos/camera/from_timestamp").to_pylist()
    assert begins == pytest.approx([0.1, 0.6])


def test_times_that_know_of_a_late_begin_are_kept(robomerge, tmp_path):
    """The video has a frame more than the episodes need, and begins a frame late."""
    root, other = make(tmp_path / "a", video=True), make(tmp_path / "b", video=True, lengths=(3,), seed=2)
    rewrite(root, lambda ticks: [tick + 1024 for tick in ticks], lengths=(5, 8))
    for stamp in ("from_timestamp", "to_timestamp"):
        edit_column(root / EPISODES, f"videos/camera/{stamp}", lambda values: [value + 0.2 for value in values])
    run = robomerge("merge", other, root, "-o", tmp_path / "out", "--no-sync", "--json", "--verify")
    assert run.exit_code == 0 and kinds(run) == set(), run.stdout
    # The episodes begin with picture 1, behind the three of the other source.
    begins = pq.read_table(tmp_path / "out" / EPISODES).column("videos/camera/from_timestamp").to_pylist()
    assert begins == pytest.approx([0.0, 0.4, 0.9])


def test_two_episodes_over_the_same_frames_are_kept(robomerge, tmp_path):
    for number, begin in enumerate((0.0, 0.3, 0.4)):
        root = make(tmp_path / f"a{number}", video=True)
        edit_column(root / EPISODES, "videos/camera/from_timestamp", lambda values: [0.0, begin])
        edit_column(root / EPISODES, "videos/camera/to_timestamp", lambda values: [0.5, begin + 0.7])
        run = robomerge("merge", root, "-o", tmp_path / f"out{number}", "--no-sync", "--json", "--verify")
        assert run.exit_code == 0 and kinds(run) == {"W-video-shared"}, run.stdout
        assert "episodes 0 and 1" in run.stdout


@pytest.mark.parametrize("drift", [0.05, -0.05, 0.04, -0.1])
def test_an_offset_that_drifted_is_decided_once(drift, robomerge, tmp_path):
    root = make(tmp_path / "a", video=True)
    for stamp in ("from_timestamp", "to_timestamp"):
        edit_column(root / EPISODES, f"videos/camera/{stamp}", lambda values: [values[0], values[1] + drift])
    run = robomerge("merge", root, "-o", tmp_path / "out", "--no-sync", "--verify")
    assert run.exit_code == 0 or (run.exit_code == 1 and "E-video-frames" in run.stderr), run.stdout + run.stderr
