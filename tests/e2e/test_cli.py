"""The command as people and programs use it: messages, streams, exit codes."""

import fcntl
import json
import math
import os
import pty
import re
import select
import signal
import subprocess
import threading
import time
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from tiny_dataset import make_tiny_dataset

HELP = Path(__file__).with_name("help.txt")


def help_text(robomerge) -> str:
    """All help texts, one after another."""
    calls = [("-h",), ("--help",)]
    calls += [(name, flag) for name in ("merge", "plan", "convert", "inspect", "compare", "verify", "delete-episodes", "trim-episode", "split", "rename-feature", "remove-feature", "add-feature", "modify-tasks", "describe", "write", "publish", "push") for flag in ("-h", "--help")]
    parts = []
    for call in calls:
        run = robomerge(*call)
        assert (run.exit_code, run.stderr) == (0, "")
        parts.append(f"$ robomerge {' '.join(call)}\n{run.stdout}")
    return "\n".join(parts)


def test_help_is_as_accepted(robomerge):
    text = help_text(robomerge)
    if os.environ.get("ACCEPT"):
        HELP.write_text(text)
    assert text == HELP.read_text(), "to accept the change: ACCEPT=1 pytest tests/e2e -k help_is_as_accepted"


def test_version_is_one_line_and_names_arrow_and_the_compiler_with_v(robomerge):
    for words in (["--version"], ["-V"], ["merge", "-V"]):
        run = robomerge(*words)
        assert run.exit_code == 0 and re.fullmatch(r"robomerge \d+\.\d+\.\d+\n", run.stdout)
    for words in (["--version", "-v"], ["-Vv"], ["merge", "-v", "-V"]):
        lines = robomerge(*words).stdout.splitlines()
        assert [line.split()[0] for line in lines] == ["robomerge", "Arrow", "compiler"]


def test_help_takes_the_name_of_a_command(robomerge):
    assert robomerge("help", "merge").stdout == robomerge("merge", "--help").stdout
    assert robomerge("help").stdout == robomerge("--help").stdout
    run = robomerge("help", "mrege")
    assert run.exit_code == 2 and "did you mean `robomerge merge`?" in run.stderr


def test_merge_ends_with_what_it_made_on_stderr(robomerge, sources, tmp_path):
    run = robomerge("merge", *sources, "-o", tmp_path / "merged", "--no-sync")
    assert run.exit_code == 0 and run.stdout == ""
    lines = run.stderr.splitlines()
    assert lines[0] == "Reading 2 datasets"
    assert lines[-6] == "Merged 2 datasets" and str(tmp_path / "merged") in lines[-5]
    assert "3 episodes, 15 frames, 2 tasks" in lines[-4] and "worker" in lines[-1]
    table = pq.read_table(tmp_path / "merged/data/chunk-000/file-000.parquet")
    assert table["index"].to_pylist() == list(range(15))
    assert table["task_index"].to_pylist() == [0] * 12 + [1] * 3


def test_quiet_is_silent(robomerge, sources, tmp_path):
    run = robomerge("merge", *sources, "-o", tmp_path / "merged", "-q", "--no-sync")
    assert (run.exit_code, run.stdout, run.stderr) == (0, "", "")


def test_plan_shows_exact_sizes_and_writes_nothing(robomerge, sources, tmp_path):
    run = robomerge("plan", *sources, "-o", tmp_path / "merged", "--stats", "fold")
    assert run.exit_code == 0 and list(tmp_path.iterdir()) == []
    planned = dict(re.findall(r"^(\S+/\S+) +([\d,]+)  \w+", run.stdout, re.MULTILINE))
    assert robomerge("merge", *sources, "-o", tmp_path / "merged", "--no-sync", "--stats", "fold").exit_code == 0
    files = [path for path in (tmp_path / "merged").rglob("*") if path.is_file()]
    made = {str(file.relative_to(tmp_path / "merged")): f"{file.stat().st_size:,}" for file in files}
    assert planned == made


def test_dry_run_is_plan(robomerge, sources, tmp_path):
    plan = robomerge("plan", *sources, "-o", tmp_path / "merged", "-v")
    dry = robomerge("merge", "-nv", *sources, "-o", tmp_path / "merged")
    assert plan.stdout == dry.stdout and str(sources[1]) in plan.stdout


def test_sources_may_come_from_standard_input(robomerge, sources, tmp_path):
    listed = "# the order matters\n\n" + "".join(f"{source}\n" for source in sources)
    run = robomerge("plan", "--from", "-", "-o", tmp_path / "merged", "--json", stdin=listed)
    (data,) = [line for line in run.json_lines() if line.get("kind") == "data"]
    assert [Path(path).parts[-4] for path in data["sources"]] == ["a", "b"]


