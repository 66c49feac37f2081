"""What a source holds decides how much memory a merge takes, not what it would decode to.

Peaks are of the whole process, which is some 35 MB without any data. docs/robustness.md has the
limits.
"""

import json
import resource
import subprocess
import sys
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from tiny_dataset import make_tiny_dataset

DATA = "data/chunk-000/file-000.parquet"
EPISODES = "meta/episodes/chunk-000/file-000.parquet"
TASKS = "meta/tasks.parquet"


# A child counts its parent's memory until it becomes another program, so the parent must be small.
MEASURE = """
import resource, subprocess, sys
run = subprocess.run(sys.argv[1:], stdout=subprocess.DEVNULL)
print(run.returncode, resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss * 1024)
"""


def run_measured(robomerge, *words: object) -> tuple[int, str, int]:
    """Exit code, what was said on standard error, and the peak of resident memory in bytes."""
    command = [sys.executable, "-S", "-c", MEASURE, robomerge.path, *words]
    run = subprocess.run(list(map(str, command)), capture_output=True, text=True)
    exit_code, peak = run.stdout.split()
    return int(exit_code), run.stderr, int(peak)


def add_pictures(root: Path, pictures: list[bytes]) -> None:
    """Gives every frame a picture, in one row group for all episodes, so that rows are regrouped."""
    table = pq.read_table(root / DATA)
    kind = pa.struct([("bytes", pa.binary()), ("path", pa.string())])
    known = {picture: pa.array([{"bytes": picture, "path": None}], kind) for picture in set(pictures)}
    column = pa.chunked_array([known[picture] for picture in pictures], kind)
    table = table.append_column("observation.picture", column)
    pq.write_table(table, root / DATA, row_group_size=table.num_rows, dictionary_pagesize_limit=1 << 24)
    info = json.loads((root / "meta/info.json").read_text())
    info["features"]["observation.picture"] = {"dtype": "image", "shape": [100, 100, 3], "names": None}
    (root / "meta/info.json").write_text(json.dumps(info))


def test_pictures_that_repeat_are_not_held_once_for_every_frame(robomerge, tmp_path):
    source = make_tiny_dataset(tmp_path / "a", lengths=(2200, 900))  # 2.2 GB and 0.9 GB of pictures
    add_pictures(source, [b"x" * 1_000_000] * 2200 + [b"y" * 1_000_000] * 900)
    assert (source / DATA).stat().st_size < 1_000_000
    exit_code, said, peak = run_measured(robomerge, "merge", source, "-o", tmp_path / "out", "-q", "-j", "1")
    assert exit_code == 0 and peak < 200e6, said
    merged = pq.ParquetFile(tmp_path / "out" / DATA)
    assert [merged.metadata.row_group(group).num_rows for group in range(merged.num_row_groups)] == [2200, 900]
    assert merged.metadata.row_group(0).total_byte_size < 5_000_000
    exit_code, said, peak = run_measured(robomerge, "verify", tmp_path / "out", "--against", source, "-j", "1")
    assert exit_code == 0 and peak < 300e6, said


def test_pictures_that_differ_are_regrouped_a_page_at_a_time(robomerge, tmp_path):
    source = make_tiny_dataset(tmp_path / "a", lengths=(3000, 3000))
    pictures = [number.to_bytes(8, "little") * 5000 for number in range(6000)]  # 240 MB
    add_pictures(source, pictures)
    exit_code, said, peak = run_measured(robomerge, "merge", source, "-o", tmp_path / "out", "-q", "-j", "1")
    assert exit_code == 0 and peak < 250e6, said
    assert [row["bytes"] for row in pq.read_table(tmp_path / "out" / DATA)["observation.picture"].to_pylist()] == pictures


def long_task(root: Path, num_bytes: int) -> None:
    table = pq.read_table(root / TASKS)
    index = table.schema.get_field_index("task")
    table = table.set_column(index, "task", pa.array(["x" * num_bytes]))
    pq.write_table(table, root / TASKS, compression="zstd", use_dictionary=False)


def long_task_of_an_episode(root: Path, num_bytes: int, use_dictionary: bool = False) -> None:
    table = pq.read_table(root / EPISODES)
    index = table.schema.get_field_index("tasks")
    field = table.schema.field(index)
    table = table.set_column(index, field, pa.array([["x" * num_bytes]] * table.num_rows, field.type))
    pq.write_table(table, root / EPISODES, compression="zstd", use_dictionary=use_dictionary)


