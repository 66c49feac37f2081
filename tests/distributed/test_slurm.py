"""run(executor="slurm") on a real Slurm of two nodes, which scripts/two-node-slurm.sh starts for
this file.

If there is no Slurm, the tests are skipped with the reason. With REQUIRE_SLURM=1 that is a failure.
"""

import os
import re
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from conftest import REPOSITORY, TIMEOUT_SECONDS, run_limited, tree_hash, wait_until
from snippets import snippet

SCRIPT = REPOSITORY / "scripts" / "two-node-slurm.sh"
#: A chain of four phases, each with datatrove's merging of statistics, starts Python a dozen times
#: on two cores.
CHAIN_SECONDS = 300


def _why_there_is_no_slurm() -> str | None:
    daemons = os.pathsep.join([os.environ["PATH"], "/usr/sbin", "/sbin"])
    missing = [name for name in ("sbatch", "slurmctld", "slurmd") if shutil.which(name, path=daemons) is None]
    if missing:
        return f"there is no {' and no '.join(missing)}; scripts/install-slurm.sh installs them"
    return "two-node-slurm.sh needs root" if os.geteuid() != 0 else None


REASON = _why_there_is_no_slurm()
if REASON is not None and os.environ.get("REQUIRE_SLURM") == "1":
    raise RuntimeError(f"REQUIRE_SLURM=1, but {REASON}")
pytestmark = pytest.mark.skipif(REASON is not None, reason=str(REASON))


@pytest.fixture(scope="module")
def cluster(tmp_path_factory):
    directory = tmp_path_factory.mktemp("slurm")
    started = run_limited([SCRIPT, "up", directory])
    assert started.returncode == 0, started.stderr
    before = {name: value for name, value in os.environ.items() if name.startswith("SLURM_")}
    for name in before:
        del os.environ[name]
    os.environ["SLURM_CONF"] = started.stdout.strip()
    try:
        yield
    finally:
        run_limited([SCRIPT, "down", directory])
        del os.environ["SLURM_CONF"]
        os.environ.update(before)


def queue() -> str:
    return run_limited(["squeue", "--noheader", "--format=%i %j %T %r"]).stdout


def wait_for_queue() -> None:
    try:
        wait_until(lambda: queue() == "", CHAIN_SECONDS)
    except AssertionError:
        waiting = queue()
        run_limited(["scancel", "--partition", "test"])
        pytest.fail(f"still in the queue after {CHAIN_SECONDS} s:\n{waiting}")


def jobs_of(array: str) -> list[dict[str, str]]:
    shown = run_limited(["scontrol", "show", "job", "--oneliner", array])
    assert shown.returncode == 0, shown.stderr
    return [dict(re.findall(r"(\w+)=(\S+)", line)) for line in shown.stdout.splitlines() if line.strip()]


@pytest.fixture
def submit(cluster, launch) -> Callable:
    """submit(...): the ids of the arrays, by phase."""

    def start(executor_options=(), **changes) -> dict[str, str]:
        options = {"partition": "test", "time": "00:10:00", "mem_per_cpu_gb": 1} | dict(executor_options)
        launched = launch(executor="slurm", executor_options=options, **changes)
        return dict(zip(("describe", "plan", "write", "publish"), launched.job_ids, strict=True))

    yield start
    run_limited(["scancel", "--partition", "test"])


def logs(work: Path) -> str:
    """The ends of all logs, for the message of a failing test."""
    paths = sorted(work.glob("logs/*/slurm_logs/*.out"))
    return "\n".join(f"== {path}\n{path.read_text(errors='replace')[-3000:]}" for path in paths)


def test_a_chain_on_two_nodes_gives_the_bytes_of_one_command(submit, check_merged, folder, tmp_path):
    arrays = submit(describe_tasks=3, write_tasks=4, workers=None)
    wait_for_queue()
    assert (folder / "merged").exists(), logs(tmp_path / "work")
    check_merged()
    writers = jobs_of(arrays["write"])
    assert [job["JobState"] for job in writers] == ["COMPLETED"] * 4
    assert {job["NodeList"] for job in writers} == {"left", "right"}


def test_a_failing_task_leaves_nothing_in_the_queue_and_the_next_attempt_completes(
    submit, check_merged, faults, folder, tmp_path
):
    (faults / "write-1").write_text("fail")
    arrays = submit(write_tasks=3)
    wait_for_queue()
    assert not (folder / "merged").exists()
    assert sorted(job["JobState"] for job in jobs_of(arrays["write"])) == ["COMPLETED", "COMPLETED", "FAILED"]
    assert [job["JobState"] for job in jobs_of(arrays["publish"])] == ["CANCELLED"]
    assert "error[E-io]" in (tmp_path / "work/logs/write-3/logs/task_00001.log").read_text()

    (faults / "write-1").unlink()
    submit(write_tasks=2)
    wait_for_queue()
    assert (folder / "merged").exists(), logs(tmp_path / "work")
    check_merged()


def test_more_tasks_than_an_array_may_have(submit, check_merged, faults, folder, tmp_path):
    """datatrove would submit three arrays, and publish would wait for the last of them only."""
    (faults / "write-0").write_text("fail")
    options = {"max_array_size": 2}
    arrays = submit(options, write_tasks=5)
    wait_for_queue()
    assert len(jobs_of(arrays["write"])) == 2
    assert [job["JobState"] for job in jobs_of(arrays["publish"])] == ["CANCELLED"]
    assert not (folder / "merged").exists()

    (faults / "write-0").unlink()
    submit(options, write_tasks=5)
    wait_for_queue()
    assert (folder / "merged").exists(), logs(tmp_path / "work")
    check_merged()


def test_a_cancelled_job_stops_its_command_and_another_executor_continues(submit, launch, check_merged, faults):
    (faults / "write-1").write_text("wait")
    arrays = submit(write_tasks=3)
    waits = faults / "write-1.waits"
    wait_until(lambda: waits.exists() and waits.read_text() != "", CHAIN_SECONDS)
    run_limited(["scancel", *arrays.values()])
    wait_for_queue()
    wait_until(lambda: not Path(f"/proc/{waits.read_text()}").exists(), TIMEOUT_SECONDS)
    launch(write_tasks=2)
    check_merged()


def test_the_arrays_of_the_page(cluster, merge, robomerge, tmp_path):
    """The job arrays of docs/distributed.md without datatrove, changed only in size to fit this
    cluster."""
    script = snippet("sh", "sbatch")
    for theirs, ours in (("partition=cpu", "partition=test"), ("cpus-per-task=8", "cpus-per-task=1"), ("400", "4")):
        assert theirs in script
        script = script.replace(theirs, ours)
    script = script.replace("0-399", "0-3").replace("--parsable", "--parsable --output=/dev/null")
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin/robomerge").symlink_to(robomerge)
    work = tmp_path / "work"
    work.mkdir()
    (work / "sources.txt").write_text("".join(f"{source}\n" for source in merge.sources))
    environment = os.environ | {"work": str(work), "PATH": f"{tmp_path / 'bin'}:{os.environ['PATH']}"}
    done = run_limited(["bash", "-ec", script], cwd=tmp_path, env=environment)
    assert done.returncode == 0, done.stderr
    wait_for_queue()
    done = run_limited([robomerge, "merge", *merge.sources, "-o", tmp_path / "expected"])
    assert done.returncode == 0, done.stderr
    assert tree_hash(tmp_path / "droid") == tree_hash(tmp_path / "expected")
