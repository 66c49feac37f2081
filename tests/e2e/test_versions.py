"""Sources of v2.1 and v2.0: each thing that is found in them is read, with a warning, or refused with the
reason (docs/versions.md)."""

import json
import re
import shutil
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from conftest import REPOSITORY
from old_dataset import (
    VIDEO,
    data_path,
    edit_lines,
    make_old_dataset,
    read_lines,
    video_path,
    write_lines,
    write_video,
)
from test_in_the_wild import POINTER, edit_info, edit_table, merged, refused, rows, sound, with_column  # noqa: F401
from tiny_dataset import make_tiny_dataset
from tiny_video import FRAME_TICKS

INFO, TASKS = "meta/info.json", "meta/tasks.jsonl"
EPISODES, STATS = "meta/episodes.jsonl", "meta/episodes_stats.jsonl"
STATE = ("observation.state", "timestamp", "frame_index")
ALL = (*STATE, "episode_index", "index", "task_index")


@pytest.fixture
def old(tmp_path) -> Path:
    """Two episodes of v2.1 with a camera, to be changed."""
    return make_old_dataset(tmp_path / "old", task="open the drawer")


@pytest.fixture
def without_video(tmp_path) -> Path:
    return make_old_dataset(tmp_path / "old", seed=None)


def tasks_of(root: Path) -> list[str]:
    return pq.read_table(root / "meta/tasks.parquet")["task"].to_pylist()


def episodes_of(root: Path) -> pa.Table:
    return pq.read_table(root / "meta/episodes/chunk-000/file-000.parquet")


def edit_rows(root: Path, change, episodes=(0, 1)) -> None:
    for episode in episodes:
        edit_table(data_path(root, episode), change)


# -- What is read as it is.


def test_a_dataset_of_v21_has_the_rows_frames_tasks_and_statistics_that_it_had(robomerge, old):
    out = merged(robomerge, old)
    expected = make_tiny_dataset(old.parent / "expected", task="open the drawer")
    assert rows(out, *ALL) == rows(expected, *ALL)
    assert tasks_of(out) == ["open the drawer"]
    table = episodes_of(out)
    assert table["length"].to_pylist() == [5, 7]
    assert table["tasks"].to_pylist() == [["open the drawer"]] * 2
    assert table["videos/camera/from_timestamp"].to_pylist() == [0.0, 0.5]
    for line in read_lines(old / STATS):
        for name, stats in line["stats"].items():
            for stat, numbers in stats.items():
                assert table[f"stats/{name}/{stat}"][line["episode_index"]].as_py() == numbers, (name, stat)
    stats, wanted = (json.loads((root / "meta/stats.json").read_text()) for root in (out, expected))
    assert stats["camera"]["count"] == [12]
    for name, of_feature in wanted.items():
        for stat, numbers in of_feature.items():
            assert stats[name][stat] == pytest.approx(numbers, abs=1e-12), (name, stat)


def test_a_dataset_of_v20_is_measured_where_it_can_be(robomerge, tmp_path):
    source = make_old_dataset(tmp_path / "old", version="v2.0")
    out = merged(robomerge, source, warns="W-stats-count W-stats-measured")
    stats = json.loads((out / "meta/stats.json").read_text())
    assert stats["camera"] == {stat: [[[0.5]], [[0.25]], [[0.75]]] for stat in ("min", "max", "mean", "std")} | {
        "count": [12]
    }
    assert stats["observation.state"]["count"] == [12]
    assert rows(out, *ALL) == rows(make_tiny_dataset(tmp_path / "expected"), *ALL)


def test_a_part_of_a_dataset_of_v20_has_no_statistics_of_its_cameras(robomerge, tmp_path):
    source = make_old_dataset(tmp_path / "old", version="v2.0")
    run = robomerge("merge", source, "-o", tmp_path / "out", "--exclude-episodes", "0", "--verify")
    assert run.exit_code == 0, run.stderr
    assert "W-stats-left-out" in run.stderr
    stats = json.loads((tmp_path / "out/meta/stats.json").read_text())
    assert "camera" not in stats and stats["observation.state"]["count"] == [7]


