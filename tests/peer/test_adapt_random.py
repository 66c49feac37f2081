"""Random adaptations of recordings: every frame is decoded as LeRobot decodes it from the sources,
and the values are what LeRobot's own tools make."""

import os
import random
import shutil
from pathlib import Path

import numpy as np
import pytest

import odd_videos
from make_datasets import KINDS
from mergers import merge_with_lerobot, run_robomerge
from odd_videos import reencoded
from silence import silence

SAMPLES = os.environ.get("ROBOMERGE_SAMPLES")
TOP, WRIST = "observation.images.top", "observation.images.wrist"


def adapted(sources: list[Path], destination: Path, *flags: str) -> list[str]:
    """A result that verify proves by the rules of its record; returns the warnings."""
    run = run_robomerge("merge", *sources, "-o", destination, "--no-sync", "--verify", *flags)
    assert run.exit_code == 0, run.stdout + run.stderr
    for words in ([], ["--against", *sources]):
        check = run_robomerge("verify", destination, *words)
        assert check.exit_code == 0, check.stdout + check.stderr
    return run.warnings


def compare_frames(sources: list[Path], destination: Path, kept: list[list[int]], names: dict[str, str | None], tasks: dict[str, str], rows=None, trims=None) -> None:
    """Frame n of the result is the n-th frame of the kept episodes. `names` are those of renamed
    features, or None of those left out; `rows` are the rows of an episode to look at, `trims` the
    first and last frames that are kept of episodes."""
    from read_through_lerobot import open_dataset

    after = open_dataset(destination)
    place = number = 0
    for source, episodes in zip(sources, kept, strict=True):
        before = open_dataset(source)
        for episode in episodes:
            begin, end = (int(before.meta.episodes[episode][f"dataset_{side}_index"]) for side in ("from", "to"))
            first, last = (trims or {}).get(episode, (0, end - begin - 1))
            begin, end = begin + first, begin + last + 1
            for row in rows(end - begin) if rows else range(end - begin):
                expected, found = before[begin + row], after[place + row]
                if first:
                    expected |= {"frame_index": np.int64(row), "timestamp": np.float32(row / before.fps)}
                where = (source.name, episode, row)
                assert found["task"] == tasks.get(expected["task"], expected["task"]), where
                assert (int(found["index"]), int(found["episode_index"])) == (place + row, number), where
                for name in expected.keys() - {"index", "episode_index", "task_index", "task"}:
                    new = names.get(name, name)
                    if new:
                        assert np.array_equal(np.asarray(found[new]), np.asarray(expected[name])), (*where, name)
                    else:
                        assert name not in found, where
            place, number = place + end - begin, number + 1
    assert len(after) == place and after.num_episodes == number


ENCODINGS = {
    "one group of pictures": {"g": "250", "bf": "0"},
    "one group with B-frames": {"g": "250", "bf": "2"},
    "open groups": {"g": "5", "bf": "2", "x264-params": "open-gop=1"},
    "key frames only": {"g": "1"},
    "mpeg4": {"codec": "mpeg4", "g": "6"},
    "av1": {"codec": "libsvtav1", "g": "250"},
    "hevc": {"codec": "libx265", "g": "250", "x265-params": "log-level=none"},
    "hevc with open groups": {"codec": "libx265", "x265-params": "keyint=5:min-keyint=5:open-gop=1:bframes=2:log-level=none"},
}


@pytest.mark.parametrize("encoding", ENCODINGS)
@pytest.mark.parametrize("episodes", ["1", "0,3", "2-", "1,3"])
def test_episodes_in_the_middle_of_a_group_of_pictures(encoding, episodes, source, tmp_path):
    """Cut anywhere: pictures before the first one shown are kept where they are needed."""
    root = source(lambda root: reencoded(root, **ENCODINGS[encoding]), kind="one_camera", seed=4, lengths=(5, 7, 4, 6), g=2)
    warnings = adapted([root], tmp_path / "out", "--episodes", episodes)
    assert episodes != "1" or ("W-video-padding" in warnings) == (encoding != "key frames only")
    kept = {"1": [1], "0,3": [0, 3], "2-": [2, 3], "1,3": [1, 3]}[episodes]
    compare_frames([root], tmp_path / "out", [kept], {}, {})


