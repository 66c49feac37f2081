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
        for number, length in enumerate((5, 7)):
            assert number < length
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


def without_statistics(root):
    (root / STATS).unlink()


def no_statistics_at_all(root):
    stats(lambda content: content.pop(STATE))(root)
    without_columns(EPISODES, f"stats/{STATE}/")(root)


def camera_without_statistics(root):
    stats(lambda content: content.pop("camera"))(root)


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


def timing(do, kinds="E-timestamps", **more):
    return Damage(do, kinds, flags=("--retime",), warns="W-retimed", **more)


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
    "size": Damage(info(lambda content: content["features"]["camera"].update(shape=[24, 32, 3])), "W-video-size", same=""),
    "file_numbers": Damage(stale_file_numbers, "W-file-numbers"),
    "absent_file_numbers": Damage(absent_file_numbers, "W-file-numbers"),
    "absent_video_numbers": Damage(without_columns(EPISODES, "videos/camera/file_index"), "W-file-numbers"),
    "episode_in_two_files": Damage(episode_in_two_files, "W-episode-files"),
    "one_row_group": Damage(one_row_group, "V-row-groups"),
    "dataset_from_index": Damage(cells(EPISODES, "dataset_from_index", lambda _: [7, 0]), "W-episode-index"),
    "episodes_reversed": Damage(episodes_reversed, "W-episode-order"),
    "episodes_file_numbers": Damage(cells(EPISODES, "meta/episodes/file_index", moved(3)), "V-file-numbers"),
    "numbers_as_doubles": Damage(numbers_as_doubles),
    "index": Damage(data_cells("index", moved(100)), "V-index"),
    "no_tasks_of_episodes": Damage(without_columns(EPISODES, "tasks"), "W-episode-tasks"),
    "one_text_of_tasks": Damage(one_text_of_tasks),
    "task_column": Damage(tasks_in_a_column, "W-task-column"),
    "task_twice": Damage(task_twice, "W-task-twice"),
    "from_timestamp": Damage(both_stamps(moved(0.0003)), "W-episode-timestamps"),
    "to_timestamp": Damage(cells(EPISODES, TO, moved(-0.1)), "W-episode-timestamps"),
    "video_late": Damage(video_late, "W-video-start", same=""),
    "camera_unknown": Damage(camera_unknown, "W-camera-unknown"),
    "time_of_day": timing(data_cells("timestamp", moved(1.7e9))),
    "timestamp_nan": timing(data_cells("timestamp", lambda values: [math.nan] * 12)),
    "timestamp_running_on": timing(data_cells("timestamp", lambda _: [number / 10 for number in range(12)])),
    "frame_index_zeros": timing(data_cells("frame_index", lambda _: [0] * 12), "E-rows"),
    "frame_index_from_1": timing(data_cells("frame_index", moved(1)), "W-frame-index"),
    "statistics_of_other_data": Damage(stats(lambda content: content[STATE].update(count=[99], mean=[9, 9])), "W-stats-episodes", same="content"),
    "no_stats_json": Damage(without_statistics, "W-stats-missing", same=""),
    "no_statistics_of_a_feature": Damage(no_statistics_at_all, "W-stats-measured", same=""),
    "camera_without_statistics": Damage(camera_without_statistics, "W-stats-left-out", same=""),
    "stray_statistics": Damage(stats(lambda content: content.update(old=content[STATE])), "W-stats-stray"),
    "pictures_by_path": Damage(pictures_by_path, "W-picture-files", sound=sound_pictures),
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
    run = robomerge("merge", root, "-o", out, "--no-sync", "--verify", "--json", *flags)
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
    assert kinds(inspected, "E-", "W-", "V-") == set(damage.kinds.split()), inspected.stdout
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
