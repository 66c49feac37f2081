"""The command against a Hub that runs in this process."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

import pytest

if find_spec("huggingface_hub") is None:  # as everything here needs it
    collect_ignore_glob = ["test_*.py"]

REPOSITORY = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(Path(__file__).parent), str(REPOSITORY / "tests/e2e")]
COMMAND = Path(os.environ.get("ROBOMERGE", REPOSITORY / "build/release/cli/robomerge")).absolute()

from fake_hub import FakeHub  # noqa: E402
from kitchens import CAMERAS  # noqa: E402
from tiny_dataset import make_tiny_dataset  # noqa: E402
from tiny_video import add_video  # noqa: E402


class Robomerge:
    """Runs the command in `folder`, with the Hub `hub`."""

    def __init__(self, folder: Path, hub: FakeHub) -> None:
        self.folder, self.hub = folder, hub

    def environment(self, **more: str) -> dict[str, str]:
        mine = {"PYTHONPATH": str(REPOSITORY / "python"), "ROBOMERGE_PYTHON": sys.executable}
        return os.environ | self.hub.environment(self.folder) | mine | more

    def start(self, *words: object, **environment: str) -> subprocess.Popen:
        return subprocess.Popen(
            [str(COMMAND), *map(str, words)],
            cwd=self.folder,
            env=self.environment(**environment),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def __call__(self, *words: object, code: int = 0, **environment: str) -> str:
        """Standard output and standard error, one after the other."""
        process = self.start(*words, **environment)
        stdout, stderr = process.communicate(timeout=120)
        assert process.returncode == code, stdout + stderr
        return stdout + stderr

    def errors(self, *words: object, code: int, **environment: str) -> list[dict]:
        """The problems with which the command fails."""
        lines = self(*words, "--json", code=code, **environment).splitlines()
        return [each for each in map(json.loads, lines) if each["message_type"] == "error"]


@pytest.fixture
def hub() -> Iterator[FakeHub]:
    with FakeHub() as server:
        yield server


@pytest.fixture
def robomerge(tmp_path, hub) -> Robomerge:
    assert COMMAND.is_file(), f"build it first, or name it with ROBOMERGE: {COMMAND}"
    return Robomerge(tmp_path, hub)


@pytest.fixture(scope="session")
def kitchens(tmp_path_factory) -> list[Path]:
    """Two datasets of two cameras: four episodes, each in files of its own; and two in one file."""
    folder = tmp_path_factory.mktemp("kitchens")
    parts = []
    for number in range(5):
        lengths = (4 + number, 3) if number == 4 else (4 + number,)
        part = make_tiny_dataset(folder / f"part_{number}", lengths=lengths, task=f"task {number}")
        for camera in CAMERAS:
            add_video(part, lengths, seed=10 * number + len(camera), camera=camera)
        parts.append(part)
    apart = ("--no-concatenate-data", "--no-concatenate-videos")
    for name, members in (("kitchen_1", parts[:4]), ("kitchen_2", parts[4:])):
        subprocess.run([COMMAND, "merge", "-q", *members, "-o", folder / name, *apart], check=True)
        (folder / name / "meta/robomerge.json").unlink()
    return [folder / "kitchen_1", folder / "kitchen_2"]
