#!/usr/bin/env python3
"""Makes the inputs of the benchmarks, each once: `inputs.py [NAME...]`, or Maker.make() from
run.py.

Every input is a folder DATA/NAME of datasets source-00000, source-00001, ... with a stamp.json that
is written last and says what was made. An input whose stamp does not fit what is asked for is made
anew. See README.md for what they are.
"""

import argparse
import json
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).resolve().parent
DEFAULT_DATA = HERE.parent / "build" / "bench"
#: Changed whenever an input of the same name and scale becomes another one.
RECIPE = 2

#: Copies of each recorded dataset: the same dataset twice is a valid pair of sources, and costs no
#: encoder's time.
COPIES = {"recorder16": 1, "av1": 1, "images": 4, "lowdim": 10, "tiny": 500, "regroup": 160}
#: Copies of recorder16 that fill the XFS volume with some 4 GB.
XFS_COPIES = 15
#: Recorded inputs that are made datasets of v2.1.
OF_V21 = {"v21": "recorder16", "v21-episodes": "tiny"}
#: Of the one dataset of v21-episodes.
NUM_EPISODES = 10_000
#: Made by robomerge: datasets of which each is a merge of the first so many of a recorded input, so
#: many times.
MERGED = {
    "recorder64": [("recorder16", 16, 1)],
    "large": [("recorder16", 16, 15), ("recorder16", 4, 1)],
    "episodes": [("tiny", NUM_EPISODES, 1), ("tiny", 1, 1)],
}
NAMES = [*COPIES, *OF_V21, *MERGED, "recordings"]


class NotAvailable(Exception):
    """Something outside of the project is missing; says what."""


@dataclass(frozen=True)
class Inputs:
    name: str
    folder: Path
    sources: list[str]  # names in `folder`
    stamp: dict

    def first(self, count: int) -> "Inputs":
        if count > len(self.sources):
            raise NotAvailable(f"{self.name} has {len(self.sources)} sources, {count} are asked for")
        return Inputs(self.name, self.folder, self.sources[:count], self.stamp)


def files_of(folder: Path, sources: list[str]) -> list[Path]:
    found = []
    for source in sources:
        for directory, _, names in os.walk(folder / source):
            found += [Path(directory, name) for name in names]
    return found


def tree_bytes(folder: Path) -> int:
    return sum(os.path.getsize(Path(directory, name)) for directory, _, names in os.walk(folder) for name in names)


def allocated_bytes(folder: Path) -> int:
    """Bytes of the blocks of all files and folders, as du counts them."""
    blocks = os.lstat(folder).st_blocks
    for directory, folders, names in os.walk(folder):
        blocks += sum(os.lstat(Path(directory, name)).st_blocks for name in [*folders, *names])
    return 512 * blocks


def remove_tree(path: Path) -> None:
    """Removes also what was copied from read-only folders."""
    if path.exists():
        subprocess.run(["chmod", "-R", "u+w", str(path)], check=True)
        subprocess.run(["rm", "-rf", str(path)], check=True)


def default_peer_python() -> Path:
    return Path(os.environ.get("ROBOMERGE_PEER_PYTHON", HERE.parent / ".peer/bin/python"))


def default_robomerge() -> Path:
    return Path(os.environ.get("ROBOMERGE", HERE.parent / "build/release/cli/robomerge"))