@pytest.mark.parametrize("encoding", ENCODINGS)
def test_frames_in_the_middle_of_an_episode(encoding, source, tmp_path):
    """An episode that is cut at both ends, one at its begin, and one that is a single frame."""
    root = source(lambda root: reencoded(root, **ENCODINGS[encoding]), kind="one_camera", seed=4, lengths=(9, 7, 4, 8), g=2)
    trims = {0: (3, 6), 1: (5, 6), 3: (2, 2)}
    flags = [word for episode, (first, last) in trims.items() for word in ("--trim", f"{episode}={first}-{last}")]
    warnings = adapted([root], tmp_path / "out", *flags)
    assert ("W-video-padding" in warnings) == (encoding != "key frames only")
    compare_frames([root], tmp_path / "out", [[0, 1, 2, 3]], {}, {}, trims=trims)


@pytest.mark.skipif(not SAMPLES, reason="ROBOMERGE_SAMPLES is not set: no real recordings")
def test_frames_in_the_middle_of_real_episodes(tmp_path):
    roots = [Path(SAMPLES) / f"open-{number:02d}" for number in (0, 2)]
    trims = {0: (31, 170), 2: (50, 99)}
    flags = [word for episode, (first, last) in trims.items() for word in ("--trim", f"{episode}={first}-{last}")]
    adapted(roots, tmp_path / "out", "--episodes", "0,2", *flags)
    compare_frames(roots, tmp_path / "out", [[0, 2]] * 2, {}, {}, rows=lambda count: (0, 1, count // 2, count - 2, count - 1), trims=trims)


@pytest.mark.parametrize("seed", range(15))
def test_values_are_what_lerobots_tools_make(seed, source, tmp_path):
    from lerobot.datasets.dataset_tools import delete_episodes, modify_tasks, remove_feature
    from read_through_lerobot import open_dataset

    pick = random.Random(seed)
    roots, edited, kept = [], [], []
    delete, remove, replace = (pick.random() < 0.7 for _ in range(3))
    rules = ["--exclude-episodes", "1"] if delete else []
    removed = pick.choice(["observation.state", WRIST, TOP]) if remove else None
    rules += ["--drop", removed] if removed else []
    rules += ["--replace-task", "stack the cups=tidy up"] if replace else []
    for number in range(pick.randint(1, 3)):
        lengths = tuple(pick.randint(3, 6) for _ in range(pick.randint(2, 4)))
        tasks = ("stack the cups", "open it")[: pick.randint(1, 2)]
        root = source(kind="two_cameras", seed=10 * seed + number, lengths=lengths, tasks=tasks, extra_features=("observation.state",))
        roots.append(root)
        kept.append([episode for episode in range(len(lengths)) if not (delete and episode == 1)])
        with silence():
            made = tmp_path / f"lerobot-{number}"
            if delete:
                delete_episodes(open_dataset(root), [1], output_dir=made, repo_id="peer/edited")
            else:
                shutil.copytree(root, made)
            if removed:
                remove_feature(open_dataset(made), removed, output_dir=(made := tmp_path / f"lerobot-{number}-removed"), repo_id="peer/removed")
            if replace:
                modify_tasks(open_dataset(made), task_replacements={"stack the cups": "tidy up"})
        edited.append(made)
    adapted(roots, tmp_path / "out", *rules)
    compare_frames(roots, tmp_path / "out", kept, {removed: None}, {"stack the cups": "tidy up"} if replace else {})
    merge_with_lerobot(edited, tmp_path / "by-lerobot")
    ours, theirs = open_dataset(tmp_path / "out"), open_dataset(tmp_path / "by-lerobot")
    assert set(ours.meta.features) == set(theirs.meta.features)
    # modify_tasks sorts the tasks; the numbers are compared below as texts.
    assert set(ours.meta.tasks.index) == set(theirs.meta.tasks.index)
    for name in set(ours.hf_dataset.column_names) - {"task_index"}:
        for row in range(len(theirs)):
            assert np.array_equal(np.asarray(ours.hf_dataset[row][name]), np.asarray(theirs.hf_dataset[row][name])), (name, row)
    assert len(ours) == len(theirs)
    texts = [[dataset.meta.tasks.index[int(number)] for number in dataset.hf_dataset["task_index"]] for dataset in (ours, theirs)]
    assert texts[0] == texts[1]
    for episode in range(theirs.meta.total_episodes):
        assert list(ours.meta.episodes[episode]["tasks"]) == list(theirs.meta.episodes[episode]["tasks"])
    # LeRobot's own statistics of task_index, index and episode_index are those of the sources.
    for name in set(theirs.meta.stats) - {"task_index", "index", "episode_index"}:
        for stat in ("min", "max", "mean", "std", "count"):
            np.testing.assert_allclose(ours.meta.stats[name][stat], theirs.meta.stats[name][stat], rtol=1e-5, atol=1e-7, err_msg=f"{name}/{stat}")


def test_common_features_of_recordings_that_differ(source, tmp_path):
    one = source(kind="two_cameras", seed=1, lengths=(4, 5), extra_features=("observation.state",))
    two = source(kind="one_camera", seed=2, lengths=(5, 3))
    adapted([one, two], tmp_path / "out", "--keep-common")
    compare_frames([one, two], tmp_path / "out", [[0, 1], [0, 1]], {WRIST: None, "observation.state": None}, {})


def test_a_camera_of_another_name_in_one_of_the_recordings(source, tmp_path):
    one = source(kind="one_camera", seed=1, lengths=(4, 5))
    two = tmp_path / "two"
    adapted([source(kind="one_camera", seed=2, lengths=(5, 3), tasks=("open it",))], two, "--rename", f"{TOP}=front")
    adapted([one, two], tmp_path / "out", "--rename", "front=view", "--rename", f"{TOP}=view", "--replace-task", "open it=stack the cups")
    compare_frames([one, two], tmp_path / "out", [[0, 1], [0, 1]], {TOP: "view", "front": "view"}, {"open it": "stack the cups"})


def test_pictures_of_different_sizes(source, tmp_path):
    roots = [source(kind="one_camera", seed=1, lengths=(4, 5)), source(kind="one_camera", seed=2, lengths=(5, 3), height=32)]
    adapted(roots, tmp_path / "out", "--allow-mixed-size", TOP)
    compare_frames(roots, tmp_path / "out", [[0, 1], [0, 1]], {}, {})


def test_pictures_in_data_files_are_renamed_and_dropped(source, tmp_path):
    root = source(kind="ranks_and_images", seed=1, lengths=(4, 5, 3))
    adapted([root], tmp_path / "out", "--rename", f"{TOP}=front", "--episodes", "0,2", "--drop", "rank2")
    compare_frames([root], tmp_path / "out", [[0, 2]], {TOP: "front", "rank2": None}, {})


REAL = {
    "a renamed camera": (["--rename", "image=front"], {"image": "front"}, [0, 1, 2], {}),
    "a dropped feature": (["--drop", "state"], {"state": None}, [0, 1, 2], {}),
    "a replaced task": (["--replace-task", "lingzu teleoperation=wave"], {}, [0, 1, 2], {"lingzu teleoperation": "wave"}),
    "every second episode": (["--episodes", "0,2"], {}, [0, 2], {}),
    "all": (
        ["--episodes", "1-", "--rename", "image=front", "--drop", "state", "--set-task", "wave"],
        {"image": "front", "state": None},
        [1, 2],
        {"lingzu teleoperation": "wave"},
    ),
}


@pytest.mark.skipif(not SAMPLES, reason="ROBOMERGE_SAMPLES is not set: no real recordings")
@pytest.mark.parametrize("rule", REAL)
def test_real_recordings(rule, tmp_path):
    flags, names, episodes, tasks = REAL[rule]
    roots = [Path(SAMPLES) / f"open-{number:02d}" for number in (0, 1)]
    adapted(roots, tmp_path / "out", *flags)
    compare_frames(roots, tmp_path / "out", [episodes, episodes], names, tasks, rows=lambda length: (0, length // 3, length - 1))


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_of_dataset_with_all_features_renamed(kind, source, tmp_path):
    root = source(kind=kind, seed=3, lengths=(4, 3, 5), tasks=("stack the cups", "open it"))
    names = {name: f"new.{name}" for name in KINDS[kind]}
    flags = [word for name, new in names.items() for word in ("--rename", f"{name}={new}")]
    adapted([root], tmp_path / "out", "--exclude-episodes", "1", *flags)
    compare_frames([root], tmp_path / "out", [[0, 2]], names, {})


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_of_dataset_with_one_feature_dropped(kind, source, tmp_path):
    roots = [source(kind=kind, seed=seed, lengths=(4, 3, 5), tasks=("stack the cups", "open it")) for seed in (5, 6)]
    for name in KINDS[kind]:
        out = tmp_path / f"without {name}"
        adapted(roots, out, "--drop", name, "--episodes", "1-", "--normalize-tasks")
        compare_frames(roots, out, [[1, 2], [1, 2]], {name: None}, {})


CONTAINERS = {
    "audio": odd_videos.with_audio,
    "the index in front": odd_videos.index_in_front,
    "another timescale": lambda root: odd_videos.timescale(root, 90_000),
}


@pytest.mark.parametrize("container", CONTAINERS)
def test_episodes_of_other_containers(container, source, tmp_path):
    root = source(CONTAINERS[container], kind="one_camera", seed=8, lengths=(5, 7, 4, 6))
    adapted([root], tmp_path / "out", "--exclude-episodes", "1,3")
    compare_frames([root], tmp_path / "out", [[0, 2]], {}, {})
