"""Datasets as they are found: what is whole is merged, with a warning for each thing that was mended,
and what is not is refused by name, with the command that mends it (docs/in-the-wild.md)."""

import json
import re
import shutil
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from conftest import REPOSITORY
from tiny_dataset import make_tiny_dataset
from tiny_video import add_video, describe_camera

DATA = "data/chunk-000/file-000.parquet"
EPISODES = "meta/episodes/chunk-000/file-000.parquet"
TASKS = "meta/tasks.parquet"
VIDEO = "videos/camera/chunk-000/file-000.mp4"
POINTER = "version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 12\n"
PNG = b"\x89PNG\r\n\x1a\n"


@pytest.fixture
def odd(tmp_path) -> Path:
    """Two episodes with a camera, to be changed."""
    root = make_tiny_dataset(tmp_path / "odd", task="open the drawer")
    add_video(root, (5, 7), seed=2)
    describe_camera(root, 12)
    return root


@pytest.fixture
def sound(tmp_path) -> Path:
    root = make_tiny_dataset(tmp_path / "sound")
    add_video(root, (5, 7), seed=1)
    describe_camera(root, 12)
    return root


def edit_info(root: Path, change) -> None:
    path = root / "meta/info.json"
    info = json.loads(path.read_text())
    change(info)
    path.write_text(json.dumps(info, indent=4))


def edit_table(path: Path, change) -> None:
    """Writes the table anew, one row group for each that was there."""
    parquet = pq.ParquetFile(path)
    groups = [change(parquet.read_row_group(number)) for number in range(parquet.num_row_groups)]
    with pq.ParquetWriter(path, groups[0].schema, compression="snappy") as writer:
        for group in groups:
            writer.write_table(group)


def with_column(table: pa.Table, name: str, values: list, kind: pa.DataType | None = None) -> pa.Table:
    column = pa.array(values, kind or (table.schema.field(name).type if name in table.column_names else None))
    at = table.schema.get_field_index(name)
    field = pa.field(name, column.type)
    return table.append_column(field, column) if at < 0 else table.set_column(at, field, column)


def with_feature(root: Path, name: str, dtype: str, shape: list, cell, kind: pa.DataType) -> None:
    """Adds a feature whose column holds `cell` in every row."""
    edit_info(root, lambda info: info["features"].update({name: {"dtype": dtype, "shape": shape, "names": None}}))
    edit_table(root / DATA, lambda table: with_column(table, name, [cell] * len(table), kind))


def merged(robomerge, *sources: Path, warns: str = "") -> Path:
    """The result of a merge that warns so, and that verify finds nothing wrong with."""
    out = sources[0].parent / "merged"
    run = robomerge("merge", *sources, "-o", out, "--verify")
    assert run.exit_code == 0, run.stderr
    # The codec of the tiny videos is always said wrong.
    told = set(re.findall(r"warning\[(W-[a-z-]+)\]", run.stderr)) - {"W-video-codec"}
    assert told == set(warns.split()), run.stderr
    alone = robomerge("verify", out)
    assert alone.exit_code == 0, alone.stdout + alone.stderr
    return out


def refused(robomerge, *sources: Path, kind: str) -> str:
    """What merge, plan and inspect say of sources that they refuse alike."""
    words = ["merge", *sources, "-o", sources[0].parent / "merged"]
    run = robomerge(*words)
    assert run.exit_code == 1, run.stderr
    assert set(re.findall(r"error\[(E-[a-z-]+)\]", run.stderr)) == set(kind.split()), run.stderr
    assert not (sources[0].parent / "merged").exists()
    assert robomerge("plan", *words[1:]).stderr == run.stderr
    assert ".robomerge-" not in run.stderr
    return run.stderr


def rows(root: Path, *columns: str) -> list[tuple]:
    tables = [pq.read_table(path) for path in sorted((root / "data").rglob("*.parquet"))]
    return [tuple(row[column] for column in columns) for table in tables for row in table.select(columns).to_pylist()]


# -- Said by name, with the command that mends it.


@pytest.mark.parametrize("file", ["meta/info.json", "meta/stats.json", TASKS, EPISODES, DATA, VIDEO])
def test_a_pointer_of_git_lfs_in_place_of_any_file(file, robomerge, odd):
    (odd / file).write_text(POINTER)
    text = refused(robomerge, odd, kind="E-lfs-pointer")
    assert str(odd / file) in text
    assert f"git -C {odd} lfs pull" in text
    assert "copy the file again" not in text