def test_all_versions_in_one_merge(robomerge, tmp_path, sound):  # noqa: F811
    sources = [
        sound,
        make_old_dataset(tmp_path / "v21", lengths=(3, 4, 2), task="open the drawer", seed=20),
        make_old_dataset(tmp_path / "v20", lengths=(6,), task="close it", seed=40, version="v2.0"),
    ]
    recipe = tmp_path / "recipe.yaml"
    recipe.write_text(
        f"sources:\n  - path: {sources[0]}\n  - path: {sources[1]}\n    exclude_episodes: [1]\n  - path: {sources[2]}\n"
        "rename: {observation.state: state}\n"
    )
    outs = []
    for jobs in (1, 2, 7):
        out = tmp_path / f"out{jobs}"
        run = robomerge("merge", "--recipe", recipe, "-o", out, "--verify", "-j", jobs)
        assert run.exit_code == 0, run.stderr
        assert robomerge("verify", out).exit_code == 0
        outs.append(out)
    files = sorted(path.relative_to(outs[0]) for path in outs[0].rglob("*") if path.is_file())
    for out in outs[1:]:
        assert files == sorted(path.relative_to(out) for path in out.rglob("*") if path.is_file())
        for file in files:
            assert (out / file).read_bytes() == (outs[0] / file).read_bytes(), file
    assert episodes_of(outs[0])["length"].to_pylist() == [5, 7, 3, 2, 6]
    assert tasks_of(outs[0]) == ["stack the cups", "open the drawer", "close it"]

    # The stages give the same bytes.
    work, staged = tmp_path / "work", tmp_path / "staged"
    steps = [["plan", "--recipe", recipe, "-o", staged, "--plan", work / "plan"]]
    for words in steps:
        run = robomerge(*words)
        assert run.exit_code == 0, run.stderr
    for rank in range(2):
        run = robomerge("write", "--plan", work / "plan", "--rank", rank, "--world-size", 2)
        assert run.exit_code == 0, run.stderr
    assert robomerge("publish", "--plan", work / "plan").exit_code == 0
    for file in files:
        assert (staged / file).read_bytes() == (outs[0] / file).read_bytes(), file


def test_a_carried_column_of_another_source_is_null(robomerge, old, sound):  # noqa: F811
    table = "meta/episodes/chunk-000/file-000.parquet"
    edit_table(sound / table, lambda one: with_column(one, "note", ["x"] * len(one), pa.string()))
    out = merged(robomerge, old, sound)
    assert episodes_of(out)["note"].to_pylist() == [None, None, "x", "x"]


def test_selections_by_episode_and_by_column(robomerge, old):
    run = robomerge("merge", old, "--list-episodes", "--where", "observation.state!=0", "--exclude-episodes", "0", "--json")
    assert run.exit_code in (0, 2)
    out = old.parent / "out"
    run = robomerge("merge", old, "-o", out, "--exclude-episodes", "0", "--verify")
    assert run.exit_code == 0, run.stderr
    assert rows(out, *STATE) == rows(make_tiny_dataset(old.parent / "whole", task="x"), *STATE)[5:]


def test_inspect_tells_the_version(robomerge, old):
    run = robomerge("inspect", old, "--json")
    assert run.exit_code == 0, run.stderr
    assert run.json_lines()[0]["version"] == "v2.1"
    assert robomerge("inspect", old, "--read-data").exit_code == 0


def test_compare_takes_both_versions(robomerge, old, sound):  # noqa: F811
    run = robomerge("compare", old, sound)
    assert "E-" not in run.stdout + run.stderr
    assert "codebase_version differs: 1 v2.1, 1 v3.0" in run.stdout


# -- Labels.


def test_the_label_v21_over_the_content_of_v20(robomerge, tmp_path):
    source = make_old_dataset(tmp_path / "old", version="v2.0")
    edit_info(source, lambda info: info.update(codebase_version="v2.1"))
    merged(robomerge, source, warns="W-version W-stats-count W-stats-measured")


@pytest.mark.parametrize("label", ["v2.0", "v3.0", "2.3.0", "v1.6"])
def test_another_label_over_the_content_of_v21(label, robomerge, old):
    edit_info(old, lambda info: info.update(codebase_version=label))
    out = merged(robomerge, old, warns="W-version")
    assert len(rows(out, "index")) == 12


