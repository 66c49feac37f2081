"""What is broken is left out, and the report says what."""

import json
import shutil

import pytest

import robomerge


def test_the_report_lists_what_is_left_out(make_source, tmp_path, tree):
    sources = [make_source(), make_source(), make_source()]
    (sources[1] / "meta/info.json").unlink()
    listed = tmp_path / "list.jsonl"
    given = [sources[0], robomerge.Source(sources[1], "garage"), sources[2]]
    report = robomerge.merge(given, tmp_path / "merged", skip_broken="sources", skipped_path=listed, verify=True)
    (one,) = report.skipped
    assert (one.position, one.source, one.name, one.episodes) == (1, str(sources[1]), "garage", "")
    assert [reason.kind for reason in one.reasons] == ["E-no-dataset"] and "1 left out" in repr(report)
    (line,) = [json.loads(text) for text in listed.read_text().splitlines()]
    assert line["source"] == one.source
    alone = robomerge.merge([sources[0], sources[2]], tmp_path / "alone")
    assert alone.skipped == ()
    record = "meta/robomerge.json"
    assert tree(tmp_path / "merged") | {record: b""} == tree(tmp_path / "alone") | {record: b""}
    assert robomerge.verify(tmp_path / "merged", sources)


def test_single_episodes_are_left_out(make_source, tmp_path):
    from edits import EPISODES, edit_column

    broken = make_source()
    edit_column(broken / EPISODES, "length", lambda lengths: [lengths[0], None])
    with pytest.raises(robomerge.CorruptDatasetError):
        robomerge.merge([broken], tmp_path / "merged")
    report = robomerge.plan([broken], tmp_path / "merged", skip_broken="episodes")
    assert [(one.source, one.episodes) for one in report.skipped] == [(str(broken), "1")]
    assert report.num_episodes == 1


def test_nothing_left_and_wrong_wishes_are_errors(make_source, tmp_path):
    gone = make_source()
    shutil.rmtree(gone)
    with pytest.raises(robomerge.IncompatibleDatasetsError, match="nothing is left"):
        robomerge.merge([gone], tmp_path / "merged", skip_broken="sources")
    with pytest.raises(robomerge.InvalidArgumentError, match="nothing, sources or episodes"):
        robomerge.merge([make_source()], tmp_path / "merged", skip_broken="all")


def test_a_recipe_says_it(make_source, tmp_path):
    sound = make_source()
    recipe = tmp_path / "r.yaml"
    recipe.write_text(f"output: merged\nskip_broken: episodes\nskipped: list.jsonl\nsources: [{sound.name}, gone]\n")
    read = robomerge.read_recipe(recipe)
    assert read.options == {"skip_broken": "episodes", "skipped_path": str(tmp_path / "list.jsonl")}
    report = read.merge()
    assert [one.position for one in report.skipped] == [1]
    assert len((tmp_path / "list.jsonl").read_text().splitlines()) == 1
