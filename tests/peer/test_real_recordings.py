"""Real recordings with their oddities (1.12), from the folder that ROBOMERGE_SAMPLES names."""

import json
import os
from pathlib import Path

import pytest

from dataset_view import read_video

SAMPLES = os.environ.get("ROBOMERGE_SAMPLES")
pytestmark = pytest.mark.skipif(not SAMPLES, reason="ROBOMERGE_SAMPLES is not set: no real recordings")
ODDITIES = ["W-episode-statistics", "W-episode-timestamps", "W-video-codec"]


def samples(*numbers: int) -> list[Path]:
    return [Path(SAMPLES) / f"open-{number:02d}" for number in numbers]


def test_two_recordings_are_merged_and_every_frame_is_read(merge):
    """Compares the coded bytes of all frames, but few decoded pictures, since LeRobot is slow at
    640x480."""
    from read_through_lerobot import open_dataset

    roots = samples(0, 1)
    destination = merge(roots, warnings=ODDITIES, frames=False)
    merged, second = open_dataset(destination), open_dataset(roots[1])
    first_frames = len(merged) - len(second)
    for row in (0, 1, len(second) // 2, len(second) - 1):
        found, expected = merged[first_frames + row], second[row]
        assert (found["image"] == expected["image"]).all() and found["task"] == expected["task"]


def test_all_recordings_are_merged(merge):
    destination = merge(samples(*range(6)), warnings=ODDITIES, frames=False)
    info = json.loads((destination / "meta/info.json").read_text())
    assert info["total_episodes"] == 18
    assert info["features"]["image"]["info"]["video.codec"] == "mpeg4"
    (path,) = (destination / "videos/image").glob("*/*.mp4")
    assert read_video(path).codec == "mpeg4"


def test_merges_of_recordings_are_merged(merge):
    both = merge(samples(2, 3), warnings=ODDITIES, frames=False)
    # The merge names a video backend and the recording none. The result always names the same one,
    # so this is no difference.
    merge([both, *samples(4)], warnings=ODDITIES, frames=False)


def test_a_merge_of_recordings_has_no_finding(merge):
    """The sources' statistics of index and episode_index are stale from an earlier merge. The
    result's are true."""
    from mergers import verify_findings

    assert any("index/q" in finding for finding in verify_findings(samples(0)[0]))
    assert verify_findings(merge(samples(0, 1, 2), warnings=ODDITIES, frames=False)) == []
