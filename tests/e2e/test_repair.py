"""A merge of one damaged dataset is its repair (docs/repair.md): inspect says beforehand what is
wrong, merge --verify warns of the same, and of the result inspect and verify find nothing."""

import json
import math
import re
import shutil
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from conftest import REPOSITORY
from edits import DATA, EPISODES, STATS, VIDEO, edit_column, edit_json, edit_table
from tiny_dataset import make_tiny_dataset
from tiny_video import add_video, describe_camera, make_mp4

LENGTHS = (5, 7)
STATE = "observation.state"
INFO = "meta/info.json"
TASKS = "meta/tasks.parquet"
FROM, TO = "videos/camera/from_timestamp", "videos/camera/to_timestamp"
PNG = b"\x89PNG\r\n\x1a\n"


def make_sound(root: Path) -> Path:
    """Two episodes with a camera, of which inspect finds nothing."""
    make_tiny_dataset(root, lengths=LENGTHS)
    add_video(root, LENGTHS, seed=1)
    describe_camera(root, sum(LENGTHS))
    edit_json(root / INFO, lambda info: info["features"]["camera"]["info"].update({"video.codec": "mp4v"}))
    return root


# -- Damages.


def info(change):
    return lambda root: edit_json(root / INFO, change)


def stats(change):
    return lambda root: edit_json(root / STATS, change)


def cells(path, column, change):
    return lambda root: edit_column(root / path, column, change)


def rows_anew(table: pa.Table, path: Path, cuts=(0, 5, 12)) -> None:
    """Writes the rows, one row group from each cut to the next."""
    with pq.ParquetWriter(path, table.schema) as writer:
        for first, end in zip(cuts, cuts[1:]):
            writer.write_table(table.slice(first, end - first))


def data_cells(column, change):
    """Edits a column of the data over all row groups."""

    def damage(root):
        table = pq.read_table(root / DATA)
        field = table.schema.field(column)
        values = pa.array(change(table.column(column).to_pylist()), field.type)
        rows_anew(table.set_column(table.schema.get_field_index(column), field, values), root / DATA)

    return damage


def without_columns(path, *prefixes):
    return lambda root: edit_table(root / path, lambda table: table.drop_columns([name for name in table.column_names if name.startswith(prefixes)]))


def copied(path, name):
    return lambda root: shutil.copy(root / path, (root / path).with_name(name))


def both_stamps(change):
    return lambda root: [edit_column(root / EPISODES, name, change) for name in (FROM, TO)]


def moved(by):
    return lambda values: [value + by for value in values]


def second_file(path):
    return path.replace("file-000", "file-001")


def split_data(root, cut):
    """Rows from `cut` on go to a second data file."""
    table = pq.read_table(root / DATA)
    rows_anew(table.slice(cut), root / second_file(DATA), (0, *[at - cut for at in (5, 12) if at > cut]))
    rows_anew(table.slice(0, cut), root / DATA, (0, cut))


def stale_file_numbers(root):
    split_data(root, 5)


def absent_file_numbers(root):
    split_data(root, 5)
    without_columns(EPISODES, "data/")(root)


def episode_in_two_files(root):
    split_data(root, 3)
    cells(EPISODES, "data/file_index", lambda _: [0, 1])(root)


def one_row_group(root):
    pq.write_table(pq.read_table(root / DATA), root / DATA)


def numbers_as_doubles(root):
    def doubled(table):
        for name in ("length", "dataset_from_index", "data/file_index"):
            table = table.set_column(table.schema.get_field_index(name), name, table.column(name).cast(pa.float64()))
        return table

    edit_table(root / EPISODES, doubled)


def one_text_of_tasks(root):
    edit_table(root / EPISODES, lambda table: table.set_column(table.schema.get_field_index("tasks"), "tasks", pa.array([cell[0] for cell in table.column("tasks").to_pylist()])))


def episodes_reversed(root):
    edit_table(root / EPISODES, lambda table: table.take([1, 0]))


def tasks_in_a_column(root):
    pq.write_table(pq.read_table(root / TASKS).replace_schema_metadata(None), root / TASKS)


def task_twice(root):
    table = pq.read_table(root / TASKS)
    pq.write_table(pa.concat_tables([table, table.set_column(0, table.schema.field(0), pa.array([1]))]), root / TASKS)
    data_cells("task_index", lambda values: [0] * 5 + [1] * 7)(root)
    info(lambda content: content.update(total_tasks=2))(root)


def byte_order_mark(root):
    for path in (INFO, STATS):
        (root / path).write_bytes(b"\xef\xbb\xbf" + (root / path).read_bytes())


