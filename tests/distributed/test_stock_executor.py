"""The four steps in datatrove's own local executor, which believes its completion markers.
`publish` must not."""

import pytest

WORLD_SIZES = [1, 3, 7]


class Pipelines:
    """The executors of the four phases, with one logging folder for each number of tasks of a
    phase."""

    def __init__(self, merge, folder, work, command):
        from robomerge.datatrove import Describe, Plan, Publish, Write

        self.work = work
        work.mkdir()
        listed = work / "sources.txt"
        listed.write_text("".join(f"{source}\n" for source in merge.sources))
        partials, plan = str(work / "partials"), str(work / "plan")
        self.steps = {
            "describe": Describe(str(listed), partials, 1, command),
            "plan": Plan(partials, str(folder / "merged"), plan, **merge.options, command=command),
            "write": Write(plan, 1, command),
            "publish": Publish(plan, command),
        }

    def logging_dir(self, phase, num_tasks):
        return self.work / "logs" / f"{phase}-{num_tasks}"

    def run(self, phase, num_tasks=1):
        from datatrove.executor.local import LocalPipelineExecutor

        LocalPipelineExecutor(
            [self.steps[phase]], num_tasks, workers=2, logging_dir=str(self.logging_dir(phase, num_tasks))
        ).run()


@pytest.fixture
def pipelines(merge, folder, tmp_path, command):
    return Pipelines(merge, folder, tmp_path / "work", command)


@pytest.mark.parametrize("num_tasks", WORLD_SIZES)
def test_any_number_of_tasks_gives_the_bytes_of_one_command(pipelines, check_merged, num_tasks):
    pipelines.run("describe", num_tasks)
    pipelines.run("plan")
    pipelines.run("write", num_tasks)
    pipelines.run("publish")
    check_merged()


def test_publish_refuses_what_a_stale_marker_left_out_and_names_it(pipelines, check_merged, folder):
    from robomerge.datatrove import CommandFailed

    pipelines.run("describe", 2)
    pipelines.run("plan")
    marker = pipelines.logging_dir("write", 3) / "completions" / "00001"
    marker.parent.mkdir(parents=True)
    marker.touch()
    pipelines.run("write", 3)
    with pytest.raises(CommandFailed, match=r"data/chunk-000/file-00\d\.parquet") as refused:
        pipelines.run("publish")
    assert refused.value.exit_code == 1
    assert not (folder / "merged").exists()

    pipelines.run("write", 4)
    pipelines.run("publish")
    check_merged()


def test_plan_refuses_what_was_not_described_and_names_it(pipelines):
    from robomerge.datatrove import CommandFailed

    marker = pipelines.logging_dir("describe", 3) / "completions" / "00001"
    marker.parent.mkdir(parents=True)
    marker.touch()
    pipelines.run("describe", 3)
    with pytest.raises(CommandFailed) as refused:
        pipelines.run("plan")
    assert refused.value.exit_code == 1
    assert refused.value.problems


def test_plan_and_publish_are_one_task(pipelines):
    with pytest.raises(ValueError, match="plan is one task: expected world size 1, found 2"):
        pipelines.steps["plan"].run(None, 0, 2)