def test_the_label_v21_over_the_content_of_v30(robomerge, sound):  # noqa: F811
    edit_info(sound, lambda info: info.update(codebase_version="v2.1"))
    merged(robomerge, sound, warns="W-version")


def test_no_label(robomerge, old):
    edit_info(old, lambda info: info.pop("codebase_version"))
    assert "no LeRobot dataset" in refused(robomerge, old, kind="E-version")


def test_both_metadata_in_one_folder(robomerge, old):
    converted = merged(robomerge, old)
    for name in ("tasks.parquet", "episodes"):
        (shutil.copytree if name == "episodes" else shutil.copy)(converted / "meta" / name, old / "meta" / name)
    shutil.rmtree(converted)
    merged(robomerge, old)
    shutil.rmtree(converted)
    # A conversion that stopped has changed the label, and not the files.
    edit_info(old, lambda info: info.update(codebase_version="v3.0"))
    merged(robomerge, old, warns="W-version")


def test_version_1_is_refused_with_the_way_out(robomerge, tmp_path):
    root = tmp_path / "ancient"
    (root / "meta_data").mkdir(parents=True)
    (root / "meta_data/info.json").write_text('{"fps": 10, "video": 1}')
    assert "convert_dataset_v1_to_v2" in refused(robomerge, root, kind="E-version")


def test_a_version_to_come_is_refused(robomerge, old):
    edit_info(old, lambda info: info.update(codebase_version="v4.0"))
    refused(robomerge, old, kind="E-version")


# -- info.json.


@pytest.mark.parametrize(
    "key", ["robot_type", "total_episodes", "total_frames", "total_tasks", "total_videos", "total_chunks"]
    + ["chunks_size", "splits", "data_path", "video_path"],
)
def test_a_key_of_info_json_that_is_missing(key, robomerge, old):
    edit_info(old, lambda info: info.pop(key))
    out = merged(robomerge, old, warns="W-info-missing-key")
    assert len(rows(out, "index")) == 12


@pytest.mark.parametrize("size", [1, 2, 7])
def test_chunks_size_that_means_something_else(size, robomerge, old):
    edit_info(old, lambda info: info.update(chunks_size=size))
    merged(robomerge, old, warns="W-chunks-size" if size == 1 else "")


def test_chunks_of_other_sizes(robomerge, old):
    edit_info(old, lambda info: info.update(chunks_size=1, total_chunks=2))
    for path in (data_path, video_path):
        path(old, 1, 1).parent.mkdir(parents=True)
        path(old, 1).rename(path(old, 1, 1))
    merged(robomerge, old)


@pytest.mark.parametrize("splits", [{"train": "0:1"}, {"train": "0:50"}, {"train": "0:1", "test": "1:2"}])
def test_splits_that_lie_or_are_several(splits, robomerge, old):
    edit_info(old, lambda info: info.update(splits=splits))
    out = merged(robomerge, old, warns="W-splits")
    assert json.loads((out / INFO).read_text())["splits"] == {"train": "0:2"}


def test_frames_per_second_as_a_float(robomerge, old, sound):  # noqa: F811
    edit_info(old, lambda info: info.update(fps=10.0))
    edit_info(old, lambda info: info["features"]["camera"]["info"].update({"video.fps": 10.0}))
    merged(robomerge, sound, old)


@pytest.mark.parametrize("both", [False, True])
def test_video_info_of_older_writers(both, robomerge, old, sound):  # noqa: F811
    def change(info):
        camera = info["features"]["camera"]
        camera["video_info"] = camera["info"] if both else camera.pop("info")

    edit_info(old, change)
    merged(robomerge, sound, old)


def test_more_keys_of_info_json(robomerge, old):
    edit_info(old, lambda info: info.update(discarded_episode_indices=[3], created_at="today"))
    merged(robomerge, old, warns="W-info-unknown-key")


@pytest.mark.parametrize(
    "template",
    ["data/train/episode_{episode_index:06d}.parquet", "d/{episode_chunk}/{episode_index}.parquet", "d/{chunk_index:03d}/{episode_index}.parquet"],
)
def test_custom_templates(template, robomerge, old):
    edit_info(old, lambda info: info.update(data_path=template, video_path="v/{video_key}-{episode_index}.mp4"))
    for episode in range(2):
        path = old / template.format(episode_chunk=0, chunk_index=0, episode_index=episode)
        path.parent.mkdir(parents=True, exist_ok=True)
        data_path(old, episode).rename(path)
        (old / "v").mkdir(exist_ok=True)
        video_path(old, episode).rename(old / f"v/camera-{episode}.mp4")
    merged(robomerge, old)


