"""Reads a merge as a training run would, and compares every frame with the sources, read in the
same way."""

from pathlib import Path

import numpy as np
import torch
from lerobot.datasets.lerobot_dataset import LeRobotDataset

RENUMBERED = ("episode_index", "index", "task_index")


def open_dataset(root: Path | str, **options) -> LeRobotDataset:
    """Opens `root` offline, by default with the PyAV decoder, which is always there."""
    return LeRobotDataset("peer/dataset", root=root, **{"video_backend": "pyav"} | options)


def compare_through_lerobot(destination: Path | str, sources: list[Path | str], **options) -> list[str]:
    """The differences between frame n of the merge and the n-th frame of all sources, in order."""
    merged = open_dataset(destination, **options)
    findings: list[str] = []
    first_frame = first_episode = 0
    for number, source in enumerate(sources):
        dataset = open_dataset(source, **options)
        # LeRobot reads a source in the order of its files. `index` says where a row belongs. Its
        # own length is what info.json says.
        num_rows = len(dataset.hf_dataset)
        for row in range(num_rows):
            expected = dataset[row]
            place = first_frame + int(expected["index"])
            name = f"source {number}, index {int(expected['index'])}"
            try:
                found = merged[place]
            except Exception as error:  # LeRobot raises many kinds, each is a finding
                findings.append(f"{name}: frame {place} cannot be read: {type(error).__name__}: {error}")
                continue
            findings += [f"{name}: {what}" for what in _differences(expected, found, place, first_episode)]
        first_frame += num_rows
        first_episode += dataset.num_episodes
    if len(merged) != first_frame:
        findings.append(f"the merge has {len(merged)} frames, its sources {first_frame}")
    return findings


def _differences(expected: dict, found: dict, place: int, first_episode: int) -> list[str]:
    wrong = []
    if set(expected) != set(found):
        wrong.append(f"has the keys {sorted(found)}, not {sorted(expected)}")
    for key in expected.keys() & found.keys():
        if key not in RENUMBERED and not _equal(expected[key], found[key]):
            wrong.append(f"{key} differs")
    if int(found["index"]) != place:
        wrong.append(f"has index {int(found['index'])}, not {place}")
    if int(found["episode_index"]) != first_episode + int(expected["episode_index"]):
        wrong.append(f"is in episode {int(found['episode_index'])}")
    return wrong


def _equal(a, b) -> bool:
    if isinstance(a, torch.Tensor):
        return a.dtype == b.dtype and np.array_equal(a.numpy(), b.numpy(), equal_nan=a.is_floating_point())
    return a == b
