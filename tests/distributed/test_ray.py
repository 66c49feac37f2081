"""run(executor="ray") on a Ray that the launch starts itself. Skipped if Ray is not installed (it
takes 330 MB).

docs/distributed-ray-run.txt holds the output of a run of this file.
"""

import os
import sys
from importlib.util import find_spec

import pytest
from command_with_faults import MESSAGE
from conftest import REPOSITORY, run_limited

pytestmark = pytest.mark.skipif(find_spec("ray") is None, reason="ray is not installed: pip install ray")

EXAMPLE = REPOSITORY / "examples" / "aggregate_shards.py"
#: Ray takes 10 s to start, and datatrove waits up to 10 s more for each phase.
RAY_SECONDS = 400


@pytest.fixture
def start(merge, folder, tmp_path, faulty):
    """start(...): runs the example with Ray in a process of its own, so that the test ends even if
    Ray waits for ever."""

    def run(*options: object):
        folders = ["--output", folder / "merged", "--work-dir", tmp_path / "work"]
        words = [sys.executable, EXAMPLE, *merge.sources, *folders, "--no-concatenate-data", "--command", faulty]
        words += ["--executor", "ray", "--workers", 2, "--cpus-per-task", 1]
        # Ray writes a token into the home folder.
        environment = os.environ | {"RAY_USAGE_STATS_ENABLED": "0", "HOME": str(tmp_path)}
        return run_limited([*words, *options], timeout=RAY_SECONDS, env=environment)

    return run


def test_gives_the_bytes_of_one_command(start, check_merged, folder):
    done = start("--describe-tasks", 2, "--write-tasks", 3)
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[-1] == f"made {folder / 'merged'}"
    check_merged()


def test_a_failing_task_is_an_error_although_ray_says_nothing(start, check_merged, faults, folder):
    (faults / "write-1").write_text("fail")
    done = start("--write-tasks", 3)
    assert done.returncode == 1
    assert "error: phase `write`: 1 of 3 tasks failed\nrank 1 of 3, log " in done.stderr
    assert MESSAGE in done.stderr
    assert not (folder / "merged").exists()

    (faults / "write-1").unlink()
    done = start("--write-tasks", 2)
    assert done.returncode == 0, done.stderr
    check_merged()


def test_a_task_that_no_node_can_hold_is_refused_at_once(start, folder):
    done = start("--mem-per-cpu-gb", 100_000)
    assert done.returncode == 2
    assert "no node of the Ray cluster can hold a task" in done.stderr
    assert list(folder.iterdir()) == []