def test_a_template_with_one_data_file_for_all_episodes(robomerge, old):
    edit_info(old, lambda info: info.update(data_path="data/chunk-{episode_chunk:03d}/all.parquet"))
    tables = [pq.read_table(data_path(old, episode)) for episode in range(2)]
    shutil.rmtree(old / "data")
    (old / "data/chunk-000").mkdir(parents=True)
    pq.write_table(pa.concat_tables(tables), old / "data/chunk-000/all.parquet")
    merged(robomerge, old)


@pytest.mark.parametrize("template", ["../{episode_index}.parquet", "data/{episode}.parquet", "data/{file_index}.parquet"])
def test_templates_that_cannot_be_followed(template, robomerge, old):
    edit_info(old, lambda info: info.update(data_path=template))
    refused(robomerge, old, kind="E-template")


def test_a_template_that_gives_all_episodes_one_video(robomerge, old):
    edit_info(old, lambda info: info.update(video_path="videos/{video_key}.mp4"))
    refused(robomerge, old, kind="E-template")


# -- Lines of JSON.


@pytest.mark.parametrize("file", [INFO, TASKS, EPISODES, STATS])
def test_line_ends_of_windows(file, robomerge, old):
    (old / file).write_bytes((old / file).read_bytes().replace(b"\n", b"\r\n"))
    merged(robomerge, old)


@pytest.mark.parametrize("file", [TASKS, EPISODES, STATS])
def test_blank_lines_and_no_last_line_end(file, robomerge, old):
    text = (old / file).read_text()
    (old / file).write_text("\n" + text.replace("\n", "\n  \n\n").rstrip())
    merged(robomerge, old)


@pytest.mark.parametrize("file", [INFO, TASKS, EPISODES, STATS])
def test_a_byte_order_mark(file, robomerge, old):
    (old / file).write_bytes(b"\xef\xbb\xbf" + (old / file).read_bytes())
    merged(robomerge, old, warns="W-byte-order-mark")


def test_lines_in_another_order(robomerge, old):
    for file in (EPISODES, STATS):
        edit_lines(old / file, lambda lines: lines[::-1])
    out = merged(robomerge, old)
    assert episodes_of(out)["length"].to_pylist() == [5, 7]
    assert episodes_of(out)["stats/index/min"].to_pylist() == [[0], [5]]


@pytest.mark.parametrize("file", [TASKS, EPISODES, STATS])
def test_a_line_that_stands_twice(file, robomerge, old):
    edit_lines(old / file, lambda lines: [*lines, lines[0]])
    out = merged(robomerge, old, warns="W-jsonl-twice")
    assert episodes_of(out)["length"].to_pylist() == [5, 7]


def test_of_two_lines_the_last_counts(robomerge, old):
    edit_lines(old / EPISODES, lambda lines: [lines[0] | {"length": 99}, *lines])
    out = merged(robomerge, old, warns="W-jsonl-twice")
    assert episodes_of(out)["length"].to_pylist() == [5, 7]


def test_more_keys_in_lines(robomerge, old):
    edit_lines(old / EPISODES, lambda lines: [line | {"videos": {}, "chunk_index": 0} for line in lines])
    merged(robomerge, old, warns="W-jsonl-unknown-key")


@pytest.mark.parametrize("file", [TASKS, EPISODES, STATS])
@pytest.mark.parametrize("line", ['{"episode_index": 0, "tas', "[]", '{"length": 3}', '{"episode_index": -1}', "x"])
def test_a_line_that_is_none(line, file, robomerge, old):
    with (old / file).open("a") as lines:
        lines.write(line + "\n")
    assert f"{old / file}: line" in refused(robomerge, old, kind="E-jsonl")


@pytest.mark.parametrize("file", [TASKS, EPISODES])
def test_a_file_of_lines_that_is_missing(file, robomerge, old):
    (old / file).unlink()
    text = refused(robomerge, old, kind="E-missing-file")
    assert f"{old / file}" in text


