"""run() on one machine, and the four steps in datatrove's own local executor."""

import json
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from command_with_faults import MESSAGE
from conftest import TIMEOUT_SECONDS, wait_until

WORLD_SIZES = [1, 3, 7]


@pytest.mark.parametrize("num_tasks", WORLD_SIZES)
def test_any_number_of_tasks_gives_the_bytes_of_one_command(launch, check_merged, num_tasks):
    launch(describe_tasks=num_tasks, write_tasks=num_tasks)
    check_merged()


def test_the_command_of_the_package_is_the_default(launch, check_merged):
    from conftest import BUILT_PACKAGE

    if not (BUILT_PACKAGE / "robomerge/bin/robomerge").exists():
        pytest.skip("the package is not built: -DROBOMERGE_BUILD_PYTHON=ON")
    launch(command="")
    check_merged()


def test_numbers_of_the_summaries_become_statistics(launch, tmp_path, merge):
    launch(describe_tasks=2, write_tasks=3)
    totals = {}
    for path in (tmp_path / "work/logs").glob("*/stats/*.json"):
        (step,) = json.loads(path.read_text())
        for name, stat in step["stats"].items():
            total = stat if isinstance(stat, int | float) else stat["total"]
            totals[step["name"], name] = totals.get((step["name"], name), 0) + total
    assert totals["robomerge: describe", "num_sources"] == len(merge.sources)
    # stats.json and the episodes table need what all ranks have measured.
    assert totals["robomerge: publish", "num_files_written"] == 2
    assert totals["robomerge: write", "num_files_written"] + 2 == totals["robomerge: publish", "num_files"]


def test_a_second_run_changes_nothing(launch, check_merged):
    launch()
    check_merged()
    launch(write_tasks=5)
    check_merged()


def test_a_result_that_is_older_than_a_source_is_not_taken_for_done(launch, merge, tmp_path):
    from robomerge.datatrove import PhaseFailed

    sources = [shutil.copytree(source, tmp_path / source.name) for source in merge.sources[:2]]
    launch(sources=sources)
    os.utime(sources[0] / "data/chunk-000/file-000.parquet")
    with pytest.raises(PhaseFailed, match="E-destination-exists") as failed:
        launch(sources=sources)
    assert failed.value.phase == "plan"
    launch(sources=sources, overwrite=True, work_dir=tmp_path / "second")
    launch(sources=sources, work_dir=tmp_path / "third")


@pytest.mark.parametrize("phase", ["describe-0", "describe-1", "plan", "write-1", "publish"])
def test_a_failing_task_stops_the_phase_with_its_own_error(launch, check_merged, faults, folder, phase):
    from robomerge.datatrove import PhaseFailed

    (faults / phase).write_text("fail")
    name, _, rank = phase.partition("-")
    with pytest.raises(PhaseFailed) as failed:
        launch(describe_tasks=2, write_tasks=3)
    assert failed.value.phase == name
    assert failed.value.ranks == (int(rank or 0),)  # the other ranks have finished
    assert f"error[E-io]: {MESSAGE}" in str(failed.value)
    assert not (folder / "merged").exists()

    (faults / phase).unlink()
    launch(describe_tasks=2, write_tasks=5)
    check_merged()


def test_a_task_whose_process_is_killed_neither_hangs_nor_harms_its_neighbours(launch, check_merged, faults):
    from robomerge.datatrove import PhaseFailed

    (faults / "write-0").write_text("kill the task")
    with pytest.raises(PhaseFailed, match="exit code -9") as failed:
        launch(write_tasks=3)
    assert failed.value.ranks == (0,)
    launch(write_tasks=2)
    check_merged()


def test_a_command_that_crashes_is_named(launch, check_merged, faults):
    from robomerge.datatrove import PhaseFailed

    (faults / "write-2").write_text("crash")
    with pytest.raises(PhaseFailed, match="SIGSEGV"):
        launch(write_tasks=3)
    launch(write_tasks=1)
    check_merged()


def lose_all(folder: Path) -> None:
    for left in folder.iterdir():
        shutil.rmtree(left) if left.is_dir() else left.unlink()


def lose_one(folder: Path) -> None:
    sorted(folder.rglob("data/*/*.parquet"))[4].unlink()


@pytest.mark.parametrize("lose", [lose_all, lose_one])
def test_markers_of_an_earlier_attempt_are_not_believed(launch, check_merged, faults, folder, lose):
    from robomerge.datatrove import PhaseFailed

    (faults / "publish").write_text("fail")
    with pytest.raises(PhaseFailed):
        launch(write_tasks=3)
    # Everything is written and the markers say so, but then the files are lost.
    lose(folder)
    (faults / "publish").unlink()
    launch(write_tasks=3)
    check_merged()


def test_the_log_of_a_task_carries_the_warnings_of_the_command(launch, merge, tmp_path):
    without_stats = tmp_path / "without statistics"
    shutil.copytree(merge.sources[0], without_stats)
    (without_stats / "meta/stats.json").unlink()
    launch(sources=[*merge.sources, without_stats])
    logs = [path.read_text() for path in (tmp_path / "work/logs").glob("*/logs/task_00000.log")]
    assert any("warning[W-stats-missing]" in log for log in logs)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_to_the_launch_stops_the_commands_too(
    merge, folder, tmp_path, faulty, faults, launch, check_merged, number
):
    script = tmp_path / "launch.py"
    script.write_text(
        "import signal, sys\n"
        "from robomerge.datatrove import run\n"
        # Processes that a shell runs in the background inherit that SIGINT is ignored.
        "signal.signal(signal.SIGINT, signal.default_int_handler)\n"
        "if __name__ == '__main__':\n"
        "    run(sys.argv[4:], *sys.argv[1:3], workers=2, command=sys.argv[3], concatenate_data=False)\n"
    )
    words = [sys.executable, script, folder / "merged", tmp_path / "work", faulty, *merge.sources]
    (faults / "write-1").write_text("wait")
    # Only the launching process gets the signal, as by `kill`, and not the whole group.
    process = subprocess.Popen([str(word) for word in words], stderr=subprocess.DEVNULL)
    try:
        waits = faults / "write-1.waits"
        wait_until(lambda: waits.exists() and waits.read_text() != "")
        process.send_signal(number)
        assert process.wait(TIMEOUT_SECONDS) != 0
    finally:
        process.kill()
    wait_until(lambda: not Path(f"/proc/{waits.read_text()}").exists())
    launch()
    check_merged()


def test_what_is_broken_is_left_out(launch, merge, folder, tmp_path):
    """Exit code 5 of `publish` is no failure, and its log says what is left out."""
    from robomerge.datatrove import PhaseFailed

    sources = [shutil.copytree(source, tmp_path / source.name) for source in merge.sources[:3]]
    (sources[1] / "meta/info.json").unlink()
    with pytest.raises(PhaseFailed, match="E-no-dataset"):
        launch(sources=sources, work_dir=tmp_path / "work0", describe_tasks=3)
    launch(sources=sources, describe_tasks=3, skip_broken="sources")
    record = json.loads((folder / "merged/meta/robomerge.json").read_text())
    assert [one["position"] for one in record["skipped"]] == [1]
    (log,) = (tmp_path / "work/logs/publish-1/logs").glob("*.log")
    assert f"left out {sources[1]}" in log.read_text()