def test_pointers_of_git_lfs_are_told_once_for_a_dataset(robomerge, odd):
    for file in (TASKS, DATA, VIDEO):
        (odd / file).write_text(POINTER)
    text = refused(robomerge, odd, kind="E-lfs-pointer")
    assert text.count("-->") == 1
    assert f"{TASKS}, {DATA}, {VIDEO}" in text


FOREIGN = {
    "a web page": (DATA, b"<!DOCTYPE html><html>Sign in</html>"),
    "a web page (HTML or XML)": (TASKS, b"\xef\xbb\xbf<?xml version='1.0'?><Error/>"),
    "a text": (VIDEO, b"Entry not found"),
    "a Matroska or WebM file": (VIDEO, b"\x1a\x45\xdf\xa3" + bytes(60)),
    "an AVI file": (VIDEO, b"RIFF\x00\x10\x00\x00AVI LIST" + bytes(60)),
    "gzip": (DATA, b"\x1f\x8b\x08" + bytes(60)),
    "an MP4 file": (DATA, b"\x00\x00\x00\x20ftypisom" + bytes(60)),
    "an empty file": ("meta/info.json", b""),
    "zeros": (VIDEO, bytes(4096)),
}


@pytest.mark.parametrize("what", FOREIGN)
def test_another_kind_of_file_in_a_place(what, robomerge, odd):
    file, content = FOREIGN[what]
    (odd / file).write_bytes(content)
    text = refused(robomerge, odd, kind="E-foreign-file")
    assert what in text and str(odd / file) in text and "hint: " in text


def test_another_container_named_mp4_comes_with_the_command_that_copies_its_frames(robomerge, odd):
    (odd / VIDEO).write_bytes(b"\x1a\x45\xdf\xa3" + bytes(60))
    video = odd / VIDEO
    assert f"ffmpeg -i {video} -c copy {video}.new.mp4 && mv {video}.new.mp4 {video}" in refused(robomerge, odd, kind="E-foreign-file")


def unfinished(path: Path, like: Path) -> None:
    path.write_bytes(like.read_bytes()[:300])


def test_a_recording_that_was_never_finished(robomerge, odd):
    unfinished(odd / EPISODES.replace("000.p", "001.p"), odd / EPISODES)
    unfinished(odd / DATA.replace("000.p", "001.p"), odd / DATA)
    text = refused(robomerge, odd, kind="E-unfinished-file")
    assert f"rm {odd / EPISODES.replace('000.p', '001.p')} {odd / DATA.replace('000.p', '001.p')}" in text
    assert "nor does copying it again help" in text and "all 2 episodes" in text


def test_an_unfinished_data_file_that_nothing_names_is_told(robomerge, odd):
    stray = odd / DATA.replace("000.p", "001.p")
    unfinished(stray, odd / DATA)
    out = merged(robomerge, odd, warns="W-unfinished-file")
    assert len(rows(out, "index")) == 12
    assert f"rm {stray}" in robomerge("inspect", odd).stdout + robomerge("inspect", odd).stderr


def test_an_unfinished_file_that_episodes_lie_in_is_not_advised_to_be_removed(robomerge, odd):
    unfinished(odd / DATA, odd / DATA)
    text = refused(robomerge, odd, kind="E-unfinished-file")
    assert "rm " not in text and "remove" not in text and "copy it again" in text and "--skip-broken episodes" in text


@pytest.mark.parametrize("file", ["meta/info.json", "meta/stats.json"])
def test_a_byte_order_mark(file, robomerge, odd):
    (odd / file).write_bytes(b"\xef\xbb\xbf" + (odd / file).read_bytes())
    out = merged(robomerge, odd, warns="W-byte-order-mark")
    assert (out / file).read_bytes().startswith(b"{")


def test_text_in_utf16(robomerge, odd):
    info = odd / "meta/info.json"
    info.write_bytes(info.read_text().encode("utf-16"))
    assert "iconv -f UTF-16 -t UTF-8" in refused(robomerge, odd, kind="E-foreign-file")


def test_a_list_of_sources_may_begin_with_a_byte_order_mark(robomerge, odd, sound, tmp_path):
    names = tmp_path / "list.txt"
    names.write_bytes(b"\xef\xbb\xbf" + f"{odd}\n{sound}\n".encode())
    assert robomerge("merge", "--from", names, "-o", tmp_path / "merged").exit_code == 0
    names.write_bytes(f"{odd}\n{sound}\n".encode("utf-16"))
    run = robomerge("merge", "--from", names, "-o", tmp_path / "other")
    assert run.exit_code == 2 and "iconv" in run.stderr


