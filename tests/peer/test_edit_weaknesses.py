"""docs/lerobot-edit-weaknesses.md: each weak spot of LeRobot's editing, shown on LeRobot's own
functions, and what ours do with the same dataset."""

import json
import logging
import subprocess
import sys
from fractions import Fraction
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import odd_data
import odd_metadata
import odd_videos
import robomerge_package  # noqa: F401
import robomerge
from dataset_view import DatasetView, tree_hashes
from editors import (
    OURS,
    THEIRS,
    TOP,
    counted_memory,
    counted_opens,
    counted_reads,
    failure_of,
    files_of,
    packets_of,
    proven,
    row_groups_of,
    schema_of,
    size_of,
    stats_of,
)
from make_datasets import TINY_MB
from odd_metadata import edit_episodes, edit_info, set_column
from read_through_lerobot import open_dataset
from robomerge import Source
from unreferenced import without_first_episode

BOTH = (THEIRS, OURS)
DEPTH = "observation.images.depth"
#: An episode of video in each file.
FILES = {"kind": "one_camera", "lengths": (3, 4, 5), "video_mb": TINY_MB, "data_mb": TINY_MB}


def in_metres(root: Path) -> None:
    odd_metadata.edit_feature_info(root, DEPTH, depth_unit="m")


def test_e01_depth_in_metres_is_not_multiplied(source, tmp_path):
    top = {}
    for editor in BOTH:
        root = source(in_metres, kind="depth_image", lengths=(5,))
        top[editor.name] = [stats_of(root)[DEPTH]["max"][0][0][0]]
        for _ in range(2):
            editor("recompute_stats", root)
            top[editor.name].append(stats_of(root)[DEPTH]["max"][0][0][0])
        zeros = np.zeros((5, 1), np.float32)
        editor("add_features", root, {"zero": (zeros, dict(dtype="float32", shape=(1,), names=None))}, tmp_path / editor.name)
        top[editor.name].append(stats_of(tmp_path / editor.name)[DEPTH]["max"][0][0][0])
    first = top["lerobot"][0]
    assert top["lerobot"] == pytest.approx([first, first * 1e3, first * 1e6, first * 1e9])
    assert top["robomerge"] == [first] * 4


def test_e02_a_wrong_index_in_place_moves_nothing(source, monkeypatch):
    words = ["--operation.type", "delete_episodes", "--operation.episode_indices", "[9]", "--repo_id", "peer/x"]
    for editor in BOTH:
        root = source(kind="plain", name=editor.name)
        older = source(kind="plain", seed=7, name=f"{editor.name}_old")
        before = tree_hashes(root), tree_hashes(older)
        ended = editor.run_command(monkeypatch, *words, "--root", root, "--new_root", root)
        if editor is THEIRS:
            assert isinstance(ended, ValueError) and "Invalid episode indices: {9}" in str(ended)
            assert not root.exists() and tree_hashes(older) == before[0]  # the older backup is destroyed
        else:
            assert ended == 1 and (tree_hashes(root), tree_hashes(older)) == before


def test_e02_a_failure_leaves_no_half_dataset(source, tmp_path, monkeypatch):
    """The last video is damaged, which shows when it is read."""
    words = ["--operation.type", "delete_episodes", "--operation.episode_indices", "[0]", "--repo_id", "peer/x"]
    for editor in BOTH:
        root = source(kind="one_camera", lengths=(3, 4), name=f"kitchen_{editor.name}")
        path = odd_videos.video_paths(root)[-1]
        path.write_bytes(path.read_bytes()[:200])
        before = tree_hashes(root)
        failure_of(lambda: editor("delete_episodes", root, [0], tmp_path / editor.name))  # noqa: B023
        assert editor.run_command(monkeypatch, *words, "--root", root, "--new_root", root) != 0
        if editor is THEIRS:
            totals = [json.loads((place / "meta/info.json").read_text())["total_episodes"] for place in (tmp_path / editor.name, root)]
            assert totals == [0, 0]
        else:
            assert not (tmp_path / editor.name).exists() and tree_hashes(root) == before
            assert sorted(path.name for path in tmp_path.glob("*kitchen_robomerge*")) == [root.name]


