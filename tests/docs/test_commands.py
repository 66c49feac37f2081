"""Every `robomerge` command that README and the pages show runs, on small datasets of the names it uses.

docs/hub.md, docs/distributed.md and docs/real-recordings.md have tests of their own (tests/hub,
tests/distributed, tests/e2e/test_pages.py), and so have installation and scripts.
"""

import json
import os
import re
import shutil
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from fake_hub import TOKEN, FakeHub
from tiny_dataset import make_tiny_dataset
from tiny_video import add_video

REPOSITORY = Path(__file__).resolve().parents[2]
COMMAND = Path(os.environ.get("ROBOMERGE", REPOSITORY / "build/release/cli/robomerge")).absolute()
PAGES = [
    "README.md",
    *(f"docs/{name}.md" for name in ("adapt", "append", "cli", "compare", "edit", "repair", "report")),
    *(f"docs/{name}.md" for name in ("skip-broken", "statistics", "versions")),
]
#: Where a command needs what those before it have made. On the other pages each begins anew.
IN_ORDER = {"docs/adapt.md", "docs/append.md", "docs/repair.md"}
GOES_ON = re.compile(r"robomerge (log|remove-source|write|publish|plan --partial) ")
#: Names of cameras, where a page has others than the datasets here.
SAID = {"cam_wrist=wrist": "cam=wrist", "observation.images.cam=observation.images.wrist": "wrist=hand"}
#: What finds something, or leaves something out, says so by its exit code.
EXIT_CODES = {"compare": (0, 3), "inspect": (0, 1, 3), "stats": (0, 3)}


def blocks(page: str) -> list[list[str]]:
    """The commands of each code block. What follows `$ ` is shown with its output, which other tests compare."""
    text = (REPOSITORY / page).read_text()
    found = re.findall(r"^```(\w*)\n(.*?)^```", text, re.MULTILINE | re.DOTALL)
    listed = [re.findall(r"^robomerge .*$", block, re.MULTILINE) for language, block in found if language in ("", "sh")]
    return [commands for commands in listed if commands]


def kitchen(root: Path, seed: int, *, camera: str = "wrist", task: str = "pick cube", num_values: int = 2) -> Path:
    lengths = (*[2] * 4, 202, *[2] * 14, seed)  # no two are taken for one another
    make_tiny_dataset(root, lengths=lengths, task=task, num_values=num_values)
    add_video(root, lengths, seed=seed, camera=camera)
    path, info = root / "data/chunk-000/file-000.parquet", json.loads((root / "meta/info.json").read_text())
    file = pq.ParquetFile(path)
    groups = [file.read_row_group(number) for number in range(file.num_row_groups)]
    for name in ("next.reward", "debug.load"):
        info["features"][name] = {"dtype": "float32", "shape": [1], "names": None}
        groups = [one.append_column(name, pa.array([seed / 8] * len(one), pa.float32())) for one in groups]
    with pq.ParquetWriter(path, groups[0].schema, compression="snappy") as writer:
        for group in groups:
            writer.write_table(group)
    (root / "meta/info.json").write_text(json.dumps(info))
    return root


class Place:
    """A folder in which the commands of a page find what they name."""

    def __init__(self, folder: Path, kept: Path, hub: FakeHub) -> None:
        self.folder, self.kept, self.hub = folder, kept, hub

    def begin(self) -> None:
        shutil.rmtree(self.folder, ignore_errors=True)
        self.folder.mkdir()

    def make(self, command: str) -> None:
        """What the command names and is not there; what it is to make is not there."""
        words = command.split()
        made = words[words.index("-o") + 1] if "-o" in words else None
        if made:
            shutil.rmtree(self.folder / made, ignore_errors=True)
        names = set(re.findall(r"\w+", command)) - {made}
        if "kitchen_*" in words:
            # One of them calls its camera otherwise, which is for `compare` to find and for --rename to settle.
            others = "--rename" in words or words[1] == "compare"
            names |= {"kitchen_1", "kitchen_2", *(["kitchen_3"] if others else [])}
        for name in sorted(names & {path.name for path in self.kept.iterdir()}):
            if not (self.folder / name).exists():
                shutil.copytree(self.kept / name, self.folder / name)
        if "list.txt" in words:
            (self.folder / "list.txt").write_text(f"{self.kept / 'kitchen_1'}\n{self.kept / 'kitchen_2'}\n")

        if "progress.npy" in words:
            info = json.loads((self.folder / "kitchen/meta/info.json").read_text())
            np.save(self.folder / "progress.npy", np.linspace(0, 1, info["total_frames"], dtype=np.float32))

    def run(self, command: str) -> str:
        mine = {"PATH": f"{self.folder.parent / 'bin'}:{os.environ['PATH']}", "HF_TOKEN": TOKEN}
        mine |= {"PYTHONPATH": str(REPOSITORY / "python"), "ROBOMERGE_PYTHON": sys.executable}
        environment = os.environ | self.hub.environment(self.folder.parent) | mine
        done = subprocess.run(
            ["bash", "-c", command], cwd=self.folder, env=environment, capture_output=True, text=True, timeout=60
        )
        wanted = (5,) if "--skip-broken" in command and "shelf" in command else EXIT_CODES.get(command.split()[1], (0,))
        assert done.returncode in wanted, f"{command}\n{done.stdout}{done.stderr}"
        return done.stdout