def files_of_macos(root):
    for path in (DATA, EPISODES, VIDEO):
        (root / path).with_name("._" + Path(path).name).write_bytes(b"\x00\x05\x16\x07" + bytes(60))
    (root / ".DS_Store").write_bytes(bytes(60))


def unfinished_file(root):
    (root / second_file(DATA)).write_bytes((root / DATA).read_bytes()[:300])


def with_pictures(kind, cell):
    """Another feature, whose pictures are stored so in every row."""

    def damage(root):
        info(lambda content: content["features"].update(eye={"dtype": "image", "shape": [4, 4, 3], "names": None}))(root)
        features = {"info": {"features": {"eye": {"_type": "Image"}}}}
        described = {"huggingface": json.dumps(features)}
        edit_table(root / DATA, lambda table: table.append_column("eye", pa.array([cell] * len(table), kind)).replace_schema_metadata(described))
        stats(lambda content: content.update(eye={stat: [[[0.5]]] * 3 for stat in ("min", "max", "mean", "std")} | {"count": [12]}))(root)
        (root / "images").mkdir()
        (root / "images/a.png").write_bytes(PNG)

    return damage


GROUP = pa.struct([("bytes", pa.binary()), ("path", pa.string())])
pictures_by_path = with_pictures(GROUP, {"bytes": None, "path": "images/a.png"})
pictures_as_bytes = with_pictures(pa.binary(), PNG)


def sound_pictures(root):
    with_pictures(GROUP, {"bytes": PNG, "path": "a.png"})(root)
    shutil.rmtree(root / "images")


def unmarked_pictures(root):
    """One of two data files does not say which of its columns are pictures."""
    sound_pictures(root)
    split_data(root, 5)
    cells(EPISODES, "data/file_index", lambda _: [0, 1])(root)
    edit_table(root / DATA, lambda table: table.replace_schema_metadata(None))


def video_late(root):
    add_video(root, LENGTHS, seed=1, edit_ticks=moved(1024), edit_metadata=False)


def camera_described_by_episode(root):
    def described(table):
        for stat in ("min", "max", "mean", "std"):
            table = table.append_column(f"stats/camera/{stat}", pa.array([[[[0.5]], [[0.25]], [[0.75]]]] * 2))
        return table.append_column("stats/camera/count", pa.array([[5], [7]]))

    edit_table(root / EPISODES, described)


def without_statistics(root):
    camera_described_by_episode(root)
    (root / STATS).unlink()


def no_statistics_at_all(root):
    stats(lambda content: content.pop(STATE))(root)
    without_columns(EPISODES, f"stats/{STATE}/")(root)


def default_features_otherwise(content):
    content["features"]["timestamp"].update(dtype="float64", shape=[])
    content["features"]["index"].update(shape=[2], names=["a", "b"])


def camera_unknown(root):
    def described(table):
        for name in ("chunk_index", "file_index"):
            table = table.append_column(f"videos/old/{name}", pa.array([0, 0]))
        for name in ("from_timestamp", "to_timestamp"):
            table = table.append_column(f"videos/old/{name}", pa.array([0.0, 0.5]))
        return table

    edit_table(root / EPISODES, described)


def stray_video(root):
    (root / second_file(VIDEO)).write_bytes(make_mp4([0, 1024], seed=9))


@dataclass(frozen=True)
class Damage:
    do: Callable[[Path], object]
    kinds: str = ""  # that inspect --read-data names
    same: str = "bytes"  # "bytes": as of the sound dataset; "content": rows, numbers and frames; "": other
    flags: tuple[str, ...] = ()
    warns: str | None = None  # what the merge warns of, where inspect has another name for it
    sound: Callable[[Path], object] | None = None  # what the sound dataset has that the others have not


def timing(do, kinds="E-timestamps V-timestamp"):
    return Damage(do, kinds, same="content", flags=("--retime",), warns="W-retimed")


