"""append, remove_source and log."""

import pytest
import robomerge


def test_a_dataset_grows_and_gets_smaller_again(make_source, tree):
    root, more = make_source(), make_source(lengths=(3,), task="wash the cup")
    before = tree(root)
    report = robomerge.append(root, [robomerge.Source(more, name="tuesday")], verify=True)
    assert report.num_episodes == 3 and report.verification
    assert {file.mode for file in report.files if file.kind == "data"} == {"link", "splice"} or {"link", "encode"} == {
        file.mode for file in report.files if file.kind == "data"
    }
    assert tree(root.with_name(root.name + "_old")) == before
    first, second = robomerge.log(root)
    assert isinstance(first, robomerge.LoggedSource)
    assert (second.number, second.name, second.first_episode, second.num_episodes, second.num_frames) == (1, "tuesday", 2, 1, 3)
    assert len(second.fingerprint) == 16 and second.rules == ""
    assert robomerge.append(root, [more]).already_done
    assert robomerge.append(root, [more], again=True, backup=False).num_episodes == 4
    assert robomerge.remove_source(root, 2).num_episodes == 3
    assert robomerge.remove_source(root, "tuesday", verify=True).num_episodes == 2
    data = "data/chunk-000/file-000.parquet"
    assert tree(root)[data] == before[data]


def test_a_dry_run_writes_nothing(make_source, tmp_path, tree):
    root, more = make_source(), make_source(lengths=(3,))
    before = tree(tmp_path)
    assert robomerge.append(root, [more], dry_run=True).dry_run
    assert tree(tmp_path) == before


def test_rules_are_for_the_sources(make_source):
    root, more = make_source(), make_source()
    assert robomerge.append(root, [robomerge.Source(more, episodes=[1])]).num_episodes == 3
    assert robomerge.log(root)[1].rules == '{"episodes": "1"}'


def test_wrong_wishes(make_source, tmp_path):
    root, more = make_source(), make_source(lengths=(3,))
    with pytest.raises(robomerge.InvalidArgumentError, match="E-no-sources|no sources"):
        robomerge.append(root, [])
    with pytest.raises(robomerge.DatasetNotFoundError):
        robomerge.append(tmp_path / "none", [more])
    with pytest.raises(robomerge.DatasetNotFoundError):
        robomerge.log(tmp_path / "none")
    with pytest.raises(robomerge.InvalidArgumentError, match="no such source"):
        robomerge.remove_source(root, "monday")
    with pytest.raises(robomerge.InvalidArgumentError):
        robomerge.append(root, [root])
    with pytest.raises(robomerge.InvalidArgumentError):
        robomerge.append(root, [more], copy_mode="move")
    with pytest.raises(TypeError):
        robomerge.append(root, [more], overwrite=True)