@pytest.mark.parametrize(
    ("words", "hint"),
    [
        ([], "robomerge -h"),
        (["mrege", "a"], "did you mean `robomerge merge`?"),
        (["merge", "a", "-o", "b", "--num-wokers", "2"], "did you mean `--num-workers`?"),
        (["merge", "a", "-o", "b", "--dryrun"], "did you mean `--dry-run`?"),
        (["merge", "-o", "b"], "--from FILE"),
        (["merge", "a"], "-o DST"),
        (["inspect"], "robomerge inspect PATH"),
        (["merge", "a", "-o", "b", "-j", "many"], "a whole number"),
        (["merge", "a", "-o"], "robomerge -h"),
    ],
)
def test_a_wrong_command_line_is_2_and_says_what_is_right(robomerge, tmp_path, words, hint):
    run = robomerge(*words, cwd=tmp_path)
    assert (run.exit_code, run.stdout) == (2, "")
    assert run.stderr.startswith("error[") and hint in run.stderr


def test_a_wrong_variable_is_2(robomerge, sources, tmp_path):
    run = robomerge("plan", *sources, "-o", tmp_path / "x", ROBOMERGE_NUM_WORKERS="lots")
    assert run.exit_code == 2 and "ROBOMERGE_NUM_WORKERS" in run.stderr


def test_a_missing_source_is_1(robomerge, sources, tmp_path):
    run = robomerge("merge", sources[0], tmp_path / "nowhere", "-o", tmp_path / "merged")
    assert run.exit_code == 1 and f"--> {tmp_path / 'nowhere'}" in run.stderr


def test_a_missing_list_is_1(robomerge, tmp_path):
    run = robomerge("merge", "--from", tmp_path / "list.txt", "-o", tmp_path / "merged")
    assert run.exit_code == 1 and f"--> {tmp_path / 'list.txt'}" in run.stderr


def test_an_empty_list_is_2(robomerge, tmp_path):
    assert robomerge("merge", "--from", "-", "-o", tmp_path / "merged", stdin="# none\n").exit_code == 2


def test_an_existing_destination_is_1_and_left_alone(robomerge, sources, tmp_path):
    (tmp_path / "merged").mkdir()
    assert robomerge("merge", *sources, "-o", tmp_path / "merged").exit_code == 1
    assert list(tmp_path.rglob("*")) == [tmp_path / "merged"]


def test_sources_that_do_not_fit_are_1(robomerge, sources, tmp_path):
    other = make_tiny_dataset(tmp_path / "c", fps=25)
    run = robomerge("merge", sources[0], other, "-o", tmp_path / "merged")
    assert run.exit_code == 1 and "error[E-fps]" in run.stderr and not (tmp_path / "merged").exists()


def test_json_lines_begin_with_their_type_and_end_with_a_summary(robomerge, sources, tmp_path):
    run = robomerge("merge", *sources, "-o", tmp_path / "merged", "--json", "--no-sync")
    assert (run.exit_code, run.stderr) == (0, "")
    lines = run.json_lines()
    assert all(next(iter(line)) == "message_type" for line in lines)
    assert [line["stage"] for line in lines if line["message_type"] == "stage"] == ["read", "plan", "write", "publish"]
    summary = lines[-1]
    files = [line for line in lines if line["message_type"] == "file"]
    assert summary["message_type"] == "summary" and summary["num_files"] == len(files)
    assert summary["size_bytes"] == sum(file["size_bytes"] for file in files)
    for file in files:
        assert (tmp_path / "merged" / file["path"]).stat().st_size == file["size_bytes"]


def test_json_warnings_are_lines_of_their_own(robomerge, sources, tmp_path):
    bare = make_tiny_dataset(tmp_path / "bare", lengths=(4,), with_stats=False)
    run = robomerge("plan", sources[0], bare, "-o", tmp_path / "merged", "--json")
    kinds = [line["kind"] for line in run.json_lines() if line["message_type"] == "warning"]
    assert run.exit_code == 0 and kinds == ["W-stats-missing"]
    assert run.json_lines()[-1]["num_warnings"] == 1


def test_json_errors_are_the_last_line_of_stderr(robomerge, sources, tmp_path):
    other = make_tiny_dataset(tmp_path / "c", fps=25)
    run = robomerge("merge", sources[0], other, "-o", tmp_path / "merged", "--json")
    error = json.loads(run.stderr.splitlines()[-1])
    assert error["message_type"] == "error" and error["kind"] == "E-fps" and error["exit_code"] == run.exit_code == 1
    assert error["source"] and error["where"] and error["expected"] and error["found"]
    run = robomerge("merge", "a", "--wrong", "-o", "b", "--json")
    assert json.loads(run.stderr)["exit_code"] == run.exit_code == 2


