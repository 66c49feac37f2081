"""Makes sources with LeRobot's own recorder: create, add_frame, save_episode, finalize. Seeds are
fixed.

Frames are 64x96 and episodes a few frames long. The codec is H.264, which encodes fast. What the
recorder cannot make (datasets of older versions, edited and broken ones) is made from these by the
odd_*.py modules.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from lerobot.configs.video import RGBEncoderConfig
from lerobot.datasets.lerobot_dataset import LeRobotDataset

from silence import silence

HEIGHT, WIDTH = 64, 96
IMAGE_NAMES = ["height", "width", "channels"]
SCALAR = {"dtype": "float32", "shape": (1,), "names": None}
VECTOR = {"dtype": "float32", "shape": (3,), "names": ["x", "y", "z"]}
TINY_MB = 0.001


def camera(
    channels: int = 3, *, depth: bool = False, dtype: str = "video", height: int = HEIGHT, width: int = WIDTH
) -> dict:
    feature = {"dtype": dtype, "shape": (height, width, channels), "names": IMAGE_NAMES}
    return feature | ({"info": {"is_depth_map": True}} if depth else {})


#: Kinds of dataset by name. Each also has the recorder's five default features.
KINDS: dict[str, dict[str, dict]] = {
    "plain": {"action": VECTOR, "observation.state": VECTOR, "reward": SCALAR},
    "one_camera": {"action": VECTOR, "observation.images.top": camera()},
    "two_cameras": {"action": VECTOR, "observation.images.top": camera(), "observation.images.wrist": camera()},
    "images": {"action": VECTOR, "observation.images.top": camera(dtype="image")},
    "camera_and_depth": {
        "action": VECTOR,
        "observation.images.top": camera(),
        "observation.images.depth": camera(1, depth=True),
    },
    "image_and_depth": {
        "action": VECTOR,
        "observation.images.top": camera(dtype="image"),
        "observation.images.depth": camera(1, depth=True, dtype="image"),
    },
    "depth_video": {"action": VECTOR, "observation.images.depth": camera(1, depth=True)},
    "depth_image": {"action": VECTOR, "observation.images.depth": camera(1, depth=True, dtype="image")},
    "ranks": {
        "action": VECTOR,
        "rank2": {"dtype": "float64", "shape": (2, 3), "names": None},
        "rank3": {"dtype": "float32", "shape": (2, 1, 2), "names": None},
        "rank4": {"dtype": "int32", "shape": (1, 2, 1, 2), "names": None},
        "rank5": {"dtype": "uint8", "shape": (1, 2, 1, 2, 1), "names": None},
    },
    "ranks_and_images": {
        "rank2": {"dtype": "float64", "shape": (2, 3), "names": None},
        "observation.images.top": camera(dtype="image"),
    },
    "words": {
        "action": VECTOR,
        "note": {"dtype": "string", "shape": (1,), "names": None},
        "done": {"dtype": "bool", "shape": (1,), "names": None},
        "contacts": {"dtype": "bool", "shape": (3,), "names": None},
        "tick": {"dtype": "int64", "shape": (1,), "names": None},
        "small": {"dtype": "uint8", "shape": (2,), "names": None},
    },
}  # fmt: skip


@dataclass(frozen=True)
class Recording:
    """What to record. Equal values give equal datasets, so they are the keys of the session's
    cache."""

    kind: str = "one_camera"
    seed: int = 0
    #: Frames of each episode. LeRobot's recorder fails on some short ones: one frame of video after
    #: another episode, one frame of an array of rank 2 or more, and often two frames of depth.
    lengths: tuple[int, ...] = (5, 4)
    #: Task strings. Frame k of episode e has tasks[e % n], or tasks[(e + k) % n] with
    #: `task_per_frame`.
    tasks: tuple[str, ...] = ("stack the cups",)
    task_per_frame: bool = False
    fps: int = 10
    robot_type: str | None = "toy_arm"
    vcodec: str = "h264"
    #: The distance of key frames, and further options of the encoder as (name, value).
    g: int = 2
    extra_options: tuple[tuple[str, str], ...] = ()
    data_mb: float | None = None
    video_mb: float | None = None
    #: Sessions of recording after the first: each resumes the dataset and records episodes of
    #: `lengths` again.
    resumed: int = 0
    height: int = HEIGHT
    width: int = WIDTH
    extra_features: tuple[str, ...] = ()
    #: Encode while recording: the statistics of a camera then count pixels and not frames (1.7).
    streaming: bool = False


def features_of(recording: Recording) -> dict[str, dict]:
    features = {name: dict(feature) for name, feature in KINDS[recording.kind].items()}
    for feature in features.values():
        if feature["names"] is IMAGE_NAMES:
            feature["shape"] = (recording.height, recording.width, feature["shape"][2])
            if "info" in feature:
                feature["info"] = dict(feature["info"])
    for name in recording.extra_features:
        features[name] = dict(VECTOR)
    return features


def record(recording: Recording, root: Path) -> Path:
    """Records into `root`, which must not exist."""
    with silence():
        encoder = RGBEncoderConfig(
            vcodec=recording.vcodec, g=recording.g, extra_options=dict(recording.extra_options)
        )
        features = features_of(recording)
        dataset = LeRobotDataset.create(
            "peer/source",
            recording.fps,
            features,
            root=root,
            robot_type=recording.robot_type,
            use_videos=any(feature["dtype"] == "video" for feature in features.values()),
            rgb_encoder=encoder,
            data_files_size_in_mb=recording.data_mb,
            video_files_size_in_mb=recording.video_mb,
            streaming_encoding=recording.streaming,
        )
        generator = np.random.default_rng(recording.seed)
        _record_session(dataset, features, recording, generator)
        for _ in range(recording.resumed):
            dataset = LeRobotDataset.resume("peer/source", root=root, rgb_encoder=encoder)
            _record_session(dataset, features, recording, generator)
    return root


def _record_session(dataset: LeRobotDataset, features: dict, recording: Recording, generator) -> None:
    for episode, length in enumerate(recording.lengths):
        for frame in range(length):
            place = episode + (frame if recording.task_per_frame else 0)
            values = {name: _value(feature, generator, frame) for name, feature in features.items()}
            dataset.add_frame({"task": recording.tasks[place % len(recording.tasks)], **values})
        dataset.save_episode(parallel_encoding=False)
    dataset.finalize()


def _value(feature: dict, generator: np.random.Generator, frame: int):
    dtype, shape = feature["dtype"], tuple(feature["shape"])
    if dtype in ("video", "image"):
        if (feature.get("info") or {}).get("is_depth_map"):
            return generator.integers(200, 4000, shape).astype(np.uint16)
        # A smooth picture that moves. Noise would make large files that hardly differ.
        row, column = np.mgrid[0 : shape[0], 0 : shape[1]]
        base = generator.integers(0, 200, 3)
        return np.stack(
            [(base[c] + row + (c + 1) * column + 9 * frame) % 256 for c in range(shape[2])], axis=-1
        ).astype(np.uint8)
    if dtype == "string":
        return f"word {generator.integers(0, 9)} äöü" if frame else ""
    if dtype == "bool":
        return generator.integers(0, 2, shape).astype(bool)
    if dtype.startswith(("int", "uint")):
        return generator.integers(0, 100, shape).astype(dtype)
    return generator.normal(size=shape).astype(dtype)
