"""Records one group of datasets with LeRobot's own recorder; run by inputs.py in the environment that has LeRobot.

    record.py GROUP FOLDER [--scale X]

makes FOLDER/source-00000, source-00001, ... as GROUP says. Seeds are fixed. --scale shortens every
episode, for trying things out.
"""

import argparse
import os
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

# Set before LeRobot is imported: it must not ask the Hub or leave a cache at home.
_HOME = tempfile.TemporaryDirectory(prefix="robomerge-bench-hf-")
os.environ.update(HF_HUB_OFFLINE="1", HF_HOME=_HOME.name, HF_LEROBOT_HOME=_HOME.name)
os.environ.update(HF_DATASETS_DISABLE_PROGRESS_BARS="1", TQDM_DISABLE="1", SVT_LOG="1")

import numpy as np  # noqa: E402
from lerobot.configs.video import RGBEncoderConfig  # noqa: E402
from lerobot.datasets.lerobot_dataset import LeRobotDataset  # noqa: E402

JOINTS = [f"joint_{number}" for number in range(14)]
TWO_CAMERAS = ("observation.images.top", "observation.images.wrist")
TASKS = ["stack the cups", "open the drawer", "fold the towel", "put the pen into the box"]


@dataclass(frozen=True)
class Group:
    """What to record; the sizes it comes to are in the stamp that inputs.py leaves."""

    num_datasets: int
    num_episodes: int
    num_frames: int  # of each episode
    cameras: tuple[str, ...] = ()
    dtype: str = "video"
    height: int = 480
    width: int = 640
    vcodec: str = "h264"
    crf: int = 23
    preset: str | int | None = "ultrafast"
    noise: int = 6  # amplitude of the noise that does not repeat, in grey levels: it decides the bit rate
    num_tasks: int = 2  # of all the datasets together


GROUPS = {
    "recorder16": Group(16, 4, 79, TWO_CAMERAS),
    "av1": Group(16, 4, 79, TWO_CAMERAS, vcodec="libsvtav1", preset=13, crf=15),
    "images": Group(2, 4, 80, TWO_CAMERAS[:1], dtype="image"),
    "lowdim": Group(4, 60, 1800),
    "regroup": Group(4, 2, 5400),
    "tiny": Group(20, 1, 10, TWO_CAMERAS[:1], height=64, width=96, num_tasks=20),
}  # fmt: skip


def features_of(group: Group) -> dict[str, dict]:
    joints = {"dtype": "float32", "shape": (len(JOINTS),), "names": JOINTS}
    picture = {
        "dtype": group.dtype,
        "shape": (group.height, group.width, 3),
        "names": ["height", "width", "channels"],
    }
    return {"action": joints, "observation.state": joints} | {name: picture for name in group.cameras}


def pictures(group: Group, generator: np.random.Generator) -> Iterator[np.ndarray]:
    """A coarse picture that moves, with noise on top: motion as of a camera, and cheap to make."""
    height, width = group.height, group.width
    coarse = generator.integers(20, 200, (height // 16 + 1, width // 16 + 1, 3), dtype=np.uint8)
    scene = np.tile(coarse.repeat(16, axis=0).repeat(16, axis=1), (2, 2, 1))
    noise = generator.integers(0, max(1, group.noise), (height * 2, width * 2, 3), dtype=np.uint8)
    for frame in range(2**31):
        down, right = 2 * frame % height, 3 * frame % width
        # The noise moves differently from the scene, so that no motion vector fits both.
        noise_down, noise_right = generator.integers(0, height), generator.integers(0, width)
        shown = scene[down : down + height, right : right + width]
        yield shown + noise[noise_down : noise_down + height, noise_right : noise_right + width]


def record(group: Group, number: int, root: Path) -> None:
    generator = np.random.default_rng(number)
    dataset = LeRobotDataset.create(
        "bench/source",
        fps=30,
        features=features_of(group),
        root=root,
        robot_type="bench_arm",
        use_videos=group.dtype == "video",
        rgb_encoder=RGBEncoderConfig(vcodec=group.vcodec, g=2, crf=group.crf, preset=group.preset),
        # Encodes while recording, without a PNG for every frame: many times faster, the same files.
        streaming_encoding=group.dtype == "video" and bool(group.cameras),
        # A full queue drops frames, and then the recording is broken.
        encoder_queue_maxsize=100_000,
        image_writer_threads=2 if group.dtype == "image" else 0,
        encoder_threads=1,
    )
    cameras = {name: pictures(group, generator) for name in group.cameras}
    for episode in range(group.num_episodes):
        task = f"{TASKS[number % len(TASKS)]}, way {(number + episode) % group.num_tasks}"
        actions = generator.normal(size=(group.num_frames, len(JOINTS))).cumsum(axis=0).astype(np.float32)
        states = (actions + generator.normal(scale=0.01, size=actions.shape)).astype(np.float32)
        if cameras:
            for action, state in zip(actions, states, strict=True):
                shown = {name: next(camera) for name, camera in cameras.items()}
                dataset.add_frame({"task": task, "action": action, "observation.state": state, **shown})
            dataset.save_episode(parallel_encoding=False)
        else:
            # A whole episode at once, as the recorder's buffer holds it: add_frame would take most
            # of the time.
            frames = np.arange(group.num_frames)
            dataset.save_episode(
                {
                    "size": group.num_frames,
                    "task": [task] * group.num_frames,
                    "episode_index": episode,
                    "frame_index": frames,
                    "index": [],  # these two the recorder fills in
                    "task_index": [],
                    "timestamp": (frames / 30).astype(np.float32),
                    "action": actions,
                    "observation.state": states,
                }
            )
    dataset.finalize()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("group", choices=GROUPS)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--scale", type=float, default=1.0)
    arguments = parser.parse_args()
    group = GROUPS[arguments.group]
    group = Group(**{**vars(group), "num_frames": max(2, round(group.num_frames * arguments.scale))})
    for number in range(group.num_datasets):
        record(group, number, arguments.folder / f"source-{number:05d}")


if __name__ == "__main__":
    main()
