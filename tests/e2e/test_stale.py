"""No command calls a result done that is older than a source, whenever the source has changed.

The change keeps size, rows and statistics, so that only the file's time and bytes differ.
docs/cli.md has the table.
"""

import json
import os
from pathlib import Path

import pytest
from stages import Stages, tree
from tiny_dataset import make_tiny_dataset
from tiny_video import add_video

VIDEO = "videos/camera/chunk-000/file-000.mp4"
MOMENTS = ["before plan", "between plan and write", "between write and publish", "after publish"]


@pytest.fixture
def sources(tmp_path) -> list[Path]:
    made = []
    for number, lengths in enumerate([(3, 2), (4,)]):
        made.append(make_tiny_dataset(tmp_path / f"source-{number}", lengths=lengths))
        add_video(made[-1], lengths, seed=number)
    return made


def change(source: Path) -> None:
    add_video(source, (3, 2), seed=77, edit_metadata=False)


def kind_of(run) -> str:
    return json.loads(run.stderr.splitlines()[0])["kind"]


def stages_of(robomerge, sources, folder: Path, *options) -> Stages:
    folder.mkdir()
    return Stages(robomerge, sources, folder, folder.parent / "out/merged", *options)


@pytest.mark.parametrize("overwrite", [False, True])
def test_merge_merges_anew_or_says_that_the_result_is_old(robomerge, sources, tmp_path, overwrite):
    words = ["merge", *sources, "-o", tmp_path / "merged", "--json", *(["--overwrite"] if overwrite else [])]
    assert robomerge(*words).exit_code == 0
    before = tree(tmp_path / "merged")
    change(sources[0])
    run = robomerge(*words)
    if overwrite:
        assert run.exit_code == 0 and not run.json_lines()[-1]["already_done"]
        assert tree(tmp_path / "merged")[VIDEO] != before[VIDEO]
        assert robomerge(*words).json_lines()[-1]["already_done"]
    else:
        assert run.exit_code == 1 and kind_of(run) == "E-destination-exists" and "older result" in run.stderr
        assert tree(tmp_path / "merged") == before


@pytest.mark.parametrize("overwrite", [False, True])
@pytest.mark.parametrize("moment", MOMENTS)
def test_stages_never_leave_an_old_result_in_place_of_the_new_one(robomerge, sources, tmp_path, moment, overwrite):
    """There is already a result of these sources, and one of them changes at `moment`."""
    options = ["--overwrite"] if overwrite else []
    stages_of(robomerge, sources, tmp_path / "first").run_all(1, 1)
    destination = tmp_path / "out/merged"
    before = tree(destination)
    stages = stages_of(robomerge, sources, tmp_path / "second", *options)
    if moment == "before plan":
        change(sources[0])
    stages.run(stages.describe())
    plan = robomerge(*stages.plan())
    if moment == "before plan":
        if not overwrite:
            assert kind_of(plan) == "E-destination-exists" and tree(destination) == before
            return
        assert plan.exit_code == 0 and not plan.json_lines()[-1]["already_done"]
        assert not stages.run(stages.write())["already_done"]
        assert not stages.run(stages.publish())["already_done"]
        assert tree(destination)[VIDEO] != before[VIDEO]
        return
    assert plan.exit_code == 0
    if moment == "between plan and write":
        change(sources[0])
        assert kind_of(robomerge(*stages.write())) == "E-source-changed"
        assert kind_of(robomerge(*stages.publish())) == "E-source-changed"
    else:
        assert stages.run(stages.write())["already_done"]
        if moment == "after publish":
            assert stages.run(stages.publish())["already_done"]
        change(sources[0])
        assert kind_of(robomerge(*stages.publish())) == "E-source-changed"
    assert tree(destination) == before


def test_a_source_that_changes_between_write_and_publish_is_not_published(robomerge, sources, tmp_path):
    stages = stages_of(robomerge, sources, tmp_path / "work")
    for command in (stages.describe(), stages.plan(), stages.write()):
        stages.run(command)
    change(sources[0])
    run = robomerge(*stages.publish())
    assert kind_of(run) == "E-source-changed" and VIDEO in run.stderr
    assert not stages.destination.exists()


def test_sources_may_be_removed_after_the_merge(robomerge, sources, tmp_path):
    stages = stages_of(robomerge, sources, tmp_path / "work")
    stages.run_all(1, 1)
    for source in sources:
        source.rename(source.with_name(source.name + ".gone"))
    assert stages.run(stages.publish())["already_done"]


def test_the_time_of_a_source_alone_makes_a_result_old(robomerge, sources, tmp_path):
    words = ["merge", *sources, "-o", tmp_path / "merged", "--json"]
    assert robomerge(*words).exit_code == 0
    os.utime(sources[1] / VIDEO)
    assert kind_of(robomerge(*words)) == "E-destination-exists"
