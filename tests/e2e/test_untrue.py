"""What footers, page headers and tables claim is not believed against what else they say.

Patches keep the length of the bytes that they replace.
"""

import json
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from tiny_dataset import make_tiny_dataset, write_tasks
from tiny_video import add_video

DATA = "data/chunk-000/file-000.parquet"
EPISODES = "meta/episodes/chunk-000/file-000.parquet"


@pytest.fixture
def source(tmp_path) -> Path:
    """A dataset of two tasks, whose episodes have the first one."""
    root = make_tiny_dataset(tmp_path / "a")
    write_tasks(root / "meta/tasks.parquet", "stack the cups")
    table = pq.read_table(root / "meta/tasks.parquet")
    second = pa.table({"task_index": [1], "task": ["open the drawer"]}, schema=table.schema)
    pq.write_table(pa.concat_tables([table, second]), root / "meta/tasks.parquet")
    info = root / "meta/info.json"
    info.write_text(info.read_text().replace('"total_tasks": 1', '"total_tasks": 2'))
    return root


def kinds_of(run) -> set[str]:
    return {json.loads(line)["kind"] for line in run.stderr.splitlines()}


def footer_begin(data: bytes) -> int:
    return len(data) - 8 - int.from_bytes(data[-8:-4], "little")


def chunk_metadata(data: bytes, column: str) -> list[int]:
    """Where the names of the column's chunks end in the footer; its codec follows."""
    name, places = column.encode(), []
    at = data.index(name, footer_begin(data)) + len(name)  # in the schema
    # The Arrow schema in the key-value metadata is base64, and so does not match.
    while (at := data.find(b"\x19\x18" + bytes([len(name)]) + name, at)) >= 0:
        at += 3 + len(name)
        places.append(at)
    return places


def patch(path: Path, at: int, before: bytes, after: bytes) -> None:
    data = path.read_bytes()
    assert data[at : at + len(before)] == before and len(before) == len(after)
    path.write_bytes(data[:at] + after + data[at + len(after) :])


def lie_about_tasks(path: Path, row_group: int, to: int) -> None:
    """Makes the statistics of task_index say that every row of the row group has this number."""
    data = path.read_bytes()
    begin = chunk_metadata(data, "task_index")[row_group]
    old, new = (b"\x18\x08" + number.to_bytes(8, "little") for number in (0, to))
    lied = data[begin : begin + 150].replace(old, new).replace(old[1:], new[1:])
    assert lied.count(new[1:]) == 4  # min, max, and the older pair
    path.write_bytes(data[:begin] + lied + data[begin + 150 :])


def test_statistics_that_contradict_the_episodes_table_are_held_against_the_rows(robomerge, source, tmp_path):
    lie_about_tasks(source / DATA, row_group=1, to=1)
    for command in ("merge", "plan"):
        run = robomerge(command, source, "-o", tmp_path / "out", "--json")
        assert run.exit_code == 1 and kinds_of(run) == {"E-data-file"}
        problem = json.loads(run.stderr)
        assert problem["where"] == f"{source / DATA}: task_index, row 5"
        assert problem["expected"].startswith("1 ") and problem["found"] == "0"
    assert not (tmp_path / "out").exists()


def test_statistics_that_are_true_are_believed_against_the_episodes_table(robomerge, source, tmp_path):
    table = pq.read_table(source / EPISODES)
    tasks = pa.array([["stack the cups"], ["open the drawer"]], table.schema.field("tasks").type)
    index = table.schema.get_field_index("tasks")
    pq.write_table(table.set_column(index, table.schema.field(index), tasks), source / EPISODES)
    assert robomerge("merge", source, "-o", tmp_path / "out", "--verify").exit_code == 0
    assert set(pq.read_table(tmp_path / "out" / DATA)["task_index"].to_pylist()) == {0}