@pytest.mark.parametrize("path", [TASKS, EPISODES, STATS, "data", "videos"])
def test_a_pointer_of_git_lfs(path, robomerge, old):
    file = {"data": data_path(old, 1), "videos": video_path(old, 0)}.get(path, old / path)
    file.write_text(POINTER)
    text = refused(robomerge, old, kind="E-lfs-pointer")
    assert f"git -C {old} lfs pull" in text


# -- Episodes and their files.


def test_episodes_that_are_numbered_with_gaps(robomerge, old):
    for path in (data_path, video_path):
        path(old, 1).rename(path(old, 4))
    edit_table(data_path(old, 4), lambda table: with_column(table, "episode_index", [4] * len(table)))
    for file in (EPISODES, STATS):
        edit_lines(old / file, lambda lines: [lines[0], lines[1] | {"episode_index": 4}])
    out = merged(robomerge, old, warns="W-episode-number")
    assert [row[3] for row in rows(out, *ALL)] == [0] * 5 + [1] * 7
    assert episodes_of(out)["stats/episode_index/mean"].to_pylist() == [[0.0], [1.0]]


def test_rows_that_say_another_episode_in_every_file(robomerge, old):
    edit_rows(old, lambda table: with_column(table, "episode_index", [0] * len(table)))
    out = merged(robomerge, old, warns="W-episode-number")
    assert [row[3] for row in rows(out, *ALL)] == [0] * 5 + [1] * 7


def test_data_files_that_were_mixed_up(robomerge, old):
    for episode in range(2):
        edit_rows(old, lambda table, to=1 - episode: with_column(table, "episode_index", [to] * len(table)), [episode])
    assert "mixed up" in refused(robomerge, old, kind="E-rows")


def test_rows_of_several_episodes_in_a_file_of_one(robomerge, old):
    edit_rows(old, lambda table: with_column(table, "episode_index", [0, 0, *[1] * (len(table) - 2)]), [0])
    refused(robomerge, old, kind="E-rows")


def test_a_data_file_without_rows(robomerge, old):
    pq.write_table(pq.read_table(data_path(old, 1)).slice(0, 0), data_path(old, 1))
    refused(robomerge, old, kind="E-rows")


@pytest.mark.parametrize("length", [4, 6, None])
def test_a_length_that_is_not_that_of_the_rows(length, robomerge, old):
    edit_lines(old / EPISODES, lambda lines: [lines[0] | {"length": length}, lines[1]])
    out = merged(robomerge, old, warns="W-episode-length")
    assert episodes_of(out)["length"].to_pylist() == [5, 7]


@pytest.mark.parametrize("path", [data_path, video_path])
def test_files_of_episodes_that_are_missing(path, robomerge, old):
    path(old, 1).unlink()
    text = refused(robomerge, old, kind="E-missing-file")
    assert str(path(old, 1)) in text and "1 episode: 1" in text and "rsync" in text


@pytest.mark.parametrize("path", [data_path, video_path])
def test_files_of_no_episode(path, robomerge, old):
    shutil.copy(path(old, 1), path(old, 2))
    out = merged(robomerge, old, warns="W-stray-file")
    assert len(rows(out, "index")) == 12


def test_fewer_lines_than_info_json_counts(robomerge, old):
    edit_lines(old / EPISODES, lambda lines: lines[:1])
    assert "total_episodes" in refused(robomerge, old, kind="E-totals")


@pytest.mark.parametrize("key", ["total_episodes", "total_frames", "total_tasks"])
def test_totals_that_are_too_low(key, robomerge, old):
    edit_info(old, lambda info: info.update({key: 0, "splits": {}}))
    merged(robomerge, old, warns="W-totals")


# -- Columns.


@pytest.mark.parametrize("columns", [["index"], ["task_index"], ["index", "task_index", "episode_index"]])
@pytest.mark.parametrize("is_declared", [False, True])
def test_rows_without_columns_that_are_made(columns, is_declared, robomerge, old, sound):  # noqa: F811
    before = rows_of_old(old, *ALL)
    edit_rows(old, lambda table: table.drop_columns(columns))
    if not is_declared:
        edit_info(old, lambda info: [info["features"].pop(column) for column in columns])
    out = merged(robomerge, old, warns="W-made-column")
    assert rows(out, *ALL) == before
    shutil.rmtree(out)
    merged(robomerge, sound, old, warns="W-made-column")