MENDED = {
    "byte_order_mark": Damage(byte_order_mark, "W-byte-order-mark"),
    "files_of_macos": Damage(files_of_macos),
    "copy_of_a_file": Damage(copied(DATA, "file-000 (1).parquet"), "W-stray-file"),
    "copy_of_the_episodes": Damage(copied(EPISODES, "file-000 (1).parquet"), "W-stray-file"),
    "unfinished_file": Damage(unfinished_file, "W-unfinished-file"),
    "stray_video": Damage(stray_video, "V-stray-file"),
    "totals": Damage(info(lambda content: content.update(total_frames=1)), "W-totals"),
    "unknown_key": Damage(info(lambda content: content.update(author="me")), "W-info-unknown-key"),
    "default_features": Damage(info(default_features_otherwise)),
    "codec": Damage(info(lambda content: content["features"]["camera"]["info"].update({"video.codec": "av1"})), "W-video-codec"),
    "file_numbers": Damage(stale_file_numbers, "W-file-numbers", same="content"),
    "absent_file_numbers": Damage(absent_file_numbers, "W-file-numbers", same="content"),
    "absent_video_numbers": Damage(without_columns(EPISODES, "videos/camera/file_index"), "W-file-numbers"),
    "episode_in_two_files": Damage(episode_in_two_files, "W-episode-files", same="content"),
    "one_row_group": Damage(one_row_group, same="content"),
    "dataset_from_index": Damage(cells(EPISODES, "dataset_from_index", lambda _: [7, 0]), "W-episode-index V-index"),
    "episodes_reversed": Damage(episodes_reversed, "W-episode-order V-episode-order"),
    "episodes_file_numbers": Damage(cells(EPISODES, "meta/episodes/file_index", moved(3)), "V-file-numbers"),
    "numbers_as_doubles": Damage(numbers_as_doubles),
    "index": Damage(data_cells("index", moved(100)), "V-index", same="content"),
    "no_tasks_of_episodes": Damage(without_columns(EPISODES, "tasks"), "W-episode-tasks"),
    "one_text_of_tasks": Damage(one_text_of_tasks),
    "task_column": Damage(tasks_in_a_column, "W-task-column"),
    "task_twice": Damage(task_twice, "W-task-twice V-tasks", same="content"),
    "from_timestamp": Damage(both_stamps(moved(0.0003)), "W-episode-timestamps V-frame-time"),
    "to_timestamp": Damage(cells(EPISODES, TO, moved(-0.1)), "W-episode-timestamps V-video-segment"),
    "video_late": Damage(video_late, "W-video-start V-frame-time", same=""),
    "camera_unknown": Damage(camera_unknown, "W-camera-unknown"),
    "time_of_day": timing(data_cells("timestamp", moved(1.7e9))),
    "timestamp_nan": timing(data_cells("timestamp", lambda values: [math.nan] * 12)),
    "timestamp_running_on": timing(data_cells("timestamp", lambda _: [number / 10 for number in range(12)])),
    "frame_index_zeros": timing(data_cells("frame_index", lambda _: [0] * 12), "E-rows V-frame-index"),
    "frame_index_from_1": timing(data_cells("frame_index", moved(1)), "W-frame-index V-frame-index"),
    "statistics_of_other_data": Damage(stats(lambda content: content[STATE].update(count=[99], mean=[9, 9])), "W-stats-episodes", same="content"),
    "no_stats_json": Damage(without_statistics, "W-stats-missing", same="content", sound=camera_described_by_episode),
    "no_statistics_of_a_feature": Damage(no_statistics_at_all, "W-stats-measured", same=""),
    "stray_statistics": Damage(stats(lambda content: content.update(old=content[STATE])), "W-stats-stray"),
    "pictures_by_path": Damage(pictures_by_path, "W-picture-files", same="content", sound=sound_pictures),
    "pictures_as_bytes": Damage(pictures_as_bytes, same="", sound=sound_pictures),
    "unmarked_pictures": Damage(unmarked_pictures, sound=sound_pictures),
}


def tree(root: Path) -> dict[str, bytes]:
    return {str(path.relative_to(root)): path.read_bytes() for path in sorted(root.rglob("*")) if path.is_file()}


def content(files: dict[str, bytes]) -> dict[str, object]:
    """What tables and JSON files hold, however they hold it."""

    def rounded(value):
        if isinstance(value, float):
            return float(f"{value:.6g}")
        if isinstance(value, dict):
            return {key: rounded(one) for key, one in value.items()}
        return [rounded(one) for one in value] if isinstance(value, list) else value

    held = {}
    for path, data in files.items():
        if path.endswith(".parquet"):
            held[path] = rounded(pq.read_table(pa.BufferReader(data)).to_pylist())
        else:
            held[path] = rounded(json.loads(data)) if path.endswith(".json") else data
    return held


def kinds(run, *prefixes) -> set[str]:
    lines = [json.loads(line) for line in (run.stdout + run.stderr).splitlines()]
    return {line["kind"] for line in lines if line.get("kind", "").startswith(prefixes)}