@dataclass(frozen=True)
class Maker:
    data: Path
    peer_python: Path
    scale: float = 1.0

    def make(self, name: str) -> Inputs:
        """Returns the input, made or found. Raises NotAvailable."""
        folder = self.data / name
        wanted = {"recipe": RECIPE, "scale": self.scale}
        try:
            stamp = json.loads((folder / "stamp.json").read_text())
        except FileNotFoundError:
            stamp = {}
        if any(stamp.get(key) != value for key, value in wanted.items()):
            print(f"making {name}", file=sys.stderr)
            remove_tree(folder)
            folder.mkdir(parents=True)
            self._fill(name, folder)
            sources = sorted(path.name for path in folder.iterdir())
            paths = files_of(folder, sources)
            videos = sum(path.stat().st_size for path in paths if path.suffix == ".mp4")
            stamp = wanted | {
                "num_sources": len(sources),
                "num_files": len(paths),
                "num_bytes": sum(path.stat().st_size for path in paths),
                "num_video_bytes": videos,
            }
            (folder / "stamp.json").write_text(json.dumps(stamp, indent=2) + "\n")
        sources = sorted(path.name for path in folder.iterdir() if path.is_dir())
        return Inputs(name, folder, sources, stamp)

    def _fill(self, name: str, folder: Path) -> None:
        if name == "recordings":
            self._copy_recordings(folder)
        elif name in MERGED:
            for number, (recorded, count, times) in enumerate(MERGED[name]):
                self._merge(self.make(recorded).first(count), times, folder / f"source-{number:05d}")
        elif name in OF_V21:
            recorded = self.make(OF_V21[name])
            sources = [recorded.folder / source for source in recorded.sources]
            if name == "v21-episodes":
                number = max(10, round(NUM_EPISODES * min(1.0, self.scale)))
                self._run_in_peer("as_v21.py", folder, sources[0], "--episodes", number)
            else:
                self._run_in_peer("as_v21.py", folder, *sources)
        else:
            self._run_in_peer("record.py", name, folder, "--scale", self.scale)
            if name == "regroup":
                self._run_in_peer("regroup.py", *sorted(folder.iterdir()))
            self._copy_each(folder, max(1, round(COPIES[name] * min(1.0, self.scale))))

    def _merge(self, parts: Inputs, times: int, destination: Path) -> None:
        # LeRobot does not delete episodes of what it has merged: its times do not fit their lengths.
        robomerge = default_robomerge()
        if not robomerge.exists():
            raise NotAvailable(f"no {robomerge}: run scripts/setup.sh, or set ROBOMERGE")
        sources = [str(parts.folder / source) for source in parts.sources] * times
        size = ["--video-files-size-in-mb", "100"] if times > 1 else []
        subprocess.run(
            [str(robomerge), "merge", "--from", "-", "-o", str(destination), "--quiet", *size],
            input="\n".join(sources),
            text=True,
            check=True,
        )

    def _copy_recordings(self, folder: Path) -> None:
        samples = os.environ.get("ROBOMERGE_SAMPLES")
        recordings = sorted(Path(samples).glob("open-*")) if samples else []
        if not recordings:
            raise NotAvailable("ROBOMERGE_SAMPLES names no folder with recordings open-*")
        for recording in recordings:
            # Modes are not kept: the folder may be read-only.
            subprocess.run(["cp", "-r", "--no-preserve=mode", str(recording), str(folder / recording.name)], check=True)

    def _run_in_peer(self, script: str, *arguments: object) -> None:
        if not self.peer_python.exists():
            raise NotAvailable(f"no {self.peer_python}: run scripts/make-peer-env.sh, or set ROBOMERGE_PEER_PYTHON")
        command = [str(self.peer_python), str(HERE / "peer" / script), *map(str, arguments)]
        run = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        if run.returncode != 0:
            raise RuntimeError(f"{script} {arguments[0]} failed:\n{run.stdout[-4000:]}")

    @staticmethod
    def _copy_each(folder: Path, copies: int) -> None:
        recorded = sorted(folder.iterdir())
        for copy in range(1, copies):
            for number, source in enumerate(recorded):
                shutil.copytree(source, folder / f"source-{copy * len(recorded) + number:05d}")


def fill_volume(recorder16: Inputs, mount_point: Path, scale: float = 1.0) -> Inputs:
    """Copies recorder16 XFS_COPIES times to a volume; nothing there shares extents with anything
    yet."""
    folder = mount_point / "xfs"
    folder.mkdir()
    copies = max(2, round(XFS_COPIES * min(1.0, scale)))
    for copy in range(copies):
        for number, source in enumerate(recorder16.sources):
            name = f"source-{copy * len(recorder16.sources) + number:05d}"
            command = ["cp", "-r", "--reflink=never", str(recorder16.folder / source), str(folder / name)]
            subprocess.run(command, check=True)
    sources = sorted(path.name for path in folder.iterdir())
    stamp = {key: value * copies for key, value in recorder16.stamp.items() if key.startswith("num_")}
    return Inputs("xfs", folder, sources, stamp)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--data", type=Path, default=DEFAULT_DATA, help="folder of the inputs (default: build/bench)")
    parser.add_argument(
        "--peer-python",
        type=Path,
        default=default_peer_python(),
        help="interpreter that has LeRobot (default: $ROBOMERGE_PEER_PYTHON, or .peer/bin/python)",
    )
    parser.add_argument("--scale", type=float, default=1.0, help="shorter inputs, for trying things out: 0.05")


def maker_from(arguments: argparse.Namespace) -> Maker:
    return Maker(arguments.data.resolve(), arguments.peer_python.absolute(), arguments.scale)


def main() -> None:
    parser = argparse.ArgumentParser(description="Makes the inputs of the benchmarks, each once.")
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"some of {', '.join(NAMES)}; all if none is given")
    add_arguments(parser)
    arguments = parser.parse_args()
    maker = maker_from(arguments)
    for name in arguments.names or NAMES:
        if name not in NAMES:
            parser.error(f"no input is called {name}")
        try:
            inputs = maker.make(name)
        except NotAvailable as problem:
            print(f"{name}: not made: {problem}", file=sys.stderr)
            continue
        print(f"{name}: {len(inputs.sources)} datasets, {inputs.stamp['num_bytes'] / 1e6:,.1f} MB")


if __name__ == "__main__":
    main()