def test_e03_pictures_stay_as_they_were_coded(source, tmp_path):
    root = source(kind="one_camera", lengths=(5, 4, 6))
    before = packets_of(root)
    kept = before[:5] + before[9:]
    for editor in BOTH:
        editor("delete_episodes", root, [1], tmp_path / editor.name)
    theirs, ours = (packets_of(tmp_path / editor.name) for editor in BOTH)
    assert len(theirs) == len(kept) and set(theirs) & set(before) == set()
    proven(tmp_path / "robomerge")
    assert ours == kept


def test_e03_info_does_not_promise_sound_that_is_gone(source, tmp_path):
    root = source(odd_videos.with_audio, kind="one_camera", lengths=(5, 4, 6))
    odd_metadata.edit_feature_info(root, TOP, has_audio=True)
    found = {}
    for editor in BOTH:
        editor("delete_episodes", root, [1], tmp_path / editor.name)
        view = DatasetView(tmp_path / editor.name)
        has_sound = any(view.video(path).has_audio for path in odd_videos.video_paths(view.root))
        found[editor.name] = has_sound, view.features[TOP]["info"]["has_audio"]
    assert found == {"lerobot": (False, True), "robomerge": (False, False)}


def at_12_5_fps(root: Path) -> None:
    """The same rows and other pictures, at 12.5 frames a second."""
    view = DatasetView(root)
    for path in odd_videos.video_paths(root):
        shade = [np.full((view.video(path).height, view.video(path).width, 3), 9 * n, np.uint8) for n in range(len(view.video(path).times))]
        path.unlink()
        odd_videos.encoded(path, shade, Fraction(25, 2))
    odd_metadata.set_info(root, fps=12.5)
    odd_metadata.edit_feature_info(root, TOP, video__fps=12.5)

    def times(table: pa.Table) -> pa.Table:
        for name in ("timestamp", f"videos/{TOP}/from_timestamp", f"videos/{TOP}/to_timestamp"):
            if name in table.column_names:
                values = [value * 10 / 12.5 for value in table[name].to_pylist()]
                table = set_column(table, name, values, table.schema.field(name).type)
        return table

    edit_episodes(root, times)
    odd_data.rewrite(root, times)


def test_e03_a_rate_that_is_no_whole_number(source, tmp_path):
    """LeRobot times frames by the whole part of fps: a frame too late after 12 of them."""
    root = source(at_12_5_fps, kind="one_camera", lengths=(9, 4, 9))
    off = {}
    for editor in BOTH:
        editor("delete_episodes", root, [1], tmp_path / editor.name)
        view = DatasetView(tmp_path / editor.name)
        (path,) = odd_videos.video_paths(view.root)
        off[editor.name] = max(abs(float(time) - frame / 12.5) for frame, time in enumerate(view.video(path).times))
    assert off["lerobot"] > 0.03
    assert off["robomerge"] < 1e-6
    proven(tmp_path / "robomerge")


def mpeg4(root: Path) -> None:
    odd_videos.reencoded(root, codec="mpeg4")
    odd_metadata.edit_feature_info(root, TOP, video__codec="mpeg4")


def test_e04_a_codec_that_lerobot_cannot_encode(source, tmp_path):
    """Nothing would have to be encoded: each episode has a file of its own."""
    root = source(mpeg4, **FILES)
    failure = failure_of(lambda: THEIRS("delete_episodes", root, [0], tmp_path / "lerobot"))
    assert isinstance(failure, ValueError) and "Invalid vcodec 'mpeg4'" in str(failure)
    OURS("delete_episodes", root, [0], tmp_path / "robomerge")
    proven(tmp_path / "robomerge")
    assert packets_of(tmp_path / "robomerge") == packets_of(root)[3:]


