"""One run of a command: its output, its failures, and how it is stopped. The commands here are
short shell scripts."""

import os
import pickle
import shlex
import signal
import subprocess
import sys
import threading
import time

import pytest
from conftest import TIMEOUT_SECONDS, wait_until

ERROR = (
    '{"message_type": "error", "code": "corrupt", "kind": "E-tasks", "what": "a task is wrong", '
    '"where": "a/meta: row 3", "expected": "7", "found": "8", "hint": "mend it", '
    '"context": ["reading source 2"], "exit_code": 1}'
)
ERROR_TEXT = """error[E-tasks]: a task is wrong
  --> a/meta: row 3
  expected 7
  found    8
  while reading source 2
hint: mend it"""


def run(script):
    from robomerge.datatrove.command import run_command

    received = []
    said = run_command(["sh", "-c", script], received.append)
    return received, said


def failure_of(script):
    from robomerge.datatrove import CommandFailed

    with pytest.raises(CommandFailed) as failed:
        run(script)
    return failed.value


def test_lines_come_as_messages_and_other_text_as_text():
    summary = """echo '{"message_type": "summary", "n": 3}'"""
    received, said = run(f"""{summary}; echo 'no JSON'; echo '{{"n": 3}}'; echo beside >&2""")
    assert received == [
        {"message_type": "summary", "n": 3},
        {"message_type": "text", "text": "no JSON"},
        {"message_type": "text", "text": '{"n": 3}'},
    ]
    assert said == ["beside"]


def test_the_error_is_the_commands_own():
    failed = failure_of(f"echo {shlex.quote(ERROR)} >&2; exit 1")
    assert str(failed) == ERROR_TEXT
    assert failed.exit_code == 1
    assert failed.problems[0]["kind"] == "E-tasks"


def test_a_command_that_dies_silently_is_named_with_its_signal():
    assert str(failure_of("echo last words >&2; kill -SEGV $$")).splitlines() == [
        "`sh -c 'echo last words >&2; kill -SEGV $$'` was killed by SIGSEGV",
        "last words",
    ]
    assert str(failure_of("exit 70")) == "`sh -c 'exit 70'` ended with exit code 70"


def test_a_command_that_is_not_there_is_named():
    from robomerge.datatrove import CommandFailed
    from robomerge.datatrove.command import run_command

    with pytest.raises(CommandFailed, match="cannot start `/nowhere/robomerge write`") as failed:
        run_command(["/nowhere/robomerge", "write"], print)
    assert failed.value.exit_code == 4


def test_errors_can_be_sent_back_from_a_worker():
    from robomerge.datatrove import PhaseFailed

    failed = failure_of(f"echo {shlex.quote(ERROR)} >&2; exit 1")
    back = pickle.loads(pickle.dumps(failed))
    assert (str(back), back.exit_code, back.problems) == (str(failed), 1, failed.problems)
    back = pickle.loads(pickle.dumps(PhaseFailed("words", "write", (3,))))
    assert (str(back), back.phase, back.ranks) == ("words", "write", (3,))


def test_steps_hold_strings_and_numbers_only():
    from robomerge.datatrove import Describe, Plan, Publish, Write

    for step in (Describe("a", "b"), Plan("b", "c", "d"), Write("d"), Publish("d")):
        held = {name: value for name, value in vars(step).items() if name != "stats"}
        assert all(isinstance(value, str | int | float) for value in held.values()), held
        assert vars(pickle.loads(pickle.dumps(step))).keys() == vars(step).keys()


def test_a_plan_with_hashes_asks_for_them():
    from robomerge.datatrove import Plan

    assert "--record-hashes" in Plan("b", "c", "d", record_hashes=True).arguments(0, 1)
    assert "--record-hashes" not in Plan("b", "c", "d").arguments(0, 1)


def test_every_rank_of_one_step_has_statistics_of_its_own(tmp_path):
    """Slurm with tasks_per_job > 1 runs several ranks with the same object."""
    from robomerge.datatrove import Write

    script = tmp_path / "command"
    script.write_text("""#!/bin/sh\necho '{"message_type": "summary", "num_files": 2, "dry_run": false}'\n""")
    script.chmod(0o755)
    step = Write("plan", command=str(script))
    for rank in range(3):
        step.run(None, rank, 3)
        assert step.stats["num_files"].total == 2
    assert set(step.stats.stats) == {"num_files"}  # a flag is no number


@pytest.mark.parametrize("number", [signal.SIGUSR1, signal.SIGTERM])
def test_a_signal_is_handled_at_once_and_stops_the_command(tmp_path, number):
    """datatrove's handler of SIGUSR1 requeues the job and raises SystemExit, as the one here
    does."""
    started = tmp_path / "started"
    script = f"""
import signal, sys
from robomerge.datatrove.command import run_command
signal.signal(signal.SIGUSR1, lambda number, frame: sys.exit(15))
run_command(["sh", "-c", "echo $$ > {started}.part; mv {started}.part {started}; exec sleep 300"], print)
"""
    process = subprocess.Popen([sys.executable, "-c", script])
    try:
        wait_until(started.exists)
        begin = time.monotonic()
        process.send_signal(number)
        assert process.wait(TIMEOUT_SECONDS) == (15 if number == signal.SIGUSR1 else 128 + signal.SIGTERM)
        assert time.monotonic() - begin < 10
        assert not os.path.exists(f"/proc/{started.read_text().strip()}")
    finally:
        process.kill()


def test_works_in_a_thread():
    received = []
    thread = threading.Thread(target=lambda: received.extend(run("echo said")[0]))
    thread.start()
    thread.join(TIMEOUT_SECONDS)
    assert received == [{"message_type": "text", "text": "said"}]
