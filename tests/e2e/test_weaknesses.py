"""docs/lerobot-weaknesses.md and docs/lerobot-edit-weaknesses.md name tests for every weakness, and
all these tests exist."""

import json
import re
from collections import Counter

import pytest
from conftest import REPOSITORY
from tiny_dataset import make_tiny_dataset
from tiny_video import add_video

#: By the letter of their numbers: the page, and how many it has.
TABLES = {"W": ("docs/lerobot-weaknesses.md", 27), "E": ("docs/lerobot-edit-weaknesses.md", 17)}
NUMBERS = [(letter, number) for letter, (_, count) in TABLES.items() for number in range(1, count + 1)]


@pytest.mark.parametrize(("letter", "number"), NUMBERS)
def test_every_weakness_has_tests_and_they_exist(letter, number):
    table = (REPOSITORY / TABLES[letter][0]).read_text()
    (row,) = re.findall(rf"^\| {letter}-{number} \|.*$", table, re.MULTILINE)
    named = re.findall(r"`(tests/[\w/]+\.py)::(test_\w+)`", row)
    assert named
    for path, name in named:
        assert re.search(rf"^def {name}\(", (REPOSITORY / path).read_text(), re.MULTILINE), f"{path}: {name}"


def test_every_test_that_is_named_after_a_weakness_is_about_one_of_the_tables():
    numbers = set()
    for path in (REPOSITORY / "tests").rglob("test_*.py"):
        found = re.findall(r"^def test_([we])(\d\d)_", path.read_text(), re.MULTILINE)
        numbers |= {(letter.upper(), int(number)) for letter, number in found}
    assert numbers == set(NUMBERS)


def test_w02_every_file_is_written_once_however_many_sources(robomerge, tmp_path):
    """For every source LeRobot rewrites the file to which it appends. Here as many bytes are
    written as the result has."""
    roots = []
    for number in range(60):
        roots.append(make_tiny_dataset(tmp_path / f"source-{number}", lengths=(3,)))
        add_video(roots[-1], (3,), seed=number)
    trace = tmp_path / "trace.json"
    run = robomerge("merge", "--json", "--trace", trace, *roots, "-o", tmp_path / "merged")
    assert run.exit_code == 0, run.stderr
    files = [line for line in run.json_lines() if line["message_type"] == "file"]
    summary = run.json_lines()[-1]
    events = [event["name"] for event in json.loads(trace.read_text())["traceEvents"] if event.get("cat") == "write"]
    assert Counter(events) == Counter(f"write {file['path']}" for file in files)
    assert [len(file["sources"]) for file in files if file["kind"] in ("data", "video")] == [60, 60]
    assert summary["copied_bytes"] + summary["shared_bytes"] + summary["encoded_bytes"] <= summary["size_bytes"]
    assert sum((tmp_path / "merged" / file["path"]).stat().st_size for file in files) == summary["size_bytes"]