@pytest.mark.parametrize("codec", [99, 8, 3, -1])
@pytest.mark.parametrize("column", ["task_index", "element"])
def test_a_codec_that_no_reader_knows_is_refused_by_its_number(robomerge, source, tmp_path, codec, column):
    data = (source / DATA).read_bytes()
    zigzag = codec * 2 if codec >= 0 else -2 * codec - 1
    varint = bytes([zigzag]) if zigzag < 128 else bytes([zigzag & 127 | 128, zigzag >> 7])
    at = chunk_metadata(data, column)[0] if column == "task_index" else element_codec(data)
    if len(varint) == 1:
        patch(source / DATA, at, b"\x15\x02", b"\x15" + varint)
    else:  # one byte more: the footer grows
        data = data[:at] + b"\x15" + varint + data[at + 2 :]
        length = int.from_bytes(data[-8:-4], "little") + 1
        (source / DATA).write_bytes(data[:-8] + length.to_bytes(4, "little") + data[-4:])
    run = robomerge("merge", source, "-o", tmp_path / "out", "--json")
    assert run.exit_code == 1 and kinds_of(run) == {"E-data-file"}
    assert f"codec {codec}" in json.loads(run.stderr)["what"] and not (tmp_path / "out").exists()


def element_codec(data: bytes) -> int:
    at = data.index(b"\x19\x38\x11observation.state", footer_begin(data))
    return data.index(b"element", at) + len(b"element")


def test_cameras_that_only_the_episodes_table_has_are_named(robomerge, tmp_path):
    source = make_tiny_dataset(tmp_path / "a")
    add_video(source, (5, 7), seed=1)
    info = json.loads((source / "meta/info.json").read_text())
    del info["features"]["camera"]
    (source / "meta/info.json").write_text(json.dumps(info))
    run = robomerge("merge", source, "-o", tmp_path / "out", "--json")
    warnings = [line for line in run.json_lines() if line.get("kind", "").startswith("W-")]
    assert run.exit_code == 0 and [warning["kind"] for warning in warnings] == ["W-camera-unknown"]
    assert "`camera`" in warnings[0]["what"]
    assert not (tmp_path / "out/videos").exists()


def page_begin(path: Path, column: str) -> int:
    chunk = next(
        chunk
        for chunk in map(pq.read_metadata(path).row_group(0).column, range(6))
        if chunk.path_in_schema.startswith(column)
    )
    return min(chunk.dictionary_page_offset or chunk.data_page_offset, chunk.data_page_offset)


def claim(path: Path, column: str) -> None:
    """Makes the header of the first page claim that it becomes a few bytes more or less."""
    data, at = path.read_bytes(), page_begin(path, column) + 3
    patch(path, at, data[at : at + 1], bytes([data[at] ^ 2]))


def test_a_page_that_no_reader_can_decode_is_not_copied(robomerge, source, tmp_path):
    claim(source / DATA, "observation.state")
    run = robomerge("merge", source, "-o", tmp_path / "out", "--json")
    assert run.exit_code == 1 and kinds_of(run) == {"E-data-file"}
    assert json.loads(run.stderr)["where"].startswith(f"{source / DATA}: row group 0, byte ")
    assert [path.name for path in tmp_path.iterdir()] == ["a"]  # nor staged


def test_verify_does_not_vouch_for_rows_that_nobody_can_read(robomerge, source, tmp_path):
    merged = tmp_path / "merged"
    assert robomerge("merge", source, "-o", merged).exit_code == 0
    for path in (source / DATA, merged / DATA):
        claim(path, "observation.state")
    run = robomerge("verify", merged, "--against", source)
    assert run.exit_code == 3 and "V-data-file" in run.stdout
    assert "V-stats" not in run.stdout  # what is not read does not differ


def test_verify_stops_at_a_source_that_it_cannot_decode(robomerge, source, tmp_path):
    merged = tmp_path / "merged"
    assert robomerge("merge", source, "-o", merged).exit_code == 0
    claim(source / DATA, "task_index")
    run = robomerge("verify", merged, "--against", source, "--json")
    assert run.exit_code == 1 and kinds_of(run) == {"E-data-file"}
    assert json.loads(run.stderr)["source"] == str(source)