def merged(robomerge, root: Path, *flags: str) -> tuple[dict[str, bytes], set[str]]:
    out = root.with_name(root.name + "_mended")
    run = robomerge("merge", root, "-o", out, "--no-sync", "--verify", "--json", "--stats", "fold", *flags)
    assert run.exit_code == 0, run.stdout + run.stderr
    files = tree(out)
    del files["meta/robomerge.json"]  # where it comes from
    return files, kinds(run, "W-")


@pytest.mark.parametrize("name", MENDED)
def test_a_merge_mends(name, robomerge, tmp_path):
    damage = MENDED[name]
    sound, root = make_sound(tmp_path / "sound"), make_sound(tmp_path / "damaged")
    if damage.sound:
        damage.sound(sound)
    damage.do(root)
    before = tree(root)

    inspected = robomerge("inspect", "--read-data", root, "--json")
    named = set(damage.kinds.split())
    # A wrong column has wrong statistics.
    assert kinds(inspected, "E-", "W-", "V-") - {"V-statistics", "V-stats"} == named, inspected.stdout
    files, warnings = merged(robomerge, root, *damage.flags)
    expected = damage.kinds if damage.warns is None else damage.warns
    assert warnings == {kind for kind in expected.split() if kind.startswith("W-")}

    mended = tmp_path / "damaged_mended"
    after = robomerge("inspect", "--read-data", mended, "--json")
    assert (after.exit_code, kinds(after, "E-", "W-", "V-")) == (0, set()), after.stdout
    assert robomerge("verify", mended).exit_code == 0
    assert robomerge("verify", mended, "--against", root, *damage.flags).exit_code == 0
    assert tree(root) == before

    of_sound, _ = merged(robomerge, sound)
    assert (files == of_sound) == (damage.same == "bytes"), [path for path in files if files[path] != of_sound.get(path)]
    assert (content(files) == content(of_sound)) == (damage.same in ("bytes", "content"))


# -- What a merge does not mend.


def video_jitters(root):
    add_video(root, LENGTHS, seed=1, edit_ticks=lambda ticks: [tick + number % 3 * 90 for number, tick in enumerate(ticks)], edit_metadata=False)


KEPT = {
    "video_size": Damage(info(lambda content: content["features"]["camera"].update(shape=[24, 32, 3])), "W-video-size"),
    "video_times": Damage(video_jitters, "W-video-times"),
    "video_shared": Damage(cells(EPISODES, FROM, lambda _: [0.0, 0.4]), "W-video-shared"),
    "statistics_of_episodes": Damage(cells(EPISODES, f"stats/{STATE}/mean", lambda values: [[9.0, 9.0] for _ in values]), "V-statistics"),
    "camera_without_statistics": Damage(stats(lambda content: content.pop("camera")), "W-stats-left-out"),
}


@pytest.mark.parametrize("name", KEPT)
def test_a_merge_keeps_and_says(name, robomerge, tmp_path):
    damage, root = KEPT[name], make_sound(tmp_path / "damaged")
    damage.do(root)
    before = tree(root)
    assert damage.kinds in kinds(robomerge("inspect", "--read-data", root, "--json"), "W-", "V-")
    _, warnings = merged(robomerge, root)
    assert damage.kinds[0] == "V" or damage.kinds in warnings
    after = robomerge("inspect", "--read-data", tmp_path / "damaged_mended", "--json")
    assert damage.kinds in kinds(after, "W-", "V-"), after.stdout
    assert tree(root) == before


def replaced(path, data):
    return lambda root: (root / path).write_bytes(data)


def removed(path):
    return lambda root: (root / path).unlink()


def cut_short(path):
    return lambda root: (root / path).write_bytes((root / path).read_bytes()[:-40])


def utf16(root):
    (root / INFO).write_bytes((root / INFO).read_text().encode("utf-16"))


def no_camera_in_the_table(root):
    without_columns(EPISODES, "videos/")(root)


def pictures_gone(root):
    pictures_by_path(root)
    shutil.rmtree(root / "images")


def page_damaged(root):
    data = bytearray((root / DATA).read_bytes())
    chunk = pq.read_metadata(root / DATA).row_group(0).column(0)
    data[chunk.dictionary_page_offset or chunk.data_page_offset] ^= 0xFF
    (root / DATA).write_bytes(data)


def pictures_in_another_order(root):
    for name, unit in (("frame_index", 1), ("timestamp", 10)):
        data_cells(name, lambda values, unit=unit: [0 / unit, 2 / unit, 1 / unit, *values[3:]] if unit > 1 else [0, 2, 1, *values[3:]])(root)