def test_files_of_macos_are_passed_over(robomerge, odd):
    for folder in [path for path in odd.rglob("*") if path.is_dir()] + [odd]:
        (folder / "._file-000.parquet").write_bytes(b"\x00\x05\x16\x07" + bytes(60))
        (folder / "._file-000.mp4").write_bytes(b"\x00\x05\x16\x07" + bytes(60))
        (folder / ".DS_Store").write_bytes(bytes(60))
    merged(robomerge, odd)
    assert robomerge("verify", odd).exit_code == 0


@pytest.mark.parametrize("file", [EPISODES, DATA])
def test_a_copy_under_another_name_is_passed_over_by_its_name(file, robomerge, odd):
    stray = odd / file.replace(".parquet", " (1).parquet")
    shutil.copy(odd / file, stray)
    out = merged(robomerge, odd, warns="W-stray-file")
    assert len(rows(out, "index")) == 12
    text = robomerge("plan", odd, "-o", odd.parent / "x").stderr
    assert f"rm '{stray}'" in text and f"{odd / file}\n" not in text


@pytest.mark.parametrize("index", [None, "task_index"])
def test_texts_of_tasks_in_a_column(index, robomerge, odd):
    pandas = {"index_columns": [index] if index else [{"kind": "range", "name": None, "start": 0, "stop": 1, "step": 1}]}
    table = pa.table({"task": ["open the drawer"], "task_index": [0]})
    pq.write_table(table.replace_schema_metadata({"pandas": json.dumps(pandas)}), odd / TASKS)
    out = merged(robomerge, odd, warns="W-task-column")
    assert json.loads(pq.read_schema(out / TASKS).metadata[b"pandas"])["index_columns"] == ["task"]


def test_an_episode_without_one_of_its_cameras_is_named(robomerge, odd):
    def lose(table):
        for column in ("chunk_index", "file_index", "from_timestamp", "to_timestamp"):
            name = f"videos/camera/{column}"
            table = with_column(table, name, [table[name][0].as_py(), None])
        return table

    edit_table(odd / EPISODES, lose)
    text = refused(robomerge, odd, kind="E-missing-camera")
    assert "`camera`" in text and "episode 1" in text


def test_a_camera_that_the_episodes_table_does_not_know(robomerge, odd):
    edit_table(odd / EPISODES, lambda table: table.drop_columns([name for name in table.column_names if name.startswith("videos/")]))
    assert "remove the feature `camera`" in refused(robomerge, odd, kind="E-missing-camera")


def test_tasks_that_are_missing(robomerge, odd):
    (odd / TASKS).unlink()
    assert "hf download" in refused(robomerge, odd, kind="E-missing-file")
    (odd / "meta/tasks.jsonl").write_text("{}\n")
    assert "version 2.1" in refused(robomerge, odd, kind="E-missing-file")


def test_a_partial_copy_is_not_advised_to_correct_info_json(robomerge, odd):
    edit_table(odd / EPISODES, lambda table: table.slice(0, 1))
    text = refused(robomerge, odd, kind="E-totals")
    assert "episodes 1 to 1 are in none" in text and "rsync" in text
    assert "correct info.json" not in text


def test_one_depth_camera_says_no_unit(robomerge, sound, odd):
    for root in (sound, odd):
        edit_info(root, lambda info: info["features"]["camera"].update(info={"is_depth_map": True}))
    edit_info(odd, lambda info: info["features"]["camera"]["info"].update(depth_unit="mm"))
    text = refused(robomerge, sound, odd, kind="E-features")
    assert 'write this `depth_unit` into' in text and '"mm"' in text and str(sound / "meta/info.json") in text


def test_a_folder_of_datasets_and_a_part_of_one(robomerge, odd, sound):
    text = refused(robomerge, odd.parent, kind="E-no-dataset")
    assert f"name the datasets in it: {odd} {sound}" in text
    assert f"name the dataset: {odd}" in refused(robomerge, odd / "data/chunk-000", kind="E-no-dataset")
    assert "no such folder" in refused(robomerge, odd.parent / "nothing", kind="E-no-dataset")
    run = robomerge("inspect", "https://huggingface.co/datasets/lab/kitchen/tree/main")
    assert "as hf://datasets/lab/kitchen\n" in run.stderr, run.stderr