def under_its_old_name(root: Path) -> None:
    """As converters of 2025 wrote it: `video_info`, and no `info`."""

    def edit(info: dict) -> None:
        feature = info["features"][TOP]
        described = feature.pop("info")
        feature["video_info"] = {name: described[name] for name in ("video.fps", "video.codec", "video.pix_fmt", "has_audio")}

    edit_info(root, edit)


def test_e04_h264_stays_h264(source, tmp_path):
    root = source(under_its_old_name, kind="one_camera", lengths=(5, 4, 6))
    codecs = {}
    for editor in BOTH:
        editor("delete_episodes", root, [1], tmp_path / editor.name)
        view = DatasetView(tmp_path / editor.name)
        codecs[editor.name] = {view.video(path).codec for path in odd_videos.video_paths(view.root)}
    assert codecs == {"lerobot": {"av1"}, "robomerge": {"h264"}}
    proven(tmp_path / "robomerge")


def test_e05_an_end_that_is_a_frame_short(source, tmp_path):
    root = source(odd_metadata.short_to_timestamps, kind="one_camera", lengths=(5, 4, 6))
    failure = failure_of(lambda: THEIRS("delete_episodes", root, [1], tmp_path / "lerobot"))
    assert isinstance(failure, AssertionError) and "Episode length mismatch: 5 vs 4" in str(failure)
    before = packets_of(root)
    OURS("delete_episodes", root, [1], tmp_path / "robomerge")
    view = proven(tmp_path / "robomerge")
    assert packets_of(view.root) == before[:5] + before[9:]
    ends = [row[f"videos/{TOP}/to_timestamp"] - row[f"videos/{TOP}/from_timestamp"] for row in view.episodes]
    assert ends == pytest.approx([5 / view.fps, 6 / view.fps])


def test_e06_statistics_of_numbers_that_are_given_anew(source, tmp_path):
    """Of episodes 0, 1, 2 with 3, 4 and 5 frames, 0 and 2 go."""
    found = {}
    for editor in BOTH:
        root = source(kind="plain", lengths=(3, 4, 5))
        editor("delete_episodes", root, [0, 2], tmp_path / editor.name)
        stats, view = stats_of(tmp_path / editor.name), DatasetView(tmp_path / editor.name)
        found[editor.name] = [
            [stats[name][key][0] for name in ("index", "episode_index") for key in ("min", "max")],
            view.episodes[0]["stats/episode_index/max"],
        ]
    assert found == {"lerobot": [[3, 6, 1, 1], [1]], "robomerge": [[0, 3, 0, 0], [0]]}


def test_e06_statistics_of_tasks_that_are_given_anew(source):
    found = {}
    for editor in BOTH:
        root = source(kind="plain", lengths=(3, 4), tasks=("a", "b"))
        editor("modify_tasks", root, "c")
        found[editor.name] = stats_of(root)["task_index"]["max"], DatasetView(root).episodes[1]["stats/task_index/max"]
    assert found == {"lerobot": ([1], [1]), "robomerge": ([0], [0])}


def test_e06_statistics_come_and_go_with_their_feature(source, tmp_path):
    root = source(kind="plain", lengths=(3, 4))
    values = np.arange(7, dtype=np.float32)
    found = {}
    for editor in BOTH:
        added = {"extra": (values, dict(dtype="float32", shape=(1,), names=None))}
        editor("modify_features", root, added, "reward", tmp_path / editor.name)
        stats, columns = stats_of(tmp_path / editor.name), DatasetView(tmp_path / editor.name).episode_columns
        stale = any(name.startswith("stats/reward/") for name in columns)
        there = any(name.startswith("stats/extra/") for name in columns)
        found[editor.name] = stale, there, stats.get("extra", {}).get("max")
    assert found == {"lerobot": (True, False, None), "robomerge": (False, True, [6.0])}
    proven(tmp_path / "robomerge")