def test_names_that_are_no_utf8_are_merged_and_reported(robomerge, tmp_path):
    root = os.fsencode(tmp_path) + b"/caf\xe9"
    try:
        os.rename(make_tiny_dataset(tmp_path / "cafe"), root)
    except OSError:
        pytest.skip("this file system takes UTF-8 names only")
    words = [robomerge.path, "plan", root, "-o", os.fsencode(tmp_path) + b"/merged", "--json"]
    run = subprocess.run(words, capture_output=True, timeout=60)
    assert run.returncode == 0, run.stderr
    lines = [json.loads(line) for line in run.stdout.decode().splitlines()]
    assert any("caf\ufffd" in path for line in lines for path in line.get("sources", []))


def test_inspect_shows_a_sound_dataset(robomerge, sources):
    run = robomerge("inspect", sources[0])
    assert (run.exit_code, run.stderr) == (0, "")
    for text in ("observation.state", "stack the cups", "data/chunk-000/file-000.parquet"):
        assert text in run.stdout
    lines = robomerge("inspect", sources[0], "--json").json_lines()
    assert lines[0]["message_type"] == "dataset" and lines[0]["num_frames"] == 12
    counts = {"num_files": len(lines) - 2, "num_warnings": 0, "num_problems": 0, "num_notes": 0, "num_findings": 0}
    assert lines[-1] == {"message_type": "summary"} | counts | {"exit_code": 0}


def test_inspect_exits_with_1_when_something_is_wrong(robomerge, tmp_path):
    root = make_tiny_dataset(tmp_path / "a")
    data = root / "data/chunk-000/file-000.parquet"
    data.write_bytes(data.read_bytes()[:-9])
    run = robomerge("inspect", root)
    assert run.exit_code == 1 and "error[" in run.stderr and str(data) in run.stderr
    run = robomerge("inspect", root, "--json")
    assert run.exit_code == 1 and run.json_lines()[-1]["exit_code"] == 1
    assert robomerge("inspect", tmp_path / "nowhere").exit_code == 1


@pytest.mark.parametrize(
    ("flags", "colored"), [([], False), (["--color", "always"], True), (["--color", "never"], False)]
)
def test_colour_off_a_terminal_needs_the_flag(robomerge, flags, colored):
    run = robomerge("merge", "nowhere", "-o", "merged", *flags)
    assert ("\x1b[1;31merror\x1b[0m" in run.stderr) == colored
    assert ("\x1b" in run.stderr) == colored


def run_in_terminal(
    robomerge, *arguments: object, seconds: float = 30, at_start=None, act=None, **environment: str
) -> tuple[int, str]:
    """Runs the command with standard error on a pseudo-terminal. Returns its exit code and what it
    wrote there.

    `act` is called with the process and what was written so far, until it returns True.
    """
    parent, child = pty.openpty()
    process = subprocess.Popen(
        [str(robomerge.path), *map(str, arguments)],
        stdout=subprocess.DEVNULL,
        stderr=child,
        env=robomerge.environment(**environment),
    )
    os.close(child)
    if at_start is not None:
        at_start(process)
    shown, end, acted = b"", time.monotonic() + seconds, False
    while time.monotonic() < end:
        if not select.select([parent], [], [], 0.05)[0]:
            continue
        try:
            read = os.read(parent, 65536)
        except OSError:  # the other side of the terminal is closed
            break
        if not read:
            break
        shown += read
        if act is not None and not acted:
            acted = act(process, shown)
    os.close(parent)
    return process.wait(timeout=10), shown.decode()


@pytest.mark.parametrize(
    ("environment", "colored"),
    [({}, True), ({"NO_COLOR": "1"}, False), ({"NO_COLOR": ""}, True), ({"TERM": "dumb"}, False)],
)
def test_colour_on_a_terminal_follows_the_environment(robomerge, environment, colored):
    exit_code, shown = run_in_terminal(robomerge, "merge", "nowhere", "-o", "merged", **environment)
    assert exit_code == 1 and ("\x1b[1;31merror" in shown) == colored