@pytest.mark.parametrize("flag", [[], ["--overwrite"]])
def test_a_destination_that_is_a_link_to_a_dataset(flag, robomerge, odd, sound):
    link = odd.parent / "link"
    link.symlink_to(sound)
    run = robomerge("merge", odd, "-o", link, *flag)
    assert run.exit_code == 2 and "E-destination]" in run.stderr
    assert f"a link to {sound}" in run.stderr and f"rm {link}" in run.stderr


# -- Whole, though the metadata contradict the rows.


def edit_episodes(root: Path, **columns) -> None:
    """Sets columns of the episodes table, given as a function of the old values."""

    def change(table):
        for name, change_values in columns.items():
            name = name.replace("__", "/")
            table = with_column(table, name, change_values(table[name].to_pylist()), pa.string() if name == "tasks" else pa.float64())
        return table

    edit_table(root / EPISODES, change)


def test_an_episodes_table_without_tasks(robomerge, odd, sound):
    edit_table(odd / EPISODES, lambda table: table.drop_columns(["tasks"]))
    out = merged(robomerge, odd, sound, warns="W-episode-tasks")
    tasks = pq.read_table(out / EPISODES)["tasks"].to_pylist()
    assert tasks == [["open the drawer"]] * 2 + [["stack the cups"]] * 2


def test_one_text_instead_of_a_list_of_tasks(robomerge, odd):
    edit_episodes(odd, tasks=lambda values: [value[0] for value in values])
    assert pq.read_table(merged(robomerge, odd) / EPISODES)["tasks"].to_pylist() == [["open the drawer"]] * 2


def split_data(root: Path) -> None:
    """Puts each of the two episodes into a data file of its own."""
    parquet = pq.ParquetFile(root / DATA)
    groups = [parquet.read_row_group(number) for number in range(2)]
    for number, group in enumerate(groups):
        pq.write_table(group, root / DATA.replace("000.p", f"00{number}.p"))


@pytest.mark.parametrize("numbers", [[0.0, 0.0], [None, None], [-1.0, 7.0], [1.0, 0.0]])
def test_numbers_of_data_files_that_are_not_those_of_the_rows(numbers, robomerge, odd):
    before = rows(odd, "observation.state", "timestamp")
    split_data(odd)
    edit_episodes(odd, data__file_index=lambda _: numbers)
    out = merged(robomerge, odd, warns="W-file-numbers")
    assert rows(out, "observation.state", "timestamp") == before


@pytest.mark.parametrize("is_named", [True, False])
@pytest.mark.parametrize("swapped", [False, True])
def test_an_episode_over_two_data_files(swapped, is_named, robomerge, odd, sound):
    """Rows 3 to 11, which are frames 3 and 4 of episode 0 and all of episode 1, go to file 1."""
    parquet = pq.ParquetFile(odd / DATA)
    first, second = (parquet.read_row_group(number) for number in range(2))
    before = rows(odd, "observation.state", "timestamp", "frame_index")
    parts = [[first.slice(0, 3)], [first.slice(3), second]]
    for number, groups in enumerate(parts[::-1] if swapped else parts):
        with pq.ParquetWriter(odd / DATA.replace("000.p", f"00{number}.p"), first.schema) as writer:
            for group in groups:
                writer.write_table(group)
    files = [1.0, 0.0] if swapped else [0.0, 1.0]
    edit_episodes(odd, data__file_index=lambda _: files if is_named else [None, None])
    warns = "W-episode-files" + (" W-file-numbers" if not is_named else "") + (" W-episode-index" if swapped else "")
    out = merged(robomerge, odd, sound, warns=warns)
    assert rows(out, "observation.state", "timestamp", "frame_index")[:12] == before
    assert pq.ParquetFile(out / DATA).num_row_groups == 4


def test_numbers_of_data_files_that_are_absent(robomerge, odd):
    split_data(odd)
    edit_table(odd / EPISODES, lambda table: table.drop_columns(["data/chunk_index", "data/file_index"]))
    assert len(rows(merged(robomerge, odd, warns="W-file-numbers"), "index")) == 12


def test_whole_numbers_that_are_stored_as_doubles(robomerge, odd):
    keep = {name: list for name in ("length", "data__file_index", "videos__camera__file_index", "dataset_from_index", "dataset_to_index")}
    edit_episodes(odd, **keep)
    merged(robomerge, odd)