def test_e07_the_episodes_table_is_read_once(source, tmp_path):
    """For every episode that is kept LeRobot reads the whole table anew."""
    root = source(kind="plain", lengths=(2,) * 30)
    with counted_opens(root / "meta/episodes/chunk-000") as theirs, counted_reads() as bytes_read:
        THEIRS("delete_episodes", root, [0], tmp_path / "lerobot")
        assert theirs() >= 29 and bytes_read() > 29 * size_of(root / "meta/episodes")
    with counted_opens(root / "meta/episodes/chunk-000") as ours:
        robomerge.edit(Source(root, exclude_episodes=[0]), tmp_path / "robomerge", progress=False)
        assert ours() == 1
    proven(tmp_path / "robomerge")


def without_their_numbers(root: Path) -> None:
    """As `convert_image_to_video` writes episodes: without the columns that say where rows lie."""
    names = ["meta/episodes/chunk_index", "meta/episodes/file_index"]
    edit_episodes(root, lambda table: table.drop_columns(names))


def test_e08_the_file_that_an_episodes_row_names_is_not_believed(source, tmp_path):
    wrong = source(lambda root: odd_metadata.all_in_episodes_file(root, 7), kind="plain", lengths=(3, 4))
    absent = source(without_their_numbers, kind="plain", lengths=(3, 4))
    for number, (root, failure) in enumerate(((wrong, FileNotFoundError), (absent, KeyError))):
        found = failure_of(lambda: THEIRS("delete_episodes", root, [0], tmp_path / f"lerobot-{number}"))  # noqa: B023
        assert isinstance(found, failure)
        OURS("delete_episodes", root, [0], tmp_path / f"robomerge-{number}")
        assert proven(tmp_path / f"robomerge-{number}").total_frames == 4


def test_e09_tasks_keep_their_order(source, tmp_path):
    tasks = tuple(f"task {letter}" for letter in "qwertyuiopas")
    root = source(kind="plain", lengths=(2,) * 13, tasks=tasks)
    for editor in BOTH:
        editor("delete_episodes", root, [12], tmp_path / editor.name)
    theirs, ours = (DatasetView(tmp_path / editor.name).tasks for editor in BOTH)
    assert ours == list(tasks)
    # Theirs come in the order of a Python set, which differs from process to process.
    assert theirs == list(set(tasks)) != list(tasks)
    script = f"print(list(set({tasks!r})))"
    orders = {subprocess.check_output([sys.executable, "-c", script], env={"PYTHONHASHSEED": seed}) for seed in "123"}
    assert len(orders) == 3


def test_e09_every_task_of_an_episode_is_in_the_table(source, tmp_path):
    """An annotator has given both episodes two tasks; rows have one of them each."""
    root = source(lambda root: odd_metadata.tasks_of_episodes(root, ["a", "b"]), kind="plain", tasks=("a", "b"))
    lost = {}
    for editor in BOTH:
        editor("delete_episodes", root, [1], tmp_path / editor.name)
        view = DatasetView(tmp_path / editor.name)
        lost[editor.name] = {task for row in view.episodes for task in row["tasks"]} - set(view.tasks)
    assert lost == {"lerobot": {"b"}, "robomerge": set()}
    proven(tmp_path / "robomerge")


def test_e10_the_schema_of_rows_is_kept(source):
    for editor in BOTH:
        root = source(kind="plain", lengths=(3, 4))
        before = schema_of(root)
        editor("modify_tasks", root, "c")
        schema = schema_of(root)
        kept = (
            [schema.field(name).type == before.field(name).type for name in ("action", "reward")],
            b"huggingface" in schema.metadata,
            row_groups_of(root),
        )
        assert kept == (([False, True], False, [1]) if editor is THEIRS else ([True, True], True, [2]))