def rows_of_old(root: Path, *columns: str) -> list[tuple]:
    return [row for path in sorted((root / "data").rglob("*.parquet")) for row in rows_of(path, columns)]


def rows_of(path: Path, columns: tuple[str, ...]) -> list[tuple]:
    return [tuple(row[column] for column in columns) for row in pq.read_table(path).select(columns).to_pylist()]


def test_rows_of_one_file_without_index(robomerge, old):
    before = rows_of_old(old, *ALL)
    edit_rows(old, lambda table: table.drop_columns(["index"]), [1])
    out = merged(robomerge, old, warns="W-made-column")
    assert rows(out, *ALL) == before


def test_rows_without_task_index_of_several_tasks(robomerge, old):
    edit_rows(old, lambda table: table.drop_columns(["task_index"]))
    edit_lines(old / TASKS, lambda lines: [*lines, {"task_index": 1, "task": "rest"}])
    edit_info(old, lambda info: info.update(total_tasks=2))
    edit_lines(old / EPISODES, lambda lines: [line | {"tasks": ["open the drawer", "rest"]} for line in lines])
    assert "task_index" in refused(robomerge, old, kind="E-tasks")


def test_times_and_numbers_as_doubles(robomerge, old, sound):  # noqa: F811
    def change(table: pa.Table) -> pa.Table:
        times = [frame / 10 for frame in table["frame_index"].to_pylist()]
        table = with_column(table.drop_columns(["timestamp"]), "timestamp", times, pa.float64())
        state = table["observation.state"].to_pylist()
        return with_column(table.drop_columns(["observation.state"]), "observation.state", state, pa.list_(pa.float64()))

    edit_rows(old, change)
    out = merged(robomerge, sound, old)
    assert rows(out, *STATE)[12:] == [(state, pytest.approx(time), frame) for state, time, frame in rows(sound, *STATE)]


def test_times_of_a_clock(robomerge, old):
    edit_rows(old, lambda table: with_column(table, "timestamp", [1e3 + 0.11 * at for at in range(len(table))]))
    assert "--retime" in refused(robomerge, old, kind="E-timestamps")
    out = old.parent / "out"
    run = robomerge("merge", old, "-o", out, "--retime", "--verify")
    assert run.exit_code == 0, run.stderr
    assert rows(out, *STATE) == rows(make_tiny_dataset(old.parent / "whole"), *STATE)


def test_times_of_a_clock_without_video(robomerge, without_video):
    edit_rows(without_video, lambda table: with_column(table, "timestamp", [0.11 * at for at in range(len(table))]))
    run = robomerge("merge", without_video, "-o", without_video.parent / "out", "--verify")
    assert run.exit_code == 0 and "W-timestamps" in run.stderr, run.stderr


def test_columns_that_are_no_features(robomerge, old):
    edit_rows(old, lambda table: with_column(table, "note", ["x"] * len(table), pa.string()), [1])
    out = merged(robomerge, old, warns="W-data-columns")
    assert "note" not in pq.read_schema(out / "data/chunk-000/file-000.parquet").names


def test_columns_that_are_no_features_under_rules(robomerge, old):
    edit_rows(old, lambda table: with_column(table, "note", ["x"] * len(table), pa.string()))
    out = old.parent / "out"
    run = robomerge("merge", old, "-o", out, "--rename", "observation.state=note", "--verify")
    assert run.exit_code == 0, run.stderr
    assert rows(out, "note") == rows_of_old(old, "observation.state")


def test_features_without_a_column(robomerge, old):
    text = {"dtype": "string", "shape": [1], "names": None}
    edit_info(old, lambda info: info["features"].update(language_instruction=text))
    out = merged(robomerge, old, warns="W-data-columns")
    assert "language_instruction" not in json.loads((out / INFO).read_text())["features"]


def test_the_five_default_features_need_no_declaration(robomerge, old):
    edit_info(old, lambda info: [info["features"].pop(name) for name in ALL[1:]])
    merged(robomerge, old)


@pytest.mark.parametrize("column", ["timestamp", "frame_index"])
def test_rows_without_times_or_numbers_of_frames(column, robomerge, old):
    edit_rows(old, lambda table: table.drop_columns([column]))
    assert column in refused(robomerge, old, kind="E-data-columns")


