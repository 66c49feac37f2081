"""convert, the options of the version, and what takes LeRobot's flags and arguments."""

import json

import pytest
import robomerge
from robomerge.lerobot import convert as drop_in


def test_writes_v21(make_source, tmp_path, tree):
    sources = [make_source(), make_source(lengths=(3,))]
    report = robomerge.merge(sources, tmp_path / "v21", codebase_version="2.1")
    info = json.loads((tmp_path / "v21/meta/info.json").read_text())
    assert info["codebase_version"] == "v2.1" and info["total_episodes"] == report.num_episodes == 3
    assert {file.kind for file in report.files if file.num_episodes == 1} == {"episode_data"}
    robomerge.convert(sources[0], tmp_path / "one", codebase_version="2.1")
    robomerge.merge(sources[:1], tmp_path / "merged", codebase_version="2.1", padding=False)
    assert tree(tmp_path / "one") == tree(tmp_path / "merged")
    planned = robomerge.plan(sources, tmp_path / "planned", codebase_version="2.1", stats="fold")
    folded = robomerge.merge(sources, tmp_path / "folded", codebase_version="2.1", stats="fold")
    assert planned.size_bytes == folded.size_bytes


def test_in_place_keeps_the_old_one(make_source, tree):
    root = make_source()
    before = tree(root)
    report = robomerge.convert(root, codebase_version="2.1", in_place=True)
    assert report.destination == str(root) and not report.already_done
    assert (root / "meta/episodes.jsonl").is_file()
    assert tree(root.with_name(root.name + "_old")) == before
    assert robomerge.convert(root, codebase_version="2.1", in_place=True).already_done


def test_takes_either_a_destination_or_in_place(make_source, tmp_path):
    root = make_source()
    for arguments in ({}, {"destination": tmp_path / "out", "in_place": True}):
        with pytest.raises(robomerge.InvalidArgumentError, match="either a destination or in_place"):
            robomerge.convert(root, **arguments)
    with pytest.raises(robomerge.InvalidArgumentError):
        robomerge.convert(root, tmp_path / "out", codebase_version="2.2")


def test_the_drop_in_takes_what_lerobots_takes(make_source, caplog):
    """A dataset of v3.0 already stays, where LeRobot raises."""
    import inspect

    names = ["repo_id", "branch", "data_file_size_in_mb", "video_file_size_in_mb", "root", "push_to_hub", "force_conversion"]
    assert list(inspect.signature(drop_in.convert_dataset).parameters)[: len(names)] == names
    root = make_source()
    drop_in.convert_dataset("me/kitchen", root=root, push_to_hub=False)
    assert not root.with_name(root.name + "_old").exists()
    with pytest.raises(SystemExit) as ended:
        drop_in.main(["--repo-id", "me/kitchen", "--root", str(root), "--push-to-hub", "false", "--force-conversion"])
    assert ended.value.code == 0
    with pytest.raises(SystemExit) as ended:
        drop_in.main(["--root", str(root)])
    assert ended.value.code == 2