def test_e10_matrices_can_be_edited(source, tmp_path):
    root = source(kind="ranks", lengths=(3, 4))
    before = schema_of(root)
    for operation in ("delete_episodes", "recompute_stats", "modify_tasks"):
        words = {"delete_episodes": ([0], tmp_path / "lerobot"), "recompute_stats": (), "modify_tasks": ("c",)}[operation]
        failure_of(lambda: THEIRS(operation, source(kind="ranks", lengths=(3, 4)), *words))  # noqa: B023
    OURS("delete_episodes", root, [0], tmp_path / "robomerge")
    OURS("recompute_stats", tmp_path / "robomerge")
    OURS("modify_tasks", tmp_path / "robomerge", "c")
    view = proven(tmp_path / "robomerge")
    assert view.total_frames == 4 and schema_of(view.root).equals(before)


def test_e11_files_are_numbered_from_0(source, tmp_path):
    root = source(**FILES)
    assert len(files_of(root, "data")) == len(files_of(root, f"videos/{TOP}")) == 3
    for editor in BOTH:
        editor("delete_episodes", root, [0], tmp_path / editor.name)
    for folder, ending in (("data", "parquet"), (f"videos/{TOP}", "mp4")):
        names = {editor.name: files_of(tmp_path / editor.name, folder) for editor in BOTH}
        assert names["lerobot"] == [f"chunk-000/file-001.{ending}", f"chunk-000/file-002.{ending}"]
        assert names["robomerge"] == [f"chunk-000/file-000.{ending}", f"chunk-000/file-001.{ending}"]
    # LeRobot's own functions need the first one.
    for editor in BOTH:
        meta = open_dataset(tmp_path / editor.name).meta
        if editor is THEIRS:
            assert isinstance(failure_of(lambda: meta.update_video_info(TOP)), FileNotFoundError)  # noqa: B023
        else:
            meta.update_video_info(TOP)


def test_e12_own_path_templates(source, tmp_path):
    root = source(odd_metadata.own_templates, kind="one_camera", extra_features=("extra",))
    failure = failure_of(lambda: THEIRS("remove_feature", root, "extra", tmp_path / "lerobot"))
    assert type(failure).__name__ in ("OfflineModeIsEnabled", "FileNotFoundError"), repr(failure)
    assert (tmp_path / "lerobot/meta/episodes").is_dir()  # written in full, and unreadable
    before = packets_of(root)
    OURS("remove_feature", root, "extra", tmp_path / "robomerge")
    assert "extra" not in proven(tmp_path / "robomerge").features
    assert packets_of(tmp_path / "robomerge") == before


def test_e13_an_open_dataset_says_the_new_task(source):
    """The tasks are numbered anew. LeRobot's open dataset has the new numbers of texts, and the old
    numbers of rows."""
    found = {}
    for editor in BOTH:
        dataset = open_dataset(source(kind="plain", tasks=("fold", "wipe")))
        assert dataset[0]["task"] == "fold"
        assert editor.functions["modify_tasks"](dataset, task_replacements={"fold": "zip"}) is dataset
        found[editor.name] = dataset[0]["task"], open_dataset(dataset.root)[0]["task"]
    assert found == {"lerobot": ("wipe", "zip"), "robomerge": ("zip", "zip")}


def test_e14_memory_does_not_grow_with_a_file(source, tmp_path):
    image_bytes = 1_000_000
    root = source(
        lambda root: odd_data.with_large_images(root, TOP, image_bytes), kind="images", lengths=(8,) * 7
    )
    kept = 6 * 8 * image_bytes
    with counted_memory() as theirs:
        THEIRS("delete_episodes", root, [0], tmp_path / "lerobot")
        assert theirs() > kept
    with counted_memory() as ours:
        robomerge.edit(Source(root, exclude_episodes=[0]), tmp_path / "robomerge", num_workers=1, progress=False)
        assert ours() < kept / 3


