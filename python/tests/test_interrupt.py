"""Ctrl-C: a merge ends within a second, and the same merge continues where it was."""

import shutil
import signal
import subprocess
import sys
import threading
import time

import pytest
import robomerge

# Enough to take more than a second to read, and another to write and sync.
NUM_SOURCES = 6_000

SCRIPT = """
import sys
import robomerge

def tell(progress):
    print(progress.stage, flush=True)

root, destination = sys.argv[1:]
try:
    robomerge.merge([root] * {num_sources}, destination, progress=tell, concatenate_data=False, num_workers=2)
except KeyboardInterrupt as error:
    print("interrupted", repr(error), flush=True)
    sys.exit(130)
print("merged")
"""


@pytest.fixture(autouse=True)
def interrupts_as_in_a_terminal():
    """Makes SIGINT work: processes that a shell runs in the background inherit that it is
    ignored."""
    handler = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, handler)


@pytest.mark.parametrize("stage", ["read", "write"])
def test_an_interrupt_ends_a_merge_within_a_second(make_source, tmp_path, tree, package_environment, stage):
    source = make_source()
    before = tree(tmp_path)
    words = [sys.executable, "-c", SCRIPT.format(num_sources=NUM_SOURCES), str(source), str(tmp_path / "merged")]
    with subprocess.Popen(words, stdout=subprocess.PIPE, text=True, env=package_environment) as process:
        try:
            assert any(line.strip() == stage for line in process.stdout), "the merge never came that far"
            time.sleep(0.2)  # into the middle of the stage
            begin = time.monotonic()
            process.send_signal(signal.SIGINT)
            rest = process.stdout.read().split("\n")
            assert process.wait(timeout=20) == 130
            took = time.monotonic() - begin
        finally:
            process.kill()
    assert took < 1, f"took {took:.2f} s"
    assert "merged" not in rest and rest[-2] == "interrupted KeyboardInterrupt()"
    left = [path for path in tmp_path.iterdir() if path != source]
    assert all(path.name.startswith(".merged.robomerge-") for path in left) and bool(left) == (stage == "write")
    # Only a hidden folder is left, and the same merge continues from it and removes it.
    report = robomerge.merge([source] * NUM_SOURCES, tmp_path / "merged", concatenate_data=False, sync=False)
    assert bool(report.num_files_skipped) == (stage == "write") and report.num_episodes == 2 * NUM_SOURCES
    shutil.rmtree(tmp_path / "merged")
    assert tree(tmp_path) == before


def test_what_an_alarm_raises_comes_out(make_source, tmp_path, tree):
    class TooLate(Exception):
        pass

    def ring(number, frame):
        raise TooLate

    sources = [make_source()] * NUM_SOURCES
    before = tree(tmp_path)
    handler = signal.signal(signal.SIGALRM, ring)
    try:
        signal.setitimer(signal.ITIMER_REAL, 0.3)
        with pytest.raises(TooLate):
            robomerge.merge(sources, tmp_path / "merged")
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, handler)
    assert tree(tmp_path) == before


def test_a_merge_in_another_thread_leaves_signals_alone(make_source, tmp_path):
    source, reports = make_source(), []
    thread = threading.Thread(
        target=lambda: reports.append(robomerge.merge([source] * 1000, tmp_path / "merged", sync=False))
    )
    thread.start()
    interrupted = False
    try:
        signal.raise_signal(signal.SIGINT)
        time.sleep(5)
    except KeyboardInterrupt:
        interrupted = True
    thread.join()
    assert interrupted and reports[0].num_sources == 1000