class HeldMerge:
    """A merge that waits in its first source until let_go(), and then fails. Its info.json is
    broken, and this process has a lease on it (fcntl(2)), so that no other process can open it (for
    45 s, the kernel's limit)."""

    def __init__(self, folder: Path, other: Path):
        root = make_tiny_dataset(folder / "held")
        (root / "meta/info.json").write_text("{")
        self.lease = os.open(root / "meta/info.json", os.O_RDWR | os.O_CLOEXEC)
        fcntl.fcntl(self.lease, fcntl.F_SETLEASE, fcntl.F_WRLCK)
        # One worker: the second source is not begun while the first one waits.
        self.arguments = ["merge", root, other, "-o", folder / "merged", "-j", "1"]

    def let_go(self) -> None:
        if self.lease >= 0:
            os.close(self.lease)
        self.lease = -1


@pytest.fixture
def held_merge(sources, tmp_path) -> HeldMerge:
    # The kernel sends SIGIO to the holder of a lease when another process waits.
    handler = signal.signal(signal.SIGIO, signal.SIG_IGN)
    held = HeldMerge(tmp_path, sources[1])
    yield held
    held.let_go()
    signal.signal(signal.SIGIO, handler)


@pytest.fixture
def started(robomerge, held_merge):
    """started(flag, ...): starts the held merge, waits until it reads, and returns the process,
    which is killed later."""
    processes = []

    def start(*flags: str) -> subprocess.Popen:
        words = [str(robomerge.path), *map(str, held_merge.arguments), *flags]
        pipe = subprocess.PIPE
        process = subprocess.Popen(words, stdout=pipe, stderr=pipe, text=True, env=robomerge.environment())
        processes.append(process)
        first = process.stdout.readline() if "--json" in flags else process.stderr.readline()
        assert first in ("Reading 2 datasets\n", '{"message_type":"stage","stage":"read"}\n')
        time.sleep(0.3)  # by now it waits for its first source
        return process

    yield start
    for process in processes:
        process.kill()
        process.communicate()


def test_a_progress_line_appears_on_a_terminal_and_is_erased(robomerge, held_merge):
    begin = time.monotonic()
    appeared = []

    def let_go_when_shown(_, shown: bytes) -> bool:
        if b"Reading: 0 of 2 datasets" not in shown:
            return False
        appeared.append(time.monotonic() - begin)
        held_merge.let_go()
        return True

    exit_code, shown = run_in_terminal(robomerge, *held_merge.arguments, act=let_go_when_shown)
    assert exit_code == 1 and appeared and appeared[0] >= 1
    line, rest = shown.split("\r\x1b[K\x1b[1;31merror", 1)
    assert "Reading: " in line and "Reading: " not in rest


@pytest.mark.parametrize("flags", [["--progress", "never"], ["--quiet"], ["--json"]])
def test_no_progress_line_if_not_wanted(robomerge, held_merge, flags):
    timers = []

    def let_go_later(_) -> None:
        timers.append(threading.Timer(1.5, held_merge.let_go))
        timers[0].start()

    exit_code, shown = run_in_terminal(robomerge, *held_merge.arguments, *flags, at_start=let_go_later)
    timers[0].join()
    assert exit_code == 1 and "Reading: " not in shown and "\r\x1b[K" not in shown


def test_a_request_for_progress_prints_one_line(held_merge, started):
    process = started()
    process.send_signal(signal.SIGUSR1)
    assert process.stderr.readline().startswith("Reading: 0 of 2 datasets, ")
    held_merge.let_go()
    assert process.wait(timeout=20) == 1


def test_json_tells_where_it_stands_about_once_a_second(held_merge, started):
    process = started("--json")
    times = []
    for _ in range(2):
        status = json.loads(process.stdout.readline())
        assert status["message_type"] == "status" and status["stage"] == "read" and status["num_sources"] == 2
        times.append(status["elapsed_seconds"])
    assert times[1] - times[0] >= 1
    held_merge.let_go()
    assert process.wait(timeout=20) == 1


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_stop_signal_cancels_the_merge(held_merge, started, tmp_path, number):
    process = started()
    process.send_signal(number)
    assert process.stderr.readline() == "Stopping\n"
    held_merge.let_go()
    assert process.wait(timeout=20) == 130
    assert sorted(path.name for path in tmp_path.iterdir()) == ["held"]


def test_a_second_interrupt_leaves_at_once(started):
    process = started()
    process.send_signal(signal.SIGINT)
    assert process.stderr.readline() == "Stopping\n"
    process.send_signal(signal.SIGINT)
    assert process.wait(timeout=20) == 130 and process.stderr.read() == ""