def test_e14_episodes_are_not_looked_up_once_for_each_file(source, tmp_path, monkeypatch):
    """LeRobot looks at every episode for every file of every camera: with twice the files, four
    times as often. What ours reads for each file stays the same."""
    import datasets

    lookups = 0
    own = datasets.Dataset.__getitem__

    def counted(self, key):
        nonlocal lookups
        lookups += "episode_index" in self.column_names and "length" in self.column_names
        return own(self, key)

    monkeypatch.setattr(datasets.Dataset, "__getitem__", counted)
    found = []
    for num_episodes in (2, 4, 8):
        root = source(**FILES | {"lengths": (3,) * num_episodes})
        lookups = 0
        THEIRS("delete_episodes", root, [0], tmp_path / f"lerobot-{num_episodes}")
        with counted_reads() as ours:
            robomerge.edit(Source(root, exclude_episodes=[0]), tmp_path / f"robomerge-{num_episodes}", progress=False)
            found.append((lookups, ours()))
    (few, more, most), (few_bytes, more_bytes, most_bytes) = zip(*found, strict=True)
    assert most - more > 2.7 * (more - few)
    assert most_bytes - more_bytes < 2.3 * (more_bytes - few_bytes)


def test_e15_rows_that_are_in_another_file_than_the_table_says(source, tmp_path):
    """As converters before November 2025 wrote it: the first episode of a file is said to be in the
    one before."""
    root = source(**FILES)

    def edit(table: pa.Table) -> pa.Table:
        return set_column(table, "data/file_index", [0, 0, 2], pa.int64())

    edit_episodes(root, edit)
    rows = pq.read_table(root / "data")["action"].to_pylist()[3:]
    failure = failure_of(lambda: THEIRS("delete_episodes", root, [0], tmp_path / "lerobot"))
    assert isinstance(failure, KeyError)
    OURS("delete_episodes", root, [0], tmp_path / "robomerge")
    view = proven(tmp_path / "robomerge")
    assert pq.read_table(view.root / "data")["action"].to_pylist() == rows


def test_e16_times_do_not_drift(source, tmp_path):
    root = source(kind="one_camera", lengths=(3,) * 6, fps=30)
    exact = [number * 3 / 30 for number in range(5)]
    times = {}
    for editor in BOTH:
        editor("delete_episodes", root, [0], tmp_path / editor.name)
        times[editor.name] = [row[f"videos/{TOP}/from_timestamp"] for row in DatasetView(tmp_path / editor.name).episodes]
    assert times["lerobot"] == pytest.approx(exact) and times["lerobot"] != exact
    assert times["robomerge"] == exact


def test_e17_frames_that_no_row_has_are_left_out(source, tmp_path, caplog):
    root = source(lambda root: odd_videos.reencoded(root, more_frames=2, bf="0"), **FILES)
    with caplog.at_level(logging.INFO):
        THEIRS("delete_episodes", root, [0], tmp_path / "lerobot")
    assert len(packets_of(tmp_path / "lerobot")) == 4 + 2 + 5 + 2
    assert not [record for record in caplog.records if record.levelno >= logging.WARNING]
    OURS("delete_episodes", root, [0], tmp_path / "robomerge")
    proven(tmp_path / "robomerge")
    assert len(packets_of(tmp_path / "robomerge")) == 4 + 5


def test_e17_frames_of_a_take_that_was_thrown_away(source, tmp_path):
    """The first episode's rows are gone, its frames are still in the video."""
    root = source(without_first_episode, kind="one_camera", lengths=(5, 4, 6))
    before = packets_of(root)
    robomerge.edit(Source(root, compact=True), tmp_path / "robomerge", progress=False)
    proven(tmp_path / "robomerge")
    assert packets_of(tmp_path / "robomerge") == before[5:]


def test_e17_a_video_that_is_too_short_is_refused(source, tmp_path):
    root = source(lambda root: odd_videos.with_fewer_frames(root, 1), **FILES)
    made = THEIRS("delete_episodes", root, [0], tmp_path / "lerobot")
    failure_of(lambda: made[len(made) - 1])  # reported as done, and the last frame cannot be read
    failure = failure_of(lambda: OURS("delete_episodes", root, [0], tmp_path / "robomerge"))
    assert "E-video-frames" in str(failure) and not (tmp_path / "robomerge").exists()
