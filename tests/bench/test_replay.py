"""The scheduler of bench/replay.py against schedules made by hand, and against Graham's bound."""

import json
import random
import subprocess
import sys
from pathlib import Path

import pytest

BENCH = Path(__file__).resolve().parents[2] / "bench"
sys.path.insert(0, str(BENCH))

from replay import Task, analyse, critical_path, idle_seconds, read_trace, replay  # noqa: E402


def independent(*seconds: float) -> list[Task]:
    return [Task(id, (), time, start=float(id)) for id, time in enumerate(seconds, 1)]


def test_one_worker_takes_the_sum():
    schedule = replay(independent(3, 1, 2), 1)
    assert (schedule.seconds, schedule.utilisation) == (6, 1)


def test_independent_tasks_fill_all_workers():
    schedule = replay(independent(2, 2, 2, 2), 4)
    assert (schedule.seconds, schedule.utilisation) == (2, 1)


def test_more_workers_than_tasks_idle():
    schedule = replay(independent(4, 4), 8)
    assert (schedule.seconds, schedule.utilisation) == (4, 0.25)


def test_a_chain_gains_nothing_from_workers():
    chain = [Task(1, (), 1), Task(2, (1,), 2), Task(3, (2,), 3)]
    assert critical_path(chain) == (6, 3)
    assert replay(chain, 64).seconds == 6


def test_a_task_waits_for_the_last_of_those_before_it():
    tasks = [Task(1, (), 5), Task(2, (), 1), Task(3, (1, 2), 1)]
    assert replay(tasks, 2).seconds == 6


def test_higher_levels_run_first():
    # The combination runs before the leaves 3 and 4, so that task 6 can run beside 4.
    tasks = [Task(1, (), 1, start=0), Task(2, (), 1, start=1), Task(3, (), 1, start=2), Task(4, (), 1, start=3)]
    combined = [*tasks, Task(5, (1, 2), 1, level=1, start=9), Task(6, (5,), 3, level=2, start=10)]
    # 1 2 | 5 3 | 6 4. In the order of the trace it would be 6.
    assert replay(combined, 2).seconds == 5


def test_a_reduction_tree_of_equal_tasks_takes_as_many_steps_as_it_has_levels():
    leaves = [Task(id, (), 1) for id in range(1, 17)]
    tasks, below, next_id = list(leaves), [task.id for task in leaves], 17
    for level in range(1, 5):
        pairs = list(zip(below[::2], below[1::2], strict=True))
        below = list(range(next_id, next_id + len(pairs)))
        tasks += [Task(id, pair, 1, level) for id, pair in zip(below, pairs, strict=True)]
        next_id += len(pairs)
    assert critical_path(tasks) == (5, 5)
    assert replay(tasks, 16).seconds == 5
    assert replay(tasks, 1).seconds == 31


def test_the_plan_waits_for_all_that_was_read_and_holds_back_all_that_is_written():
    tasks = [Task(1, (), 2), Task(2, (), 1), Task(3, (1, 2), 0.5, 1), Task(4, (3,), 1)]
    tasks += [Task(5, (4,), 2), Task(6, (4,), 2)]
    assert critical_path(tasks) == (5.5, 4)
    assert replay(tasks, 2).seconds == 5.5


def test_what_is_not_in_the_trace_is_not_waited_for():
    assert replay([Task(2, (1,), 1)], 1).seconds == 1
    assert critical_path([Task(2, (1,), 1)]) == (1, 1)


def test_a_circle_is_refused():
    with pytest.raises(ValueError, match="circle"):
        replay([Task(1, (2,), 1), Task(2, (1,), 1)], 2)


def test_no_worker_is_refused():
    with pytest.raises(ValueError, match="at least one worker"):
        replay(independent(1), 0)


def test_no_task_takes_no_time():
    assert replay([], 4).seconds == 0
    assert replay([], 4).utilisation == 0


@pytest.mark.parametrize("seed", range(50))
def test_list_scheduling_keeps_grahams_bound(seed):
    generator = random.Random(seed)
    tasks = []
    for id in range(1, generator.randint(2, 60)):
        after = generator.sample(range(1, id), min(id - 1, generator.randint(0, 3)))
        tasks.append(Task(id, tuple(after), generator.uniform(0.1, 2), generator.randint(0, 3), float(id)))
    work, longest = sum(task.seconds for task in tasks), critical_path(tasks)[0]
    for num_workers in (1, 2, 5, 64):
        seconds = replay(tasks, num_workers).seconds
        assert seconds >= max(longest, work / num_workers) - 1e-9
        assert seconds <= longest + (work - longest) / num_workers + 1e-9


def test_idle_time_is_what_no_task_covers():
    tasks = [Task(1, (), 2, start=0), Task(2, (), 1, start=1), Task(3, (), 1, start=5)]
    assert idle_seconds(tasks) == 3


@pytest.fixture
def trace(tmp_path) -> Path:
    def event(id: int, after: list[int], start_us: float, category: str, level: int = 0) -> dict:
        args = {"id": id, "after": after, "level": level, "first": 0, "last": 0, "bytes": 0, "ok": True}
        return {
            "name": "x",
            "cat": category,
            "ph": "X",
            "pid": 1,
            "tid": 0,
            "ts": start_us,
            "dur": 1000.0,
            "args": args,
        }

    name = {"name": "process_name", "ph": "M", "pid": 1, "args": {"name": "robomerge"}}
    events = [name, event(2, [], 0, "describe"), event(1, [], 1000, "describe"), event(3, [1, 2], 2000, "combine", 1)]
    path = tmp_path / "trace.json"
    path.write_text(json.dumps({"traceEvents": [*events, event(4, [3], 3000, "plan"), event(5, [4], 4000, "write")]}))
    return path


def test_reads_a_trace(trace):
    tasks = read_trace(trace)
    assert [(task.id, task.after, task.level) for task in tasks] == [
        (1, (), 0),
        (2, (), 0),
        (3, (1, 2), 1),
        (4, (3,), 0),
        (5, (4,), 0),
    ]
    analysis = analyse(tasks, [1, 2])
    assert analysis["critical_path_tasks"] == 4
    assert [row["seconds"] for row in analysis["workers"]] == pytest.approx([0.005, 0.004])
    assert [row["utilisation"] for row in analysis["workers"]] == pytest.approx([1.0, 0.625])


def test_prints_a_line_for_each_number_of_workers(trace):
    command = [sys.executable, str(BENCH / "replay.py"), str(trace), "--workers", "1,64"]
    output = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    assert "critical path 4.0 ms over 4 tasks" in output
    assert [line.split("|")[1].strip() for line in output.splitlines()[-2:]] == ["1", "64"]
