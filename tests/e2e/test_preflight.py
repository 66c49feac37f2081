"""Checks before anything is written, besides those of the sources' contents: places, permissions,
overlapping sources."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest
from tiny_dataset import make_tiny_dataset

NOBODY = 65534


@pytest.fixture
def as_nobody(robomerge, tmp_path):
    """Runs the command as another user, since permissions do not stop root."""

    def run(*words: object, cwd: Path) -> subprocess.CompletedProcess:
        user = {"user": NOBODY, "group": NOBODY, "extra_groups": []} if os.geteuid() == 0 else {}
        return subprocess.run([str(robomerge.path), *map(str, words)], cwd=cwd, capture_output=True, text=True, timeout=60, env=robomerge.environment(), **user)

    # pytest makes its folders for the owner only.
    for folder in [tmp_path, *tmp_path.parents]:
        if folder.name.startswith(("pytest-", "popen-", "test_")):
            folder.chmod(0o755)
    if subprocess.run([str(robomerge.path), "--version"], capture_output=True, check=False).returncode != 0:
        pytest.fail("the command does not run")
    return run


def names_below(folder: Path) -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*"))


@pytest.mark.parametrize("command", ["merge", "plan"])
def test_a_folder_that_may_not_be_written_is_refused_first(command, as_nobody, tmp_path):
    make_tiny_dataset(tmp_path / "a")
    (tmp_path / "a/meta/stats.json").write_text("broken, and never read")
    (tmp_path / "closed").mkdir(mode=0o555)
    before = names_below(tmp_path)
    run = as_nobody(command, "-q", "a", "-o", "closed/deep/merged", cwd=tmp_path)
    assert run.returncode == 4
    assert run.stderr == (
        "error[E-destination]: the destination cannot be made in this folder\n"
        f"  --> {tmp_path / 'closed/deep'}\n"
        "  expected a folder that may be written\n"
        f"  found    Permission denied, at {tmp_path / 'closed'}\n"
        "\nhint: check the permissions, or choose another place\n"
    )
    assert names_below(tmp_path) == before


@pytest.mark.parametrize("command", ["merge", "plan"])
def test_files_that_may_not_be_read_are_named_all_at_once(command, as_nobody, tmp_path):
    make_tiny_dataset(tmp_path / "a")
    make_tiny_dataset(tmp_path / "b")
    closed = ["a/meta/stats.json", "a/data/chunk-000/file-000.parquet", "b/meta/tasks.parquet"]
    for name in closed:
        (tmp_path / name).chmod(0)
    (tmp_path / "b/meta/episodes").chmod(0)
    (tmp_path / "open").mkdir()
    (tmp_path / "open").chmod(0o777)
    before = names_below(tmp_path)
    run = as_nobody(command, "-q", "a", "b", "-o", "open/merged", cwd=tmp_path)
    assert run.returncode == 4
    places = [line.removeprefix("  --> ") for line in run.stderr.splitlines() if line.startswith("  --> ")]
    assert places == [*closed, "b/meta/episodes"]
    assert run.stderr.count("found    Permission denied\n") == 4
    assert run.stderr.count("error[E-io]: ") <= 2
    assert names_below(tmp_path) == before


def test_a_file_above_the_destination_is_refused(robomerge, tmp_path):
    make_tiny_dataset(tmp_path / "a")
    (tmp_path / "file").write_text("")
    run = robomerge("merge", "-q", "a", "-o", "file/merged", cwd=tmp_path)
    assert run.exit_code == 4
    assert run.stderr.startswith(f"error[E-destination]: the destination would lie in something that is no folder\n  --> {tmp_path / 'file'}\n")


def test_a_destination_inside_a_source_is_seen_through_links(robomerge, tmp_path):
    make_tiny_dataset(tmp_path / "a")
    (tmp_path / "link").symlink_to("a")
    for source, destination in [("link", "a/merged"), ("a", "link/merged"), ("link/", "link")]:
        run = robomerge("merge", "-q", source, "-o", destination, cwd=tmp_path)
        assert run.exit_code == 2 and run.stderr.startswith("error[E-destination-in-source]")
    assert not (tmp_path / "a/merged").exists()


@pytest.mark.parametrize("other", ["./a/", "link", "folder/../a"])
def test_the_same_folder_by_another_name_is_reported(other, robomerge, tmp_path):
    make_tiny_dataset(tmp_path / "a")
    (tmp_path / "link").symlink_to("a")
    (tmp_path / "folder").mkdir()
    for command in ("plan", "merge"):
        run = robomerge(command, "--json", "a", other, "-o", "merged", cwd=tmp_path)
        warnings = [line for line in run.json_lines() if line["message_type"] == "warning"]
        assert [(line["kind"], line["source"]) for line in warnings] == [("W-source-twice", other)]
        assert warnings[0]["found"].endswith(f"in a, {other}")
        assert run.json_lines()[-1]["num_episodes"] == 4


def test_copies_of_a_source_are_said_once_for_each_group(robomerge, tmp_path):
    """An exact copy under another path has the same episodes: they come twice."""
    for name, lengths in (("a", (5, 7)), ("b", (3,))):
        make_tiny_dataset(tmp_path / name, lengths=lengths)
        for copy in range(4):
            shutil.copytree(tmp_path / name, tmp_path / f"{name}-{copy}")
    sources = ["a", "b", *(f"{name}-{copy}" for copy in range(4) for name in "ab")]
    run = robomerge("merge", "--json", *sources, "-o", "merged", cwd=tmp_path)
    warnings = [line for line in run.json_lines() if line["message_type"] == "warning"]
    assert [(line["kind"], line["source"]) for line in warnings] == [("W-source-twice", "a-0"), ("W-source-twice", "b-0")]
    assert "a, a-0, a-1 and 2 more" in warnings[0]["found"]


def test_the_same_path_twice_is_no_warning(robomerge, tmp_path):
    make_tiny_dataset(tmp_path / "a")
    run = robomerge("merge", "--json", "a", "a", "-o", "merged", cwd=tmp_path)
    assert run.json_lines()[-1]["num_episodes"] == 4 and run.json_lines()[-1]["num_warnings"] == 0


def test_a_source_inside_another_is_reported(robomerge, tmp_path):
    for length, name in enumerate(("a", "a-b", "a/extra", "c"), 3):
        make_tiny_dataset(tmp_path / name, lengths=(length,))
    run = robomerge("merge", "--json", "a/extra", "c", "a-b", "a", "-o", "merged", cwd=tmp_path)
    warnings = [line for line in run.json_lines() if line["message_type"] == "warning"]
    assert [(line["kind"], line["source"], line["found"]) for line in warnings] == [("W-source-inside", "a/extra", "inside a")]


def test_a_task_that_stands_twice_becomes_one(robomerge, tmp_path):
    import pyarrow as pa
    import pyarrow.parquet as pq

    make_tiny_dataset(tmp_path / "a")
    path = tmp_path / "a/meta/tasks.parquet"
    table = pq.read_table(path)
    twice = pa.concat_tables([table, table]).set_column(0, "task_index", pa.array([0, 1]))
    pq.write_table(twice, path)
    info = tmp_path / "a/meta/info.json"
    info.write_text(info.read_text().replace('"total_tasks": 1', '"total_tasks": 2'))
    run = robomerge("merge", "--json", "a", "-o", "merged", cwd=tmp_path)
    assert run.exit_code == 0
    warnings = [line for line in run.json_lines() if line["message_type"] == "warning"]
    assert [(line["kind"], line["where"]) for line in warnings] == [("W-task-twice", "a/meta/tasks.parquet: row 1")]
    assert run.json_lines()[-1]["num_tasks"] == 1
    assert robomerge("verify", "merged", cwd=tmp_path).exit_code == 0


def test_an_edit_is_done_though_the_older_dataset_cannot_be_removed(as_nobody, tmp_path):
    make_tiny_dataset(tmp_path / "a")
    if os.geteuid() == 0:
        for path in [tmp_path, *tmp_path.rglob("*")]:
            os.chown(path, NOBODY, NOBODY)
    words = ["modify-tasks", "a", "--in-place", "--no-sync", "--set-task"]
    assert as_nobody(*words, "x", cwd=tmp_path).returncode == 0
    closed = tmp_path / "a_old/data/chunk-000"
    closed.chmod(0o555)
    run = as_nobody(*words, "y", cwd=tmp_path)
    assert run.returncode == 0 and "W-old-dataset-left" in run.stderr and "Permission denied" in run.stderr, run.stderr
    left = [path for path in tmp_path.iterdir() if path.name.startswith(".a.")]
    assert len(left) == 1 and str(left[0].name) in run.stderr
    # It is in nobody's way.
    run = as_nobody(*words, "z", cwd=tmp_path)
    assert run.returncode == 0 and "warning" not in run.stderr, run.stderr
    assert [path for path in tmp_path.iterdir() if path.name.startswith(".a.")] == left
    (left[0] / "data/chunk-000").chmod(0o755)