def test_the_only_video_file_needs_no_number(robomerge, odd):
    edit_table(odd / EPISODES, lambda table: table.drop_columns(["videos/camera/file_index"]))
    merged(robomerge, odd, warns="W-file-numbers")


@pytest.mark.parametrize("first", [[7.0, 0.0], [3.0, 9.0], [None, None]])
def test_indexes_of_episodes_that_are_scrambled(first, robomerge, odd):
    edit_episodes(odd, dataset_from_index=lambda _: first)
    out = merged(robomerge, odd, warns="W-episode-index")
    assert pq.read_table(out / EPISODES)["dataset_from_index"].to_pylist() == [0, 5]


@pytest.mark.parametrize("key", ["total_episodes", "total_frames", "total_tasks"])
def test_totals_of_info_json_that_are_stale(key, robomerge, odd):
    true = json.loads((odd / "meta/info.json").read_text())[key]
    edit_info(odd, lambda info: info.update({key: true - 1}))
    out = merged(robomerge, odd, warns="W-totals")
    assert json.loads((out / "meta/info.json").read_text())[key] == true
    assert robomerge("verify", odd).exit_code == 3


NAMES = {
    "a list in a list": [["x", "y"]],
    "groups": {"motors": ["x", "y"]},
    "axes": {"axes": ["x", "y"]},
    "positions": {"y": 1, "x": 0},
    "two groups": {"left": ["x"], "right": ["y"]},
}


@pytest.mark.parametrize("form", NAMES)
def test_names_that_are_written_otherwise(form, robomerge, odd, sound):
    edit_info(sound, lambda info: info["features"]["observation.state"].update(names=["x", "y"]))
    edit_info(odd, lambda info: info["features"]["observation.state"].update(names=NAMES[form]))
    edit_info(odd, lambda info: info["features"]["camera"].update(names=["height", "width", "rgb"]))
    out = merged(robomerge, sound, odd, warns="W-names")
    assert json.loads((out / "meta/info.json").read_text())["features"]["observation.state"]["names"] == ["x", "y"]


@pytest.mark.parametrize("names", [["y", "x"], {"motors": ["x", "z"]}, ["x"], []])
def test_other_names_are_refused(names, robomerge, odd, sound):
    edit_info(sound, lambda info: info["features"]["observation.state"].update(names=["x", "y"]))
    edit_info(odd, lambda info: info["features"]["observation.state"].update(names=names))
    refused(robomerge, sound, odd, kind="E-features")


@pytest.mark.parametrize("order", ["none named", "named none", "none absent named"])
def test_names_that_only_some_sources_state(order, robomerge, odd, tmp_path):
    """The result has the names of the first that states some, wherever it stands, for any -j."""
    roots = []
    for name in order.split():
        roots.append(shutil.copytree(odd, tmp_path / name))
        edit_info(roots[-1], lambda info: info["features"]["observation.state"].update(names={"motors": ["x", "y"]} if name == "named" else None))
        if name == "absent":
            edit_info(roots[-1], lambda info: info["features"]["observation.state"].pop("names"))
    assert robomerge("compare", *roots).exit_code == 0
    out = merged(robomerge, *roots, warns="W-names")
    assert json.loads((out / "meta/info.json").read_text())["features"]["observation.state"]["names"] == {"motors": ["x", "y"]}
    assert robomerge("verify", out, "--against", *roots).exit_code == 0
    assert robomerge("merge", *roots, "-o", tmp_path / "one", "-j", 1).exit_code == 0
    assert (tmp_path / "one/meta/info.json").read_bytes() == (out / "meta/info.json").read_bytes()
    edit_info(out, lambda info: info["features"]["observation.state"].update(names=None))
    assert robomerge("verify", out, "--against", *roots).exit_code == 3


def test_a_robot_in_other_case(robomerge, odd, sound):
    edit_info(odd, lambda info: info.update(robot_type="TOY_Arm"))
    assert robomerge("compare", odd, sound).exit_code == 0
    out = merged(robomerge, odd, sound, warns="W-robot-type")
    assert json.loads((out / "meta/info.json").read_text())["robot_type"] == "TOY_Arm"
    assert robomerge("verify", out, "--against", odd, sound).exit_code == 0
    edit_info(out, lambda info: info.update(robot_type="toy_arm"))
    assert robomerge("verify", out, "--against", odd, sound).exit_code == 3


