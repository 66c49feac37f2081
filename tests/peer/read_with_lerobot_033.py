#!/usr/bin/env python3
"""Reads a v2.1 dataset with LeRobot 0.3.3 and writes all that it gives to a file:
read_with_lerobot_033.py ROOT OUT.pickle BACKEND

Runs in the environment of scripts/make-peer-v21-env.sh. torchvision has no VideoReader any more,
which is what 0.3.3's backend `pyav` is: one of the same behaviour, over PyAV, takes its place.
"""

import pickle
import sys

import av
import numpy as np
import torch
import torchvision


class VideoReader:
    """torchvision's, of its backend `pyav`: seeks to the key frame before a time, and gives frames
    with their times."""

    def __init__(self, path: str, stream: str):
        self.container = av.open(path)
        self.stream = self.container.streams.video[0]
        self.frames = self.container.decode(self.stream)

    def seek(self, seconds: float, keyframes_only: bool) -> None:
        offset = round(seconds / self.stream.time_base)
        self.container.seek(offset, backward=True, any_frame=not keyframes_only, stream=self.stream)
        self.frames = self.container.decode(self.stream)

    def __iter__(self):
        for frame in self.frames:
            picture = torch.from_numpy(frame.to_ndarray(format="rgb24")).permute(2, 0, 1)
            yield {"data": picture, "pts": float(frame.pts * frame.time_base)}


torchvision.io.VideoReader = VideoReader
torchvision.set_video_backend = lambda backend: None


def main() -> None:
    root, out, backend = sys.argv[1:]
    from lerobot.datasets.lerobot_dataset import LeRobotDataset

    dataset = LeRobotDataset("peer/dataset", root=root, video_backend=backend)
    items = []
    for number in range(len(dataset)):
        item = dataset[number]
        items.append({key: value.numpy() if isinstance(value, torch.Tensor) else value for key, value in item.items()})
    plain = lambda stats: {name: {stat: np.asarray(value) for stat, value in each.items()} for name, each in stats.items()}  # noqa: E731
    with open(out, "wb") as file:
        pickle.dump(
            {
                "items": items,
                "num_episodes": dataset.num_episodes,
                "episodes": dataset.meta.episodes,
                "tasks": dataset.meta.tasks,
                "stats": plain(dataset.meta.stats),
                "episodes_stats": {episode: plain(stats) for episode, stats in dataset.meta.episodes_stats.items()},
            },
            file,
        )


if __name__ == "__main__":
    main()