@pytest.fixture(scope="module")
def kept(tmp_path_factory) -> Path:
    """All datasets that pages name."""
    folder = tmp_path_factory.mktemp("kept")
    merge = [COMMAND, "merge", "-q", "--no-sync"]
    for seed, name in enumerate(("kitchen_1", "kitchen_2", "monday", "tuesday", "wednesday", "thursday"), 1):
        kitchen(folder / name, seed)
    kitchen(folder / "kitchen_3", 7, camera="cam", task="Pick cube.")
    kitchen(folder / "arm_2", 8, num_values=14)
    arm = folder / "arm_2/meta/info.json"
    arm.write_text(arm.read_text().replace("toy_arm", "arm"))
    subprocess.run([*merge, folder / "kitchen_1", folder / "kitchen_2", "-o", folder / "kitchen"], check=True)
    for name in ("old_v21", "old_v20"):
        subprocess.run([*merge, folder / "kitchen_1", "-o", folder / name, "--codebase-version", "2.1"], check=True)
    for name, source in {"kitchen_v30": "kitchen_2", "a": "monday", "b": "tuesday", "D": "kitchen_2", "shelf/1": "monday"}.items():
        shutil.copytree(folder / source, folder / name)
    shutil.copytree(folder / "tuesday", folder / "shelf/2")
    shutil.rmtree(folder / "shelf/2/meta")
    return folder


@pytest.fixture(scope="module")
def hub(kept):
    with FakeHub() as server:
        server.add("lab/kitchen_1", kept / "kitchen_1", tags=("v3.0",))
        yield server


@pytest.fixture
def place(tmp_path, kept, hub):
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin/robomerge").symlink_to(COMMAND)
    return Place(tmp_path / "place", kept, hub)


@pytest.mark.parametrize("page", PAGES)
def test_every_command_runs(page, place):
    for commands in blocks(page):
        place.begin()
        for command in commands:
            if "hf://" in command and (find_spec("huggingface_hub") is None or page != "README.md"):
                continue  # elsewhere too they stand, but each starts a Python
            for said, here in SAID.items():
                command = command.replace(said, here)
            if page not in IN_ORDER and not GOES_ON.match(command):
                place.begin()
            place.make(command)
            # Of the stages a page shows the first rank.
            ranks = range(4) if "--rank 0" in command else [0]
            printed = "".join(place.run(command.replace("--rank 0", f"--rank {rank}")) for rank in ranks)
            if command.startswith("robomerge compare kitchen_*"):
                assert "--rename cam=wrist" in printed


def test_the_first_command_of_readme(kept, tmp_path):
    """In a tree where nothing is left to set up."""
    (command,) = re.findall(r"^scripts/run\.sh .*$", (REPOSITORY / "README.md").read_text(), re.MULTILINE)
    for folder in ("scripts", "build/release/cli", "my_datasets"):
        (tmp_path / folder).mkdir(parents=True)
    shutil.copy(REPOSITORY / "scripts/run.sh", tmp_path / "scripts")
    (tmp_path / "scripts/setup.sh").write_text("#!/bin/sh\n")
    (tmp_path / "scripts/setup.sh").chmod(0o755)
    (tmp_path / "build/release/cli/robomerge").symlink_to(COMMAND)
    for number in (1, 2):
        (tmp_path / f"my_datasets/kitchen_{number}").symlink_to(kept / f"kitchen_{number}")
    done = subprocess.run(["bash", "-c", command], cwd=tmp_path, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    assert "Merged 2 datasets" in done.stderr and f"lies in {tmp_path}/kitchen" in done.stdout
    assert (tmp_path / "kitchen/meta/robomerge.json").exists()


def test_addresses_of_the_hub_are_those_of_readme():
    def bare(page: str) -> set[str]:
        return {command.partition(" #")[0].rstrip() for block in blocks(page) for command in block if "hf://" in command}

    assert set().union(*map(bare, PAGES)) == bare("README.md")


def test_no_page_is_forgotten():
    """A page with commands is here, or has a test of its own."""
    others = {"docs/hub.md", "docs/distributed.md", "docs/real-recordings.md", "docs/install.md"}
    pages = ["README.md", *(path.relative_to(REPOSITORY).as_posix() for path in (REPOSITORY / "docs").glob("*.md"))]
    assert {page for page in pages if blocks(page)} <= {*PAGES, *others}
    assert sum(map(len, blocks("README.md"))) > 20