REFUSED = {
    "lfs_pointer": Damage(replaced(VIDEO, b"version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 12\n"), "E-lfs-pointer"),
    "web_page": Damage(replaced(DATA, b"<!DOCTYPE html><html>Sign in</html>"), "E-foreign-file"),
    "utf16": Damage(utf16, "E-foreign-file"),
    "unfinished_recording": Damage(lambda root: (root / second_file(EPISODES)).write_bytes((root / EPISODES).read_bytes()[:300]), "E-unfinished-file"),
    "version": Damage(info(lambda content: content.update(codebase_version="v4.0")), "E-version"),
    "info": Damage(info(lambda content: content.pop("features")), "E-info"),
    "default_feature_missing": Damage(info(lambda content: content["features"].pop("index")), "E-default-features"),
    "missing_file": Damage(removed(VIDEO), "E-missing-file"),
    "episodes_missing": Damage(info(lambda content: content.update(total_episodes=3)), "E-totals"),
    "camera_missing": Damage(no_camera_in_the_table, "E-missing-camera"),
    "pictures_gone": Damage(pictures_gone, "E-missing-picture"),
    "task_unknown": Damage(cells(EPISODES, "tasks", lambda values: [["something else"] for _ in values]), "E-tasks"),
    "length": Damage(cells(EPISODES, "length", lambda _: [5, 6]), "E-rows"),
    "columns": Damage(info(lambda content: content["features"][STATE].update(shape=[3])), "E-data-columns"),
    "page_damaged": Damage(page_damaged, "E-data-file"),
    "video_damaged": Damage(cut_short(VIDEO), "E-video-file"),
    "video_short": Damage(lambda root: add_video(root, (5, 5), seed=1, edit_metadata=False), "E-video-frames"),
    "video_rate": Damage(lambda root: add_video(root, LENGTHS, seed=1, edit_ticks=lambda ticks: [tick * 2 for tick in ticks], edit_metadata=False), "E-video-fps"),
    "statistics_malformed": Damage(replaced(STATS, b"[]"), "E-stats"),
    "pictures_in_another_order": Damage(pictures_in_another_order, "E-retime", flags=("--retime",)),
}
#: What the page tells to do, done to those that a test can mend.
MENDS = {
    "utf16": lambda root, hint: subprocess.run(re.search(r"iconv .*", hint)[0].rstrip("."), shell=True, check=True),
    "unfinished_recording": lambda root, hint: subprocess.run(re.search(r"rm \S+", hint)[0], shell=True, check=True),
    "camera_missing": lambda root, hint: info(lambda content: content["features"].pop("camera"))(root),
    "columns": lambda root, hint: info(lambda content: content["features"][STATE].update(shape=[2]))(root),
    "statistics_malformed": lambda root, hint: (root / STATS).unlink(),
    "default_feature_missing": lambda root, hint: info(lambda content: content["features"].update(index={"dtype": "int64", "shape": [1], "names": None}))(root),
}


@pytest.mark.parametrize("name", REFUSED)
def test_a_merge_refuses_and_says_what_to_do(name, robomerge, tmp_path):
    damage, root = REFUSED[name], make_sound(tmp_path / "damaged")
    damage.do(root)
    before = tree(root)
    run = robomerge("merge", root, "-o", tmp_path / "out", "--json", "--stats", "fold", *damage.flags)
    assert run.exit_code == 1 and kinds(run, "E-") == {damage.kinds}, run.stderr
    assert not (tmp_path / "out").exists() and tree(root) == before
    # Pages are looked at when they are moved, or read.
    inspected = kinds(robomerge("inspect", "--read-data", root, "--json"), "E-", "V-data-file")
    assert inspected == ({"V-data-file"} if name == "page_damaged" else set() if damage.flags else {damage.kinds})
    if name in MENDS:
        (problem,) = [json.loads(line) for line in run.stderr.splitlines()]
        MENDS[name](root, problem["hint"])
        merged(robomerge, root)
        assert robomerge("inspect", "--read-data", tmp_path / "damaged_mended").exit_code == 0


# -- The page.


def test_the_page_and_the_tests_have_the_same_damages_and_kinds():
    page = (REPOSITORY / "docs/repair.md").read_text()
    shown = {}
    for row in re.findall(r"^\| .* \| `\w+` \|$", page, re.MULTILINE):
        columns = [column.strip() for column in row.strip("|").split("|")]
        # The second column is how inspect names it.
        shown[columns[-1].strip("`")] = set(re.findall(r"`([EWV]-[a-z-]+)`", columns[1]))
    tested = {name: set(damage.kinds.split()) for table in (MENDED, KEPT, REFUSED) for name, damage in table.items()}
    assert shown == tested
