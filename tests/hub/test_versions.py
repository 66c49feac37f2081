"""Datasets of v2.1 and v2.0 on the Hub: a file for each episode, and rows that decide."""

import json

import pytest
from kitchens import payload, tree
from old_dataset import data_path, edit_lines, make_old_dataset, video_path

OLD = "hf://datasets/lab/old"
LENGTHS = (5, 7, 4, 6)


@pytest.fixture
def old(tmp_path):
    return make_old_dataset(tmp_path / "old", lengths=LENGTHS)


def data(*episodes: int) -> list[str]:
    return [f"data/chunk-000/episode_{episode:06d}.parquet" for episode in episodes]


def videos(*episodes: int) -> list[str]:
    return [f"videos/chunk-000/camera/episode_{episode:06d}.mp4" for episode in episodes]


def lose(key: str):
    """Takes the key from the lines of all episodes."""
    return lambda root: edit_lines(root / "meta/episodes.jsonl", lambda lines: [line for line in lines if line.pop(key) is not None])


@pytest.mark.parametrize("version", ["v2.1", "v2.0"])
def test_an_old_dataset_is_merged_as_a_local_one(robomerge, hub, tmp_path, version):
    old = make_old_dataset(tmp_path / "old", lengths=LENGTHS, version=version)
    commit = hub.add("lab/old", old, tags=("v1.6", version))
    hub.add("lab/old", make_old_dataset(tmp_path / "newer", lengths=(3,)))
    robomerge("merge", OLD, "-o", "from_hub")
    assert payload(hub) == data(0, 1, 2, 3) + videos(0, 1, 2, 3)
    robomerge("merge", old, "-o", "local")
    assert tree(tmp_path / "from_hub") == tree(tmp_path / "local")
    assert f"lab/old@{commit}" in (tmp_path / "from_hub/meta/robomerge.json").read_text()
    hub.forget()
    robomerge("merge", OLD, "-o", "again", HF_HUB_OFFLINE="1")
    assert hub.requests == []


@pytest.mark.parametrize(
    ("damage", "flags", "wanted"),
    [
        (None, ("--episodes", "2"), data(0, 2) + videos(2)),
        (None, ("--episodes", "1,3", "--drop", "camera"), data(0, 1, 3)),
        (None, ("--exclude-episodes", "1", "--rename", "camera=eye", "--drop", "ey*"), data(0, 2, 3)),
        (None, ("--min-frames", "6"), data(0, 1, 3) + videos(1, 3)),
        (None, ("--where", "frame_index = 6"), data(0, 1, 2, 3) + videos(1)),
        (None, ("--sample", "1", "--seed", "3"), None),
        # What the lines do not tell, rows do.
        (lose("length"), ("--min-frames", "6"), data(0, 1, 2, 3) + videos(1, 3)),
        (lose("tasks"), ("--select-task", "stack the cups"), data(0, 1, 2, 3) + videos(0, 1, 2, 3)),
    ],
)
def test_only_what_the_rules_need_is_downloaded(robomerge, hub, old, tmp_path, damage, flags, wanted):
    if damage is not None:
        damage(old)
    hub.add("lab/old", old, tags=("v2.1",))
    robomerge("merge", OLD, "-o", "from_hub", *flags)
    assert payload(hub) == wanted or (wanted is None and len(payload(hub)) in (2, 3))
    robomerge("merge", old, "-o", "local", *flags)
    from_hub, local = tree(tmp_path / "from_hub"), tree(tmp_path / "local")
    from_hub.pop("record"), local.pop("record")
    assert from_hub == local
    robomerge("verify", "from_hub", "--against", OLD)
    # What else the cache holds does not show.
    robomerge("merge", OLD, "-o", "whole")
    robomerge("merge", OLD, "-o", "once_more", *flags)
    assert tree(tmp_path / "once_more")["record"] == tree(tmp_path / "from_hub")["record"]


def test_the_numbers_of_the_source_count(robomerge, hub, old, tmp_path):
    """Of a dataset whose episodes have gaps."""
    edit_lines(old / "meta/episodes.jsonl", lambda lines: [line for line in lines if line["episode_index"] != 1])
    edit_lines(old / "meta/episodes_stats.jsonl", lambda lines: [line for line in lines if line["episode_index"] != 1])
    info = json.loads((old / "meta/info.json").read_text())
    (old / "meta/info.json").write_text(json.dumps(info | {"total_episodes": 3, "total_frames": 15}))
    data_path(old, 1).unlink(), video_path(old, 1).unlink()
    hub.add("lab/old", old)
    robomerge("merge", OLD, "-o", "from_hub", "--episodes", "3", HF_TOKEN="")
    assert payload(hub) == data(0, 3) + videos(3)
    robomerge("merge", old, "-o", "local", "--episodes", "3")
    from_hub, local = tree(tmp_path / "from_hub"), tree(tmp_path / "local")
    from_hub.pop("record"), local.pop("record")
    assert from_hub == local


def test_files_in_other_chunks_are_found(robomerge, hub, old, tmp_path):
    info = json.loads((old / "meta/info.json").read_text())
    (old / "meta/info.json").write_text(json.dumps(info | {"chunks_size": 2}))
    hub.add("lab/old", old, tags=("v2.1",))
    assert "W-chunks-size" in robomerge("merge", OLD, "-o", "from_hub")
    robomerge("merge", old, "-o", "local")
    assert tree(tmp_path / "from_hub") == tree(tmp_path / "local")


def test_old_and_new_ones_in_one_merge_and_in_stages(robomerge, hub, old, kitchens, tmp_path):
    hub.add("lab/old", old, tags=("v2.1",))
    robomerge("compare", OLD, OLD)
    assert set(payload(hub)) == {*data(0), *videos(0)}
    robomerge("plan", OLD, "-o", "staged", "--plan", "plan", "--episodes", "2")
    robomerge("write", "--plan", "plan")
    robomerge("publish", "--plan", "plan")
    robomerge("merge", OLD, "-o", "at_once", "--episodes", "2")
    assert tree(tmp_path / "staged") == tree(tmp_path / "at_once")
    assert payload(hub) == data(0, 2) + videos(0, 2)
    assert "1 of 4 episodes chosen" in robomerge("merge", OLD, "--episodes", "2", "--list-episodes")


def test_offline_all_that_is_missing_is_named(robomerge, hub, old):
    hub.add("lab/old", old, tags=("v2.1",))
    robomerge("merge", OLD, "-o", "one", "--episodes", "0")
    errors = robomerge.errors("merge", OLD, "-o", "x", code=1, HF_HUB_OFFLINE="1")
    assert {error["kind"] for error in errors} == {"E-hub-offline"}
    assert sorted(error["where"] for error in errors) == data(1, 2, 3) + videos(1, 2, 3)


def test_a_broken_episode_is_left_out(robomerge, hub, old, tmp_path):
    video = video_path(old, 2)
    video.write_bytes(video.read_bytes()[:100])
    hub.add("lab/old", old, tags=("v2.1",))
    robomerge("merge", OLD, "-o", "from_hub", "--skip-broken", "episodes", code=5)
    robomerge("merge", old, "-o", "local", "--skip-broken", "episodes", code=5)
    assert tree(tmp_path / "from_hub") == tree(tmp_path / "local")