def test_a_column_that_only_one_file_lacks(robomerge, old):
    edit_rows(old, lambda table: table.drop_columns(["observation.state"]), [1])
    refused(robomerge, old, kind="E-data-columns")


def test_pictures_in_the_table(robomerge, without_video):
    picture = b"\x89PNG\r\n\x1a\n"
    group = pa.struct([("bytes", pa.binary()), ("path", pa.string())])
    edit_info(
        without_video,
        lambda info: info["features"].update(top={"dtype": "image", "shape": [4, 4, 3], "names": None}),
    )
    edit_rows(
        without_video,
        lambda table: with_column(table, "top", [{"bytes": picture, "path": f"{at}.png"} for at in range(len(table))], group),
    )
    out = merged(robomerge, without_video, warns="W-stats-left-out")
    assert [cell[0]["bytes"] for cell in rows(out, "top")] == [picture] * 12


# -- Tasks.


def test_numbers_of_tasks_with_gaps(robomerge, old):
    edit_lines(old / TASKS, lambda lines: [{"task_index": 3, "task": "rest"}, {"task_index": 7, "task": "open the drawer"}])
    edit_info(old, lambda info: info.update(total_tasks=2))
    edit_rows(old, lambda table: with_column(table, "task_index", [7] * len(table)))
    out = merged(robomerge, old, warns="W-task-gap")
    assert tasks_of(out) == ["rest", "open the drawer"]
    assert {row[0] for row in rows(out, "task_index")} == {1}


def test_rows_of_a_task_that_is_not_there(robomerge, old):
    edit_lines(old / TASKS, lambda lines: [lines[0], {"task_index": 5, "task": "rest"}])
    edit_info(old, lambda info: info.update(total_tasks=2))
    edit_rows(old, lambda table: with_column(table, "task_index", [2] * len(table)), [1])
    assert "tasks.jsonl" in refused(robomerge, old, kind="E-tasks")
    edit_rows(old, lambda table: with_column(table, "task_index", [9] * len(table)), [1])
    assert "tasks.jsonl" in refused(robomerge, old, kind="E-tasks")


def test_a_number_with_two_texts(robomerge, old):
    edit_lines(old / TASKS, lambda lines: [*lines, {"task_index": 0, "task": "rest"}])
    assert "two texts" in refused(robomerge, old, kind="E-tasks")


def test_a_text_with_two_numbers(robomerge, old):
    edit_lines(old / TASKS, lambda lines: [*lines, lines[0] | {"task_index": 1}])
    edit_info(old, lambda info: info.update(total_tasks=2))
    edit_rows(old, lambda table: with_column(table, "task_index", [1] * len(table)), [1])
    out = merged(robomerge, old, warns="W-task-twice")
    assert tasks_of(out) == ["open the drawer"]
    assert {row[0] for row in rows(out, "task_index")} == {0}


@pytest.mark.parametrize("tasks", [["Open the drawer!"], None, []])
def test_texts_of_episodes_that_are_not_those_of_the_table(tasks, robomerge, old):
    edit_lines(old / EPISODES, lambda lines: [line | {"tasks": tasks} for line in lines])
    out = merged(robomerge, old, warns="W-episode-tasks")
    assert episodes_of(out)["tasks"].to_pylist() == [["open the drawer"]] * 2


def test_columns_that_number_tasks(robomerge, old, sound):  # noqa: F811
    name = "annotation.human.validity"
    for root, path in [(old, data_path(old, 0)), (old, data_path(old, 1)), (sound, sound / "data/chunk-000/file-000.parquet")]:
        edit_info(root, lambda info: info["features"].update({name: {"dtype": "int64", "shape": [1], "names": None}}))
        edit_table(path, lambda table: with_column(table, name, [0] * len(table), pa.int64()))
    merged(robomerge, old, warns="W-stats-measured")
    shutil.rmtree(old.parent / "merged")
    out = old.parent / "both"
    run = robomerge("merge", sound, old, "-o", out, "--verify")
    assert run.exit_code == 0 and f"--drop {name}" in run.stderr, run.stderr
    assert {row[0] for row in rows(out, name)} == {0}