def texts_that_repeat(root: Path) -> None:
    table = pq.read_table(root / EPISODES)
    index = table.schema.get_field_index("tasks")
    field = table.schema.field(index)
    table = table.slice(0, 1).set_column(index, field, pa.array([["x" * 100_000]], field.type))
    pq.write_table(table.take(pa.array([0] * 5000)), root / EPISODES)


def rows_that_repeat(root: Path) -> None:
    pq.write_table(pq.read_table(root / EPISODES).slice(0, 1).take(pa.array([0] * 500_000)), root / EPISODES)


def sparse(path: Path) -> None:
    """As large as a tape, with the bytes of a table at both ends."""
    data = path.read_bytes()
    with path.open("r+b") as file:
        file.truncate(1 << 40)
        file.seek((1 << 40) - len(data))
        file.write(data)


def brackets(path: Path, num_lists: int) -> None:
    text = path.read_text().rstrip()
    path.write_text(text[:-1] + ', "unknown": [' + "[]," * num_lists + "0]}")


BOMBS = {
    "a task's text": (lambda root: long_task(root, 300_000_000), "E-tasks", TASKS),
    "an episode's task": (lambda root: long_task_of_an_episode(root, 150_000_000), "E-episodes", EPISODES),
    "texts of a dictionary": (texts_that_repeat, "E-episodes", EPISODES),
    "rows": (rows_that_repeat, "E-episodes", EPISODES),
    "a sparse tasks table": (lambda root: sparse(root / TASKS), "E-tasks", TASKS),
    "a sparse episodes table": (lambda root: sparse(root / EPISODES), "E-episodes", EPISODES),
    "lists in info.json": (lambda root: brackets(root / "meta/info.json", 8_000_000), "E-info", "meta/info.json"),
    "lists in stats.json": (lambda root: brackets(root / "meta/stats.json", 8_000_000), "E-stats", "meta/stats.json"),
}


@pytest.mark.parametrize("bomb", BOMBS)
def test_metadata_that_no_dataset_needs_is_refused_before_it_is_held(robomerge, tmp_path, bomb):
    source = make_tiny_dataset(tmp_path / "a")
    make, kind, path = BOMBS[bomb]
    make(source)
    exit_code, said, peak = run_measured(robomerge, "merge", source, "-o", tmp_path / "out", "--json")
    assert exit_code == 1 and peak < 400e6
    problem = json.loads(said)
    assert problem["kind"] == kind and problem["where"].startswith(str(source / path))


def test_a_value_of_any_length_is_shortened_in_messages(robomerge, tmp_path):
    source = make_tiny_dataset(tmp_path / "a")
    long_task_of_an_episode(source, 20_000_000)
    for json_flag in ([], ["--json"]):
        run = robomerge("merge", source, "-o", tmp_path / "out", *json_flag)
        assert run.exit_code == 1 and "E-tasks" in run.stderr
        assert "20000002 bytes in all" in run.stderr and len(run.stderr) < 5000


@pytest.mark.parametrize("workers", [2, 8])
def test_too_little_memory_for_threads_is_an_error_in_words(robomerge, sources, tmp_path, workers):
    for megabytes in range(60, 110, 5):
        limit = megabytes * 1_000_000

        def limited(*words, limit=limit):
            set_limit = lambda: resource.setrlimit(resource.RLIMIT_AS, (limit, limit))  # noqa: E731
            return subprocess.run([robomerge.path, *words], preexec_fn=set_limit, capture_output=True)

        if limited("--version").returncode != 0:  # not even its libraries fit
            continue
        run = limited("merge", *sources, "-o", tmp_path / f"out-{megabytes}", "-j", str(workers))
        assert run.returncode in (0, 4), (megabytes, run)
        assert run.returncode == 0 or (b"E-io" in run.stderr and b"hint" in run.stderr)


def test_an_endless_list_of_sources_ends(robomerge, tmp_path):
    exit_code, said, peak = run_measured(robomerge, "merge", "--from", "/dev/zero", "-o", tmp_path / "out")
    assert exit_code == 2 and "/dev/zero: line 1" in said and peak < 100e6