def test_a_count_in_the_shape_of_the_mean(robomerge, odd):
    stats = json.loads((odd / "meta/stats.json").read_text())
    count = stats["observation.state"]["count"][0]
    stats["observation.state"]["count"] = [count] * 2
    (odd / "meta/stats.json").write_text(json.dumps(stats))
    edit_table(odd / EPISODES, lambda table: with_column(table, "stats/observation.state/count", [[5, 5], [7, 7]], pa.list_(pa.int64())))
    out = merged(robomerge, odd)
    assert json.loads((out / "meta/stats.json").read_text())["observation.state"]["count"] == [count]
    assert pq.read_table(out / EPISODES)["stats/observation.state/count"].to_pylist() == [[5], [7]]


def test_tables_of_subtasks_are_united(robomerge, odd, sound):
    for root in (odd, sound):
        with_feature(root, "subtask_index", "int64", [1], 0, pa.int64())
        pq.write_table(pa.table({"subtask_index": [0], "subtask": ["reach"]}), root / "meta/subtasks.parquet")
    out = merged(robomerge, odd, sound, warns="W-stats-measured")
    assert pq.read_table(out / "meta/subtasks.parquet").to_pylist() == [{"subtask_index": 0, "subtask": "reach"}]
    pq.write_table(pa.table({"subtask_index": [0], "subtask": ["grasp"]}), sound / "meta/subtasks.parquet")
    shutil.rmtree(out)
    out = merged(robomerge, odd, sound, warns="W-stats-measured")
    assert pq.read_table(out / "meta/subtasks.parquet")["subtask"].to_pylist() == ["reach", "grasp"]
    assert rows(out, "subtask_index") == [(0,)] * 12 + [(1,)] * 12


PICTURES = {
    "group": (pa.struct([("bytes", pa.binary()), ("path", pa.string())]), {"bytes": PNG, "path": None}),
    "plain": (pa.binary(), PNG),
    "path": (pa.struct([("bytes", pa.binary()), ("path", pa.string())]), {"bytes": None, "path": "images/a.png"}),
    "path with a dot": (pa.struct([("bytes", pa.binary()), ("path", pa.string())]), {"bytes": None, "path": "./images/a.png"}),
    "path alone": (pa.string(), "images/a.png"),
    "path alone in a group": (pa.struct([("path", pa.string())]), {"path": "images/a.png"}),
    "path beside untyped nulls": (pa.struct([("bytes", pa.null()), ("path", pa.string())]), {"bytes": None, "path": "images/a.png"}),
}


def with_pictures(root: Path, form: str) -> Path:
    kind, cell = PICTURES[form]
    with_feature(root, "eye", "image", [4, 4, 3], cell, kind)
    (root / "images").mkdir()
    (root / "images/a.png").write_bytes(PNG)
    return root


@pytest.mark.parametrize("order", [1, -1])
@pytest.mark.parametrize("form", PICTURES)
def test_pictures_come_into_the_table_however_they_are_stored(form, order, robomerge, odd, sound):
    sources = [with_pictures(sound, "group"), with_pictures(odd, form)][::order]
    out = merged(robomerge, *sources, warns="W-stats-left-out" + " W-picture-files" * ("path" in form))
    assert {cell["bytes"] for (cell,) in rows(out, "eye")} == {PNG}
    assert {cell["path"] for (cell,) in rows(out, "eye")} <= {None, "a.png"}
    assert robomerge("verify", odd).exit_code == (3 if "path" in form else 0)


@pytest.mark.parametrize("how", ["gone", "outside", "absolute", "pointer", "page"])
def test_pictures_that_are_not_where_their_path_says(how, robomerge, odd):
    with_pictures(odd, "path")
    picture = odd / "images/a.png"
    if how == "gone":
        picture.unlink()
    elif how == "pointer":
        picture.write_text(POINTER)
    elif how == "page":
        picture.write_text("<html></html>")
    else:
        (odd.parent / "b.png").write_bytes(PNG)
        path = "../b.png" if how == "outside" else str(odd.parent / "b.png")
        edit_table(odd / DATA, lambda table: with_column(table, "eye", [{"bytes": None, "path": path}] * len(table)))
    text = refused(robomerge, odd, kind="E-missing-picture")
    assert "12 of 12" in text and str(odd) in text


