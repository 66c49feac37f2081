"""The real command, killed at 216 moments of its run, and stopped by signals that it can handle."""

import os
import signal
import tempfile
from pathlib import Path

import pytest
from kills import SCENARIOS, Kills


@pytest.fixture(scope="module")
def kills(robomerge):
    yield from _kills(robomerge, "3.0")


@pytest.fixture(scope="module")
def kills_of_v21(robomerge):
    yield from _kills(robomerge, "2.1")


def _kills(robomerge, version):
    # In memory, since hundreds of runs that each sync forty files and folders would take long on a
    # disk. A killed process does not lose what was not synced.
    memory = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None
    with tempfile.TemporaryDirectory(prefix="robomerge-kills-", dir=memory) as folder:
        yield Kills(robomerge, Path(folder), seed=20, version=version)


@pytest.mark.parametrize("scenario", SCENARIOS)
def test_nothing_is_lost_by_a_kill(kills, scenario):
    kills.kill(scenario, 36)


@pytest.mark.parametrize("scenario", ["fresh", "overwrite_resumed", "write", "publish"])
def test_nothing_is_lost_by_a_kill_of_what_writes_v21(kills_of_v21, scenario):
    """Twice as many small files in one staging folder, and still one rename."""
    kills_of_v21.kill(scenario, 12)


def test_kills_came_at_every_stage(kills):
    found = kills.found
    if sum(sum(counts.values()) for counts in found.values()) < 36 * len(SCENARIOS):
        pytest.skip("the kills were not run")
    assert all(found["fresh"][stage] > 0 for stage in ("nothing", "staging"))
    assert found["overwrite"]["staging"] > 0 and found["resumed"]["staging"] > 0 and found["write"]["staging"] > 0


@pytest.mark.parametrize("with_signal", [signal.SIGTERM, signal.SIGINT], ids=["SIGTERM", "SIGINT"])
@pytest.mark.parametrize("scenario", ["fresh", "overwrite"])
def test_nothing_is_lost_by_a_signal(kills, scenario, with_signal):
    kills.kill(scenario, 6, with_signal)