def test_a_reader_that_goes_away_is_no_failure(robomerge, sources, tmp_path):
    command = f"'{robomerge.path}' plan '{sources[0]}' '{sources[1]}' -o '{tmp_path}/merged' --json | head -1"
    run = subprocess.run(["bash", "-o", "pipefail", "-c", command], capture_output=True, text=True, timeout=60)
    assert (run.returncode, run.stderr) == (0, "") and len(run.stdout.splitlines()) == 1
    # The reader is gone before anything is written.
    reading, writing = os.pipe()
    os.close(reading)
    process = subprocess.run([robomerge.path, "--help"], stdout=writing, stderr=subprocess.PIPE, timeout=60)
    os.close(writing)
    assert (process.returncode, process.stderr) == (0, b"")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
def test_output_that_cannot_be_written_is_4(robomerge):
    with open("/dev/full", "wb") as full:
        process = subprocess.run([robomerge.path, "--version"], stdout=full, stderr=subprocess.PIPE, timeout=60)
    assert process.returncode == 4 and b"standard output" in process.stderr


def test_every_json_field_is_documented(robomerge, sources, tmp_path):
    bare = make_tiny_dataset(tmp_path / "bare", with_stats=False)
    broken = make_tiny_dataset(tmp_path / "broken", fps=25)
    runs = [
        robomerge("merge", sources[0], bare, "-o", tmp_path / "merged", "--json", "--no-sync"),
        robomerge("merge", sources[0], broken, "-o", tmp_path / "refused", "--json"),
        robomerge("inspect", sources[0], "--json"),
    ]
    text = (Path(__file__).resolve().parents[2] / "docs/cli.md").read_text()
    lines = [json.loads(line) for run in runs for line in (run.stdout + run.stderr).splitlines()]
    assert {line["message_type"] for line in lines} >= {"stage", "warning", "file", "summary", "error", "dataset"}
    fields = {field for line in lines for field in line} | {line["message_type"] for line in lines}
    assert [field for field in sorted(fields) if f"`{field}`" not in text] == []


def test_copy_mode_share_lays_out_blocks_and_copy_packs(robomerge, sources, tmp_path):
    data = "data/chunk-000/file-000.parquet"
    for mode in ("share", "copy"):
        assert robomerge("merge", *sources, "-o", tmp_path / mode, "--copy-mode", mode, "--no-sync").exit_code == 0
    assert (tmp_path / "share" / data).stat().st_size > (tmp_path / "copy" / data).stat().st_size
    assert pq.read_table(tmp_path / "share" / data) == pq.read_table(tmp_path / "copy" / data)


def test_inspect_reads_rows_and_videos_when_asked(robomerge, tmp_path):
    root = make_tiny_dataset(tmp_path / "a")
    path = root / "data/chunk-000/file-000.parquet"
    table = pq.read_table(path)
    states = table["observation.state"].to_pylist()
    states[1][0], states[2][0] = math.nan, math.inf
    for row in states:
        row[1] = 0.25
    column = pa.array(states, table.schema.field("observation.state").type)
    timestamps = table["timestamp"].to_pylist()
    timestamps[3] += 0.01
    table = table.set_column(table.column_names.index("observation.state"), table.schema.field("observation.state"), column)
    table = table.set_column(table.column_names.index("timestamp"), "timestamp", pa.array(timestamps, pa.float32()))
    pq.write_table(table, path)
    before = path.read_bytes()
    assert robomerge("inspect", root, "--json").json_lines()[-1]["num_notes"] == 0
    run = robomerge("inspect", root, "--read-data", "--json")
    lines = run.json_lines()
    notes = {line["kind"]: line["found"] for line in lines if line["message_type"] == "note"}
    assert notes["N-not-finite"] == "1 of 2 elements: [0] 1 NaN and 1 infinite of 12, the first in episode 0, frame 1"
    assert notes["N-constant"] == "1 of 2 elements: [1] 0.25"
    findings = [line["kind"] for line in lines if line["message_type"] == "finding"]
    assert run.exit_code == 3 and lines[-1]["num_findings"] == len(findings) and "V-statistics" in findings
    verified = robomerge("verify", root, "--json")
    said = {line["kind"] for line in lines if line["message_type"] in ("finding", "warning", "problem")}
    for kind in {line["kind"][2:] for line in verified.json_lines() if line["message_type"] == "finding"}:
        assert any(one[2:].startswith(kind) for one in said), kind  # W-timestamps says V-timestamp
    for workers in ("1", "2"):
        assert robomerge("inspect", root, "--read-data", "--json", "-j", workers).stdout == run.stdout
    assert path.read_bytes() == before
    text = robomerge("inspect", root, "--read-data")
    assert text.exit_code == 3 and "note[N-constant]: values never change, `observation.state`" in text.stdout
