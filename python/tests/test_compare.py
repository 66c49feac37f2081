"""compare: what it returns, and what it raises."""

import json
import pickle

import pytest
import robomerge


def edit(root, **info):
    path = root / "meta/info.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | info))
    return root


def test_reports_differences(make_source, capfd):
    first, second, third = make_source(), make_source(), make_source()
    assert robomerge.compare([first, second]) and not robomerge.compare([first, second]).differences
    edit(third, robot_type="so101", fps=20)
    report = robomerge.compare([first, str(second), robomerge.Source(third, name="third")])
    assert not report and (report.num_sources, report.num_compared, report.problems) == (3, 3, ())
    robot, fps = report.differences
    assert (robot.kind, robot.settlement, fps.kind, fps.settlement) == ("D-robot-type", "flag", "D-fps", "nothing")
    assert robot.forms[1] == robomerge.DifferenceForm("so101", 1, (str(third),))
    assert robot.remedies == (robomerge.Remedy("robot_type", "", "toy_arm", "--robot-type toy_arm"),)
    assert report.flags == ("--robot-type toy_arm",)
    assert pickle.loads(pickle.dumps(report)) == report == robomerge.compare([first, second, third], num_workers=1)
    assert capfd.readouterr() == ("", "")


def test_sources_that_cannot_be_read_are_in_the_report(make_source, tmp_path):
    report = robomerge.compare([make_source(), tmp_path / "none", make_source()])
    assert report.num_compared == 2 and not report
    assert [(problem.kind, problem.source) for problem in report.problems] == [("E-no-dataset", str(tmp_path / "none"))]


def test_writes_a_recipe(make_source, tmp_path):
    sources = [make_source(), edit(make_source(), robot_type="so101")]
    robomerge.compare(sources, recipe_out=tmp_path / "k.yaml")
    text = (tmp_path / "k.yaml").read_text()
    assert "\nrobot_type: toy_arm\n" in text and f"  - {sources[1].name}\n" in text
    (tmp_path / "k.yaml").write_text("mine")
    with pytest.raises(FileExistsError) as caught:
        robomerge.compare(sources, recipe_out=tmp_path / "k.yaml")
    assert caught.value.problems[0].kind == "E-recipe-exists" and (tmp_path / "k.yaml").read_text() == "mine"


def test_wrong_arguments(make_source):
    with pytest.raises(robomerge.InvalidArgumentError, match="no sources"):
        robomerge.compare([])
    with pytest.raises(TypeError, match="several paths"):
        robomerge.compare(make_source())
    with pytest.raises(robomerge.InvalidArgumentError):
        robomerge.compare([make_source()], num_workers=-1)
