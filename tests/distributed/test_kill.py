"""SIGKILL of all processes of a launch, at any moment, and then a launch with other numbers of
tasks."""

import os
import random
import shlex
import signal
import subprocess
import sys
import time

import pytest
from conftest import REPOSITORY, TIMEOUT_SECONDS, run_limited

EXAMPLE = REPOSITORY / "examples" / "aggregate_shards.py"
MAX_KILLS = 4


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_killed_at_any_moment_and_begun_again_with_other_numbers_of_tasks(
    merge, folder, tmp_path, command, check_merged, seed
):
    choose = random.Random(seed)

    def words() -> list[str]:
        tasks = ["--describe-tasks", choose.choice([1, 2, 3]), "--write-tasks", choose.choice([1, 2, 3, 5])]
        folders = ["--output", folder / "merged", "--work-dir", tmp_path / "work"]
        options = ["--no-concatenate-data", "--workers", 2, "--command", command]
        return [str(word) for word in [sys.executable, EXAMPLE, *merge.sources, *folders, *options, *tasks]]

    begin = time.monotonic()
    elsewhere = ["--output", tmp_path / "undisturbed", "--work-dir", tmp_path / "work of the undisturbed"]
    undisturbed = run_limited([*words(), *elsewhere])
    assert undisturbed.returncode == 0, undisturbed.stderr
    usual_seconds = time.monotonic() - begin

    num_kills = 0
    for attempt in range(MAX_KILLS):
        process = subprocess.Popen(words(), start_new_session=True, stderr=subprocess.DEVNULL)
        try:
            # The first one never ends by itself. Later ones have less and less to do.
            process.wait(choose.uniform(0.2, 0.6 if attempt == 0 else 1.0) * usual_seconds)
        except subprocess.TimeoutExpired:
            num_kills += 1
        finally:
            try:
                os.killpg(process.pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
            process.wait(TIMEOUT_SECONDS)
    assert num_kills > 0, shlex.join(words())
    done = run_limited(words())
    assert done.returncode == 0, done.stderr
    check_merged()
