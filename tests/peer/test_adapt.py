"""Adapted merges through stock LeRobot: every frame is that of its source under the rules, decoded."""

import os
from pathlib import Path

import pytest

from mergers import run_robomerge

SAMPLES = os.environ.get("ROBOMERGE_SAMPLES")
TOP, LENGTHS = "observation.images.top", (5, 3, 4, 6)
RULES = {
    "a renamed camera": (["--rename", f"{TOP}=front"], {TOP: "front"}, range(4), None),
    "a renamed column": (["--rename", "action=act"], {"action": "act"}, range(4), None),
    "a dropped feature": (["--drop", "action"], {"action": ""}, range(4), None),
    "a replaced task": (["--set-task", "tidy up"], {}, range(4), "tidy up"),
    "every second episode": (["--episodes", "0,2"], {}, (0, 2), None),
    "all but the first": (["--exclude-episodes", "0"], {}, (1, 2, 3), None),
    "all together": (
        ["--episodes", "1,3", "--rename", f"{TOP}=front", "--drop", "action", "--set-task", "tidy up"],
        {TOP: "front", "action": ""},
        (1, 3),
        "tidy up",
    ),
}


def adapted(root: Path, destination: Path, flags: list[str]) -> None:
    """A result that verify proves by the rules that its record keeps."""
    for words in (["merge", root, "-o", destination, "--no-sync", "--verify", *flags], ["verify", destination, "--against", root]):
        run = run_robomerge(*words)
        assert run.exit_code == 0, run.stdout + run.stderr


@pytest.mark.parametrize("vcodec", ["h264", "libsvtav1"])
@pytest.mark.parametrize("rule", RULES)
def test_lerobot_reads_every_frame_as_in_the_source(rule, vcodec, source, tmp_path):
    from read_through_lerobot import open_dataset

    flags, names, episodes, task = RULES[rule]
    root = source(kind="one_camera", seed=1, lengths=LENGTHS, vcodec=vcodec)
    adapted(root, tmp_path / "out", flags)
    before, after = open_dataset(root), open_dataset(tmp_path / "out")
    kept = [row for row in range(len(before)) if int(before[row]["episode_index"]) in episodes]
    assert len(after) == len(kept)
    for place, row in enumerate(kept):
        expected, found = before[row], after[place]
        for name in ("action", TOP, "timestamp", "frame_index"):
            new = names.get(name, name)
            if new:
                assert (found[new] == expected[name]).all(), (place, name)
        assert found["task"] == (task or expected["task"])
        assert int(found["index"]) == place and int(found["episode_index"]) == list(episodes).index(int(expected["episode_index"]))
    assert set(after.meta.features) == {names.get(name, name) for name in before.meta.features} - {""}


@pytest.mark.skipif(not SAMPLES, reason="ROBOMERGE_SAMPLES is not set: no real recordings")
def test_every_second_episode_of_real_recordings_in_one_file(merge, tmp_path):
    from read_through_lerobot import open_dataset

    whole = merge([Path(SAMPLES) / f"open-{number:02d}" for number in (0, 1)], warnings=None, frames=False)
    adapted(whole, tmp_path / "out", ["--episodes", "0,2,4", "--rename", "image=front", "--drop", "state"])
    before, after = open_dataset(whole), open_dataset(tmp_path / "out")
    first = 0
    for number, episode in enumerate((0, 2, 4)):
        begin, end = (before.meta.episodes[episode][f"dataset_{side}_index"] for side in ("from", "to"))
        for row in (0, 1, (end - begin) // 2, end - begin - 1):
            expected, found = before[begin + row], after[first + row]
            assert (found["front"] == expected["image"]).all() and (found["actions"] == expected["actions"]).all()
            assert int(found["episode_index"]) == number and "state" not in found
        first += end - begin
    assert len(after) == first
