"""The commands of docs/distributed.md do what the page says. The job arrays are in
test_slurm.py."""

import os
import sys

import pytest
from conftest import BUILT_PACKAGE, REPOSITORY, run_limited, tree_hash
from snippets import snippet


@pytest.fixture
def place(tmp_path, merge, robomerge):
    """A folder with two kitchens and some shards, and robomerge on the path."""
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin/robomerge").symlink_to(robomerge)
    place = tmp_path / "place"
    (place / "shards").mkdir(parents=True)
    for number, source in enumerate(merge.sources[:5]):
        (place / "shards" / f"{number}").symlink_to(source)
    for number in (1, 2):
        (place / f"kitchen_{number}").symlink_to(merge.sources[number])
    return place


@pytest.fixture
def shell(place, tmp_path):
    def run(*words):
        environment = os.environ | {"PATH": f"{tmp_path / 'bin'}:{os.environ['PATH']}"}
        done = run_limited(words, cwd=place, env=environment)
        assert done.returncode == 0, done.stderr

    return run


def test_the_loop_of_commands(shell, place):
    shell("sh", "-ec", snippet("sh", "for r in"))
    shell("sh", "-c", "robomerge merge shards/* -o expected")
    assert tree_hash(place / "droid") == tree_hash(place / "expected")


def test_the_first_lines_of_python(shell, place):
    if not (BUILT_PACKAGE / "robomerge/bin/robomerge").exists():
        pytest.skip("the package is not built: -DROBOMERGE_BUILD_PYTHON=ON")
    (place / "merge.py").write_text(snippet("python", "import run"))
    shell(sys.executable, "merge.py")
    shell("robomerge", "merge", "kitchen_1", "kitchen_2", "-o", "expected")
    assert tree_hash(place / "kitchen") == tree_hash(place / "expected")


def test_the_file_to_copy(shell, place):
    """As it is, but for the lines in capitals, and on this machine instead of Slurm (which
    test_slurm.py runs)."""
    if not (BUILT_PACKAGE / "robomerge/bin/robomerge").exists():
        pytest.skip("the package is not built: -DROBOMERGE_BUILD_PYTHON=ON")
    shards = sorted(map(str, (place / "shards").iterdir()))
    (place / "shards.txt").write_text("\n".join(shards) + "\n")
    text = (REPOSITORY / "examples/merge_on_slurm.py").read_text()
    for old, new in {
        "/shared/me": str(place),
        "JOBS_AT_A_TIME = 100": "JOBS_AT_A_TIME = 2",
        "WRITE_TASKS = 400": "WRITE_TASKS = 3",
        'executor="slurm"': 'executor="local"',
        "        executor_options={\"partition\": PARTITION, \"time\": TIME, \"cpus_per_task\": CPUS},\n": "",
    }.items():
        assert old in text
        text = text.replace(old, new)
    (place / "merge_on_slurm.py").write_text(text)
    shell(sys.executable, "merge_on_slurm.py")
    shell("robomerge", "merge", *shards, "-o", "expected")
    assert tree_hash(place / "droid") == tree_hash(place / "expected")
