"""Sources of v2.1 and v2.0: each thing that is found in them is read, with a warning, or refused with the
reason (docs/versions.md)."""

import json
import re
import shutil
from pathlib import Path

import numpy as np
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
                found = table[f"stats/{name}/{stat}"][line["episode_index"]].as_py()
                # What v2.1 lacks, the quantiles, is measured, and with it the feature.
                assert np.array(found) == pytest.approx(np.array(numbers), rel=1e-6), (name, stat)
    stats, wanted = (json.loads((root / "meta/stats.json").read_text()) for root in (out, expected))
    assert stats["camera"]["count"] == [12]
    for name, of_feature in wanted.items():
        for stat, numbers in of_feature.items():
            assert stats[name][stat] == pytest.approx(numbers, rel=1e-6, abs=1e-6), (name, stat)


def test_a_dataset_of_v20_is_measured_where_it_can_be(robomerge, tmp_path):
    source = make_old_dataset(tmp_path / "old", version="v2.0")
    for words in (["verify", source], ["inspect", source, "--read-data"]):  # has no counts, which is no fault
        assert robomerge(*words).exit_code == 0
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


def test_the_page_names_every_test():
    """docs/versions.md has a row for each thing that is found."""
    page = (REPOSITORY / "docs/versions.md").read_text()
    named = set(re.findall(r"`(test_[a-z0-9_]+)`", page))
    files = sorted(Path(__file__).parent.glob("test_versions*.py"))
    tests = "".join(path.read_text().partition("# -- Rules.")[0] for path in files)
    defined = set(re.findall(r"^def (test_[a-z0-9_]+)", tests, re.M))
    assert named <= defined
    assert defined - named == {"test_the_page_names_every_test"}
