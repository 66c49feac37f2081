"""bench/materialised_tree.py with a command that only records its arguments: order, shape, and what
is left."""

import subprocess
import sys
from pathlib import Path

import pytest

TREE = Path(__file__).resolve().parents[2] / "bench" / "materialised_tree.py"

#: robomerge merge LEFT RIGHT -o OUTPUT ...: a merge is "(left right)".
FAKE = """#!/bin/sh
[ "$1" = merge ] && [ "$4" = -o ] || exit 2
[ -e "$2/fails" ] && exit 1
mkdir "$5" && echo "($(cat "$2/name") $(cat "$3/name"))" > "$5/name"
"""


@pytest.fixture
def merge(tmp_path):
    fake = tmp_path / "robomerge"
    fake.write_text(FAKE)
    fake.chmod(0o755)
    scratch = tmp_path / "scratch"
    scratch.mkdir()

    def run(count: int, failing: int | None = None) -> subprocess.CompletedProcess:
        for number in range(count):
            source = tmp_path / f"source-{number}"
            source.mkdir()
            (source / "name").write_text(str(number))
            if number == failing:
                (source / "fails").touch()
        sources = [f"source-{number}" for number in range(count)]
        command = [sys.executable, str(TREE), "-o", "merged", "-j", "3", "--robomerge", str(fake), *sources]
        done = subprocess.run([*command, "--scratch", str(scratch)], cwd=tmp_path, capture_output=True, text=True)
        assert list(scratch.iterdir()) == []
        assert all((tmp_path / source / "name").exists() for source in sources)
        return done

    return run


@pytest.mark.parametrize(
    ("count", "expected"),
    [
        (2, "(0 1)"),
        (3, "((0 1) 2)"),
        (4, "((0 1) (2 3))"),
        (5, "(((0 1) (2 3)) 4)"),
        (7, "(((0 1) (2 3)) ((4 5) 6))"),
    ],
)
def test_merges_neighbours_in_order(merge, tmp_path, count, expected):
    done = merge(count)
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "merged" / "name").read_text().strip() == expected


def test_ends_when_a_merge_fails(merge, tmp_path):
    assert merge(8, failing=4).returncode != 0
    assert not (tmp_path / "merged").exists()


def test_one_source_is_no_tree(merge):
    assert "at least two sources" in merge(1).stderr