@pytest.mark.parametrize("order", [1, -1])
@pytest.mark.parametrize("nested", [False, True])
def test_a_column_may_hold_nulls_where_that_of_any_source_may(nested, order, robomerge, odd, sound):
    dtype, shape = ("float32", [2]) if nested else ("string", [1])
    for root, nullable in ((odd, True), (sound, False)):
        cell = ([None, 1.0] if nullable else [0.0, 1.0]) if nested else "a"
        inner = pa.field("element", pa.float32(), nullable=nullable)
        with_feature(root, "note", dtype, shape, cell, pa.list_(inner) if nested else pa.string())

        def set_nullable(table, nullable=nullable):
            at = table.schema.get_field_index("note")
            values = table["note"].combine_chunks()
            if nullable and not nested:
                values = pa.array([None, *values.to_pylist()[1:]], pa.string())
            return table.set_column(at, pa.field("note", values.type, nullable=nullable), values)

        edit_table(root / DATA, set_nullable)
    out = merged(robomerge, *[odd, sound][::order], warns="W-stats-measured W-not-finite" if nested else "")
    assert sum(note is None or (nested and None in note) for (note,) in rows(out, "note")) == (12 if nested else 2)


# -- The columns of each source by itself.

WRONG_COLUMNS = {
    "a scalar stored as a list": ("float32", [1], [0.5], pa.list_(pa.float32())),
    "a list stored as a scalar": ("float32", [2], 0.5, pa.float32()),
    "a matrix stored flat": ("float32", [2, 2], [0.0] * 4, pa.list_(pa.float32(), 4)),
    "a vector stored as a matrix": ("float32", [4], [[0.0] * 2] * 2, pa.list_(pa.list_(pa.float32()))),
    "a text stored as a list": ("string", [1], ["a"], pa.list_(pa.string())),
    "no shape": ("float32", [], 0.5, pa.float32()),
    "too many dimensions": ("float32", [1] * 6, 0.5, pa.float32()),
    "an unknown dtype": ("number", [1], 0.5, pa.float32()),
    "a group of numbers": ("float32", [1], {"a": 0.5, "b": 0.5}, pa.struct([("a", pa.float32()), ("b", pa.float32())])),
    "a picture that is a number": ("image", [4, 4, 3], 7, pa.int64()),
}


@pytest.mark.parametrize("what", WRONG_COLUMNS)
def test_columns_that_lerobot_cannot_read_are_refused_in_each_source(what, robomerge, odd, sound):
    for root in (odd, sound):
        with_feature(root, "extra", *WRONG_COLUMNS[what])
    text = refused(robomerge, odd, sound, kind="E-data-columns")
    assert str(odd) in text and str(sound) in text
    assert robomerge("inspect", odd).exit_code == 1


def test_all_problems_of_all_sources_come_at_once(robomerge, odd, sound):
    table = pq.read_table(odd / DATA)
    pq.write_table(table.append_column("timestamp", table["timestamp"]), odd / DATA)
    schema = pq.read_metadata(sound / DATA).metadata[b"ARROW:schema"]
    data = (sound / DATA).read_bytes()
    (sound / DATA).write_bytes(data.replace(schema[:40], b"!" + schema[1:40]))
    text = refused(robomerge, odd, sound, kind="E-data-columns E-data-file")
    assert "two columns called `timestamp`" in text and "base64" not in text


def test_the_five_default_features_are_declared_as_they_are(robomerge, odd, sound):
    wrong = {"timestamp": {"dtype": "float64", "shape": []}, "index": {"dtype": "int32", "shape": [2], "names": ["a", "b"]}}
    edit_info(odd, lambda info: info["features"].update(wrong))
    out = merged(robomerge, odd, sound)
    features = json.loads((out / "meta/info.json").read_text())["features"]
    assert features["timestamp"] == {"dtype": "float32", "shape": [1], "names": None}
    assert features["index"] == {"dtype": "int64", "shape": [1], "names": None}


# -- The page.


def test_the_page_names_tests_that_exist():
    page = (REPOSITORY / "docs/in-the-wild.md").read_text()
    tests, rows = (
        set(re.findall(r"^def (test_\w+)", path.read_text(), re.MULTILINE))
        for path in (Path(__file__), Path(__file__).with_name("test_rows_in_the_wild.py"))
    )
    named = set(re.findall(r"`(test_\w+)`", page))
    assert named and named <= tests | rows
    assert tests - named == {"test_the_page_names_tests_that_exist"}