def test_rules_for_features_without_a_column(robomerge, old, sound):  # noqa: F811
    text = {"dtype": "string", "shape": [1], "names": None}
    edit_info(old, lambda info: info["features"].update(language_instruction=text))
    assert "language_instruction" not in robomerge("compare", sound, old).stdout
    merged(robomerge, sound, old, warns="W-data-columns")


def test_one_text_instead_of_a_list(robomerge, old):
    edit_lines(old / EPISODES, lambda lines: [line | {"tasks": line["tasks"][0]} for line in lines])
    merged(robomerge, old)


# -- Videos.


def test_a_video_with_a_frame_more_than_rows(robomerge, old):
    write_video(video_path(old, 0), 6, seed=1)
    out = merged(robomerge, old, warns="W-video-frames")
    assert episodes_of(out)["videos/camera/from_timestamp"].to_pylist() == [0.0, 0.6]


def test_a_video_with_a_frame_less_than_rows(robomerge, old):
    write_video(video_path(old, 0), 4, seed=1)
    text = refused(robomerge, old, kind="E-video-frames")
    assert str(video_path(old, 0)) in text and "4 frames" in text


def test_a_video_that_does_not_begin_at_0(robomerge, old):
    write_video(video_path(old, 1), 7, seed=2, first_tick=2 * FRAME_TICKS)
    out = merged(robomerge, old, warns="W-video-start")
    assert episodes_of(out)["videos/camera/from_timestamp"].to_pylist() == [0.0, 0.5]


def test_a_camera_without_a_folder(robomerge, old):
    edit_info(old, lambda info: info["features"].update(wrist=info["features"]["camera"]))
    text = refused(robomerge, old, kind="E-missing-file")
    assert VIDEO.format(episode_chunk=0, episode_index=0, video_key="wrist") in text
    assert "2 episodes: 0, 1" in text


# -- Statistics.


def test_statistics_of_an_episode_that_are_missing(robomerge, old):
    edit_lines(old / STATS, lambda lines: lines[:1])
    out = merged(robomerge, old, warns="W-episode-stats W-stats-measured W-stats-left-out")
    stats = json.loads((out / "meta/stats.json").read_text())
    assert stats["observation.state"]["count"] == [12] and "camera" not in stats
    assert episodes_of(out)["stats/observation.state/count"].to_pylist() == [[5], None]


def test_statistics_that_are_of_other_rows(robomerge, old):
    def change(lines: list[dict]) -> None:
        lines[1]["stats"]["observation.state"]["count"] = [6]

    edit_lines(old / STATS, change)
    out = merged(robomerge, old, warns="W-episode-stats W-stats-measured")
    assert json.loads((out / "meta/stats.json").read_text())["observation.state"]["count"] == [12]
    assert episodes_of(out)["stats/observation.state/count"].to_pylist() == [[5], None]


def test_statistics_of_no_episode(robomerge, old):
    edit_lines(old / STATS, lambda lines: [*lines, lines[1] | {"episode_index": 2}])
    merged(robomerge, old, warns="W-episode-stats")


def test_a_stats_json_beside_the_lines(robomerge, old):
    (old / "meta/stats.json").write_text(json.dumps({"observation.state": {"mean": [0, 0], "q01": [0, 0]}}))
    out = merged(robomerge, old)
    assert json.loads((out / "meta/stats.json").read_text())["observation.state"]["count"] == [12]


def test_a_dataset_without_episodes(robomerge, tmp_path, sound):  # noqa: F811
    empty = make_old_dataset(tmp_path / "empty", lengths=())
    for file in (EPISODES, STATS):
        (empty / file).unlink()
    run = robomerge("merge", sound, empty, "-o", tmp_path / "out", "--verify")
    assert run.exit_code == 0, run.stderr
    assert "W-empty-source" in run.stderr


def test_the_page_names_every_test():
    """docs/versions.md has a row for each thing that is found."""
    page = (REPOSITORY / "docs/versions.md").read_text()
    named = set(re.findall(r"`(test_[a-z0-9_]+)`", page))
    defined = set(re.findall(r"^def (test_[a-z0-9_]+)", Path(__file__).read_text(), re.M))
    assert named <= defined
    assert defined - named == {"test_the_page_names_every_test"}
